//! What is known of upstreams that are checked, and whether that is enough.
//!
//! Knows no clock and no socket: it is told what was found.

use std::collections::BTreeMap;

use super::checks::Service;
use crate::config::upstream::UpstreamAddress;

/// So many failures in a row make an upstream unusable (HAProxy: `fall 3`): one may be an accident.
const FALL: u8 = 3;

/// The upstreams that are checked, and who needs them.
#[derive(Default)]
pub(super) struct Board {
    services: Vec<Service>,
    known: BTreeMap<UpstreamAddress, Standing>,
    /// Whether this has been in use before: who is new then counts until it is judged.
    began: bool,
    /// Whether what there is was enough when that was told last.
    told: Option<bool>,
}

/// What is known of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    /// `None` until it is judged.
    pub usable: Option<bool>,
    /// What it counts as until then.
    presumed: bool,
    /// In a row.
    failures: u8,
    /// Of the last failure since it was last reached.
    pub error: Option<String>,
    /// Since when it is as it is, in seconds since 1970.
    pub since: i64,
}

impl Standing {
    fn counts(&self) -> bool {
        self.usable.unwrap_or(self.presumed)
    }

    /// Whether the next check will decide something.
    fn is_in_doubt(&self) -> bool {
        self.usable.is_none() || self.usable == Some(true) && self.failures > 0
    }
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It could be connected to.
    Reached,
    /// It couldn't.
    Failed(String),
    /// This process couldn't try: that says nothing of the upstream.
    Unknown,
}

/// How a check changed what is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Noted {
    /// If it is another than before.
    pub verdict: Option<bool>,
    /// Whether the next one should come soon.
    pub in_doubt: bool,
}

impl Board {
    /// From now on these count. Hands out whom to begin with, and whom nobody needs any more.
    pub fn follow(
        &mut self,
        services: &[Service],
        now: i64,
    ) -> (Vec<UpstreamAddress>, Vec<UpstreamAddress>) {
        let needed = |address: &UpstreamAddress| services.iter().any(|s| s.has(address));
        let gone: Vec<_> = self.known.keys().filter(|a| !needed(a)).cloned().collect();
        self.known.retain(|address, _| needed(address));
        let mut new = Vec::new();
        for address in services.iter().flat_map(|service| &service.addresses) {
            if self.known.contains_key(address) {
                continue;
            }
            let standing = Standing {
                usable: None,
                presumed: self.began,
                failures: 0,
                error: None,
                since: now,
            };
            self.known.insert(address.clone(), standing);
            new.push(address.clone());
        }
        self.services = services.to_vec();
        self.began = true;
        if self.services.is_empty() {
            self.told = None;
        }
        (new, gone)
    }

    /// This was found. Nothing is known of who isn't needed any more.
    pub fn note(&mut self, address: &UpstreamAddress, found: Found, now: i64) -> Option<Noted> {
        let standing = self.known.get_mut(address)?;
        let before = standing.usable;
        match found {
            Found::Reached => {
                (standing.failures, standing.error) = (0, None);
                standing.usable = Some(true);
            }
            Found::Failed(error) => {
                standing.failures = standing.failures.saturating_add(1);
                standing.error = Some(error);
                // Who isn't counted on anyway is judged at once.
                if standing.failures >= FALL || !standing.counts() {
                    standing.usable = Some(false);
                }
            }
            Found::Unknown => {}
        }
        let changed = standing.usable != before;
        if changed {
            standing.since = now;
        }
        Some(Noted {
            verdict: standing.usable.filter(|_| changed),
            in_doubt: standing.is_in_doubt(),
        })
    }

    /// Whether every service has what it needs.
    pub fn is_enough(&self) -> bool {
        let counts = |address| self.known.get(address).is_some_and(Standing::counts);
        self.services.iter().all(|service| {
            let mut addresses = service.addresses.iter();
            match service.needs_all {
                true => addresses.all(counts),
                false => addresses.any(counts),
            }
        })
    }

    /// Whether there is news to tell: what there is has become enough, or isn't any more. Once for each change, and for the
    /// first time when each is judged.
    pub fn news(&mut self) -> Option<bool> {
        let enough = self.is_enough();
        let is_open = self
            .known
            .values()
            .any(|standing| standing.usable.is_none());
        let is_open = self.told.is_none() && is_open;
        if self.told == Some(enough) || self.services.is_empty() || is_open {
            return None;
        }
        self.told = Some(enough);
        Some(enough)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (&UpstreamAddress, &Standing)> {
        self.known.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> UpstreamAddress {
        UpstreamAddress::Tcp("a".to_owned(), port)
    }

    fn service(ports: &[u16], needs_all: bool) -> Service {
        Service {
            addresses: ports.iter().copied().map(address).collect(),
            needs_all,
        }
    }

    fn failed() -> Found {
        Found::Failed("refused".to_owned())
    }

    fn board(services: &[Service]) -> Board {
        let mut board = Board::default();
        board.follow(services, 0);
        board
    }

    #[test]
    fn at_the_start_nothing_is_presumed_and_one_check_decides() {
        let mut board = board(&[service(&[1], false)]);
        assert!(!board.is_enough());
        assert_eq!(board.news(), None, "not known yet");
        let noted = board.note(&address(1), failed(), 1).unwrap();
        assert_eq!((noted.verdict, noted.in_doubt), (Some(false), false));
        assert_eq!((board.news(), board.news()), (Some(false), None));
        let noted = board.note(&address(1), Found::Reached, 2).unwrap();
        assert_eq!(noted.verdict, Some(true));
        assert_eq!((board.news(), board.news()), (Some(true), None));
    }

    #[test]
    fn a_usable_one_must_fail_three_times_in_a_row() {
        let mut board = board(&[service(&[1], false)]);
        let mut note = |found| board.note(&address(1), found, 1).unwrap();
        note(Found::Reached);
        for _ in 0..2 {
            let noted = note(failed());
            assert_eq!((noted.verdict, noted.in_doubt), (None, true));
        }
        assert!(!note(Found::Reached).in_doubt);
        for verdict in [None, None, Some(false), None] {
            assert_eq!(note(failed()).verdict, verdict);
            // What this process can't try says nothing.
            assert_eq!(note(Found::Unknown).verdict, None);
        }
    }

    #[test]
    fn any_and_all() {
        for (needs_all, enough) in [(false, true), (true, false)] {
            let mut board = board(&[service(&[1, 2], needs_all)]);
            board.note(&address(1), Found::Reached, 1);
            board.note(&address(2), failed(), 1);
            assert_eq!(board.is_enough(), enough);
        }
        let mut both = board(&[service(&[1], false), service(&[2], false)]);
        both.note(&address(1), Found::Reached, 1);
        both.note(&address(2), failed(), 1);
        assert!(!both.is_enough(), "each service needs its own");
        assert!(board(&[]).is_enough());
    }

    #[test]
    fn whoever_is_new_later_counts_until_it_is_judged() {
        let mut board = board(&[service(&[1], false)]);
        board.note(&address(1), Found::Reached, 1);
        board.news();
        let (new, gone) = board.follow(&[service(&[2], false)], 2);
        assert_eq!((new, gone), (vec![address(2)], vec![address(1)]));
        assert!(board.note(&address(1), failed(), 2).is_none(), "gone");
        for enough in [true, true, false] {
            board.note(&address(2), failed(), 3);
            assert_eq!(board.is_enough(), enough);
        }
        assert_eq!(board.news(), Some(false));
        // What is known stays known.
        let (new, gone) = board.follow(&[service(&[2], true)], 4);
        assert!(new.is_empty() && gone.is_empty() && !board.is_enough());
    }
}
