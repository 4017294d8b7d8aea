//! Keys as AWS-LC reads them, and what is wrong with those that it doesn't.
//!
//! Takes DER; hands on a key, or a [`KeyFault`], which names the algorithm if that is one that AWS-LC
//! doesn't know, such as Ed448 or a Brainpool curve.

use openssl::asn1::Asn1Object;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509Ref;

use super::pem::{Block, Label};
use crate::der;
use crate::tls::failure::words;

/// What AWS-LC doesn't take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// An algorithm or curve.
    #[error("a key that AWS-LC does not know ({0})")]
    Unknown(String),
    /// A key of a kind that it knows; its reason.
    #[error("a key that AWS-LC can't read ({0})")]
    Unreadable(String),
}

/// What to have instead.
pub const EXPECTED: &str = "EC P-256, P-384 or P-521, RSA of 2048 bits or more, or Ed25519";

/// Reads a private key of any form but the encrypted ones.
pub fn private(block: &Block) -> Result<PKey<Private>, KeyFault> {
    PKey::private_key_from_der(&block.der)
        .or_else(|error| match block.label {
            // One without its public half is taken for PKCS#8 otherwise.
            Label::EcPrivateKey => {
                EcKey::private_key_from_der(&block.der).and_then(PKey::from_ec_key)
            }
            _ => Err(error),
        })
        .map_err(|error| match unknown_in_key(block) {
            Some(kind) => KeyFault::Unknown(kind),
            None => KeyFault::Unreadable(reason(&error)),
        })
}

/// What is wrong with a certificate's key, if it can't be read.
pub fn fault(certificate: &X509Ref) -> Option<KeyFault> {
    let error = certificate.public_key().err()?;
    Some(match unknown_in_certificate(certificate) {
        Some(kind) => KeyFault::Unknown(kind),
        None => KeyFault::Unreadable(reason(&error)),
    })
}

/// The innermost of AWS-LC's reasons; the others only say where that was.
pub fn reason(error: &ErrorStack) -> String {
    let words = words(error);
    let first = words.split(", ").next().unwrap_or_default();
    match first {
        "" => "no reason given".to_owned(),
        first => first.to_owned(),
    }
}

fn unknown_in_certificate(certificate: &X509Ref) -> Option<String> {
    let der = certificate.to_der().ok()?;
    // Serial number, signature, issuer, validity, subject, subjectPublicKeyInfo; the version before.
    let key = der::to_be_signed(&der)?.filter(|e| e.tag != 0xa0).nth(5)?;
    unknown(der::element(key.content)?.content)
}

fn unknown_in_key(block: &Block) -> Option<String> {
    let key = der::element(&block.der)?;
    match block.label {
        // RFC 5208: version, algorithm, the key.
        Label::PrivateKey => unknown(der::elements(key.content).nth(1)?.content),
        // RFC 5915: version, the key, [0] parameters.
        Label::EcPrivateKey => {
            let parameters = der::elements(key.content).find(|e| e.tag == 0xa0)?;
            unknown_curve(der::element(parameters.content)?)
        }
        _ => None,
    }
}

/// Of the content of an AlgorithmIdentifier.
fn unknown(identifier: &[u8]) -> Option<String> {
    let (oid, parameters) = der::algorithm(identifier)?;
    let (text, nid) = named(oid);
    match nid {
        Nid::X9_62_ID_ECPUBLICKEY => unknown_curve(parameters?),
        Nid::RSAENCRYPTION | Nid::RSASSAPSS | Nid::DSA => None,
        _ => match text.as_str() {
            "1.3.101.112" => None,
            "1.3.101.113" => Some("Ed448".to_owned()),
            _ => Some(nid.long_name().map_or(text, str::to_owned)),
        },
    }
}

fn unknown_curve(parameters: der::Element) -> Option<String> {
    if parameters.tag != der::OID {
        return Some("EC with a curve of its own".to_owned());
    }
    let (text, nid) = named(parameters.content);
    if EcGroup::from_curve_name(nid).is_ok() {
        return None;
    }
    Some(format!("EC {}", nid.long_name().unwrap_or(&text)))
}

/// An OID with dots, and its number in AWS-LC.
fn named(oid: &[u8]) -> (String, Nid) {
    let text = dotted(oid);
    let nid = Asn1Object::from_str(&text).map_or(Nid::UNDEF, |object| object.nid());
    (text, nid)
}

fn dotted(oid: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number = 0u64;
    for byte in oid {
        number = number.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            numbers.push(number);
            number = 0;
        }
    }
    // The first two are written as one (X.690 section 8.19.4).
    if let Some(both) = numbers.first().copied() {
        let first = (both / 40).min(2);
        numbers.splice(..1, [first, both - 40 * first]);
    }
    let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
    numbers.join(".")
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::startup::test_certificates as make;

    const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    const P192: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1];
    const ED25519: &[u8] = &[6, 3, 0x2b, 0x65, 0x70];
    const ED448: &[u8] = &[6, 3, 0x2b, 0x65, 0x71];

    #[test]
    fn kinds_have_the_names_that_people_use() {
        assert_eq!(dotted(&ED448[2..]), "1.3.101.113");
        assert_eq!(dotted(P256), "1.2.840.10045.3.1.7");
        let parameters = der::Element {
            tag: der::OID,
            content: P192,
            rest: &[],
        };
        let name = unknown_curve(parameters);
        assert_eq!(name.as_deref(), Some("EC prime192v1"));
    }

    #[test]
    fn of_certificates() {
        let pair = make::authority("x");
        assert_eq!(fault(&pair.certificate), None);
        let other = make::rewritten(&pair.certificate, P256, P192);
        let found = fault(&other).unwrap().to_string();
        assert_eq!(found, "a key that AWS-LC does not know (EC prime192v1)");
        let spec = make::Spec {
            key: Some(PKey::generate_ed25519().unwrap()),
            ..make::spec("x")
        };
        let ed25519 = make::issue(&spec, Some(&pair));
        let other = make::rewritten(&ed25519.certificate, ED25519, ED448);
        assert_eq!(fault(&other), Some(KeyFault::Unknown("Ed448".to_owned())));
        // Not on the curve.
        let point = pair.key.public_key_to_der().unwrap();
        let point = &point[point.len() - 32..];
        let other = make::rewritten(&pair.certificate, point, &[7; 32]);
        assert!(matches!(fault(&other), Some(KeyFault::Unreadable(_))));
    }

    #[test]
    fn of_private_keys() {
        let key = make::ec_key();
        let pkcs8 = key.private_key_to_pkcs8().unwrap();
        let sec1 = key.ec_key().unwrap().private_key_to_der().unwrap();
        for (label, der) in [(Label::PrivateKey, pkcs8), (Label::EcPrivateKey, sec1)] {
            let read = |der: Vec<u8>| {
                let der = Zeroizing::new(der);
                private(&Block { label, der })
            };
            assert!(read(der.clone()).unwrap().public_eq(&key));
            let unknown = KeyFault::Unknown("EC prime192v1".to_owned());
            let other = make::rewritten_der(&der, P256, P192);
            assert_eq!(read(other).unwrap_err(), unknown);
            let cut = read(der[..20].to_vec()).unwrap_err();
            assert!(matches!(cut, KeyFault::Unreadable(_)));
        }
    }

    /// As some programs write it: version, the key, the curve, and no public half.
    #[test]
    fn an_ec_key_without_its_public_half_is_read() {
        let key = make::ec_key();
        let sec1 = key.ec_key().unwrap().private_key_to_der().unwrap();
        let without = der::elements(der::element(&sec1).unwrap().content);
        let public = without.last().unwrap().content.len() + 2;
        let mut sec1 = sec1[..sec1.len() - public].to_vec();
        sec1[1] -= u8::try_from(public).unwrap();
        let block = Block {
            label: Label::EcPrivateKey,
            der: Zeroizing::new(sec1),
        };
        assert!(private(&block).unwrap().public_eq(&key));
    }
}
