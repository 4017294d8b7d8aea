//! Whether a client's own certificate can sign a handshake at all.
//!
//! libssl asks the same, partly before it shows anybody the chain (TLS 1.3) and partly after (TLS 1.2). Asked here,
//! and first, the answer is the same for a resumption and offline.

use openssl::pkey::Id;
use openssl::x509::{X509KeyUsage, X509Ref};

use super::fault::Fault;
use crate::refusal::RefusalReason;

/// Why it can't.
pub(super) fn unfit(leaf: &X509Ref) -> Option<Fault> {
    let Ok(key) = leaf.public_key() else {
        let words = "the key is of a kind or on a curve that AWS-LC doesn't know";
        return Some(Fault::unfit(RefusalReason::InvalidCertificate, words));
    };
    // Nothing at all is what AWS-LC says of a certificate whose extensions it can't read, too.
    let is_known = leaf.key_usage().is_some_and(|usage| !usage.is_empty());
    if is_known && let Some(fault) = not_for_signatures(leaf) {
        return Some(fault);
    }
    // What libssl doesn't take (ssl_is_key_type_supported).
    let words = match key.id() {
        Id::DSA => "a DSA key can't sign a handshake",
        Id::RSA_PSS => "a key for RSASSA-PSS only can't sign a handshake here; one for RSA can",
        Id::DH | Id::X25519 => "the key is for key agreement and can't sign a handshake",
        _ => return None,
    };
    Some(Fault::unfit(RefusalReason::InvalidCertificate, words))
}

/// Whether its keyUsage forbids it (RFC 8446 section 4.4.2.2); of a certificate whose extensions are good.
pub(super) fn not_for_signatures(leaf: &X509Ref) -> Option<Fault> {
    let signs = |usage: X509KeyUsage| usage.contains(X509KeyUsage::DIGITAL_SIGNATURE);
    let words = "keyUsage lacks digitalSignature: it may not sign a handshake";
    (!leaf.key_usage().is_none_or(signs)).then(|| Fault::unfit(RefusalReason::WrongPurpose, words))
}
