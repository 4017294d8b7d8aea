//! What a handshake would decide about a chain, where somebody else has made the handshake.
//!
//! Takes certificates as bytes, hands on [`Verified`] or a [`Rejection`], by the verifier, the rules and the
//! responders of a site's handshakes. That the client has the key is for whoever passes the chain on to say.

use std::sync::Arc;

use super::admission::{Admission, Origin};
use super::ocsp::{Ocsp, Verdict};
use super::policy::{HandshakePolicy, admitted};
use super::verification::{Rejection, Verified, Verifier, unix_now};
use super::verified_chains::ChainDigest;

/// One site's.
pub struct Judge {
    verifier: Arc<Verifier>,
    admission: Arc<dyn Admission>,
    ocsp: Ocsp,
}

impl Judge {
    pub(super) fn of(policy: &HandshakePolicy) -> Self {
        Self {
            verifier: policy.verifier.clone(),
            admission: policy.admission.clone(),
            ocsp: policy.ocsp.clone(),
        }
    }

    /// The verdict of a chain, DER, the client's own certificate first. Waits for responders, if they have to
    /// be asked.
    ///
    /// # Errors
    /// Why the client is refused.
    pub async fn judge(
        &self,
        chain: &[Vec<u8>],
        origin: &Origin,
    ) -> Result<Arc<Verified>, Box<Rejection>> {
        let verified = self.verifier.verify(ChainDigest::of(chain), chain)?;
        // As in a handshake: nobody asks about a client that the rules keep out.
        let verified = admitted(&*self.admission, verified, origin)?;
        self.check_status(&verified).await?;
        Ok(verified)
    }

    /// Whether a chain that this judge has accepted would be accepted again now, without anybody being asked.
    pub fn still_holds(&self, verified: &Verified) -> bool {
        verified.validity.contains(&unix_now())
            && (verified.questions.is_empty() || self.ocsp.still_passes(verified))
    }

    async fn check_status(&self, verified: &Arc<Verified>) -> Result<(), Box<Rejection>> {
        let verdict = match self.ocsp.judge(verified, None) {
            Verdict::Ask => {
                let answers = self.ocsp.waiting(verified.clone()).settle().await;
                self.ocsp.judge(verified, Some(&answers))
            }
            verdict => verdict,
        };
        match verdict {
            Verdict::Pass(unchecked) => {
                if let Some(words) = unchecked {
                    self.ocsp.admitted_unchecked(&words);
                }
                Ok(())
            }
            Verdict::Refuse(rejection) => Err(rejection),
            Verdict::Ask => Err(Ocsp::unanswered(verified)),
        }
    }
}
