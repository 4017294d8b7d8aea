//! What headers say of the holder of a certificate: whole, byte for byte, at whatever length.

use openssl::x509::X509;

use super::name::Name;
use super::{serial, unix_seconds};
use crate::der;

/// Taken from the DER when headers are written, and gone after that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder<'a> {
    /// The certificate, and those between it and the client CA. DER.
    pub chain: &'a [Box<[u8]>],
    /// The subject.
    pub subject: Name,
    /// The issuer.
    pub issuer: Name,
    /// As nginx's `$ssl_client_serial` has it: upper case hex.
    pub serial: String,
    /// Seconds since 1970.
    pub not_before: i64,
    /// Seconds since 1970.
    pub not_after: i64,
    /// The DNS names of the SAN extension (RFC 5280 section 4.2.1.6), whatever bytes they are.
    pub dns: Vec<Vec<u8>>,
    /// Its URIs.
    pub uris: Vec<Vec<u8>>,
    /// Its mailboxes.
    pub emails: Vec<Vec<u8>>,
    /// Its addresses, in four or sixteen bytes.
    pub addresses: Vec<Vec<u8>>,
}

impl<'a> Holder<'a> {
    /// Reads the first certificate of a chain. `None` if that can't be read: it was verified already, so
    /// that takes a lack of memory.
    pub fn of(chain: &'a [Box<[u8]>]) -> Option<Self> {
        const SUBJECT_ALT_NAME: [u8; 3] = [0x55, 0x1d, 0x11];
        let leaf = chain.first()?;
        let certificate = X509::from_der(leaf).ok()?;
        let mut holder = Self {
            chain,
            subject: Name::of(certificate.subject_name())?,
            issuer: Name::of(certificate.issuer_name())?,
            serial: serial(&certificate),
            not_before: unix_seconds(certificate.not_before()),
            not_after: unix_seconds(certificate.not_after()),
            ..Self::default()
        };
        let names = der::certificate_extensions(leaf).filter(|e| e.oid == SUBJECT_ALT_NAME);
        let names = names.filter_map(|names| der::element(names.value));
        let names = names.filter(|names| names.tag == der::SEQUENCE);
        for name in names.flat_map(|names| der::elements(names.content)) {
            // The tags of GeneralName.
            let list = match name.tag {
                0x81 => &mut holder.emails,
                0x82 => &mut holder.dns,
                0x86 => &mut holder.uris,
                0x87 => &mut holder.addresses,
                _ => continue,
            };
            list.push(name.content.to_vec());
        }
        Some(holder)
    }

    /// The DER of the certificate itself.
    pub fn leaf(&self) -> &[u8] {
        self.chain.first().map_or(&[], |leaf| leaf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::startup::test_certificates as make;

    /// Rules don't know such names, either.
    #[test]
    fn names_that_are_no_sequence_are_none() {
        let leaf = make::leaf("alice", &make::authority("CA"));
        let mut der = leaf.certificate.to_der().unwrap();
        let dns = |der: &[u8]| Holder::of(&[der.into()]).map(|holder| holder.dns).unwrap();
        assert_eq!(dns(&der), [b"localhost"]);
        // The OID of the extension, and its value's head.
        let at = der
            .windows(6)
            .position(|b| b == [6, 3, 0x55, 0x1d, 0x11, 4]);
        let tag = &mut der[at.unwrap() + 7];
        assert_eq!(*tag, der::SEQUENCE);
        *tag = der::SET;
        assert!(dns(&der).is_empty());
    }
}
