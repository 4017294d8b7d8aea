//! What is asked for: a run, typed. Made by the command line, read by everything else here.

use std::net::IpAddr;
use std::time::Duration;

use super::target::Target;
use crate::config::values::words;

words! {
    /// What is measured.
    Mode {
        /// Full handshakes.
        Full = "full",
        /// Resumed handshakes.
        Resumed = "resumed",
        /// Requests on connections that stay.
        Requests = "requests",
        /// Round trips through a tunnel.
        Tunnel = "tunnel",
        /// Everybody at once, once.
        Storm = "storm",
        /// Connections that only stay.
        Idle = "idle",
    }
}
words! {
    /// Which HTTP is spoken to `https://` targets.
    HttpVersion {
        /// RFC 9112.
        One = "1.1",
        /// RFC 9113.
        Two = "2",
    }
}
words! {
    /// Which PROXY header goes ahead of the handshake.
    ProxyVersion {
        /// The line of text.
        V1 = "v1",
        /// The binary one.
        V2 = "v2",
    }
}

/// A run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where to; connections take turns. At least one.
    pub targets: Vec<Target>,
    /// What is measured.
    pub mode: Mode,
    /// Which HTTP.
    pub http: HttpVersion,
    /// Operations at a time on one HTTP/2 connection; 1 for everything else.
    pub streams: u32,
    /// What is sent through a tunnel to come back; empty for nothing.
    pub payload: Vec<u8>,
    /// Headers to add to each request.
    pub headers: Vec<(String, String)>,
    /// PROXY header, if any.
    pub proxy_header: Option<ProxyVersion>,
    /// Addresses to connect from, in turn; empty for the kernel's choice.
    pub sources: Vec<IpAddr>,
    /// Connections at a time.
    pub connections: u32,
    /// Operations a second; `None` is the closed loop.
    pub rate: Option<f64>,
    /// How long the load takes to build up.
    pub ramp: Duration,
    /// What is left out after that.
    pub warm_up: Duration,
    /// When it is over.
    pub extent: Extent,
    /// How long an operation may take.
    pub timeout: Duration,
    /// Threads that make the load.
    pub threads: usize,
    /// Processes of the server, to be watched.
    pub server_pids: Vec<u32>,
}

/// When a run is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Extent {
    /// After this time, warm-up and ramp not counted.
    Time(Duration),
    /// After this many operations, successes and failures alike.
    Count(u64),
}

impl Plan {
    /// What one operation is, for people.
    pub fn operation(&self) -> String {
        let (exchange, what) = if self.is_http() {
            ("one GET", "GET".to_owned())
        } else if self.payload.is_empty() {
            ("nothing sent", String::new())
        } else {
            ("one echo", format!("echo of {} bytes", self.payload.len()))
        };
        match self.mode {
            Mode::Full => format!("full handshake, {exchange}, close"),
            Mode::Resumed => format!("resumed handshake, {exchange}, close"),
            Mode::Requests => format!("{what} over HTTP/{} on a connection that stays", self.http),
            Mode::Tunnel => format!("{what} on a connection that stays"),
            Mode::Storm => format!("full handshake, {exchange}, close; all at once"),
            Mode::Idle => format!("full handshake, {exchange}, held to the end, still alive then"),
        }
    }

    /// Whether the targets speak HTTP; all of them or none do.
    pub fn is_http(&self) -> bool {
        self.targets.iter().any(|target| target.path.is_some())
    }

    /// Whether a connection serves more than one operation.
    pub fn keeps_connections(&self) -> bool {
        matches!(self.mode, Mode::Requests | Mode::Tunnel | Mode::Idle)
    }
}
