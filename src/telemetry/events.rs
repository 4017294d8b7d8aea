//! One struct for each thing that happens; `emit` writes its log line and bumps its metric.

pub mod certificates;
pub mod closing;
pub mod header_auth;
pub mod health;
pub mod identity;
pub mod inventory;
pub mod limits;
pub mod listeners;
pub mod overload;
pub mod proxy_protocol;
pub mod ready;
pub mod reload;
pub mod routes;
pub mod shadow;
pub mod timeouts;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{debug, info, warn};

use super::Telemetry;
use super::metrics::seconds;
use crate::peer::Peer;
use crate::refusal::RefusalReason;
use timeouts::{TimedOut, Timeout};

/// A TLS listener accepted a connection. Dropping the guard says that it was closed.
pub fn connection_opened(telemetry: &Arc<Telemetry>) -> OpenConnection {
    telemetry.metrics.connections_accepted.inc();
    telemetry.metrics.connections_open.inc();
    OpenConnection(telemetry.clone())
}

/// Counts one open connection for as long as it lives.
pub struct OpenConnection(Arc<Telemetry>);

impl OpenConnection {
    /// Its client's time was over.
    pub fn timed_out(&self, timeout: Timeout, client: Option<Peer>) {
        TimedOut { timeout, client }.emit(&self.0);
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.metrics.connections_open.dec();
    }
}

/// A client closed the connection before it sent a byte: a load balancer's health check. Not logged.
pub fn tcp_ping(telemetry: &Telemetry) {
    telemetry.metrics.tcp_pings.inc();
}

/// accept(2) failed. Without descriptors it does so for each client that comes.
pub fn accept_failed(telemetry: &Telemetry, listener: &impl std::fmt::Display, error: &io::Error) {
    telemetry.metrics.accept_errors.inc();
    if let Some(held_back) = telemetry.throttles.accept_failed.pass(Instant::now()) {
        warn!(event = "accept_failed", listener = %listener, error = error.to_string(), held_back, "can't accept connections, trying again");
    }
}

/// A handshake came to its good end.
pub struct HandshakeCompleted<'a> {
    /// Where the client comes from.
    pub client: Peer,
    /// The VPC endpoint that it came in by.
    pub vpce: Option<&'a str>,
    /// Whether a ticket spared the certificates.
    pub resumed: bool,
    /// Since the connection was accepted.
    pub took: Duration,
}

impl HandshakeCompleted<'_> {
    /// Counts; a log line at debug only, since requests and tunnels have theirs.
    pub fn emit(self, telemetry: &Telemetry) {
        let result = if self.resumed { "resumed" } else { "full" };
        telemetry
            .metrics
            .handshakes
            .with_label_values(&[result])
            .inc();
        telemetry
            .metrics
            .handshake_seconds
            .observe(seconds(self.took));
        if let Some(endpoint) = self.vpce {
            telemetry.metrics.vpc_endpoints.count(endpoint);
        }
        debug!(event = "handshake", client = %self.client, resumed = self.resumed, ms = millis(self.took), "handshake completed");
    }
}

/// A client was refused, in the handshake or right after it.
pub struct ClientRefused<'a> {
    /// Why.
    pub reason: RefusalReason,
    /// Where the client comes from.
    pub client: Peer,
    /// The proxy that it came by.
    pub proxy: Option<Peer>,
    /// The VPC endpoint that it came in by.
    pub vpce: Option<&'a str>,
    /// The server name that the client asked for.
    pub sni: Option<&'a str>,
    /// The client certificate's subject.
    pub subject: Option<&'a str>,
    /// Its issuer.
    pub issuer: Option<&'a str>,
    /// Its serial number.
    pub serial: Option<&'a str>,
    /// Which certificate of the chain is at fault: 0 is the client's own.
    pub depth: Option<u32>,
    /// What was found, in words: AWS-LC's, or certgate's own where it checks itself.
    pub detail: &'a str,
}

impl ClientRefused<'_> {
    /// One line, one counter.
    pub fn emit(self, telemetry: &Telemetry) {
        let reason = self.reason.label();
        telemetry
            .metrics
            .handshakes
            .with_label_values(&["refused"])
            .inc();
        telemetry
            .metrics
            .refusals
            .with_label_values(&[reason])
            .inc();
        info!(
            event = "refused",
            reason,
            client = %self.client,
            proxy = self.proxy.map(tracing::field::display),
            vpce = self.vpce,
            sni = self.sni,
            subject = self.subject,
            issuer = self.issuer,
            serial = self.serial,
            depth = self.depth,
            detail = self.detail,
            "client refused"
        );
    }
}

/// A client was let in though nobody can say whether it was revoked (`crl-policy soft`).
pub struct RevocationUnknown<'a> {
    /// What `strict` would have refused it for.
    pub reason: RefusalReason,
    /// Where the client comes from.
    pub client: Peer,
    /// Which certificate of the chain it is about: 0 is the client's own.
    pub depth: u32,
    /// What was found, in words.
    pub detail: &'a str,
    /// Whether this chain was verified anew: only then a line is written.
    pub news: bool,
}

impl RevocationUnknown<'_> {
    /// A counter each time, a line once for each chain.
    pub fn emit(self, telemetry: &Telemetry) {
        let reason = self.reason.label();
        telemetry
            .metrics
            .revocation_unknown
            .with_label_values(&[reason])
            .inc();
        if self.news {
            warn!(event = "revocation_unknown", reason, client = %self.client, depth = self.depth, detail = self.detail, "client let in without a revocation list in force");
        }
    }
}

/// A request was answered to its last byte, or its connection broke on the way.
pub struct RequestServed<'a> {
    /// The connection's part.
    pub connection: ConnectionFields<'a>,
    /// GET, HEAD, …
    pub method: &'a str,
    /// The path without the query, which may hold secrets.
    pub path: &'a str,
    /// HTTP/1.1, HTTP/2.0.
    pub http: &'a str,
    /// The status code of the answer.
    pub status: u16,
    /// Bytes of the body that were sent.
    pub bytes: u64,
    /// From the request's header to the last byte.
    pub took: Duration,
    /// Where the answer came from, for a proxied request.
    pub upstream: Option<&'a str>,
    /// Whether the whole answer was handed over.
    pub complete: bool,
}

/// What a line about a request or a tunnel says of its connection.
#[derive(Clone, Copy)]
pub struct ConnectionFields<'a> {
    /// Where the client comes from.
    pub client: Peer,
    /// The proxy that it came by.
    pub proxy: Option<Peer>,
    /// The VPC endpoint that it came in by.
    pub vpce: Option<&'a str>,
    /// The client certificate's subject.
    pub subject: Option<&'a str>,
    /// Its serial number.
    pub serial: Option<&'a str>,
    /// SHA-256 of the certificate.
    pub fingerprint: Option<&'a str>,
    /// The server name that the client asked for.
    pub sni: Option<&'a str>,
    /// TLSv1.3, …
    pub tls: &'a str,
    /// The cipher by the name that OpenSSL gave it.
    pub cipher: &'a str,
    /// Whether the connection was resumed from a ticket.
    pub resumed: bool,
}

impl RequestServed<'_> {
    /// The access log's line and the request metrics.
    pub fn emit(self, telemetry: &Telemetry) {
        let mut digits = [0; 3];
        let metrics = &telemetry.metrics;
        metrics
            .requests
            .with_label_values(&[status_label(self.status, &mut digits)])
            .inc();
        metrics.request_seconds.observe(seconds(self.took));
        metrics.response_bytes.inc_by(self.bytes);
        if !telemetry.access_log {
            return;
        }
        let c = self.connection;
        info!(
            event = "request",
            client = %c.client,
            proxy = c.proxy.map(tracing::field::display),
            vpce = c.vpce,
            subject = c.subject,
            serial = c.serial,
            fingerprint = c.fingerprint,
            method = self.method,
            path = self.path,
            http = self.http,
            status = self.status,
            bytes = self.bytes,
            ms = millis(self.took),
            complete = self.complete,
            upstream = self.upstream,
            sni = c.sni,
            tls = c.tls,
            cipher = c.cipher,
            resumed = c.resumed,
            "request"
        );
    }
}

/// An upstream failed a request or a tunnel.
pub struct UpstreamFailed<'a> {
    /// What went wrong.
    pub reason: UpstreamFailure,
    /// The upstream's address.
    pub upstream: &'a str,
    /// Where the client comes from.
    pub client: Peer,
    /// The error's own words.
    pub error: String,
}

/// How an upstream can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamFailure {
    /// No connection could be made.
    Unreachable,
    /// Making the connection took longer than `upstream-connect-timeout`.
    ConnectTimeout,
    /// The answer didn't begin within `upstream-timeout`.
    ResponseTimeout,
    /// The connection broke, or the answer was no HTTP.
    BadResponse,
}

impl UpstreamFailure {
    /// The word in logs and metric labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::ConnectTimeout => "connect_timeout",
            Self::ResponseTimeout => "response_timeout",
            Self::BadResponse => "bad_response",
        }
    }
}

impl UpstreamFailed<'_> {
    /// One line, one counter.
    pub fn emit(self, telemetry: &Telemetry) {
        let reason = self.reason.label();
        telemetry
            .metrics
            .upstream_failures
            .with_label_values(&[reason])
            .inc();
        warn!(event = "upstream_failed", reason, upstream = self.upstream, client = %self.client, error = self.error, "upstream failed");
    }
}

/// A tunnel ended.
pub struct TunnelClosed<'a> {
    /// The connection's part.
    pub connection: ConnectionFields<'a>,
    /// The upstream's address.
    pub upstream: &'a str,
    /// Bytes from the client to the upstream.
    pub received: u64,
    /// Bytes from the upstream to the client.
    pub sent: u64,
    /// How long it was open.
    pub took: Duration,
    /// Why it broke; `None` if both sides closed in order.
    pub error: Option<String>,
    /// Whether it broke since nothing had come for too long.
    pub idle: bool,
}

impl TunnelClosed<'_> {
    /// One line, one counter.
    pub fn emit(self, telemetry: &Telemetry) {
        let result = if self.error.is_none() {
            "closed"
        } else {
            "broken"
        };
        let metrics = &telemetry.metrics;
        metrics.tunnels.with_label_values(&[result]).inc();
        if self.idle {
            let idle = Timeout::TunnelIdle.label();
            metrics.timeouts.with_label_values(&[idle]).inc();
        }
        metrics
            .tunnel_bytes
            .with_label_values(&["received"])
            .inc_by(self.received);
        metrics
            .tunnel_bytes
            .with_label_values(&["sent"])
            .inc_by(self.sent);
        if !telemetry.access_log {
            return;
        }
        let c = self.connection;
        info!(
            event = "tunnel",
            result,
            client = %c.client,
            proxy = c.proxy.map(tracing::field::display),
            vpce = c.vpce,
            subject = c.subject,
            serial = c.serial,
            fingerprint = c.fingerprint,
            upstream = self.upstream,
            received = self.received,
            sent = self.sent,
            ms = millis(self.took),
            sni = c.sni,
            tls = c.tls,
            cipher = c.cipher,
            resumed = c.resumed,
            error = self.error,
            "tunnel closed"
        );
    }
}

/// Milliseconds with three decimals: enough for a line, short to read.
pub(super) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// The three digits of a status code, without an allocation for each request.
fn status_label(status: u16, digits: &mut [u8; 3]) -> &str {
    let status = status.clamp(0, 999);
    for (digit, weight) in digits.iter_mut().zip([100, 10, 1]) {
        *digit = b'0' + (status / weight % 10) as u8;
    }
    std::str::from_utf8(digits).unwrap_or("000")
}
