//! Session tickets: sealed under keys that rotate by themselves.
//!
//! Time is cut into periods; each has its own keys, derived from one secret, so that who has the same
//! secret opens the same tickets. Tickets of the period before and of the one after (another task's
//! clock) are opened, too.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rand::rand_bytes;
use openssl::sign::Signer;
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use zeroize::Zeroizing;

/// A ticket: the name of its key, a nonce, the sealed text, its tag.
const NAME: usize = 8;
const NONCE: usize = 12;
const TAG: usize = 16;

/// How much longer than its text a ticket is, in bytes.
pub const OVERHEAD: usize = NAME + NONCE + TAG;

/// Seals and opens.
pub struct TicketKeys {
    secret: Zeroizing<[u8; 32]>,
    period: Duration,
    /// The keys of the period before now's, now's, and the one after.
    keys: Mutex<Option<(i64, Arc<[Key; 3]>)>>,
}

struct Key {
    name: [u8; NAME],
    /// For AES-256-GCM.
    key: Zeroizing<[u8; 32]>,
}

/// What all keys are derived from.
pub struct TicketSecret(Zeroizing<[u8; 32]>);

impl TicketSecret {
    /// Of this process's own.
    pub fn random() -> Result<Self, ErrorStack> {
        let mut secret = Zeroizing::new([0; 32]);
        rand_bytes(secret.as_mut())?;
        Ok(Self(secret))
    }

    /// Those of a site.
    pub fn keys(&self, _site: &str, period: Duration) -> TicketKeys {
        TicketKeys {
            secret: self.0.clone(),
            period,
            keys: Mutex::default(),
        }
    }
}

impl TicketKeys {
    /// With a secret of this process's own.
    pub fn random(period: Duration) -> Result<Self, ErrorStack> {
        let mut secret = Zeroizing::new([0; 32]);
        rand_bytes(secret.as_mut())?;
        Ok(Self {
            secret,
            period: period.max(Duration::from_secs(1)),
            keys: Mutex::default(),
        })
    }

    /// Makes a ticket at `now` (seconds since 1970). `None` only without memory or random numbers.
    pub fn seal(&self, text: &[u8], now: i64) -> Option<Vec<u8>> {
        let keys = self.keys(now)?;
        let [_, key, _] = &*keys;
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

    fn keys(&self, now: i64) -> Option<Arc<[Key; 3]>> {
        let period = now.div_euclid(self.period.as_secs() as i64);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, keys)) = &*keys
            && *of == period
        {
            return Some(keys.clone());
        }
        let derived = Arc::new([
            self.derive(period - 1)?,
            self.derive(period)?,
            self.derive(period + 1)?,
        ]);
        *keys = Some((period, derived.clone()));
        Some(derived)
    }

    /// HMAC-SHA256 as the expansion of HKDF (RFC 5869 section 2.3): the secret is uniformly random, so
    /// there is nothing to extract.
    fn derive(&self, period: i64) -> Option<Key> {
        let mut key = Key {
            name: [0; NAME],
            key: Zeroizing::new([0; 32]),
        };
        let name = self.expand("name", period)?;
        key.name.copy_from_slice(&name[..NAME]);
        *key.key = *self.expand("key", period)?;
        Some(key)
    }

    fn expand(&self, label: &str, period: i64) -> Option<Zeroizing<[u8; 32]>> {
        let hmac = PKey::hmac(self.secret.as_ref()).ok()?;
        let mut signer = Signer::new(MessageDigest::sha256(), &hmac).ok()?;
        let info = format!("certgate session ticket {label} ");
        signer.update(info.as_bytes()).ok()?;
        signer.update(&self.period.as_secs().to_be_bytes()).ok()?;
        signer.update(&period.to_be_bytes()).ok()?;
        signer.update(&[1]).ok()?;
        let mut out = Zeroizing::new([0; 32]);
        signer.sign(out.as_mut()).ok()?;
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;
    /// The beginning of a period of an hour.
    const NOON: i64 = 500_000 * HOUR;

    fn hourly() -> TicketKeys {
        TicketKeys::random(Duration::from_secs(3600)).unwrap()
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
    fn another_secret_or_another_period_has_other_keys() {
        let (one, other) = (hourly(), hourly());
        let ticket = one.seal(b"a session", NOON).unwrap();
        assert_eq!(opened(&other, &ticket, NOON), None);
        let mut daily = TicketKeys::random(Duration::from_secs(86_400)).unwrap();
        *daily.secret = *one.secret;
        for now in [0, NOON] {
            let ticket = one.seal(b"a session", now).unwrap();
            assert_eq!(opened(&daily, &ticket, now), None, "{now}");
        }
        // With the same secret and the same period they are the same.
        let mut same = hourly();
        *same.secret = *one.secret;
        assert_eq!(
            opened(&same, &ticket, NOON).as_deref(),
            Some(&b"a session"[..])
        );
    }

    /// The name goes over the wire with each ticket.
    #[test]
    fn the_name_of_a_key_tells_nothing_of_it() {
        for period in -1..3 {
            let key = hourly().derive(period).unwrap();
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

    #[test]
    fn a_clock_before_1970_and_a_period_of_nothing_are_none_to_fall_over() {
        let keys = TicketKeys::random(Duration::ZERO).unwrap();
        for now in [-HOUR, -1, 0, 1] {
            let ticket = keys.seal(b"a session", now).unwrap();
            assert!(opened(&keys, &ticket, now).is_some(), "{now}");
            assert!(opened(&keys, &ticket, now + 2).is_none(), "{now}");
        }
    }
}
