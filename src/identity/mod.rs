//! Who the client is, taken once from its certificate.
//!
//! Takes the X.509 certificate that the TLS stage has, hands on [`ClientCertificate`] for access
//! decisions, logs and upstreams. Knows nothing of whether the certificate was accepted.

pub mod dn;
mod facts;
pub mod forwarded;
pub mod headers;
pub mod holder;
pub mod name;
pub mod reserved;

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::hash::MessageDigest;
use openssl::x509::X509Ref;

pub use facts::{Facts, canonical_serial};
pub use name::{escaped, rfc2253};

/// The longest name in a log line, in bytes. A certificate may carry 100 KB of them, and who shows
/// one need not be admitted.
const NAME_LIMIT: usize = 1024;
/// The longest serial number, in hex digits: RFC 5280 section 4.1.2.2 allows 40.
const SERIAL_LIMIT: usize = 64;

/// What logs say about a client certificate, at lengths that are fit for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The subject DN as RFC 2253 writes it: `CN=alice,O=Example`.
    pub subject: String,
    /// The issuer DN, written alike.
    pub issuer: String,
    /// The serial number in upper case hex, as nginx's `$ssl_client_serial` has it.
    pub serial: String,
    /// SHA-256 of the DER in lower case hex.
    pub fingerprint: String,
    /// When it expires, in seconds since 1970.
    pub not_after: i64,
    /// Whether a CA that is trusted has signed it, accepted or not: anybody can write any name into one of
    /// their own. The TLS stage says so.
    pub vouched: bool,
    /// What rules look at.
    pub facts: Facts,
    /// What headers are made of: the DER of it and of the certificates between it and the client
    /// CA. Empty until it is accepted.
    pub chain: Box<[Box<[u8]>]>,
    /// The headers, once they were made.
    pub written: headers::Written,
}

impl ClientCertificate {
    /// Reads a certificate. Parts that AWS-LC can't give are empty: the certificate was parsed
    /// already, so that takes a lack of memory.
    pub fn of(certificate: &X509Ref) -> Self {
        Self {
            subject: shortened(rfc2253(certificate.subject_name()), NAME_LIMIT),
            issuer: shortened(rfc2253(certificate.issuer_name()), NAME_LIMIT),
            serial: shortened(serial(certificate), SERIAL_LIMIT),
            fingerprint: certificate
                .digest(MessageDigest::sha256())
                .map(|digest| hex(&digest))
                .unwrap_or_default(),
            not_after: unix_seconds(certificate.not_after()),
            vouched: false,
            facts: Facts::of(certificate),
            chain: Box::default(),
            written: headers::Written::default(),
        }
    }
}

/// Text of at most `limit` bytes; what was cut off is an ellipsis.
pub fn shortened(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    text
}

/// The serial number in upper case hex, as `openssl x509 -serial` has it.
pub fn serial(certificate: &X509Ref) -> String {
    certificate
        .serial_number()
        .to_bn()
        .and_then(|number| number.to_hex_str())
        .map(|text| text.to_string())
        .unwrap_or_default()
}

/// Seconds since 1970, negative before. A time that can't be read is 1970: long past, so that it
/// admits nobody.
pub fn unix_seconds(time: &Asn1TimeRef) -> i64 {
    Asn1Time::from_unix(0)
        .and_then(|epoch| epoch.diff(time))
        .map_or(0, |since| {
            i64::from(since.days) * 86_400 + i64::from(since.secs)
        })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
