//! Session tickets: sealed under keys that rotate by themselves.
//!
//! Time is cut into periods; each has its own key, derived from a [`TicketSecret`], so that who has
//! the same secret opens the same tickets. Tickets of the period before and of the one after (another
//! task's clock) are opened, too.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use zeroize::Zeroizing;

pub use self::secret::TicketSecret;

mod secret;

/// A ticket: the name of its key, a nonce, the sealed text, its tag.
const NAME: usize = 8;
const NONCE: usize = 12;
const TAG: usize = 16;

/// How much longer than its text a ticket is, in bytes.
pub const OVERHEAD: usize = NAME + NONCE + TAG;

/// Seals and opens for one site.
pub struct TicketKeys {
    secret: TicketSecret,
    /// Its name; empty for the default one.
    site: String,
    period: Duration,
    /// What was derived for the period of this number.
    keys: Mutex<Option<(i64, Arc<[Key]>)>>,
}

struct Key {
    name: [u8; NAME],
    /// For AES-256-GCM.
    key: Zeroizing<[u8; 32]>,
}

impl TicketKeys {
    fn new(secret: TicketSecret, site: &str, period: Duration) -> Self {
        Self {
            secret,
            site: site.to_owned(),
            period: period.max(Duration::from_secs(1)),
            keys: Mutex::default(),
        }
    }

    /// Makes a ticket at `now` (seconds since 1970). `None` only without memory or random numbers.
    pub fn seal(&self, text: &[u8], now: i64) -> Option<Vec<u8>> {
        let keys = self.keys(now)?;
        let key = keys.first()?;
        let (mut nonce, mut tag) = ([0; NONCE], [0; TAG]);
        rand_bytes(&mut nonce).ok()?;
        let cipher = Cipher::aes_256_gcm();
        let sealed = encrypt_aead(
            cipher,
            key.key.as_ref(),
            Some(&nonce),
            &key.name,
            text,
            &mut tag,
        )
        .ok()?;
        Some([&key.name[..], &nonce, &sealed, &tag].concat())
    }

    /// The text of a ticket at `now`; `None` if it isn't ours, too old, or was touched.
    pub fn open(&self, ticket: &[u8], now: i64) -> Option<Zeroizing<Vec<u8>>> {
        let (name, rest) = ticket.split_at_checked(NAME)?;
        let (nonce, rest) = rest.split_at_checked(NONCE)?;
        let (sealed, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
        let keys = self.keys(now)?;
        let key = keys.iter().find(|key| key.name == name)?;
        let cipher = Cipher::aes_256_gcm();
        let text = decrypt_aead(cipher, key.key.as_ref(), Some(nonce), name, sealed, tag);
        // What stays in the thread's error queue would fail another connection's read.
        text.map(Zeroizing::new)
            .inspect_err(|_| drop(ErrorStack::get()))
            .ok()
    }

    /// Those of now's period, the one before and the one after, of each secret; the one that seals is
    /// the first.
    fn keys(&self, now: i64) -> Option<Arc<[Key]>> {
        let period = now.div_euclid(self.period.as_secs() as i64);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, keys)) = &*keys
            && *of == period
        {
            return Some(keys.clone());
        }
        let derived: Arc<[Key]> = (0..self.secret.count())
            .flat_map(|secret| [period, period - 1, period + 1].map(|of| self.derive(secret, of)))
            .collect::<Option<_>>()?;
        *keys = Some((period, derived.clone()));
        Some(derived)
    }

    fn derive(&self, secret: usize, period: i64) -> Option<Key> {
        let expand = |label| {
            let seconds = self.period.as_secs();
            self.secret
                .expand(secret, label, &self.site, seconds, period)
        };
        let mut name = [0; NAME];
        name.copy_from_slice(&expand("name")?[..NAME]);
        let key = expand("key")?;
        Some(Key { name, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;
    /// The beginning of a period of an hour.
    const NOON: i64 = 500_000 * HOUR;

    fn hourly() -> TicketKeys {
        of(&TicketSecret::random().unwrap(), "", HOUR)
    }

    fn of(secret: &TicketSecret, site: &str, seconds: i64) -> TicketKeys {
        secret.keys(site, Duration::from_secs(seconds as u64))
    }

    fn opened(keys: &TicketKeys, ticket: &[u8], now: i64) -> Option<Vec<u8>> {
        keys.open(ticket, now).map(|text| text.to_vec())
    }

    #[test]
    fn a_ticket_opens_to_its_text_and_shows_nothing_of_it() {
        let keys = hourly();
        for text in [&b""[..], b"x", &[7; 2000]] {
            let ticket = keys.seal(text, NOON).unwrap();
            assert_eq!(ticket.len(), text.len() + OVERHEAD);
            assert_eq!(opened(&keys, &ticket, NOON).as_deref(), Some(text));
            let again = keys.seal(text, NOON).unwrap();
            assert_eq!(ticket[..NAME], again[..NAME]);
            assert_ne!(ticket[NAME..], again[NAME..], "a nonce of its own");
        }
        let ticket = keys.seal(&[7; 2000], NOON).unwrap();
        assert!(!ticket.windows(8).any(|bytes| bytes == [7; 8]));
    }

    #[test]
    fn a_touched_ticket_opens_to_nothing() {
        let keys = hourly();
        let ticket = keys.seal(b"a session", NOON).unwrap();
        for at in 0..ticket.len() {
            for bit in 0..8 {
                let mut touched = ticket.clone();
                touched[at] ^= 1 << bit;
                assert_eq!(opened(&keys, &touched, NOON), None, "byte {at}, bit {bit}");
            }
            assert_eq!(opened(&keys, &ticket[..at], NOON), None, "{at} bytes");
            assert_eq!(opened(&keys, &ticket[at + 1..], NOON), None, "from {at}");
        }
        let longer = [&ticket[..], &[0]].concat();
        assert_eq!(opened(&keys, &longer, NOON), None);
        assert!(ErrorStack::get().errors().is_empty(), "left for others");
    }

    /// The name of a key is public: another period's, with its ticket, must not help.
    #[test]
    fn a_ticket_under_another_name_opens_to_nothing() {
        let keys = hourly();
        let mut ticket = keys.seal(b"a session", NOON).unwrap();
        let later = keys.seal(b"a session", NOON + HOUR).unwrap();
        ticket[..NAME].copy_from_slice(&later[..NAME]);
        assert_eq!(opened(&keys, &ticket, NOON), None);
    }

    #[test]
    fn another_secret_site_or_length_of_periods_has_other_keys() {
        let secret = TicketSecret::random().unwrap();
        for now in [0, NOON] {
            let ticket = of(&secret, "a", HOUR).seal(b"a session", now).unwrap();
            for (other, site, seconds) in [
                (&TicketSecret::random().unwrap(), "a", HOUR),
                (&secret, "", HOUR),
                (&secret, "b", HOUR),
                (&secret, "aa", HOUR),
                (&secret, "a", 24 * HOUR),
                (&secret, "a", 1),
            ] {
                let other = of(other, site, seconds);
                assert_eq!(opened(&other, &ticket, now), None, "{now} {site} {seconds}");
                // Under the right name, too: it is public.
                let name = &other.seal(b"", now).unwrap()[..NAME];
                let renamed = [name, &ticket[NAME..]].concat();
                assert_eq!(
                    opened(&other, &renamed, now),
                    None,
                    "{now} {site} {seconds}"
                );
            }
            let same = of(&secret.clone(), "a", HOUR);
            let text = opened(&same, &ticket, now);
            assert_eq!(text.as_deref(), Some(&b"a session"[..]));
        }
    }

    /// Append the new one everywhere, then make it the first, then drop the old: at each moment, tasks
    /// of two neighbouring steps open each other's tickets.
    #[test]
    fn a_secret_is_changed_in_three_steps() {
        let keys = |texts: &[&str]| {
            let secret = TicketSecret::of_texts(texts.iter().copied()).unwrap();
            of(&secret, "a", HOUR)
        };
        let steps = [
            keys(&["old"]),
            keys(&["old", "new"]),
            keys(&["new", "old"]),
            keys(&["new"]),
        ];
        for (sealed, from) in steps.iter().enumerate() {
            let ticket = from.seal(b"a session", NOON).unwrap();
            for (opening, to) in steps.iter().enumerate() {
                // Only those that skip steps don't: the new one alone, and a task that hasn't got it yet.
                let apart = [(0, 3), (1, 3), (2, 0), (3, 0)].contains(&(sealed, opening));
                for now in [NOON - HOUR, NOON, NOON + 2 * HOUR - 1] {
                    let opens = opened(to, &ticket, now).is_some();
                    assert_eq!(opens, !apart, "{sealed} at {opening}");
                }
                let gone = [NOON - HOUR - 1, NOON + 2 * HOUR];
                assert!(gone.iter().all(|now| opened(to, &ticket, *now).is_none()));
            }
        }
    }

    /// The name goes over the wire with each ticket.
    #[test]
    fn the_name_of_a_key_tells_nothing_of_it() {
        for period in -1..3 {
            let key = hourly().derive(0, period).unwrap();
            assert!(!key.key.windows(4).any(|part| part == &key.name[..4]));
            assert!(!key.key.windows(4).any(|part| part == &key.name[4..]));
        }
    }

    #[test]
    fn keys_serve_for_their_period_and_open_for_one_on_either_side() {
        let keys = hourly();
        let ticket = keys.seal(b"a session", NOON).unwrap();
        let name = |now| keys.seal(b"", now).unwrap()[..NAME].to_vec();
        assert_eq!(name(NOON), name(NOON + HOUR - 1));
        assert_ne!(name(NOON - 1), name(NOON));
        assert_ne!(name(NOON), name(NOON + HOUR));
        for (now, opens) in [
            (NOON - HOUR - 1, false),
            // Another task's clock is behind.
            (NOON - HOUR, true),
            (NOON + HOUR - 1, true),
            (NOON + 2 * HOUR - 1, true),
            (NOON + 2 * HOUR, false),
            (NOON + 100 * HOUR, false),
            // Back again.
            (NOON, true),
        ] {
            assert_eq!(
                opened(&keys, &ticket, now).is_some(),
                opens,
                "{}",
                now - NOON
            );
        }
    }

    /// So long may a client resume: the keys must not go before.
    #[test]
    fn a_ticket_opens_for_a_whole_period_whenever_it_was_made() {
        let keys = hourly();
        for made in [NOON, NOON + 1, NOON + HOUR / 2, NOON + HOUR - 1] {
            let ticket = keys.seal(b"a session", made).unwrap();
            assert!(
                opened(&keys, &ticket, made + HOUR).is_some(),
                "{}",
                made - NOON
            );
        }
    }

    /// Two tasks whose clocks are a minute apart, whichever is ahead: a ticket opens from its first moment
    /// to the last one of its time, whenever in a period it was made.
    #[test]
    fn a_minute_between_two_clocks_costs_nothing() {
        let secret = TicketSecret::random().unwrap();
        let [one, other] = [(); 2].map(|()| of(&secret, "", HOUR));
        for made in (NOON..NOON + HOUR).step_by(30) {
            for ahead in [-60, -1, 0, 1, 60] {
                let ticket = one.seal(b"a session", made + ahead).unwrap();
                // Its time is over an hour after `made` by the clock of who made it.
                let last = made + ahead + HOUR;
                for now in [made, made + HOUR / 2, last.min(made + HOUR)] {
                    let text = opened(&other, &ticket, now);
                    assert!(text.is_some(), "{ahead}: {} {}", made - NOON, now - made);
                }
            }
        }
    }

    #[test]
    fn a_clock_before_1970_and_a_period_of_nothing_are_none_to_fall_over() {
        let keys = of(&TicketSecret::random().unwrap(), "", 0);
        for now in [-HOUR, -1, 0, 1] {
            let ticket = keys.seal(b"a session", now).unwrap();
            assert!(opened(&keys, &ticket, now).is_some(), "{now}");
            assert!(opened(&keys, &ticket, now + 2).is_none(), "{now}");
        }
    }
}
