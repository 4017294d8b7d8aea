//! What OpenSSL found wrong with a client's chain, kept for the connection.
//!
//! OpenSSL verifies; this only listens. Its error after the handshake is generic ("certificate
//! verify failed"), so the verify callback notes the first fault where it is met.

use std::sync::OnceLock;

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef};
use openssl::x509::{X509StoreContext, X509StoreContextRef, X509VerifyResult};

use crate::identity::ClientCertificate;
use crate::refusal::RefusalReason;

/// Why a client's certificate wasn't accepted.
#[derive(Debug, Clone)]
pub struct Rejection {
    /// In certgate's words.
    pub reason: RefusalReason,
    /// In OpenSSL's.
    pub openssl: &'static str,
    /// Which certificate of the chain is at fault: 0 is the client's own.
    pub depth: u32,
    /// The client's own certificate, as far as it could be read.
    pub certificate: Option<ClientCertificate>,
}

/// The place on a connection where the callback leaves its note.
#[derive(Default)]
pub struct Note(OnceLock<Rejection>);

/// Prepares a connection for [`note`].
pub fn attach(ssl: &mut SslRef) -> Result<(), ErrorStack> {
    ssl.set_ex_data(note_index()?, Note::default());
    Ok(())
}

/// What was wrong with the client's chain on this connection, if anything was.
pub fn rejection(ssl: &SslRef) -> Option<&Rejection> {
    ssl.ex_data(note_index().ok()?)?.0.get()
}

/// The verify callback's part: notes the first fault.
pub fn note(context: &X509StoreContextRef) {
    let fault = context.error();
    let leaf = context
        .chain()
        .and_then(|chain| chain.get(0))
        .or_else(|| context.current_cert());
    let rejection = Rejection {
        reason: reason_of(fault),
        openssl: fault.error_string(),
        depth: context.error_depth(),
        certificate: leaf.map(ClientCertificate::of),
    };
    let ssl = X509StoreContext::ssl_idx()
        .ok()
        .and_then(|index| context.ex_data(index));
    let note = note_index().ok().and_then(|index| ssl?.ex_data(index));
    if let Some(note) = note {
        // The first fault is the one that OpenSSL's alert names; later ones follow from it.
        let _ = note.0.set(rejection);
    }
    // What stays in the thread's error queue would fail the next read or write, of this connection
    // (with a page) or of another one on the thread (SSL_get_error(3)).
    drop(ErrorStack::get());
}

fn note_index() -> Result<Index<Ssl, Note>, ErrorStack> {
    static INDEX: OnceLock<Index<Ssl, Note>> = OnceLock::new();
    if let Some(index) = INDEX.get() {
        return Ok(*index);
    }
    let index = Ssl::new_ex_index()?;
    Ok(*INDEX.get_or_init(|| index))
}

/// x509_vfy.h's codes in certgate's closed list.
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
        // CERT_CHAIN_TOO_LONG, PATH_LENGTH_EXCEEDED
        22 | 25 => RefusalReason::ChainTooLong,
        // INVALID_CA, INVALID_PURPOSE, CERT_REJECTED, KEYUSAGE_NO_CERTSIGN
        79 | 26 | 28 | 32 => RefusalReason::WrongPurpose,
        // EE_KEY_TOO_SMALL, CA_KEY_TOO_SMALL, CA_MD_TOO_WEAK
        66..=68 => RefusalReason::WeakCertificate,
        _ => RefusalReason::InvalidCertificate,
    }
}
