//! Which kind of key it is that AWS-LC can't read.
//!
//! Takes the DER of what failed to parse; hands on the name of its algorithm if that is one that
//! AWS-LC doesn't know, such as Ed448 or a Brainpool curve. `None` is a key of a kind that it knows,
//! and so a damaged one.

use openssl::asn1::Asn1Object;
use openssl::ec::EcGroup;
use openssl::nid::Nid;
use openssl::x509::X509Ref;

use super::pem::{Block, Label};
use crate::der;

/// What to have instead.
pub const KNOWN: &str = "EC P-256, P-384 or P-521, RSA of 2048 bits or more, or Ed25519";

/// `Ed448`, if a certificate's key is of a kind that AWS-LC doesn't know.
pub fn unknown_in_certificate(certificate: &X509Ref) -> Option<String> {
    if certificate.public_key().is_ok() {
        return None;
    }
    let der = certificate.to_der().ok()?;
    // Serial number, signature, issuer, validity, subject, subjectPublicKeyInfo; the version before.
    let key = der::to_be_signed(&der)?.filter(|e| e.tag != 0xa0).nth(5)?;
    unknown(der::element(key.content)?.content)
}

/// `Ed448`, if a private key is of a kind that AWS-LC doesn't know.
pub fn unknown_in_key(block: &Block) -> Option<String> {
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
        let brainpool = [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7];
        let parameters = der::Element {
            tag: der::OID,
            content: &brainpool,
            rest: &[],
        };
        let name = unknown_curve(parameters);
        assert_eq!(name.as_deref(), Some("EC brainpoolP256r1"));
    }

    #[test]
    fn of_certificates() {
        let pair = make::authority("x");
        assert_eq!(unknown_in_certificate(&pair.certificate), None);
        let other = make::rewritten(&pair.certificate, P256, P192);
        let name = unknown_in_certificate(&other);
        assert_eq!(name.as_deref(), Some("EC prime192v1"));
        let spec = make::Spec {
            key: Some(openssl::pkey::PKey::generate_ed25519().unwrap()),
            ..make::spec("x")
        };
        let pair = make::issue(&spec, Some(&pair));
        let other = make::rewritten(&pair.certificate, ED25519, ED448);
        assert_eq!(unknown_in_certificate(&other).as_deref(), Some("Ed448"));
    }

    #[test]
    fn of_keys() {
        let key = make::ec_key();
        let pkcs8 = key.private_key_to_pkcs8().unwrap();
        let sec1 = key.ec_key().unwrap().private_key_to_der().unwrap();
        for (label, der) in [(Label::PrivateKey, pkcs8), (Label::EcPrivateKey, sec1)] {
            let name = |der: Vec<u8>| {
                let der = Zeroizing::new(der);
                unknown_in_key(&Block { label, der })
            };
            assert_eq!(name(der.clone()), None);
            let other = make::rewritten_der(&der, P256, P192);
            assert_eq!(name(other).as_deref(), Some("EC prime192v1"));
            assert_eq!(name(der[..20].to_vec()), None);
        }
    }
}
