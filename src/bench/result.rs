//! What a run found: the one value that the table, JSON, CSV and the report page are made of.
//!
//! The JSON form is a contract: `certgate bench --compare` reads files that other runs wrote.
//! Latencies are microseconds, as whole numbers; durations are seconds.

use serde::{Deserialize, Serialize};

/// The version of this form; raised when a field changes its meaning.
pub const FORMAT: u32 = 1;

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BenchResult {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of certgate that measured.
    pub certgate: String,
    /// When the measured part began, RFC 3339 in UTC.
    pub started_at: String,
    /// What to call the run in comparisons; the target unless `--label` says otherwise.
    pub label: String,
    /// What was asked for.
    pub plan: PlanSummary,
    /// How long the measured part took, warm-up and ramp excluded, in seconds.
    pub measured_seconds: f64,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// What was done in that time.
    pub totals: Totals,
    /// One entry a phase that occurred, in the order in which they happen.
    pub latencies: Vec<Latency>,
    /// Failures by kind, the most frequent first. Never among the successes.
    pub errors: Vec<ErrorCount>,
    /// What was negotiated, the most frequent first.
    pub negotiated: Vec<Negotiated>,
    /// Second by second.
    pub timeline: Vec<Second>,
    /// What measuring cost this side.
    pub client: ClientCost,
    /// What it cost the server, with `--server-pid`.
    pub server: Option<ServerCost>,
    /// What a reader must know before believing the figures.
    pub warnings: Vec<String>,
}

/// What was asked for, in the words of the flags.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlanSummary {
    /// The targets as given.
    pub targets: Vec<String>,
    /// `full`, `resumed`, `requests`, `tunnel`, `storm` or `idle`.
    pub mode: String,
    /// What one operation is, for people: "full handshake, one GET, close".
    pub operation: String,
    /// Connections at a time.
    pub connections: u32,
    /// Operations a second asked for; `None` is the closed loop.
    pub rate: Option<f64>,
    /// Seconds of measuring asked for, if by time.
    pub duration_seconds: Option<f64>,
    /// Operations asked for, if by count.
    pub count: Option<u64>,
    /// Seconds that were left out at the start.
    pub warm_up_seconds: f64,
    /// Seconds over which connections were added.
    pub ramp_seconds: f64,
    /// The settings that were not left at their defaults, as `--flag value`.
    pub settings: Vec<String>,
}

/// Counts over the measured part.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Operations that succeeded whole.
    pub operations: u64,
    /// Operations that failed.
    pub errors: u64,
    /// Completed handshakes.
    pub handshakes: u64,
    /// Those of them that were resumed.
    pub resumed: u64,
    /// Answered requests (or tunnel round trips).
    pub requests: u64,
    /// Application bytes.
    pub bytes_received: u64,
    /// Application bytes.
    pub bytes_sent: u64,
}

/// A phase of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// TCP.
    Connect,
    /// TLS, without TCP.
    Handshake,
    /// From the request to the first byte of its answer.
    FirstByte,
    /// The whole operation. In the open loop it begins when it was due, not when it could begin.
    Whole,
}

impl Phase {
    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Handshake => "handshake",
            Self::FirstByte => "first byte",
            Self::Whole => "whole",
        }
    }
}

/// The distribution of one phase, in microseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Latency {
    /// Which.
    pub phase: Phase,
    /// Samples.
    pub count: u64,
    /// The smallest.
    pub min: u64,
    /// The mean.
    pub mean: f64,
    /// The median.
    pub p50: u64,
    /// 90 of 100 were this fast.
    pub p90: u64,
    /// 99 of 100.
    pub p99: u64,
    /// 999 of 1,000.
    pub p99_9: u64,
    /// The slowest.
    pub max: u64,
    /// `[upper bound, samples]` in ascending order, for drawing; empty buckets are left out.
    pub histogram: Vec<(u64, u64)>,
}

/// Failures of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCount {
    /// A closed list: `refused`, `connect_timeout`, `handshake_timeout`, `reset`, `alert`, `not_tls`, …
    pub kind: String,
    /// The alert that the server sent, by its RFC 8446 name.
    pub alert: Option<String>,
    /// One of the messages, as an example.
    pub example: String,
    /// How many.
    pub count: u64,
}

/// What connections agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Negotiated {
    /// TLSv1.3, …
    pub version: String,
    /// As OpenSSL and AWS-LC name it.
    pub cipher: String,
    /// The key exchange group as IANA names it; empty without one.
    pub group: String,
    /// `h2`, `http/1.1` or empty.
    pub alpn: String,
    /// Whether a session was resumed.
    pub resumed: bool,
    /// Connections.
    pub count: u64,
}

/// One second of the measured part.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Second {
    /// The end of the second, counted from the start of measuring.
    pub at: f64,
    /// Operations that ended in it.
    pub operations: u64,
    /// Failures that ended in it.
    pub errors: u64,
    /// Median of the whole operation, in microseconds.
    pub p50: u64,
    /// 99 of 100.
    pub p99: u64,
}

/// What measuring cost this side.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClientCost {
    /// User and system time of the measured part, in seconds.
    pub cpu_seconds: f64,
    /// The same over the operations, in microseconds.
    pub cpu_micros_per_operation: f64,
    /// Cores that this process could use.
    pub cores: f64,
    /// Whether this side was at its limit, so that the figures say more about it than about the server.
    pub bottleneck: bool,
}

/// What it cost the server, from its `/proc/PID`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerCost {
    /// The processes that were watched: the given ones and their children.
    pub pids: Vec<u32>,
    /// User time of the measured part, in seconds.
    pub user_seconds: f64,
    /// System time.
    pub system_seconds: f64,
    /// Both over the operations, in microseconds.
    pub cpu_micros_per_operation: f64,
    /// Resident memory before the first connection, in bytes.
    pub memory_before: u64,
    /// Resident memory at the end of the measured part, connections still open.
    pub memory_during: u64,
    /// The difference over the open connections, in bytes.
    pub memory_per_connection: f64,
}
