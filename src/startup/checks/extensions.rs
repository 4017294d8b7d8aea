//! What a certificate's extensions say about signing others.
//!
//! Takes a certificate; hands on what AWS-LC's own `X509_check_ca` would say. The `openssl` crate
//! shows keyUsage but neither that function nor basicConstraints, so the few bytes are read here.

use openssl::x509::{X509KeyUsage, X509Ref};

use crate::der;

/// Whether AWS-LC accepts it as the issuer of another certificate.
pub(super) fn can_sign(certificate: &X509Ref, self_signed: bool) -> bool {
    let usage = certificate.key_usage();
    if usage.is_some_and(|u| !u.contains(X509KeyUsage::KEY_CERT_SIGN)) {
        return false;
    }
    match basic_constraints(certificate) {
        Some(ca) => ca,
        // Without basicConstraints: old (version 1) roots only.
        None => self_signed && is_version_1(certificate),
    }
}

/// The CA flag of basicConstraints; `None` if the extension isn't there.
pub(super) fn basic_constraints(certificate: &X509Ref) -> Option<bool> {
    let certificate = certificate.to_der().ok()?;
    der::is_authority(&certificate)
}

/// Versions 2 and 3 are written, as 1 and 2; version 1 shouldn't be, but is taken if it is.
fn is_version_1(certificate: &X509Ref) -> bool {
    const VERSION: u8 = 0xa0;
    let certificate = certificate.to_der().unwrap_or_default();
    let first = der::to_be_signed(&certificate).and_then(|mut elements| elements.next());
    first.is_some_and(|e| {
        e.tag != VERSION || der::element(e.content).is_some_and(|number| number.content == [0])
    })
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
    fn agrees_with_aws_lc() {
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
