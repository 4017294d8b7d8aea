//! What a certificate's extensions say about signing others.
//!
//! Takes a certificate; hands on what OpenSSL's own `X509_check_ca` would say. The `openssl` crate
//! shows keyUsage but neither that function nor basicConstraints, so the few bytes are read here.

use openssl::x509::{X509KeyUsage, X509Ref};

/// Whether OpenSSL accepts it as the issuer of another certificate.
pub(super) fn can_sign(certificate: &X509Ref, self_signed: bool) -> bool {
    let usage = certificate.key_usage();
    if usage.is_some_and(|u| !u.contains(X509KeyUsage::KEY_CERT_SIGN)) {
        return false;
    }
    match basic_constraints(certificate) {
        Some(ca) => ca,
        // Without basicConstraints: old (version 1) roots, and certificates whose keyUsage allows it.
        None => (certificate.version() == 0 && self_signed) || usage.is_some(),
    }
}

/// The CA flag of basicConstraints; `None` if the extension isn't there.
pub(super) fn basic_constraints(certificate: &X509Ref) -> Option<bool> {
    const OID: [u8; 3] = [0x55, 0x1d, 0x13];
    let der = certificate.to_der().ok()?;
    let (_, certificate, _) = element(&der)?;
    let (_, to_be_signed, _) = element(certificate)?;
    let (_, extensions, _) = elements(to_be_signed).find(|(tag, ..)| *tag == 0xa3)?;
    let (_, extensions, _) = element(extensions)?;
    elements(extensions).find_map(|(_, extension, _)| {
        let (_, oid, rest) = element(extension)?;
        // OID, an optional BOOLEAN for critical, then the value in an OCTET STRING.
        let value = elements(rest).find(|(tag, ..)| *tag == 0x04)?.1;
        (oid == OID).then(|| {
            let flag = element(value).and_then(|(_, inner, _)| element(inner));
            matches!(flag, Some((0x01, [on], _)) if *on != 0)
        })
    })
}

/// Tag, content, and what follows.
type Element<'a> = (u8, &'a [u8], &'a [u8]);

fn elements(der: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::successors(element(der), |(_, _, rest)| element(rest))
}

/// Splits one DER element off. OpenSSL has parsed all of it before, so lengths are well-formed; if
/// one isn't, the answer is `None` and not a wrong one.
fn element(der: &[u8]) -> Option<Element<'_>> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = digits.iter().try_fold(0usize, |length, digit| {
            Some(length.checked_mul(256)? + usize::from(*digit))
        })?;
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use openssl::stack::Stack;
    use openssl::x509::X509StoreContext;
    use openssl::x509::store::X509StoreBuilder;

    use super::*;
    use crate::startup::checks::is_self_signed;
    use crate::startup::test_certificates::{self as make, Spec};

    /// Every shape of CA, held against what `X509_verify_cert` does with a leaf under it.
    #[test]
    fn agrees_with_openssl() {
        for ca in [None, Some(false), Some(true)] {
            for cert_sign in [None, Some(false), Some(true)] {
                for version in [0, 2] {
                    let bare = ca.is_none() && cert_sign.is_none();
                    if version == 0 && !bare {
                        continue;
                    }
                    let spec = Spec {
                        ca,
                        cert_sign,
                        version,
                        san: false,
                        ..make::spec("authority")
                    };
                    let authority = make::issue(&spec, None);
                    let leaf = make::leaf("leaf", &authority);
                    let mut store = X509StoreBuilder::new().unwrap();
                    store.add_cert(authority.certificate.clone()).unwrap();
                    let accepted = X509StoreContext::new()
                        .unwrap()
                        .init(
                            &store.build(),
                            &leaf.certificate,
                            &Stack::new().unwrap(),
                            |c| c.verify_cert(),
                        )
                        .unwrap();
                    let said = can_sign(
                        &authority.certificate,
                        is_self_signed(&authority.certificate),
                    );
                    assert_eq!(said, accepted, "{ca:?} {cert_sign:?} {version}");
                    assert_eq!(basic_constraints(&authority.certificate), ca);
                }
            }
        }
    }
}
