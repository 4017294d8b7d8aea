//! What happens inside a handshake: the callbacks' decisions, and their note on the connection.

use std::ffi::CStr;
use std::sync::OnceLock;

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef};

use super::ffi::server::{BAD_CERTIFICATE, Policy};
use super::resumption::{Lineage, Proven, Resumption};
use super::suites::Suites;
use super::verification::{Rejection, Verifier, unix_now};
use super::verified_chains::ChainDigest;

/// The decisions of one context.
pub struct HandshakePolicy {
    /// Whom to trust.
    pub verifier: Verifier,
    /// Which tickets resume.
    pub resumption: Resumption,
    /// The TLS 1.3 suites, if their order matters.
    pub suites: Option<Suites>,
    /// Whether a refused client's handshake goes on, so that a page can tell it why.
    pub page: bool,
}

impl Policy for HandshakePolicy {
    fn choose_suite(&self, offered: &[[u8; 2]]) -> Option<&CStr> {
        self.suites.as_ref()?.choose(offered)
    }

    fn verify(&self, ssl: &SslRef, chain: &[&[u8]]) -> Result<(), u8> {
        let note = note(ssl).ok_or(BAD_CERTIFICATE)?;
        let digest = ChainDigest::of(chain);
        match self.verifier.verify(digest, chain) {
            Ok(verified) => {
                let client = Proven::Chain(digest, verified);
                let began = unix_now();
                // A handshake asks once for a certificate.
                note.shown
                    .set(Lineage { began, client })
                    .map_err(|_| BAD_CERTIFICATE)
            }
            Err(rejection) => {
                let alert = rejection.alert;
                let _ = note.rejection.set(rejection);
                if self.page { Ok(()) } else { Err(alert) }
            }
        }
    }

    fn overhead(&self) -> usize {
        self.resumption.overhead()
    }

    fn seal(&self, ssl: &SslRef, session: &[u8]) -> Option<Vec<u8>> {
        let note = note(ssl)?;
        let anonymous = Lineage {
            began: unix_now(),
            client: Proven::Anonymous,
        };
        let lineage = match (note.lineage(ssl), note.rejection.get()) {
            (Some(lineage), None) => Some(lineage),
            // No certificate was asked for, or none was shown.
            (None, None) if self.resumption.anonymous => Some(&anonymous),
            _ => None,
        };
        self.resumption.seal(lineage, session)
    }

    fn open(&self, ssl: &SslRef, ticket: &[u8]) -> Option<Vec<u8>> {
        let note = note(ssl)?;
        let (lineage, session) = self.resumption.open(&self.verifier, ssl, ticket)?;
        note.offered.set(lineage).ok()?;
        Some(session)
    }
}

/// What the callbacks found out about a connection's client.
#[derive(Default)]
pub struct Note {
    /// Who was accepted by the certificate that was shown in this handshake.
    shown: OnceLock<Lineage>,
    /// Whom the ticket speaks for that was offered. libssl may still decide for a full handshake.
    offered: OnceLock<Lineage>,
    /// Why nobody was accepted.
    pub rejection: OnceLock<Box<Rejection>>,
}

impl Note {
    /// Who was accepted, by what this connection really rests on; `None` for nobody with a
    /// certificate.
    pub fn lineage(&self, ssl: &SslRef) -> Option<&Lineage> {
        match ssl.session_reused() {
            true => self.offered.get(),
            false => self.shown.get(),
        }
    }
}

/// Prepares a connection for its [`Note`].
pub fn attach(ssl: &mut SslRef) -> Result<(), ErrorStack> {
    ssl.set_ex_data(note_index()?, Note::default());
    Ok(())
}

/// The note of a connection that was prepared.
pub fn note(ssl: &SslRef) -> Option<&Note> {
    ssl.ex_data(note_index().ok()?)
}

fn note_index() -> Result<Index<Ssl, Note>, ErrorStack> {
    static INDEX: OnceLock<Index<Ssl, Note>> = OnceLock::new();
    if let Some(index) = INDEX.get() {
        return Ok(*index);
    }
    let index = Ssl::new_ex_index()?;
    Ok(*INDEX.get_or_init(|| index))
}
