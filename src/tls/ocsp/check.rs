//! What follows from the statuses of a chain.

use std::sync::Arc;
use std::time::Duration;

use super::{Status, Statuses};
use crate::config::values::OcspPolicy;
use crate::refusal::RefusalReason;
use crate::tls::ffi::server::alert_of;
use crate::tls::verification::{Rejection, Verified};

/// The rules of one context, and what is known to all.
#[derive(Clone)]
pub struct Ocsp {
    statuses: Arc<Statuses>,
    policy: OcspPolicy,
    timeout: Duration,
}

/// Whether a chain that was verified may pass.
pub enum Verdict {
    /// No status speaks against it; why one is missing, if that doesn't matter.
    Pass(Option<Arc<str>>),
    /// One does.
    Refuse(Box<Rejection>),
    /// A responder is to be asked first.
    Ask,
}

/// A handshake's reason to wait.
pub struct Waiting {
    ocsp: Ocsp,
    verified: Arc<Verified>,
}

impl Ocsp {
    /// `timeout` is for one question.
    pub fn new(statuses: Arc<Statuses>, policy: OcspPolicy, timeout: Duration) -> Self {
        Self {
            statuses,
            policy,
            timeout,
        }
    }

    /// By the answers that the handshake has waited for, or else by what is known.
    pub fn judge(&self, verified: &Verified, answers: Option<&[Status]>) -> Verdict {
        let (mut open, mut unchecked) = (false, None);
        for (index, question) in verified.questions.iter().enumerate() {
            let status = match answers {
                Some(answers) => answers.get(index).cloned(),
                None => self.statuses.recall(question),
            };
            let Some(status) = status else {
                open = true;
                continue;
            };
            let (reason, words): (_, &str) = match &status {
                Status::Good => continue,
                Status::Revoked(words) => (RefusalReason::Revoked, words),
                Status::Unknown => (RefusalReason::OcspUnknown, UNKNOWN),
                Status::Unavailable(words) => (RefusalReason::OcspUnavailable, words),
            };
            if reason != RefusalReason::Revoked && self.policy == OcspPolicy::Soft {
                unchecked = Some(words.into());
                continue;
            }
            return Verdict::Refuse(rejection(verified, question.depth, reason, words));
        }
        match (open, answers) {
            (true, None) => Verdict::Ask,
            // A question without its answer, after all were asked: not of this chain.
            (true, Some(_)) => Verdict::Refuse(Self::unanswered(verified)),
            (false, _) => Verdict::Pass(unchecked),
        }
    }

    /// What follows where there is no answer although all were waited for.
    pub fn unanswered(verified: &Verified) -> Box<Rejection> {
        rejection(verified, 0, RefusalReason::OcspUnavailable, "no answer")
    }

    /// Counts and says that a client is let in whose status nobody knows.
    pub fn admitted_unchecked(&self, words: &str) {
        self.statuses.admitted_unchecked(words);
    }

    /// Whether a full handshake would let this chain in by what is known now.
    pub fn still_passes(&self, verified: &Verified) -> bool {
        matches!(self.judge(verified, None), Verdict::Pass(_))
    }

    /// What a responder said of a certificate of this chain, if it is known that it is revoked. Asks nobody.
    pub fn known_revoked(&self, verified: &Verified) -> Option<Arc<str>> {
        let mut questions = verified.questions.iter();
        questions.find_map(|question| match self.statuses.recall(question) {
            Some(Status::Revoked(words)) => Some(words),
            _ => None,
        })
    }

    /// What a handshake waits for.
    pub fn waiting(&self, verified: Arc<Verified>) -> Waiting {
        let ocsp = self.clone();
        Waiting { ocsp, verified }
    }
}

impl Waiting {
    /// All answers, in the order of the questions; all are asked at the same time.
    pub async fn settle(&self) -> Vec<Status> {
        let Ocsp {
            statuses, timeout, ..
        } = &self.ocsp;
        let questions = self.verified.questions.iter();
        let asked: Vec<_> = questions
            .map(|question| statuses.ask(question, *timeout))
            .collect();
        let mut answers = Vec::with_capacity(asked.len());
        for pending in asked {
            answers.push(pending.settled().await);
        }
        answers
    }
}

fn rejection(
    verified: &Verified,
    depth: u32,
    reason: RefusalReason,
    words: &str,
) -> Box<Rejection> {
    let alert = match reason {
        RefusalReason::Revoked => alert_of(X509_V_ERR_CERT_REVOKED),
        _ => CERTIFICATE_UNKNOWN,
    };
    Box::new(Rejection {
        reason,
        words: words.to_owned(),
        depth,
        certificate: Some(verified.certificate.clone()),
        alert,
    })
}

const UNKNOWN: &str = "the OCSP responder doesn't know the certificate";
/// x509.h.
const X509_V_ERR_CERT_REVOKED: i32 = 23;
/// RFC 8446 section 6.2: "some other issue arose in processing the certificate".
const CERTIFICATE_UNKNOWN: u8 = 46;
