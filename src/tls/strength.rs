//! What is too weak to be relied on.
//!
//! Takes a certificate of a chain; hands on its [`Weakness`], if it has one. One rule for the live
//! verification and for `certgate check`, whatever the protocol settings are: 112 bits of security,
//! which is OpenSSL's level 2 (SSL_CTX_set_security_level(3)). AWS-LC itself has no such rule.

use std::fmt;

use openssl::nid::Nid;
use openssl::pkey::{HasPublic, Id, PKeyRef};
use openssl::x509::X509Ref;

use crate::der;

/// Why a certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Its key can be computed from the public half.
    Key {
        /// `RSA`, `DSA` or `EC`.
        kind: &'static str,
        /// How many bits it has.
        bits: u32,
        /// How many it should have.
        least: u32,
    },
    /// Who can make two texts with one digest can have the other one signed.
    Signature {
        /// `SHA-1`, `MD5`, …
        digest: &'static str,
    },
}

/// What a certificate is in its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Trusted because it is in the CA file (or a self-signed one, on its own): nobody relies on its
    /// signature.
    Anchor,
    /// Trusted because of who signed it.
    Issued,
}

/// The weakness of one certificate; the key's, if it has two.
pub fn weakness(certificate: &X509Ref, standing: Standing) -> Option<Weakness> {
    // A key that can't be read verifies nothing: that is another fault, and found by who uses it.
    let key = certificate.public_key().ok();
    key.and_then(|key| weak_key(&key)).or_else(|| {
        let digest = broken_digest(certificate).filter(|_| standing == Standing::Issued)?;
        Some(Weakness::Signature { digest })
    })
}

/// The weakness of a key: RSA and DSA need 2048 bits, EC 224.
pub fn weak_key<T: HasPublic>(key: &PKeyRef<T>) -> Option<Weakness> {
    let (kind, least) = match key.id() {
        Id::RSA | Id::RSA_PSS => ("RSA", 2048),
        Id::DSA => ("DSA", 2048),
        Id::EC => ("EC", 224),
        _ => return None,
    };
    let bits = key.bits();
    (bits < least).then_some(Weakness::Key { kind, bits, least })
}

/// SHA-1, MD5 or older, by name, if the certificate's signature rests on that, whoever made it.
pub fn broken_digest(certificate: &X509Ref) -> Option<&'static str> {
    let algorithm = certificate.signature_algorithm().object().nid();
    let digest = match algorithm {
        Nid::RSASSAPSS => return pss_uses_sha1(certificate).then_some("SHA-1"),
        // AWS-LC knows their names only, and so no parts of theirs.
        Nid::MD2WITHRSAENCRYPTION => Nid::MD2,
        _ => algorithm.signature_algorithms()?.digest,
    };
    match digest {
        Nid::SHA1 => Some("SHA-1"),
        Nid::MD5 => Some("MD5"),
        Nid::MD4 => Some("MD4"),
        Nid::MD2 => Some("MD2"),
        _ => None,
    }
}

/// RFC 4055 section 3.1: the digest is a parameter, `[0]`, and SHA-1 if it isn't there.
fn pss_uses_sha1(certificate: &X509Ref) -> bool {
    const SHA1: [u8; 5] = [0x2b, 0x0e, 0x03, 0x02, 0x1a];
    let written = || {
        let der = certificate.to_der().ok()?;
        let certificate = der::element(&der)?;
        let signature = der::element(der::element(certificate.content)?.rest)?;
        let (_, parameters) = der::algorithm(signature.content)?;
        let digest = der::elements(parameters?.content).find(|e| e.tag == 0xa0)?;
        let (oid, _) = der::algorithm(der::element(digest.content)?.content)?;
        Some(oid == SHA1)
    };
    written().unwrap_or(true)
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { kind, bits, least } => {
                write!(f, "key too weak: {kind} {bits}, at least {least} is needed")
            }
            Self::Signature { digest } => write!(f, "signed with {digest}, a digest too weak"),
        }
    }
}

#[cfg(test)]
mod tests {
    use openssl::hash::MessageDigest;
    use openssl::pkey::{PKey, Private};

    use super::*;
    use crate::startup::test_certificates::{self as make, Spec};

    fn found(spec: Spec, standing: Standing) -> Option<String> {
        let issuer = make::authority("issuer");
        let pair = make::issue(&spec, Some(&issuer));
        weakness(&pair.certificate, standing).map(|w| w.to_string())
    }

    fn with_key(key: PKey<Private>) -> Option<String> {
        let spec = Spec {
            key: Some(key),
            ..make::spec("x")
        };
        let one = found(spec.clone(), Standing::Issued);
        assert_eq!(one, found(spec, Standing::Anchor), "a key is always used");
        one
    }

    #[test]
    fn keys_need_112_bits_of_security() {
        for bits in [1024, 1536, 1920] {
            let words = format!("key too weak: RSA {bits}, at least 2048 is needed");
            assert_eq!(with_key(make::rsa_key(bits)), Some(words));
        }
        assert_eq!(with_key(make::rsa_key(2048)), None);
        for curve in [Nid::SECP224R1, Nid::X9_62_PRIME256V1, Nid::SECP384R1] {
            assert_eq!(with_key(make::ec_key_on(curve)), None);
        }
        assert_eq!(with_key(PKey::generate_ed25519().unwrap()), None);
    }

    #[test]
    fn a_signature_counts_where_somebody_relies_on_it() {
        let spec = Spec {
            digest: MessageDigest::sha1(),
            ..make::spec("x")
        };
        let words = "signed with SHA-1, a digest too weak";
        assert_eq!(
            found(spec.clone(), Standing::Issued).as_deref(),
            Some(words)
        );
        assert_eq!(found(spec, Standing::Anchor), None);
        for digest in [MessageDigest::sha224(), MessageDigest::sha256()] {
            let spec = Spec {
                digest,
                ..make::spec("x")
            };
            assert_eq!(found(spec, Standing::Issued), None);
        }
    }

    /// AWS-LC doesn't sign with MD5, so the name of the algorithm is written over another one's.
    #[test]
    fn md5_is_known_by_its_name() {
        const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
        for (last, digest) in [(4, "MD5"), (2, "MD2"), (5, "SHA-1")] {
            let spec = Spec {
                key: Some(make::rsa_key(2048)),
                ..make::spec("x")
            };
            let pair = make::issue(&spec, None);
            let mut to = RSA_SHA256.to_vec();
            *to.last_mut().unwrap() = last;
            let certificate = make::rewritten(&pair.certificate, RSA_SHA256, &to);
            assert_eq!(
                weakness(&certificate, Standing::Issued),
                Some(Weakness::Signature { digest })
            );
        }
    }

    #[test]
    fn pss_names_its_digest_or_means_sha1() {
        const PSS: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
        const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
        let spec = Spec {
            key: Some(make::rsa_key(2048)),
            ..make::spec("x")
        };
        let pair = make::issue(&spec, None);
        let certificate = make::rewritten(&pair.certificate, RSA_SHA256, &PSS);
        // The parameters are still the NULL of plain RSA.
        assert_eq!(broken_digest(&certificate), Some("SHA-1"));
    }
}
