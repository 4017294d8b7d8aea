//! A list that certgate takes says of each certificate what AWS-LC and another reader find in it, and nothing that
//! certgate doesn't understand.

#![no_main]

#[path = "../support/der.rs"]
mod der;

use arbitrary::Arbitrary;
use certgate::tls::revocation::Crl;
use libfuzzer_sys::fuzz_target;
use openssl::x509::{CrlStatus, X509, X509Crl};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Extension};

#[derive(Arbitrary, Debug)]
struct Input {
    entries: Vec<([u8; 3], Vec<Extension>)>,
    extensions: Vec<Extension>,
    patches: Vec<(u16, u8)>,
    /// What is looked up beside the entries.
    serials: Vec<[u8; 3]>,
}

#[derive(Arbitrary, Debug)]
struct Extension {
    /// id-ce-…: 20 is cRLNumber, 21 reasonCode, 27 deltaCRLIndicator, 28 issuingDistributionPoint.
    number: u8,
    critical: bool,
    value: Vec<u8>,
}

fn written(extensions: &[Extension]) -> Vec<Vec<u8>> {
    let one = |e: &Extension| der::extension(&[0x55, 0x1d, e.number & 0x7f], e.critical, &e.value);
    extensions.iter().map(one).collect()
}

/// Whether it may stand in a list that is taken (RFC 5280 sections 5.2 and 5.3): it isn't what `never` is, and of the
/// critical ones it is one of `known`.
fn is_harmless(extension: &X509Extension, never: u8, known: &[u8]) -> bool {
    match extension.oid.as_bytes() {
        [0x55, 0x1d, number] if *number == never => false,
        [0x55, 0x1d, number] => !extension.critical || known.contains(number),
        _ => !extension.critical,
    }
}

fuzz_target!(|input: Input| {
    let entries = input.entries.iter();
    let entries: Vec<_> = entries
        .map(|(serial, e)| der::revoked(serial, &written(e)))
        .collect();
    let mut bytes = der::revocation_list(&entries, &written(&input.extensions));
    der::damage(&mut bytes, &input.patches);
    let read = Crl::from_der(&bytes);
    drop(openssl::error::ErrorStack::get());
    let Ok(crl) = read else {
        return;
    };
    let list = X509Crl::from_der(&bytes).unwrap();
    let other = CertificateRevocationList::from_der(&bytes);
    if let Ok((_, other)) = &other {
        const DELTA: u8 = 27;
        const DISTRIBUTION_POINT: u8 = 28;
        const CERTIFICATE_ISSUER: u8 = 29;
        const AUTHORITY_KEY: u8 = 35;
        let mut of_list = other.extensions().iter();
        assert!(of_list.all(|e| is_harmless(e, DELTA, &[DISTRIBUTION_POINT, AUTHORITY_KEY])));
        let mut of_entries = other
            .iter_revoked_certificates()
            .flat_map(|entry| entry.extensions());
        assert!(of_entries.all(|e| is_harmless(e, CERTIFICATE_ISSUER, &[])));
    }
    let serials = input.entries.iter().map(|(serial, _)| serial);
    for serial in serials.chain(&input.serials) {
        let bytes = der::certificate(serial, der::common_name(b"x"), &[]);
        let certificate = X509::from_der(&bytes).unwrap();
        let is_listed = crl.lists(&certificate).is_some();
        let number = certificate.serial_number();
        let status = list.get_by_serial(number);
        // AWS-LC lets those go that a delta list would take off another one.
        let by_openssl = !matches!(status, CrlStatus::NotRevoked);
        assert_eq!(is_listed, by_openssl, "{serial:?}");
        if let Ok((_, other)) = &other {
            // Its numbers have no sign, but they are there as written, too.
            let wanted = der::integer(serial);
            let mut all = other.iter_revoked_certificates();
            let by_other = all.any(|entry| entry.raw_serial() == &wanted[2..]);
            assert!(is_listed || !by_other, "{serial:?}");
        }
    }
    assert_eq!(crl.entries(), list.get_revoked().map_or(0, |all| all.len()));
    drop(openssl::error::ErrorStack::get());
});
