//! What a certificate says of its holder, whole and exact, for decisions.

use std::net::IpAddr;

use openssl::sha::sha256;
use openssl::x509::X509Ref;

use super::dn::DistinguishedName;
use super::serial;

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
    /// SHA-256 of the DER.
    pub sha256: [u8; 32],
    /// SHA-256 of the SubjectPublicKeyInfo (RFC 7469 section 2.4).
    pub spki_sha256: [u8; 32],
}

impl Facts {
    /// Reads a certificate. What can't be read is empty, and no rule matches it.
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
        for name in certificate.subject_alt_names().into_iter().flatten() {
            if let Some(name) = name.dnsname() {
                facts.dns.push(name.to_owned());
            } else if let Some(uri) = name.uri() {
                facts.uris.push(uri.to_owned());
            } else if let Some(mailbox) = name.email() {
                facts.emails.push(mailbox.to_owned());
            } else if let Some(address) = name.ipaddress().and_then(address) {
                facts.addresses.push(address);
            }
        }
        facts
    }
}

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
