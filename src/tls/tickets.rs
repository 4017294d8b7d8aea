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

use super::verification::unix_now;

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

    /// Makes a ticket. `None` only without memory or random numbers.
    pub fn seal(&self, text: &[u8]) -> Option<Vec<u8>> {
        let keys = self.keys(unix_now())?;
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

    /// The text of a ticket; `None` if it isn't ours, too old, or was touched.
    pub fn open(&self, ticket: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (name, rest) = ticket.split_at_checked(NAME)?;
        let (nonce, rest) = rest.split_at_checked(NONCE)?;
        let (sealed, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
        let keys = self.keys(unix_now())?;
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
