//! The numbers behind `/metrics`, in Prometheus' text format.

use std::time::Duration;

use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use super::events::certificates::ShownEnds;
use super::events::closing::ClosedFor;
use super::events::health;
use super::events::identity::Untold;
use super::events::limits::{Limited, LimitedBy};
use super::events::overload::TooMany;
use super::events::proxy_protocol::{ByEndpoint, HeaderKind};
use super::events::routes::REASONS;
use super::events::shadow::ShadowOutcome;
use super::events::timeouts::Timeout;
use super::fetching::OcspResult;
use super::logs;
use crate::refusal::RefusalReason;

/// Every metric. Labels are closed sets: no client can make a new time series.
pub struct Metrics {
    registry: Registry,
    pub(super) connections_accepted: IntCounter,
    pub(super) connections_open: IntGauge,
    pub(super) connections_closed: IntCounterVec,
    pub(super) tcp_pings: IntCounter,
    pub(super) accept_errors: IntCounter,
    pub(super) health_checks: IntCounterVec,
    pub(super) ready: IntGauge,
    pub(super) upstream_usable: IntGaugeVec,
    pub(super) redirects: IntCounter,
    pub(super) handshakes: IntCounterVec,
    pub(super) handshake_seconds: Histogram,
    pub(super) refusals: IntCounterVec,
    pub(super) request_refusals: IntCounterVec,
    pub(super) revocation_unknown: IntCounterVec,
    pub(super) requests: IntCounterVec,
    pub(super) request_seconds: Histogram,
    pub(super) response_bytes: IntCounter,
    pub(super) upstream_failures: IntCounterVec,
    pub(super) identity_unwritable: IntCounterVec,
    pub(super) limited: IntCounterVec,
    pub(super) connections_refused: IntCounterVec,
    pub(super) timeouts: IntCounterVec,
    pub(super) tunnels: IntCounterVec,
    pub(super) tunnel_bytes: IntCounterVec,
    pub(super) reloads: IntCounterVec,
    pub(super) last_reload_successful: IntGauge,
    pub(super) last_reload: IntGauge,
    pub(super) ocsp_answers: IntCounterVec,
    pub(super) ocsp_seconds: Histogram,
    pub(super) ocsp_unchecked: IntCounter,
    pub(super) staple_answers: IntCounterVec,
    pub(super) staple_until: IntGauge,
    pub(super) kept_fetches: IntCounterVec,
    pub(super) kept_success: IntGaugeVec,
    pub(super) kept_next_update: IntGaugeVec,
    pub(super) shadow: IntCounterVec,
    pub(super) client_certificates: IntGaugeVec,
    pub(super) certificate_ends: ShownEnds,
    pub(super) crl_ends: ShownEnds,
    pub(super) proxy_headers: IntCounterVec,
    pub(super) vpc_endpoints: ByEndpoint,
    log_lines_dropped: IntCounter,
}

/// Upper bounds in seconds: a handshake takes a millisecond, a slow upstream a minute.
const BUCKETS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

impl Metrics {
    /// All at zero. Fails only if two metrics had one name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let make = Maker(&registry);
        let metrics = Self {
            connections_accepted: make.counter("connections_accepted_total", "Connections accepted on the TLS listeners.")?,
            connections_open: make.gauge("connections_open", "Connections open on the TLS listeners.")?,
            connections_closed: make.counters("connections_closed_total", "Open connections that were closed because what let them in doesn't hold any more, or because of their age, by reason.", &["reason"])?,
            tcp_pings: make.counter("tcp_pings_total", "Connections closed by the client before it sent a byte: health checks of load balancers.")?,
            accept_errors: make.counter("accept_errors_total", "Failures of accept(2), such as too many open files.")?,
            health_checks: make.counters("health_checks_total", "Health checks answered at --health-path, by what they were told: ready, draining or upstream.", &["result"])?,
            ready: make.gauge("ready", "1 if load balancers are told to come, 0 if not: as /readyz answers.")?,
            upstream_usable: make.gauges("upstream_usable", "1 if an upstream could be connected to, 0 if not; only where --ready-upstreams has it checked.", &["upstream"])?,
            redirects: make.counter("redirects_total", "Requests by plain HTTP that were sent to https.")?,
            handshakes: make.counters("handshakes_total", "TLS handshakes by result: full, resumed or refused.", &["result"])?,
            handshake_seconds: make.histogram("handshake_seconds", "From the accepted connection to the end of a successful handshake.")?,
            refusals: make.counters("refusals_total", "Refused clients by reason.", &["reason"])?,
            request_refusals: make.counters("request_refusals_total", "Requests that their route doesn't serve to the client, by reason.", &["reason"])?,
            revocation_unknown: make.counters("revocation_unknown_total", "Clients let in by crl-policy soft without a revocation list in force, by what strict would have refused them for.", &["reason"])?,
            requests: make.counters("requests_total", "HTTP requests by status code of the answer.", &["status"])?,
            request_seconds: make.histogram("request_seconds", "From a request's header to the last byte of its answer.")?,
            response_bytes: make.counter("response_body_bytes_total", "Bytes of response bodies sent.")?,
            upstream_failures: make.counters("upstream_failures_total", "Requests and tunnels that failed at the upstream, by reason.", &["reason"])?,
            identity_unwritable: make.counters("identity_unwritable_total", "Requests and tunnels that weren't passed on because what says whose they are is too large, or can't say what is in the certificate.", &["reason"])?,
            limited: make.counters("limited_total", "Requests and connections that weren't served because their client was over a limit.", &["limit", "by"])?,
            connections_refused: make.counters("connections_refused_total", "Connections that were closed because there are too many at once, by the bound.", &["limit"])?,
            timeouts: make.counters("timeouts_total", "Connections, streams and requests that ended because their client's time was over, by which: header, body, send or tunnel_idle; idle for connections that nothing was asked on.", &["kind"])?,
            tunnels: make.counters("tunnels_total", "Tunnels by how they ended.", &["result"])?,
            tunnel_bytes: make.counters("tunnel_bytes_total", "Bytes carried by tunnels, by direction.", &["direction"])?,
            reloads: make.counters("reloads_total", "Reloads of certificates and configuration by result: ok or failed.", &["result"])?,
            last_reload_successful: make.gauge("last_reload_successful", "1 if the last reload took effect, or there was none; 0 if it failed and what was served before is served on.")?,
            last_reload: make.gauge("last_reload_success_timestamp_seconds", "When a reload took effect last, in seconds since 1970; 0 if none has.")?,
            ocsp_answers: make.counters("ocsp_answers_total", "Questions to OCSP responders about clients' certificates, by what came of them.", &["result"])?,
            ocsp_seconds: make.histogram("ocsp_seconds", "From a question to an OCSP responder to its answer, or to its failure.")?,
            ocsp_unchecked: make.counter("ocsp_unchecked_total", "Clients that --ocsp-policy soft let in although no responder told their status.")?,
            staple_answers: make.counters("staple_answers_total", "Questions about the server's certificate to its OCSP responder, by what came of them.", &["result"])?,
            staple_until: make.gauge("staple_until_seconds", "Until when there is an OCSP status of the server's certificate from its responder, in seconds since 1970; 0 if there is none.")?,
            kept_fetches: make.counters("fetches_total", "Fetches of what is kept from a URL, by source and by what came of them.", &["source", "result"])?,
            kept_success: make.gauges("fetch_success_seconds", "When what is kept from a URL was last fetched or found unchanged, in seconds since 1970.", &["source"])?,
            kept_next_update: make.gauges("fetch_next_update_seconds", "When the newest version of what is kept from a URL is over, in seconds since 1970; 0 if it doesn't say, or if there is none.", &["source"])?,
            shadow: make.counters("shadow_total", "Clients by what the candidate in [shadow] would do, and why that differs from what was done.", &["outcome", "reason"])?,
            client_certificates: make.gauges("client_certificates", "Client certificates seen in the last 7 days, by when they expire; each in one part, which ends where the next begins.", &["expires_in"])?,
            certificate_ends: ShownEnds::new(make.gauges("certificate_not_after_timestamp_seconds", "When the first certificate that a site uses expires, in seconds since 1970: of its own (server), or of its client CA (client_ca).", &["kind", "site"])?),
            crl_ends: ShownEnds::new(make.gauges("crl_next_update_timestamp_seconds", "When the revocation list of an issuer that a site has from a file or the environment is over, in seconds since 1970, unless a later one is there.", &["site", "issuer"])?),
            proxy_headers: make.counters("proxy_headers_total", "Connections by the PROXY header that they began with: v1, v2, local (the proxy's own) or none.", &["kind"])?,
            vpc_endpoints: ByEndpoint::new(make.counters("vpc_endpoint_handshakes_total", "Successful handshakes by the AWS VPC endpoint that the client came in by; of all but the first 64: other.", &["endpoint"])?),
            log_lines_dropped: make.counter(
                "log_lines_dropped_total",
                "Log lines that were dropped because stdout wasn't read.",
            )?,
            registry,
        };
        for reason in Untold::ALL {
            metrics
                .identity_unwritable
                .with_label_values(&[reason.label()]);
        }
        for limit in Limited::ALL {
            for by in LimitedBy::ALL {
                let labels = [limit.label(), by.label()];
                metrics.limited.with_label_values(&labels);
            }
        }
        for limit in TooMany::ALL {
            metrics
                .connections_refused
                .with_label_values(&[limit.label()]);
        }
        for reason in ClosedFor::ALL {
            metrics
                .connections_closed
                .with_label_values(&[reason.label()]);
        }
        for timeout in Timeout::ALL {
            metrics.timeouts.with_label_values(&[timeout.label()]);
        }
        for kind in HeaderKind::ALL {
            metrics.proxy_headers.with_label_values(&[kind.label()]);
        }
        for result in health::RESULTS {
            metrics.health_checks.with_label_values(&[result]);
        }
        for result in ["full", "resumed", "refused"] {
            metrics.handshakes.with_label_values(&[result]);
        }
        for result in ["ok", "failed"] {
            metrics.reloads.with_label_values(&[result]);
        }
        for outcome in ShadowOutcome::LABELS {
            let reasons = match outcome.starts_with("would") {
                true => ShadowOutcome::REASONS.map(RefusalReason::label).to_vec(),
                false => vec![""],
            };
            for reason in reasons {
                metrics.shadow.with_label_values(&[outcome, reason]);
            }
        }
        metrics.last_reload_successful.set(1);
        for result in OcspResult::labels() {
            metrics.ocsp_answers.with_label_values(&[result]);
            metrics.staple_answers.with_label_values(&[result]);
        }
        for reason in RefusalReason::ALL {
            metrics.refusals.with_label_values(&[reason.label()]);
        }
        for reason in REASONS {
            metrics
                .request_refusals
                .with_label_values(&[reason.label()]);
        }
        for reason in [RefusalReason::CrlExpired, RefusalReason::CrlMissing] {
            metrics
                .revocation_unknown
                .with_label_values(&[reason.label()]);
        }
        Ok(metrics)
    }

    /// How many connections there were that weren't only opened and closed.
    pub fn connections_of_clients(&self) -> u64 {
        let pings = self.tcp_pings.get();
        self.connections_accepted.get().saturating_sub(pings)
    }

    /// The text that Prometheus scrapes (`text/plain; version=0.0.4`).
    pub fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let counted = self.log_lines_dropped.get();
        let dropped = logs::dropped_lines().saturating_sub(counted);
        self.log_lines_dropped.inc_by(dropped);
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

struct Maker<'a>(&'a Registry);

impl Maker<'_> {
    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        let metric = IntCounter::new(full_name(name), help)?;
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, prometheus::Error> {
        let metric = IntCounterVec::new(Opts::new(full_name(name), help), labels)?;
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        let metric = IntGauge::new(full_name(name), help)?;
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, prometheus::Error> {
        let metric = IntGaugeVec::new(Opts::new(full_name(name), help), labels)?;
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn histogram(&self, name: &str, help: &str) -> Result<Histogram, prometheus::Error> {
        let options = HistogramOpts::new(full_name(name), help).buckets(BUCKETS.to_vec());
        let metric = Histogram::with_opts(options)?;
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }
}

fn full_name(name: &str) -> String {
    format!("certgate_{name}")
}

pub(super) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
