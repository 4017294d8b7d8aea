//! Clients that do something more often than they may.

use std::time::Instant;

use tracing::warn;

use crate::peer::Peer;
use crate::telemetry::Telemetry;
use crate::telemetry::throttle::Throttle;

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// HTTP requests.
    Requests,
    /// New connections.
    Connections,
    /// Handshakes that failed.
    FailedHandshakes,
}

impl Limited {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Requests, Self::Connections, Self::FailedHandshakes];

    /// The word in logs and metric labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Connections => "connections",
            Self::FailedHandshakes => "failed_handshakes",
        }
    }
}

/// What it is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedBy {
    /// The client's certificate.
    Identity,
    /// Where it connects from.
    Address,
}

impl LimitedBy {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Identity, Self::Address];

    /// The word in logs and metric labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Address => "address",
        }
    }
}

/// One for each limit and what it is counted by.
#[derive(Default)]
pub struct LimitThrottles([[Throttle; LimitedBy::ALL.len()]; Limited::ALL.len()]);

/// A client was over a limit: its request or its connection wasn't served.
pub struct ClientLimited<'a> {
    /// Which limit.
    pub limit: Limited,
    /// By what.
    pub by: LimitedBy,
    /// Where the client comes from.
    pub client: Peer,
    /// The subject of its certificate, if that is known.
    pub subject: Option<&'a str>,
}

impl ClientLimited<'_> {
    /// A counter each time; a line, unless there was one just before.
    pub fn emit(self, telemetry: &Telemetry) {
        let (limit, by) = (self.limit.label(), self.by.label());
        telemetry
            .metrics
            .limited
            .with_label_values(&[limit, by])
            .inc();
        let LimitThrottles(throttles) = &telemetry.throttles.limited;
        let throttle = &throttles[self.limit as usize][self.by as usize];
        if let Some(held_back) = throttle.pass(Instant::now()) {
            warn!(
                event = "client_limited",
                limit,
                by,
                client = %self.client,
                subject = self.subject,
                held_back,
                "client over a limit"
            );
        }
    }
}
