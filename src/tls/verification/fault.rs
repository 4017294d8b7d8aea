//! What is wrong with a chain: AWS-LC's codes, and what else objects, in certgate's closed list.

use openssl::error::ErrorStack;
use openssl::x509::{X509StoreContextRef, X509VerifyResult};

use crate::refusal::RefusalReason;
use crate::tls::failure::words;
use crate::tls::ffi::server::{ACCESS_DENIED, BAD_CERTIFICATE, CERTIFICATE_UNKNOWN, alert_of};
use crate::tls::revocation::Objection;

/// What is wrong with a chain.
pub(super) struct Fault {
    pub reason: RefusalReason,
    pub words: String,
    pub depth: u32,
    pub alert: u8,
}

impl Fault {
    pub fn of(context: &X509StoreContextRef) -> Self {
        let error = context.error();
        Self {
            reason: reason_of(error),
            words: error.error_string().to_owned(),
            depth: context.error_depth(),
            alert: alert_of(error.as_raw()),
        }
    }

    /// The client's own certificate isn't for signing handshakes.
    pub fn wrong_purpose() -> Self {
        Self {
            reason: RefusalReason::WrongPurpose,
            words: "unsuitable certificate purpose".to_owned(),
            depth: 0,
            alert: alert_of(X509_V_ERR_INVALID_PURPOSE),
        }
    }

    /// Neither the client's certificate nor its key is one of those that are known.
    pub fn not_pinned(pins: usize) -> Self {
        Self {
            reason: RefusalReason::NotAllowed,
            words: format!("neither its key nor its certificate is one of {pins} pinned ones"),
            depth: 0,
            alert: ACCESS_DENIED,
        }
    }

    pub fn unexpected(error: ErrorStack) -> Self {
        Self {
            reason: RefusalReason::InvalidCertificate,
            words: words(&error),
            depth: 0,
            alert: BAD_CERTIFICATE,
        }
    }
}

impl From<Objection> for Fault {
    fn from(objection: Objection) -> Self {
        let alert = match objection.reason {
            RefusalReason::Revoked => alert_of(X509_V_ERR_CERT_REVOKED),
            // Not the client's fault: "some other issue rendered it unacceptable" (RFC 8446 section 6.2).
            _ => CERTIFICATE_UNKNOWN,
        };
        Self {
            reason: objection.reason,
            words: objection.words,
            depth: objection.depth,
            alert,
        }
    }
}

/// Whether the client's own certificate is expired, or not valid yet, and all signatures are good. AWS-LC looks from
/// the anchor down, at a certificate's signature first and at its time next (internal_verify in x509_vfy.c).
pub(super) fn only_the_time_is_wrong(context: &X509StoreContextRef) -> bool {
    let reason = reason_of(context.error());
    let is_time = matches!(reason, RefusalReason::Expired | RefusalReason::NotYetValid);
    is_time && context.error_depth() == 0
}

/// x509.h's codes in certgate's closed list.
fn reason_of(fault: X509VerifyResult) -> RefusalReason {
    match fault.as_raw() {
        // UNABLE_TO_GET_ISSUER_CERT, DEPTH_ZERO_SELF_SIGNED_CERT, SELF_SIGNED_CERT_IN_CHAIN,
        // UNABLE_TO_GET_ISSUER_CERT_LOCALLY, UNABLE_TO_VERIFY_LEAF_SIGNATURE, CERT_UNTRUSTED
        2 | 18 | 19 | 20 | 21 | 27 => RefusalReason::UnknownCa,
        // UNABLE_TO_DECRYPT_CERT_SIGNATURE, UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY,
        // CERT_SIGNATURE_FAILURE
        4 | 6 | 7 => RefusalReason::BadSignature,
        // CERT_NOT_YET_VALID
        9 => RefusalReason::NotYetValid,
        // CERT_HAS_EXPIRED
        10 => RefusalReason::Expired,
        // CERT_REVOKED: a key on AWS-LC's own list of stolen ones
        23 => RefusalReason::Revoked,
        // CERT_CHAIN_TOO_LONG, PATH_LENGTH_EXCEEDED
        22 | 25 => RefusalReason::ChainTooLong,
        // INVALID_CA, INVALID_PURPOSE, CERT_REJECTED, KEYUSAGE_NO_CERTSIGN
        24 | 26 | 28 | 32 => RefusalReason::WrongPurpose,
        _ => RefusalReason::InvalidCertificate,
    }
}

/// x509.h.
pub(super) const X509_V_ERR_CERT_CHAIN_TOO_LONG: i32 = 22;
/// x509.h.
pub(super) const X509_V_ERR_PATH_LENGTH_EXCEEDED: i32 = 25;
/// x509.h.
const X509_V_ERR_CERT_REVOKED: i32 = 23;
/// x509.h.
const X509_V_ERR_INVALID_PURPOSE: i32 = 26;
