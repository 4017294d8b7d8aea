//! Clients whose time was over. Those that take too long for their handshake are refused, and counted there.

use tracing::debug;

use crate::peer::Peer;
use crate::telemetry::Telemetry;

/// Which time was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeout {
    /// `header-timeout`, with a part of a header received.
    Header,
    /// `header-timeout`, with nothing asked for: how connections that are kept open end in order.
    Idle,
    /// `body-timeout`.
    Body,
    /// `send-timeout`.
    Send,
    /// `tunnel-idle-timeout`.
    TunnelIdle,
}

impl Timeout {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Header,
        Self::Idle,
        Self::Body,
        Self::Send,
        Self::TunnelIdle,
    ];

    /// The word in logs and metric labels: the name of the setting, without `-timeout`, if it has one of its own.
    pub fn label(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Idle => "idle",
            Self::Body => "body",
            Self::Send => "send",
            Self::TunnelIdle => "tunnel_idle",
        }
    }
}

/// A client's time was over, and with it a connection, a stream or a request.
pub struct TimedOut {
    /// Which.
    pub timeout: Timeout,
    /// Where the client comes from, if that is known there.
    pub client: Option<Peer>,
}

impl TimedOut {
    /// Counts; a log line at debug only, since requests and tunnels have theirs.
    pub fn emit(self, telemetry: &Telemetry) {
        let timeout = self.timeout.label();
        telemetry
            .metrics
            .timeouts
            .with_label_values(&[timeout])
            .inc();
        debug!(
            event = "timed_out",
            timeout,
            client = self.client.map(tracing::field::display),
            "a client's time is over"
        );
    }
}
