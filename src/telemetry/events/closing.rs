//! Connections that end from this side before their clients are done.

use tracing::info;

use super::ConnectionFields;
use crate::telemetry::Telemetry;

/// Why an open connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedFor {
    /// A certificate of its client's chain has expired.
    Expiry,
    /// Its client's chain isn't accepted any more: revoked, or another client CA.
    Revocation,
    /// The rules of now keep its client out, or its site is gone.
    Rules,
    /// `max-connection-age`.
    MaxAge,
}

impl ClosedFor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Expiry, Self::Revocation, Self::Rules, Self::MaxAge];

    /// The word in logs and metric labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::Revocation => "revocation",
            Self::Rules => "rules",
            Self::MaxAge => "max_age",
        }
    }
}

/// A connection's time is over: what is in flight comes to its end, and that is all.
pub struct ConnectionClosed<'a> {
    /// Why.
    pub reason: ClosedFor,
    /// What was found, in words.
    pub detail: &'a str,
    /// The connection's part.
    pub connection: ConnectionFields<'a>,
}

impl ConnectionClosed<'_> {
    /// One line, one counter.
    pub fn emit(self, telemetry: &Telemetry) {
        let (reason, c) = (self.reason.label(), self.connection);
        telemetry
            .metrics
            .connections_closed
            .with_label_values(&[reason])
            .inc();
        info!(
            event = "connection_closed",
            reason,
            client = %c.client,
            subject = c.subject,
            serial = c.serial,
            sni = c.sni,
            detail = self.detail,
            "connection closed: its time is over"
        );
    }
}
