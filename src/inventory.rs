//! The client certificates that were seen, and when they expire.
//!
//! Takes what each handshake found, hands on what an operator asks: who breaks in 30 days? A bounded table that outlives
//! reloads. Only certificates that a trusted CA has signed are in it, so that no stranger can push others out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::identity::{ClientCertificate, hex, shortened};
use crate::peer::Peer;
use crate::refusal::RefusalReason;
use crate::telemetry::events::inventory::ExpiresSoon;

/// How many certificates are known; those of which nothing was seen for the longest time give way.
pub const CAPACITY: usize = 10_000;
/// Handshakes of different certificates rarely wait for each other.
const SHARDS: usize = 16;
/// The longest name that is kept, in bytes: with two of them and some 400 bytes beside, a full table has 16 MB at most,
/// and usually 8.
const NAME_LIMIT: usize = 512;
/// How long before its end a certificate is said to expire soon, in days.
pub const SOON: i64 = 30;
/// Certificates of which nothing was seen for so many days aren't counted: their clients may have others by now.
pub const CURRENT: i64 = 7;

const DAY: i64 = 86_400;

/// The table.
pub struct Inventory {
    shards: Box<[Mutex<Shard>]>,
    /// Of each shard.
    limit: usize,
}

#[derive(Default)]
struct Shard {
    seen: HashMap<[u8; 32], Seen>,
    /// Which day it is, since 1970, and how many certificates were said to expire soon.
    said: (i64, usize),
}

/// What is known of one certificate.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Whose it is.
    pub names: Arc<Names>,
    /// In seconds since 1970.
    pub not_after: i64,
    /// In seconds since 1970.
    pub first_seen: i64,
    /// In seconds since 1970.
    pub last_seen: i64,
    /// Handshakes that let it in.
    pub accepted: u64,
    /// Handshakes that didn't.
    pub refused: u64,
    /// Why the last one didn't; `None` if it did.
    pub refusal: Option<RefusalReason>,
    /// The day on which it was said to expire soon.
    said: i64,
}

/// As logs have them, but shorter.
#[derive(Debug)]
pub struct Names {
    /// The subject.
    pub subject: Box<str>,
    /// The issuer.
    pub issuer: Box<str>,
    /// The serial number, hex.
    pub serial: Box<str>,
    /// SHA-256, lower case hex.
    pub fingerprint: Box<str>,
}

/// How many of the certificates that were seen lately expire when.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Expiring(pub [u64; 6]);

impl Expiring {
    /// The parts, from the one that is over; each ends where the next begins.
    pub const LABELS: [&str; 6] = ["expired", "1d", "7d", "30d", "90d", "more"];
    const BOUNDS: [i64; 5] = [0, DAY, 7 * DAY, 30 * DAY, 90 * DAY];

    fn count(&mut self, left: i64) {
        let part = Self::BOUNDS.iter().position(|bound| left <= *bound);
        self.0[part.unwrap_or(Self::BOUNDS.len())] += 1;
    }
}

impl Default for Inventory {
    fn default() -> Self {
        Self::new(CAPACITY, SHARDS)
    }
}

impl Inventory {
    fn new(capacity: usize, shards: usize) -> Self {
        Self {
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            limit: capacity / shards,
        }
    }

    /// As [`saw`](Self::saw), and says what there is to say.
    pub fn note(
        &self,
        certificate: &ClientCertificate,
        refusal: Option<RefusalReason>,
        client: Peer,
        now: i64,
    ) {
        if self.saw(certificate, refusal, now) {
            ExpiresSoon {
                client,
                subject: &certificate.subject,
                issuer: &certificate.issuer,
                serial: &certificate.serial,
                fingerprint: &certificate.fingerprint,
                days_left: (certificate.not_after - now).div_euclid(DAY),
            }
            .emit();
        }
    }

    /// A handshake at `now` (seconds since 1970) has ended like this. Whether to say that the certificate expires
    /// soon: once on each day on which it is seen.
    pub fn saw(
        &self,
        certificate: &ClientCertificate,
        refusal: Option<RefusalReason>,
        now: i64,
    ) -> bool {
        if refusal.is_some() && !certificate.vouched {
            return false;
        }
        let key = certificate.facts.sha256;
        let mut shard = self.shard(&key);
        let shard = &mut *shard;
        let seen = match shard.seen.get_mut(&key) {
            Some(seen) => seen,
            None => {
                if shard.seen.len() >= self.limit {
                    shard.forget_one();
                }
                let seen = Seen::of(certificate, now);
                shard.seen.entry(key).or_insert(seen)
            }
        };
        seen.last_seen = now;
        seen.refusal = refusal;
        match refusal {
            None => seen.accepted += 1,
            Some(_) => seen.refused += 1,
        }
        let today = now.div_euclid(DAY);
        if refusal.is_some() || seen.not_after - now > SOON * DAY || seen.said == today {
            return false;
        }
        seen.said = today;
        if shard.said.0 != today {
            shard.said = (today, 0);
        }
        shard.said.1 += 1;
        // With more clients than there is room for, each would be new each time.
        shard.said.1 <= self.limit
    }

    /// All of them, those that expire first ahead.
    pub fn all(&self) -> Vec<Seen> {
        let mut all: Vec<Seen> = Vec::new();
        for shard in &self.shards {
            all.extend(lock(shard).seen.values().cloned());
        }
        all.sort_by(|a, b| {
            let earlier = a.not_after.cmp(&b.not_after);
            earlier.then_with(|| a.names.fingerprint.cmp(&b.names.fingerprint))
        });
        all
    }

    /// How many expire when, of those that were seen lately.
    pub fn expiring(&self, now: i64) -> Expiring {
        let mut expiring = Expiring::default();
        for shard in &self.shards {
            let shard = lock(shard);
            let current = shard.seen.values();
            for seen in current.filter(|seen| now - seen.last_seen <= CURRENT * DAY) {
                expiring.count(seen.not_after - now);
            }
        }
        expiring
    }

    fn shard(&self, key: &[u8; 32]) -> MutexGuard<'_, Shard> {
        lock(&self.shards[usize::from(key[0]) % self.shards.len()])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shard {
    fn forget_one(&mut self) {
        let oldest = self.seen.iter().min_by_key(|(_, seen)| seen.last_seen);
        if let Some(key) = oldest.map(|(key, _)| *key) {
            self.seen.remove(&key);
        }
    }
}

impl Seen {
    fn of(certificate: &ClientCertificate, now: i64) -> Self {
        let name = |name: &str| shortened(name.to_owned(), NAME_LIMIT).into();
        Self {
            names: Arc::new(Names {
                subject: name(&certificate.subject),
                issuer: name(&certificate.issuer),
                serial: name(&certificate.serial),
                fingerprint: hex(&certificate.facts.sha256).into(),
            }),
            not_after: certificate.not_after,
            first_seen: now,
            last_seen: now,
            accepted: 0,
            refused: 0,
            refusal: None,
            said: i64::MIN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000 * DAY;

    fn certificate(number: u32, days: i64) -> ClientCertificate {
        let mut certificate = ClientCertificate {
            subject: format!("CN={number}"),
            not_after: NOW + days * DAY,
            vouched: true,
            ..ClientCertificate::default()
        };
        certificate.facts.sha256[..4].copy_from_slice(&number.to_be_bytes());
        certificate
    }

    #[test]
    fn the_one_not_seen_longest_gives_way() {
        let inventory = Inventory::new(3, 1);
        for (number, now) in [
            (1, NOW),
            (2, NOW + 1),
            (3, NOW + 2),
            (1, NOW + 3),
            (4, NOW + 4),
        ] {
            inventory.saw(&certificate(number, 100), None, now);
        }
        let all = inventory.all();
        let subjects: Vec<&str> = all.iter().map(|seen| &*seen.names.subject).collect();
        assert_eq!(subjects, ["CN=1", "CN=3", "CN=4"]);
        assert_eq!(
            (all[0].accepted, all[0].first_seen, all[0].last_seen),
            (2, NOW, NOW + 3)
        );
    }

    #[test]
    fn strangers_are_not_in_it() {
        let inventory = Inventory::default();
        let stranger = ClientCertificate {
            vouched: false,
            ..certificate(1, 1)
        };
        inventory.saw(&stranger, Some(RefusalReason::UnknownCa), NOW);
        assert!(inventory.all().is_empty());
        inventory.saw(&certificate(2, -1), Some(RefusalReason::Expired), NOW);
        let all = inventory.all();
        assert_eq!(all.len(), 1);
        assert_eq!(
            (all[0].refused, all[0].refusal),
            (1, Some(RefusalReason::Expired))
        );
    }

    #[test]
    fn each_is_counted_in_one_part_while_it_is_current() {
        let inventory = Inventory::default();
        for (number, days) in [
            (1, -3),
            (2, 0),
            (3, 1),
            (4, 2),
            (5, 30),
            (6, 31),
            (7, 91),
            (8, 4000),
        ] {
            inventory.saw(&certificate(number, days), None, NOW);
        }
        assert_eq!(inventory.expiring(NOW), Expiring([2, 1, 1, 1, 1, 2]));
        assert_eq!(
            inventory.expiring(NOW + (CURRENT + 1) * DAY),
            Expiring::default()
        );
    }

    #[test]
    fn soon_is_said_once_a_day() {
        let inventory = Inventory::new(2, 1);
        let (soon, later) = (certificate(1, SOON), certificate(2, SOON + 1));
        assert!(inventory.saw(&soon, None, NOW));
        assert!(!inventory.saw(&soon, None, NOW + 1));
        assert!(!inventory.saw(&later, None, NOW));
        assert!(inventory.saw(&soon, None, NOW + DAY));
        assert!(!inventory.saw(&certificate(3, 1), Some(RefusalReason::Revoked), NOW + DAY));
        // No more lines a day than there is room for certificates.
        let others = (10..20).filter(|n| inventory.saw(&certificate(*n, 1), None, NOW + DAY));
        assert_eq!(others.count(), 1);
    }

    /// What a full table takes, with the longest names; the documentation says so.
    #[test]
    fn a_full_table_has_its_bound() {
        let inventory = Inventory::default();
        let long = "x".repeat(5_000);
        for number in 0..2 * CAPACITY as u32 {
            let mut certificate = certificate(number, 1);
            certificate.facts.sha256[0] = (number % 256) as u8;
            certificate.facts.sha256[5..9].copy_from_slice(&number.to_be_bytes());
            certificate.subject.clone_from(&long);
            certificate.issuer.clone_from(&long);
            inventory.saw(&certificate, None, NOW);
        }
        let all = inventory.all();
        assert_eq!(all.len(), CAPACITY);
        let names = all.iter().map(|seen| {
            let n = &seen.names;
            n.subject.len() + n.issuer.len() + n.serial.len() + n.fingerprint.len()
        });
        let names: usize = names.sum();
        let slots: usize = inventory
            .shards
            .iter()
            .map(|shard| lock(shard).seen.capacity() * (32 + size_of::<Seen>() + 1))
            .sum();
        let total = names + slots + CAPACITY * (size_of::<Names>() + 16);
        assert!(total < 14_500_000, "{total}");
    }
}
