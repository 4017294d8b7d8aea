//! Why a handshake failed: AWS-LC's error in certgate's closed list.

use std::sync::Arc;

use openssl::error::{Error, ErrorStack};
use openssl::ssl::{self, ErrorCode, NameType, SslRef};

use super::alerts::{self, ALERT_RECORD};
use super::ffi::server::client_random;
use super::policy::{Note, note};
use super::verification::Rejection;
use crate::identity::{ClientCertificate, escaped};
use crate::refusal::RefusalReason;

/// A client that was refused, with all that a log line can say.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Why.
    pub reason: RefusalReason,
    /// What was found, in words: AWS-LC's, or certgate's own where it checks itself.
    pub detail: String,
    /// Which certificate of the chain is at fault: 0 is the client's own.
    pub depth: Option<u32>,
    /// The client's own certificate, if it sent one.
    pub certificate: Option<Arc<ClientCertificate>>,
    /// The server name that it asked for.
    pub sni: Option<String>,
}

impl Refused {
    /// A refusal that has nothing to do with a certificate.
    pub fn new(reason: RefusalReason, detail: impl Into<String>, ssl: &SslRef) -> Self {
        Self {
            reason,
            detail: detail.into(),
            depth: None,
            certificate: None,
            sni: sni(ssl),
        }
    }

    /// A certificate that wasn't accepted.
    pub fn rejected(rejection: &Rejection, ssl: &SslRef) -> Self {
        Self {
            reason: rejection.reason,
            detail: rejection.words.clone(),
            depth: Some(rejection.depth),
            certificate: rejection.certificate.clone(),
            sni: sni(ssl),
        }
    }

    /// What a failed `SSL_accept` means.
    pub fn of(error: &ssl::Error, ssl: &SslRef) -> Self {
        if let Some(rejection) = note(ssl).and_then(|note| note.rejection.get()) {
            return Self::rejected(rejection, ssl);
        }
        if note(ssl).is_some_and(|note| note.unknown_name.get().is_some()) {
            let words = match sni(ssl) {
                Some(_) => "no site has the server name",
                None => "the client sent no server name",
            };
            return Self::new(RefusalReason::UnknownName, words, ssl);
        }
        let Some(stack) = error.ssl_error() else {
            let words = match error.io_error() {
                Some(error) => error.to_string(),
                None if error.code() == ErrorCode::ZERO_RETURN => "close_notify".to_owned(),
                None => "unexpected end of stream".to_owned(),
            };
            return Self::new(RefusalReason::ClientHungUp, words, ssl);
        };
        let reason = match reason_of(stack) {
            // A record of another version after the ClientHello: its alert that the version on offer
            // is too old.
            RefusalReason::NotTls if has_read_hello(ssl) => RefusalReason::ProtocolMismatch,
            reason => reason,
        };
        let mut refused = Self::new(reason, words(stack), ssl);
        refused.certificate = note(ssl).and_then(Note::shown);
        refused
    }

    /// The same, knowing the last bytes that the client sent: they may say why in clear.
    pub fn after(mut self, last: [u8; ALERT_RECORD], error: &ssl::Error) -> Self {
        if let Some(alert) = alerts::in_clear(last)
            && error.ssl_error().is_some_and(is_undecipherable)
        {
            self.reason = match alert {
                PROTOCOL_VERSION => RefusalReason::ProtocolMismatch,
                _ => RefusalReason::ClientAlert,
            };
            let name = alerts::alert_name(alert).replace('_', " ");
            self.detail = format!("alert {name}, not encrypted");
        }
        self
    }
}

/// The server name in the ClientHello, fit for a log: AWS-LC takes any text for one.
pub(super) fn sni(ssl: &SslRef) -> Option<String> {
    ssl.servername(NameType::HOST_NAME).map(escaped)
}

/// `ERR_LIB_SSL` (err.h).
pub const SSL_LIBRARY: i32 = 16;
/// ssl.h: alerts from the peer are their number (RFC 8446 section 6) plus this.
pub const ALERT_OFFSET: i32 = 1000;

fn reason_of(stack: &ErrorStack) -> RefusalReason {
    let codes = stack
        .errors()
        .iter()
        .filter(|error| error.library_code() == SSL_LIBRARY);
    for code in codes.map(openssl::error::Error::reason_code) {
        // ssl.h; openssl-sys has few of the names.
        return match code {
            // PEER_DID_NOT_RETURN_A_CERTIFICATE
            192 => RefusalReason::NoCertificate,
            // BAD_SIGNATURE, of CertificateVerify
            114 => RefusalReason::BadSignature,
            // CERTIFICATE_VERIFY_FAILED without a note of the callback, CANNOT_PARSE_LEAF_CERT,
            // UNKNOWN_CERTIFICATE_TYPE
            125 | 272 | 228 => RefusalReason::InvalidCertificate,
            // KEY_USAGE_BIT_INCORRECT
            302 => RefusalReason::WrongPurpose,
            // DECODE_ERROR, of the key in the client's certificate
            137 if stack.errors().iter().any(is_about_a_key) => RefusalReason::InvalidCertificate,
            // UNSUPPORTED_PROTOCOL, the client's protocol_version
            240 | 1070 => RefusalReason::ProtocolMismatch,
            // NO_SHARED_CIPHER, NO_COMMON_SIGNATURE_ALGORITHMS
            184 | 253 => RefusalReason::NoSharedCipher,
            // NO_SHARED_GROUP, WRONG_CURVE
            266 | 243 => RefusalReason::NoSharedGroup,
            // NO_APPLICATION_PROTOCOL
            307 => RefusalReason::NoSharedProtocol,
            // WRONG_VERSION_NUMBER, HTTP_REQUEST, HTTPS_PROXY_REQUEST
            247 | 156 | 155 => RefusalReason::NotTls,
            code if (ALERT_OFFSET..ALERT_OFFSET + 256).contains(&code) => {
                RefusalReason::ClientAlert
            }
            _ => continue,
        };
    }
    RefusalReason::HandshakeFailure
}

/// The alert `protocol_version` (RFC 8446 section 6).
const PROTOCOL_VERSION: u8 = 70;

/// DECRYPTION_FAILED_OR_BAD_RECORD_MAC
fn is_undecipherable(stack: &ErrorStack) -> bool {
    let is = |error: &Error| error.library_code() == SSL_LIBRARY && error.reason_code() == 139;
    stack.errors().iter().any(is)
}

/// `ERR_LIB_EVP` (err.h): a public key that can't be read.
fn is_about_a_key(error: &openssl::error::Error) -> bool {
    const EVP_LIBRARY: i32 = 6;
    error.library_code() == EVP_LIBRARY
}

fn has_read_hello(ssl: &SslRef) -> bool {
    client_random(ssl) != [0; 32]
}

/// AWS-LC's reasons, without file names and codes; `NO_SHARED_CIPHER` is `no shared cipher`.
pub fn words(stack: &ErrorStack) -> String {
    let mut reasons: Vec<_> = stack
        .errors()
        .iter()
        .filter_map(openssl::error::Error::reason)
        .map(|reason| reason.to_lowercase().replace('_', " "))
        .collect();
    // One fault is often noted on several levels.
    reasons.dedup();
    reasons.join(", ")
}
