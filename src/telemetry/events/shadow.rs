//! What a candidate would do otherwise.

use tracing::{error, info};

use crate::peer::Peer;
use crate::refusal::RefusalReason;
use crate::telemetry::Telemetry;

/// What comes of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShadowOutcome {
    /// Let in by both.
    SameAccepted,
    /// Refused by both, for whatever reasons.
    SameRefused,
    /// The candidate would refuse whom the live decision let in; the candidate's reason.
    WouldRefuse(RefusalReason),
    /// The candidate would let in whom the live decision refused; the live reason.
    WouldAdmit(RefusalReason),
    /// The candidate has failed to decide.
    Failed,
}

impl ShadowOutcome {
    /// Each word in logs and metric labels.
    pub const LABELS: [&str; 5] = [
        "same_accepted",
        "same_refused",
        "would_refuse",
        "would_admit",
        "failed",
    ];
    /// Why a chain, or the rules, refuse somebody.
    pub const REASONS: [RefusalReason; 14] = [
        RefusalReason::NoCertificate,
        RefusalReason::UnknownCa,
        RefusalReason::Expired,
        RefusalReason::NotYetValid,
        RefusalReason::WrongPurpose,
        RefusalReason::ChainTooLong,
        RefusalReason::BadSignature,
        RefusalReason::WeakCertificate,
        RefusalReason::Revoked,
        RefusalReason::CrlExpired,
        RefusalReason::CrlMissing,
        RefusalReason::InvalidCertificate,
        RefusalReason::Denied,
        RefusalReason::NotAllowed,
    ];

    /// Of the live decision and the candidate's.
    pub fn of(live: Result<(), RefusalReason>, candidate: Result<(), RefusalReason>) -> Self {
        match (live, candidate) {
            (Ok(()), Ok(())) => Self::SameAccepted,
            (Err(_), Err(_)) => Self::SameRefused,
            (Ok(()), Err(reason)) => Self::WouldRefuse(reason),
            (Err(reason), Ok(())) => Self::WouldAdmit(reason),
        }
    }

    /// The word in logs and metric labels.
    pub fn label(self) -> &'static str {
        let number = match self {
            Self::SameAccepted => 0,
            Self::SameRefused => 1,
            Self::WouldRefuse(_) => 2,
            Self::WouldAdmit(_) => 3,
            Self::Failed => 4,
        };
        Self::LABELS[number]
    }

    /// Whether the candidate would change anything.
    pub fn differs(self) -> bool {
        matches!(self, Self::WouldRefuse(_) | Self::WouldAdmit(_))
    }

    fn reason(self) -> &'static str {
        match self {
            Self::WouldRefuse(reason) | Self::WouldAdmit(reason) => reason.label(),
            _ => "",
        }
    }
}

/// A candidate has judged a client.
pub struct ShadowJudged<'a> {
    /// What came of it.
    pub outcome: ShadowOutcome,
    /// Where the client comes from.
    pub client: Peer,
    /// The client certificate's subject.
    pub subject: Option<&'a str>,
    /// Its issuer.
    pub issuer: Option<&'a str>,
    /// Its serial number.
    pub serial: Option<&'a str>,
    /// SHA-256 of it.
    pub fingerprint: Option<&'a str>,
    /// What was found by who refuses it, in words.
    pub detail: Option<&'a str>,
    /// Whether a line is written: not one for each handshake of a client.
    pub news: bool,
}

impl ShadowJudged<'_> {
    /// A counter each time, a line for a difference now and then.
    pub fn emit(self, telemetry: &Telemetry) {
        let (outcome, reason) = (self.outcome.label(), self.outcome.reason());
        telemetry
            .metrics
            .shadow
            .with_label_values(&[outcome, reason])
            .inc();
        let (live, candidate) = match self.outcome {
            _ if !self.news => return,
            ShadowOutcome::WouldRefuse(reason) => ("accepted", reason.label()),
            ShadowOutcome::WouldAdmit(reason) => (reason.label(), "accepted"),
            ShadowOutcome::Failed => {
                error!(event = "shadow_failed", client = %self.client, "the candidate has failed to judge a client; nothing depends on that");
                return;
            }
            ShadowOutcome::SameAccepted | ShadowOutcome::SameRefused => return,
        };
        info!(
            event = "shadow",
            outcome,
            live,
            candidate,
            client = %self.client,
            subject = self.subject,
            issuer = self.issuer,
            serial = self.serial,
            fingerprint = self.fingerprint,
            detail = self.detail,
            "a candidate would decide otherwise about a client"
        );
    }
}
