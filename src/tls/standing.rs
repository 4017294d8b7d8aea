//! Whether an open connection's client would be let in now.
//!
//! The question of a resumption, asked of those who are inside: the chain that the client presented in its
//! full handshake is verified against what is trusted *now*, by the same code. Nothing is kept for that:
//! libssl has the chain in the session of each connection.

use std::fmt;
use std::sync::Arc;

use openssl::ssl::{SslRef, SslSession, SslVerifyMode};

use super::admission::{Admission, Denied, Origin};
use super::ffi::server::session_certificates;
use super::ocsp::Ocsp;
use super::policy::HandshakePolicy;
use super::verification::{Verified, Verifier};
use super::verified_chains::ChainDigest;
use crate::config::closing::CloseOn;
use crate::refusal::RefusalReason;
use crate::telemetry::events::closing::ClosedFor;

/// What a client was let in by.
#[derive(Clone)]
pub struct Standing {
    /// Has the chain as it was presented, also after a resumption.
    session: SslSession,
    /// What was found of it.
    verified: Arc<Verified>,
}

impl Standing {
    /// Of a connection whose handshake is complete.
    pub(super) fn of(ssl: &SslRef, verified: Option<&Arc<Verified>>) -> Option<Self> {
        Some(Self {
            session: ssl.session()?.to_owned(),
            verified: verified?.clone(),
        })
    }

    /// The earliest notAfter of the chain, in seconds since 1970.
    pub fn expires(&self) -> i64 {
        self.verified.expires
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Standing").field(&self.verified).finish()
    }
}

/// Why a client isn't let in any more, in words, too.
pub type Fallen = (ClosedFor, String);

/// Who may be inside at one site.
pub struct Judge {
    verifier: Arc<Verifier>,
    admission: Arc<dyn Admission>,
    ocsp: Ocsp,
    /// Whether clients are asked for certificates.
    asks: bool,
    /// Whether somebody without one is let in.
    anonymous: bool,
    /// Whether requests tell whose they are.
    by_header: bool,
}

impl Judge {
    pub(super) fn of(policy: &HandshakePolicy, mode: SslVerifyMode, by_header: bool) -> Self {
        Self {
            verifier: policy.verifier.clone(),
            admission: policy.admission.clone(),
            ocsp: policy.ocsp.clone(),
            asks: mode != SslVerifyMode::NONE,
            anonymous: policy.resumption.anonymous,
            by_header,
        }
    }

    /// Whether the client would be let in now, as far as that is asked for; and when the earliest certificate of
    /// its chain ends, in seconds since 1970, if there is one.
    ///
    /// # Errors
    /// Why not.
    pub fn judge(
        &self,
        standing: Option<&Standing>,
        origin: &Origin,
        on: CloseOn,
    ) -> Result<Option<i64>, Fallen> {
        let standing = match standing {
            Some(standing) if self.asks => standing,
            // Nobody asks for its certificate any more: it would be one of those without.
            standing => {
                // A header tells with each request whether its client may come in.
                let stays =
                    self.anonymous && (self.by_header || self.admission.admit_anonymous(origin));
                return match !on.rules || stays {
                    true => Ok(standing.map(Standing::expires)),
                    false => Err((
                        ClosedFor::Rules,
                        "a certificate is needed, or another place to come from".to_owned(),
                    )),
                };
            }
        };
        let verified = match self.verify(standing) {
            Ok(verified) => verified,
            Err((ClosedFor::Revocation, words)) if on.revocation => {
                return Err((ClosedFor::Revocation, words));
            }
            Err((ClosedFor::Expiry, words)) if on.expiry => {
                return Err((ClosedFor::Expiry, words));
            }
            Err(_) => standing.verified.clone(),
        };
        match self.admission.admit(&verified.certificate, origin) {
            Err(Denied { words, .. }) if on.rules => Err((ClosedFor::Rules, words)),
            _ => Ok(Some(verified.expires)),
        }
    }

    /// What a full handshake would find of the chain, but for what responders have yet to say.
    fn verify(&self, standing: &Standing) -> Result<Arc<Verified>, Fallen> {
        let chain = session_certificates(&standing.session);
        let verified = self.verifier.verify(ChainDigest::of(&chain), &chain);
        let verified = verified.map_err(|rejection| {
            let reason = match rejection.reason {
                RefusalReason::Expired => ClosedFor::Expiry,
                _ => ClosedFor::Revocation,
            };
            (reason, rejection.words)
        })?;
        match self.ocsp.known_revoked(&verified) {
            Some(words) => Err((ClosedFor::Revocation, words.to_string())),
            None => Ok(verified),
        }
    }
}
