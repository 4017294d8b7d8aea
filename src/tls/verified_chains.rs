//! Chains that were verified before.
//!
//! Verifying a chain again costs public key operations and tells nothing new, as long as nothing
//! changed that the verdict rests on. So it is remembered, under these conditions:
//! - the key is a digest over every byte of every certificate that the client presented;
//! - one memory belongs to one [`Verifier`](super::verification::Verifier): other authorities, other
//!   settings, another memory;
//! - a verdict holds within the validity of every certificate of the chain, checked at each use;
//! - only acceptance is remembered, and of a bounded number of chains;
//! - that the client has the key (CertificateVerify) is proven in each handshake, by libssl.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use openssl::sha::Sha256;

use super::verification::Verified;

/// What a presented chain is known by: SHA-256 over all its certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainDigest(pub [u8; 32]);

impl ChainDigest {
    /// Of a chain, DER. The lengths are digested, too, so that no other cut of the same bytes is
    /// the same chain.
    pub fn of<Der: AsRef<[u8]>>(chain: &[Der]) -> Self {
        let mut digest = Sha256::new();
        for certificate in chain.iter().map(AsRef::as_ref) {
            digest.update(&(certificate.len() as u64).to_be_bytes());
            digest.update(certificate);
        }
        Self(digest.finish())
    }
}

/// The memory. Two generations: when the young one is full, it becomes the old one, and what nobody
/// has asked for since then is forgotten.
pub struct VerifiedChains {
    generations: Mutex<Generations>,
    /// Of one generation, in chains.
    limit: usize,
}

#[derive(Default)]
struct Generations {
    young: HashMap<ChainDigest, Arc<Verified>>,
    old: HashMap<ChainDigest, Arc<Verified>>,
}

impl VerifiedChains {
    /// Remembers `limit` chains at most, and at least half of them.
    pub fn new(limit: usize) -> Self {
        Self {
            generations: Mutex::default(),
            limit: (limit / 2).max(1),
        }
    }

    /// What was found of this chain, if that holds at `now` (seconds since 1970).
    pub fn get(&self, digest: &ChainDigest, now: i64) -> Option<Arc<Verified>> {
        let mut generations = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let found = match generations.young.get(digest) {
            Some(found) => found.clone(),
            None => {
                let found = generations.old.remove(digest)?;
                generations.insert(*digest, found.clone(), self.limit);
                found
            }
        };
        found.validity.contains(&now).then_some(found)
    }

    /// Remembers a chain that was accepted.
    pub fn insert(&self, digest: ChainDigest, verified: Arc<Verified>) {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest, verified, self.limit);
    }
}

impl Generations {
    fn insert(&mut self, digest: ChainDigest, verified: Arc<Verified>, limit: usize) {
        if self.young.len() >= limit {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, verified);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::ClientCertificate;

    fn verified(until: i64) -> Arc<Verified> {
        Arc::new(Verified {
            certificate: Arc::new(ClientCertificate::default()),
            overlooked: None,
            validity: 100..until,
            expires: until,
            questions: Vec::new(),
        })
    }

    fn digest(text: &str) -> ChainDigest {
        ChainDigest::of(&[text.as_bytes()])
    }

    #[test]
    fn a_verdict_holds_within_the_validity_and_not_a_second_longer() {
        let chains = VerifiedChains::new(10);
        chains.insert(digest("a"), verified(200));
        assert!(chains.get(&digest("a"), 199).is_some());
        assert!(chains.get(&digest("a"), 200).is_none(), "expired");
        assert!(chains.get(&digest("a"), 99).is_none(), "not yet valid");
        assert!(chains.get(&digest("b"), 150).is_none(), "another chain");
    }

    #[test]
    fn each_byte_and_each_boundary_counts() {
        let chain = |parts: &[&str]| ChainDigest::of(parts);
        assert_eq!(chain(&["ab", "c"]), chain(&["ab", "c"]));
        assert_ne!(chain(&["ab", "c"]), chain(&["a", "bc"]));
        assert_ne!(chain(&["ab", "c"]), chain(&["ab"]));
        assert_ne!(chain(&["ab", "c"]), chain(&["ab", "d"]));
        assert_ne!(chain(&["ab", "c"]), chain(&["c", "ab"]));
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_what_is_asked_for() {
        let chains = VerifiedChains::new(8);
        chains.insert(digest("asked for"), verified(200));
        for number in 0..100 {
            chains.insert(digest(&number.to_string()), verified(200));
            assert!(chains.get(&digest("asked for"), 150).is_some());
        }
        let generations = chains.generations.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 8);
        assert!(!generations.old.contains_key(&digest("0")));
    }
}
