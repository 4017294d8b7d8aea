//! What upstreams can't be told.

use tracing::warn;

use super::ConnectionFields;
use crate::telemetry::Telemetry;

/// Why an upstream couldn't be told who its client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untold {
    /// The headers are larger than what is sent.
    TooLarge,
    /// The format has no way to say what is in the certificate.
    Unsayable,
}

impl Untold {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::TooLarge, Self::Unsayable];

    /// The word in logs and metric labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Unsayable => "unsayable",
        }
    }
}

/// A request wasn't passed on, since its upstream couldn't be told whose it is.
pub struct IdentityUnwritable<'a> {
    /// Why.
    pub reason: Untold,
    /// The header and its size, or what it can't say.
    pub detail: String,
    /// The connection's part.
    pub connection: ConnectionFields<'a>,
}

impl IdentityUnwritable<'_> {
    /// One line, one counter.
    pub fn emit(self, telemetry: &Telemetry) {
        let (reason, c) = (self.reason.label(), self.connection);
        telemetry
            .metrics
            .identity_unwritable
            .with_label_values(&[reason])
            .inc();
        warn!(
            event = "identity_unwritable",
            reason,
            client = %c.client,
            subject = c.subject,
            serial = c.serial,
            detail = self.detail,
            "request not passed on: its upstream can't be told whose it is"
        );
    }
}
