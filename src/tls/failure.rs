//! Why a handshake failed: OpenSSL's error in certgate's closed list.

use openssl::error::ErrorStack;
use openssl::ssl::{self, ErrorCode, NameType, SslRef};

use super::verification::{self, Rejection};
use crate::identity::{ClientCertificate, escaped};
use crate::refusal::RefusalReason;

/// A client that was refused, with all that a log line can say.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Why.
    pub reason: RefusalReason,
    /// OpenSSL's own words.
    pub openssl: String,
    /// Which certificate of the chain is at fault: 0 is the client's own.
    pub depth: Option<u32>,
    /// The client's own certificate, if it sent one.
    pub certificate: Option<ClientCertificate>,
    /// The server name that it asked for.
    pub sni: Option<String>,
}

impl Refused {
    /// A refusal that has nothing to do with a certificate.
    pub fn new(reason: RefusalReason, openssl: impl Into<String>, ssl: &SslRef) -> Self {
        Self {
            reason,
            openssl: openssl.into(),
            depth: None,
            certificate: None,
            sni: sni(ssl),
        }
    }

    /// A certificate that wasn't accepted.
    pub fn rejected(rejection: &Rejection, ssl: &SslRef) -> Self {
        Self {
            reason: rejection.reason,
            openssl: rejection.openssl.to_owned(),
            depth: Some(rejection.depth),
            certificate: rejection.certificate.clone(),
            sni: sni(ssl),
        }
    }

    /// What a failed `SSL_accept` means.
    pub fn of(error: &ssl::Error, ssl: &SslRef) -> Self {
        if let Some(rejection) = verification::rejection(ssl) {
            return Self::rejected(rejection, ssl);
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
        refused.certificate = ssl.peer_certificate().map(|c| ClientCertificate::of(&c));
        refused
    }
}

/// The server name in the ClientHello, fit for a log: OpenSSL takes any text for one.
pub(super) fn sni(ssl: &SslRef) -> Option<String> {
    ssl.servername(NameType::HOST_NAME).map(escaped)
}

/// `ERR_LIB_SSL` (err.h).
pub const SSL_LIBRARY: i32 = 20;
/// sslerr.h: alerts from the peer are their number (RFC 8446 section 6) plus this.
pub const ALERT_OFFSET: i32 = 1000;

fn reason_of(stack: &ErrorStack) -> RefusalReason {
    let codes = stack
        .errors()
        .iter()
        .filter(|error| error.library_code() == SSL_LIBRARY);
    for code in codes.map(openssl::error::Error::reason_code) {
        // sslerr.h; neither openssl nor openssl-sys has most of the names.
        return match code {
            // PEER_DID_NOT_RETURN_A_CERTIFICATE
            199 => RefusalReason::NoCertificate,
            // BAD_SIGNATURE, of CertificateVerify
            123 => RefusalReason::BadSignature,
            // CERTIFICATE_VERIFY_FAILED without a note of the callback
            134 => RefusalReason::InvalidCertificate,
            // UNSUPPORTED_PROTOCOL, VERSION_TOO_HIGH, VERSION_TOO_LOW, the client's protocol_version
            258 | 166 | 396 | 1070 => RefusalReason::ProtocolMismatch,
            // NO_SHARED_CIPHER, NO_SHARED_SIGNATURE_ALGORITHMS,
            // NO_SUITABLE_SIGNATURE_ALGORITHM, NO_SUITABLE_DIGEST_ALGORITHM
            193 | 376 | 118 | 297 => RefusalReason::NoSharedCipher,
            // NO_SUITABLE_KEY_SHARE, NO_SUITABLE_GROUPS, NO_SHARED_GROUPS
            101 | 295 | 410 => RefusalReason::NoSharedGroup,
            // NO_APPLICATION_PROTOCOL
            235 => RefusalReason::NoSharedProtocol,
            // WRONG_VERSION_NUMBER, HTTP_REQUEST, HTTPS_PROXY_REQUEST
            267 | 156 | 155 => RefusalReason::NotTls,
            // UNEXPECTED_EOF_WHILE_READING
            294 => RefusalReason::ClientHungUp,
            code if (ALERT_OFFSET..ALERT_OFFSET + 256).contains(&code) => {
                RefusalReason::ClientAlert
            }
            _ => continue,
        };
    }
    RefusalReason::HandshakeFailure
}

fn has_read_hello(ssl: &SslRef) -> bool {
    let mut random = [0; 32];
    ssl.client_random(&mut random);
    random != [0; 32]
}

/// AWS-LC's reasons, without file names and codes; `NO_SHARED_CIPHER` is `no shared cipher`.
pub fn words(stack: &ErrorStack) -> String {
    let reasons: Vec<_> = stack
        .errors()
        .iter()
        .filter_map(openssl::error::Error::reason)
        .map(|reason| reason.to_lowercase().replace('_', " "))
        .collect();
    reasons.join(", ")
}
