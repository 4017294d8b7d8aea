//! Who the client is, taken once from its certificate.
//!
//! Takes the X.509 certificate that the TLS stage has, hands on [`ClientCertificate`] for access
//! decisions, logs and upstreams. Knows nothing of whether the certificate was accepted.

mod name;
pub mod reserved;

use openssl::asn1::Asn1IntegerRef;
use openssl::hash::MessageDigest;
use openssl::x509::X509Ref;

pub use name::rfc2253;

/// What logs and upstreams say about a client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The subject DN as RFC 2253 writes it: `CN=alice,O=Example`.
    pub subject: String,
    /// The issuer DN, written alike.
    pub issuer: String,
    /// The serial number in upper case hex, as nginx's `$ssl_client_serial` has it.
    pub serial: String,
    /// SHA-256 of the DER in lower case hex.
    pub fingerprint: String,
}

impl ClientCertificate {
    /// Reads a certificate. Parts that OpenSSL can't give are empty: the certificate was parsed
    /// already, so that takes a lack of memory.
    pub fn of(certificate: &X509Ref) -> Self {
        Self {
            subject: rfc2253(certificate.subject_name()),
            issuer: rfc2253(certificate.issuer_name()),
            serial: hex_serial(certificate.serial_number()),
            fingerprint: certificate
                .digest(MessageDigest::sha256())
                .map(|digest| hex(&digest))
                .unwrap_or_default(),
        }
    }
}

fn hex_serial(serial: &Asn1IntegerRef) -> String {
    serial
        .to_bn()
        .and_then(|number| number.to_hex_str())
        .map(|text| text.to_string())
        .unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
