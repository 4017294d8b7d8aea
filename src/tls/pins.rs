//! Clients that are known by their own keys or certificates, and by no CA (`client-auth = pinned`).
//!
//! Takes digests that the rules name; says of a certificate whether one of them is its. That the client has
//! the key is proven in the handshake, as always. Nobody is trusted to sign for another: the certificate's own
//! signature, and whatever the client sends beside it, count for nothing.

use std::collections::HashSet;

use crate::identity::Facts;

/// Whose certificates are taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    /// SHA-256 of a SubjectPublicKeyInfo (RFC 7469 section 2.4).
    pub keys: HashSet<[u8; 32]>,
    /// SHA-256 of a certificate's DER.
    pub certificates: HashSet<[u8; 32]>,
}

impl Pins {
    /// Whether one of them is that of this certificate or of its key.
    pub fn include(&self, client: &Facts) -> bool {
        // What couldn't be read has no digest, but zeroes.
        let among = |pins: &HashSet<_>, digest: &[u8; 32]| {
            *digest != <[u8; 32]>::default() && pins.contains(digest)
        };
        among(&self.keys, &client.spki_sha256) || among(&self.certificates, &client.sha256)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.keys.len() + self.certificates.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::refusal::RefusalReason;
    use crate::startup::test_certificates::{self as make, Pair};
    use crate::tls::trust::Trust;
    use crate::tls::verification::Verifier;
    use crate::tls::verified_chains::ChainDigest;

    #[test]
    fn what_can_not_be_read_is_nobodys() {
        let zeroes = HashSet::from([[0; 32]]);
        let pins = Pins {
            keys: zeroes.clone(),
            certificates: zeroes,
        };
        assert!(!pins.include(&Facts::default()));
        let known = Facts {
            spki_sha256: [1; 32],
            ..Facts::default()
        };
        assert!(!pins.include(&known));
        let keys = HashSet::from([[1; 32]]);
        assert!(Pins { keys, ..pins }.include(&known));
    }

    /// The verifier alone, whatever rules there are above it.
    #[test]
    fn nobody_else_is_verified() {
        let unknown = make::authority("Unknown CA");
        let [alice, other] = ["alice", "alice"].map(|name| make::leaf(name, &unknown));
        let keys = HashSet::from([Facts::of(&alice.certificate).spki_sha256]);
        let pins = Pins {
            keys,
            ..Pins::default()
        };
        let verifier = Verifier::new(Trust {
            pins: Some(Arc::new(pins)),
            ..Trust::of(std::slice::from_ref(&unknown.certificate))
        })
        .unwrap();
        let verify = |chain: &[&Pair]| {
            let chain: Vec<_> = chain
                .iter()
                .map(|pair| pair.certificate.to_der().unwrap())
                .collect();
            let digest = ChainDigest::of(&chain);
            let verdict = verifier.verify(digest, &chain);
            assert_eq!(verifier.recall(&digest).is_some(), verdict.is_ok());
            verdict.map_err(|rejection| rejection.reason)
        };
        assert_eq!(verify(&[&alice]).unwrap().certificate.chain.len(), 1);
        assert_eq!(
            verify(&[&alice, &unknown]).unwrap().certificate.chain.len(),
            1
        );
        // A CA that is there all the same vouches for nobody.
        for chain in [&[&other][..], &[&other, &alice], &[&unknown, &alice]] {
            assert_eq!(verify(chain).unwrap_err(), RefusalReason::NotAllowed);
        }
    }
}
