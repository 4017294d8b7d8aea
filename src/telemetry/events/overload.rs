//! Connections that were closed because there are too many.

use std::time::Instant;

use tracing::warn;

use crate::peer::Peer;
use crate::telemetry::Telemetry;
use crate::telemetry::throttle::Throttle;

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMany {
    /// Connections.
    Connections,
    /// Connections of one address.
    OfAddress,
    /// TLS handshakes.
    Handshakes,
    /// Connections of the port that sends plain HTTP to https.
    Redirects,
}

impl TooMany {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Connections,
        Self::OfAddress,
        Self::Handshakes,
        Self::Redirects,
    ];

    /// The word in logs and metric labels: the name of the setting, without `max-` if it has that.
    pub fn label(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::OfAddress => "connections_per_address",
            Self::Handshakes => "handshakes",
            Self::Redirects => "redirect",
        }
    }
}

/// One for each.
#[derive(Default)]
pub struct TooManyThrottles([Throttle; TooMany::ALL.len()]);

/// A connection was closed for it.
pub fn connection_refused(telemetry: &Telemetry, limit: TooMany, client: Peer) {
    let metrics = &telemetry.metrics;
    let label = limit.label();
    metrics
        .connections_refused
        .with_label_values(&[label])
        .inc();
    let TooManyThrottles(throttles) = &telemetry.throttles.too_many;
    if let Some(held_back) = throttles[limit as usize].pass(Instant::now()) {
        warn!(
            event = "connection_refused",
            limit = label,
            client = %client,
            open = metrics.connections_open.get(),
            held_back,
            "too many at once: connection closed"
        );
    }
}

/// Requests of an HTTP/2 connection wait for others of it, since there would be too many at once.
pub fn requests_wait(telemetry: &Telemetry, client: Peer) {
    if let Some(held_back) = telemetry.throttles.requests_wait.pass(Instant::now()) {
        warn!(
            event = "requests_wait",
            client = %client,
            open = telemetry.metrics.connections_open.get(),
            held_back,
            "too many requests at once for the descriptors that there are: those of this connection wait for each other"
        );
    }
}

/// How many connections are open on the TLS listeners.
pub fn connections_open(telemetry: &Telemetry) -> usize {
    usize::try_from(telemetry.metrics.connections_open.get()).unwrap_or(0)
}
