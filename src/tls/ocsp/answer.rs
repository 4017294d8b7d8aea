//! What an answer says, and whether it is to be believed.
//!
//! Takes the bytes that came, whoever sent them. Hands on an [`Answer`] only if the certificate's issuer has
//! signed it, or a responder whose certificate that very issuer has signed for the purpose (RFC 6960 section
//! 4.2.2.2), it is about this certificate, and it is current.

use std::time::{Duration, UNIX_EPOCH};

use openssl::error::ErrorStack;
use openssl::ocsp::{
    OcspBasicResponse, OcspCertStatus, OcspFlag, OcspResponse, OcspResponseStatus,
    OcspRevokedStatus,
};
use openssl::stack::Stack;
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;

use super::Question;
use crate::der;
use crate::tls::failure::words;
use crate::tls::ffi::ocsp::unix_seconds;
use crate::tls::strength::{Standing, weakness};

/// How far clocks may be apart, in seconds.
const SKEW: i64 = 60;
/// How old an answer may be that doesn't say how long it holds: it is made at the moment (RFC 6960 section
/// 4.2.2.1), and only clocks are in the way.
const AGE_WITHOUT_END: i64 = 300;

/// What the responder says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Not revoked.
    Good,
    /// Revoked; why and since when, in words.
    Revoked(String),
    /// The responder doesn't know the certificate, or its issuer.
    Unknown,
}

/// An answer that is to be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it says.
    pub found: Found,
    /// As of when, in seconds since 1970.
    pub this_update: i64,
    /// Until when; `None` if newer information is there at any time.
    pub next_update: Option<i64>,
}

/// Why an answer is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    /// The bytes are something else.
    #[error("not an OCSP response")]
    Malformed,
    /// The responder has no answer.
    #[error("the responder answers {0}")]
    Declined(&'static str),
    /// Anybody may have made it.
    #[error(
        "the answer is signed neither by the certificate's issuer nor by a responder of that issuer's: {0}"
    )]
    Signature(String),
    /// Signed, but in a way on which nobody should rely.
    #[error("the answer's signature is too weak: {0}")]
    Weak(String),
    /// The certificate isn't in it.
    #[error("the answer is about another certificate")]
    OtherCertificate,
    /// Its time is over, or has not come.
    #[error("the answer is {0}")]
    NotCurrent(String),
}

impl AnswerFault {
    /// All labels.
    pub const LABELS: [&'static str; 5] = [
        "malformed",
        "declined",
        "bad_signature",
        "other_certificate",
        "not_current",
    ];

    /// The kind, as a metric's label.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Declined(_) => "declined",
            Self::Signature(_) | Self::Weak(_) => "bad_signature",
            Self::OtherCertificate => "other_certificate",
            Self::NotCurrent(_) => "not_current",
        }
    }
}

/// Reads and checks an answer at `now` (seconds since 1970).
pub fn read(question: &Question, response: &[u8], now: i64) -> Result<Answer, AnswerFault> {
    let answer = checked(question, response, now);
    // What stays in the thread's error queue would fail another connection's read.
    drop(ErrorStack::get());
    answer
}

fn checked(question: &Question, response: &[u8], now: i64) -> Result<Answer, AnswerFault> {
    let whole = der::element(response).is_some_and(|element| element.rest.is_empty());
    let parsed = OcspResponse::from_der(response).map_err(|_| AnswerFault::Malformed)?;
    if !whole {
        return Err(AnswerFault::Malformed);
    }
    if parsed.status() != OcspResponseStatus::SUCCESSFUL {
        return Err(AnswerFault::Declined(declined(parsed.status())));
    }
    let basic = parsed.basic().map_err(|_| AnswerFault::Malformed)?;
    check_signature(&basic, &question.issuer)?;
    check_strength(response, &question.issuer)?;
    let status = question.ids.iter().find_map(|id| basic.find_status(id));
    let status = status.ok_or(AnswerFault::OtherCertificate)?;
    let malformed = || AnswerFault::Malformed;
    let this_update = unix_seconds(status.this_update).ok_or_else(malformed)?;
    let next_update = match status.next_update() {
        Some(time) => Some(unix_seconds(time).ok_or_else(malformed)?),
        None => None,
    };
    check_times(this_update, next_update, now)?;
    let found = match status.status {
        OcspCertStatus::GOOD => Found::Good,
        OcspCertStatus::REVOKED => {
            let since = status.revocation_time.and_then(unix_seconds);
            let since = since.map_or(String::new(), |time| format!(" since {}", date(time)));
            let reason = revocation_reason(status.reason);
            Found::Revoked(format!("certificate revoked{since}{reason}"))
        }
        _ => Found::Unknown,
    };
    Ok(Answer {
        found,
        this_update,
        next_update,
    })
}

/// Whether the issuer answers for its certificates, by itself or by a responder directly below it. The issuer
/// stands alone in the store, so that no other authority is asked whom it would appoint.
fn check_signature(basic: &OcspBasicResponse, issuer: &X509) -> Result<(), AnswerFault> {
    let verified = || {
        let mut store = X509StoreBuilder::new()?;
        store.add_cert(issuer.clone())?;
        store.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        let mut certificates = Stack::new()?;
        certificates.push(issuer.clone())?;
        // NO_EXPLICIT: no responder that is trusted for all and everything.
        basic.verify(&certificates, &store.build(), OcspFlag::NO_EXPLICIT)
    };
    verified().map_err(|error| AnswerFault::Signature(words(&error)))
}

/// The rule for certificates ([`weakness`]), for the answer and for a responder that the issuer appointed.
fn check_strength(response: &[u8], issuer: &X509) -> Result<(), AnswerFault> {
    let (algorithm, mut certificates) = signature_parts(response).ok_or(AnswerFault::Malformed)?;
    if let Some(digest) = broken_digest(algorithm) {
        return Err(AnswerFault::Weak(format!("signed with {digest}")));
    }
    while let Some(element) = der::element(certificates) {
        let whole = &certificates[..certificates.len() - element.rest.len()];
        certificates = element.rest;
        let certificate = X509::from_der(whole).map_err(|_| AnswerFault::Malformed)?;
        let appointed = certificate != *issuer && issuer.issued(&certificate).as_raw() == 0;
        if let Some(weakness) = weakness(&certificate, Standing::Issued).filter(|_| appointed) {
            return Err(AnswerFault::Weak(format!(
                "its responder's certificate: {weakness}"
            )));
        }
    }
    Ok(())
}

/// The `signatureAlgorithm` of the BasicOCSPResponse and its `certs` (RFC 6960 section 4.2.1).
fn signature_parts(response: &[u8]) -> Option<(&[u8], &[u8])> {
    let response = der::element(response)?;
    let bytes = der::element(der::elements(response.content).nth(1)?.content)?;
    let basic = der::elements(bytes.content).nth(1)?;
    let mut basic = der::elements(der::element(basic.content)?.content).skip(1);
    let algorithm = basic.next()?.content;
    let certificates = basic.nth(1).and_then(|tagged| der::element(tagged.content));
    Some((algorithm, certificates.map_or(&[], |list| list.content)))
}

/// The signature algorithms that AWS-LC would take and that rest on SHA-1 or MD5. (RSASSA-PSS with SHA-1 it
/// doesn't.)
fn broken_digest(algorithm: &[u8]) -> Option<&'static str> {
    const PKCS1: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    let (oid, _) = der::algorithm(algorithm)?;
    match oid {
        // ecdsa-with-SHA1, dsa-with-sha1
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01] | [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03] => {
            Some("SHA-1")
        }
        [rest @ .., 0x05] if *rest == PKCS1 => Some("SHA-1"),
        [rest @ .., 0x02..=0x04] if *rest == PKCS1 => Some("MD5"),
        _ => None,
    }
}

fn check_times(this: i64, next: Option<i64>, now: i64) -> Result<(), AnswerFault> {
    let not_current = |words| Err(AnswerFault::NotCurrent(words));
    if this > now.saturating_add(SKEW) {
        return not_current(format!("of {}, which is in the future", date(this)));
    }
    match next {
        Some(next) if next < this => not_current("good for no time at all".to_owned()),
        Some(next) if now >= next.saturating_add(SKEW) => {
            not_current(format!("old: it was good until {}", date(next)))
        }
        None if now > this.saturating_add(AGE_WITHOUT_END) => {
            not_current(format!("old: it is of {}", date(this)))
        }
        _ => Ok(()),
    }
}

/// RFC 6960 section 4.2.1.
fn declined(status: OcspResponseStatus) -> &'static str {
    match status {
        OcspResponseStatus::MALFORMED_REQUEST => "malformedRequest",
        OcspResponseStatus::INTERNAL_ERROR => "internalError",
        OcspResponseStatus::TRY_LATER => "tryLater",
        OcspResponseStatus::SIG_REQUIRED => "sigRequired: it wants signed requests",
        OcspResponseStatus::UNAUTHORIZED => "unauthorized: it doesn't know the certificate",
        _ => "an unknown status",
    }
}

/// RFC 5280 section 5.3.1.
fn revocation_reason(reason: OcspRevokedStatus) -> &'static str {
    match reason {
        OcspRevokedStatus::KEY_COMPROMISE => ": keyCompromise",
        OcspRevokedStatus::CA_COMPROMISE => ": cACompromise",
        OcspRevokedStatus::AFFILIATION_CHANGED => ": affiliationChanged",
        OcspRevokedStatus::STATUS_SUPERSEDED => ": superseded",
        OcspRevokedStatus::STATUS_CESSATION_OF_OPERATION => ": cessationOfOperation",
        OcspRevokedStatus::STATUS_CERTIFICATE_HOLD => ": certificateHold",
        _ => "",
    }
}

fn date(seconds: i64) -> String {
    let since = u64::try_from(seconds).unwrap_or(0);
    // What is beyond year 9999 httpdate doesn't write; a GeneralizedTime can't have it.
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(since))
}

#[cfg(test)]
mod tests;
