//! What is wrong with a chain: AWS-LC's codes, and what else objects, in certgate's closed list.

use openssl::error::ErrorStack;
use openssl::x509::{X509StoreContextRef, X509VerifyResult};

use crate::refusal::RefusalReason;
use crate::tls::failure::words;
use crate::tls::ffi::server::{
    ACCESS_DENIED, BAD_CERTIFICATE, CERTIFICATE_UNKNOWN, UNSUPPORTED_CERTIFICATE, alert_of,
};
use crate::tls::revocation::Objection;
use crate::tls::strictness;

/// What is wrong with a chain.
pub(super) struct Fault {
    pub reason: RefusalReason,
    pub words: String,
    pub depth: u32,
    pub alert: u8,
    /// AWS-LC's own (x509.h); 0 if somebody else objects.
    pub code: i32,
}

impl Fault {
    pub fn of(context: &X509StoreContextRef) -> Self {
        let error = context.error();
        Self {
            reason: reason_of(error),
            words: error.error_string().to_owned(),
            depth: context.error_depth(),
            alert: alert_of(error.as_raw()),
            code: error.as_raw(),
        }
    }

    /// The client's own certificate can't sign a handshake.
    pub fn unfit(reason: RefusalReason, words: &str) -> Self {
        Self {
            reason,
            words: words.to_owned(),
            depth: 0,
            alert: UNSUPPORTED_CERTIFICATE,
            code: 0,
        }
    }

    /// A chain that is longer than somebody allows, by one of x509.h's codes.
    pub fn too_long(words: String, code: i32) -> Self {
        Self {
            reason: RefusalReason::ChainTooLong,
            words,
            depth: 0,
            alert: alert_of(code),
            code: 0,
        }
    }

    /// Neither the client's certificate nor its key is one of those that are known.
    pub fn not_pinned(pins: usize) -> Self {
        Self {
            reason: RefusalReason::NotAllowed,
            words: format!("neither its key nor its certificate is one of {pins} pinned ones"),
            depth: 0,
            alert: ACCESS_DENIED,
            code: 0,
        }
    }

    pub fn unexpected(error: ErrorStack) -> Self {
        Self {
            reason: RefusalReason::InvalidCertificate,
            words: words(&error),
            depth: 0,
            alert: BAD_CERTIFICATE,
            code: 0,
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
            code: 0,
        }
    }
}

impl From<strictness::Fault> for Fault {
    fn from(fault: strictness::Fault) -> Self {
        Self {
            reason: RefusalReason::InvalidCertificate,
            words: fault.to_string(),
            depth: fault.depth,
            alert: BAD_CERTIFICATE,
            code: 0,
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
pub(super) const X509_V_ERR_CERT_HAS_EXPIRED: i32 = 10;
