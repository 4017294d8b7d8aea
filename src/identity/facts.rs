//! What a certificate says of its holder, whole and exact, for decisions.

use std::net::IpAddr;

use openssl::sha::sha256;
use openssl::x509::X509Ref;

use super::dn::DistinguishedName;
use super::serial;
use crate::der;

/// Taken once, when a chain is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The subject; `None` if it can't be read.
    pub subject: Option<DistinguishedName>,
    /// The issuer; `None` if it can't be read.
    pub issuer: Option<DistinguishedName>,
    /// Upper case hex without leading zeroes, negative ones with a minus.
    pub serial: String,
    /// The DNS names of the SAN extension (RFC 5280 section 4.2.1.6), as they stand there.
    pub dns: Vec<String>,
    /// Its URIs.
    pub uris: Vec<String>,
    /// Its mailboxes.
    pub emails: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether there is a name that can't be read, or only by some: who is to be kept out by names might
    /// have that one.
    pub unreadable: bool,
    /// SHA-256 of the DER.
    pub sha256: [u8; 32],
    /// SHA-256 of the SubjectPublicKeyInfo (RFC 7469 section 2.4).
    pub spki_sha256: [u8; 32],
}

impl Facts {
    /// Reads a certificate. What can't be read is empty, and is noted.
    pub fn of(certificate: &X509Ref) -> Self {
        let digest = |der: Result<Vec<u8>, _>| der.map(|der| sha256(&der)).unwrap_or_default();
        let mut facts = Self {
            subject: certificate
                .subject_name()
                .to_der()
                .ok()
                .and_then(|der| DistinguishedName::from_der(&der)),
            issuer: certificate
                .issuer_name()
                .to_der()
                .ok()
                .and_then(|der| DistinguishedName::from_der(&der)),
            serial: canonical_serial(&serial(certificate)),
            sha256: digest(certificate.to_der()),
            spki_sha256: digest(
                certificate
                    .public_key()
                    .and_then(|key| key.public_key_to_der()),
            ),
            ..Self::default()
        };
        let der = certificate.to_der().unwrap_or_default();
        let extensions = der::certificate_extensions(&der);
        let names = extensions.filter(|extension| extension.oid == SUBJECT_ALT_NAME);
        for (index, names) in names.enumerate() {
            facts.read_names(names.value);
            facts.unreadable |= index > 0;
        }
        let whole = |name: &Option<DistinguishedName>| {
            name.as_ref().is_some_and(DistinguishedName::is_text)
        };
        facts.unreadable |= !(whole(&facts.subject) && whole(&facts.issuer));
        facts
    }

    /// `GeneralNames` (RFC 5280 section 4.2.1.6). Of the kinds that no rule could mean there may be any.
    fn read_names(&mut self, value: &[u8]) {
        let names = der::element(value).filter(|names| names.tag == der::SEQUENCE);
        self.unreadable |= names.is_none_or(|names| !names.rest.is_empty());
        let mut left = names.map_or(&[][..], |names| names.content);
        while let Some(name) = der::element(left) {
            left = name.rest;
            let list = match name.tag {
                MAILBOX => &mut self.emails,
                DNS => &mut self.dns,
                URI => &mut self.uris,
                ADDRESS => {
                    let address = address(name.content).map(|address| address.to_canonical());
                    self.unreadable |= address.is_none();
                    self.addresses.extend(address);
                    continue;
                }
                OTHER_NAME | X400 | DIRECTORY | EDI_PARTY | REGISTERED_ID => continue,
                // Who looks at the tag's number alone may find one of those above.
                _ => {
                    self.unreadable = true;
                    continue;
                }
            };
            // They are IA5Strings: what isn't visible ASCII is read in many ways.
            self.unreadable |= !name.content.iter().all(u8::is_ascii_graphic);
            list.push(String::from_utf8_lossy(name.content).into_owned());
        }
        self.unreadable |= !left.is_empty();
    }
}

/// id-ce-subjectAltName, 2.5.29.17
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// The context tags of `GeneralName`.
const MAILBOX: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const ADDRESS: u8 = 0x87;
const OTHER_NAME: u8 = 0xa0;
const X400: u8 = 0xa3;
const DIRECTORY: u8 = 0xa4;
const EDI_PARTY: u8 = 0xa5;
const REGISTERED_ID: u8 = 0x88;

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

/// Without leading zeroes and in upper case, so that every way of writing it is one.
pub fn canonical_serial(hex: &str) -> String {
    let (sign, digits) = match hex.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", hex),
    };
    let digits = digits.trim_start_matches('0');
    match digits {
        "" => "0".to_owned(),
        digits => format!("{sign}{}", digits.to_ascii_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509;

    use super::*;
    use crate::startup::test_certificates as make;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn names(names: &[(u8, &[u8])]) -> Facts {
        let names: Vec<u8> = names
            .iter()
            .flat_map(|(tag, name)| tlv(*tag, name))
            .collect();
        let mut facts = Facts::default();
        facts.read_names(&tlv(der::SEQUENCE, &names));
        facts
    }

    #[test]
    fn names_are_read_whole_and_what_not_all_can_read_is_noted() {
        let facts = names(&[
            (DNS, b"a.example"),
            (URI, b"spiffe://example.org/a"),
            (MAILBOX, b"a@example.org"),
            (ADDRESS, &[10, 1, 1, 1]),
            (
                ADDRESS,
                &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 1, 2],
            ),
            // otherName, as Microsoft's certificates for people have it.
            (0xa0, b"\x06\x01\x00"),
            (0x88, &[0x2a, 3]),
        ]);
        assert!(!facts.unreadable);
        assert_eq!(facts.dns, ["a.example"]);
        assert_eq!(facts.uris, ["spiffe://example.org/a"]);
        assert_eq!(facts.emails, ["a@example.org"]);
        // The same address however it is written.
        assert_eq!(facts.addresses.map_to_strings(), ["10.1.1.1", "10.1.1.2"]);
        for odd in [
            (DNS, &b"\xff.evil.example"[..]),
            (DNS, b"x.evil.example\0"),
            (DNS, b"x .evil.example"),
            (URI, b"spiffe://evil/\xff"),
            (MAILBOX, b"b\xff@evil.example"),
            (ADDRESS, &[10, 1, 1]),
            // Constructed, or of another class: some look at the number alone.
            (ADDRESS | 0x20, &[10, 1, 1, 1]),
            (DNS ^ 0x80, b"x.evil.example"),
        ] {
            assert!(names(&[(DNS, b"a.example"), odd]).unreadable, "{odd:?}");
        }
        for broken in [
            &b"\x30\x03\x82"[..],
            // Well-formed from outside, and something is left over.
            b"\x30\x05\x82\x01a\x82\x09",
            b"\x30\x04\x82\x01a\x82",
        ] {
            let mut facts = Facts::default();
            facts.read_names(broken);
            assert!(facts.unreadable, "{broken:?}");
        }
    }

    /// RFC 5280 section 4.2: no extension twice. Some read the first one, some the last, some all.
    #[test]
    fn names_in_two_places_are_not_readable() {
        let ca = make::authority("CA");
        let spec = make::Spec {
            crl_url: Some("http://a.example/"),
            ..make::spec("alice")
        };
        let once = make::issue(&spec, Some(&ca)).certificate.to_der().unwrap();
        assert!(!Facts::of(&X509::from_der(&once).unwrap()).unreadable);
        // The one with the URL is made the same one; it has no name of a kind that is read.
        let oid = |last| [0x06, 0x03, 0x55, 0x1d, last];
        let mut twice = once;
        let at = twice.windows(5).position(|bytes| bytes == oid(0x1f));
        twice[at.unwrap()..][..5].copy_from_slice(&oid(0x11));
        assert!(Facts::of(&X509::from_der(&twice).unwrap()).unreadable);
    }

    trait Strings {
        fn map_to_strings(&self) -> Vec<String>;
    }

    impl Strings for Vec<IpAddr> {
        fn map_to_strings(&self) -> Vec<String> {
            self.iter().map(ToString::to_string).collect()
        }
    }

    #[test]
    fn an_ordinary_certificate_is_readable() {
        let ca = make::authority("CA");
        let facts = Facts::of(&make::leaf("alice", &ca).certificate);
        assert!(!facts.unreadable && facts.subject.is_some() && facts.issuer.is_some());
        assert_eq!(facts.dns, ["localhost"]);
        assert!(!Facts::of(&ca.certificate).unreadable);
    }
}
