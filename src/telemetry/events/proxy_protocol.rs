//! What proxies say ahead of connections, and what upstreams are told.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use prometheus::{IntCounter, IntCounterVec};
use tracing::warn;

use super::ConnectionFields;
use super::identity::Untold;
use crate::telemetry::Telemetry;

/// What a connection began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderKind {
    /// A header of version 1.
    V1,
    /// A header of version 2.
    V2,
    /// One that says that the connection is the proxy's own.
    Local,
    /// No header, where none is needed.
    None,
}

impl HeaderKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::V1, Self::V2, Self::Local, Self::None];

    /// The word in metric labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::Local => "local",
            Self::None => "none",
        }
    }
}

/// A connection's header was read.
pub fn header_received(telemetry: &Telemetry, kind: HeaderKind) {
    let counters = &telemetry.metrics.proxy_headers;
    counters.with_label_values(&[kind.label()]).inc();
}

/// Counts handshakes by VPC endpoint. The first so many have a time series each, all others share one.
pub struct ByEndpoint {
    counters: IntCounterVec,
    known: RwLock<HashMap<Box<str>, IntCounter>>,
}

/// How many endpoints have a time series of their own.
const ENDPOINTS: usize = 64;

impl ByEndpoint {
    /// None yet. `counters` has one label.
    pub fn new(counters: IntCounterVec) -> Self {
        Self {
            counters,
            known: RwLock::default(),
        }
    }

    pub(super) fn count(&self, endpoint: &str) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (counter, full) = (known.get(endpoint).cloned(), known.len() >= ENDPOINTS);
        drop(known);
        let counter = counter.unwrap_or_else(|| match full {
            true => self.counters.with_label_values(&["other"]),
            false => self.add(endpoint),
        });
        counter.inc();
    }

    fn add(&self, endpoint: &str) -> IntCounter {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ENDPOINTS && !known.contains_key(endpoint) {
            return self.counters.with_label_values(&["other"]);
        }
        let counter = known.entry(endpoint.into());
        counter
            .or_insert_with(|| self.counters.with_label_values(&[endpoint]))
            .clone()
    }
}

/// A tunnel wasn't opened, since its upstream couldn't be told whose it is.
pub struct HeaderUnwritable<'a> {
    /// Why.
    pub reason: Untold,
    /// The size, or what it can't say.
    pub detail: String,
    /// The connection's part.
    pub connection: ConnectionFields<'a>,
}

impl HeaderUnwritable<'_> {
    /// One line, one counter.
    pub fn emit(self, telemetry: &Telemetry) {
        let (reason, c) = (self.reason.label(), self.connection);
        telemetry
            .metrics
            .identity_unwritable
            .with_label_values(&[reason])
            .inc();
        warn!(
            event = "proxy_header_unwritable",
            reason,
            client = %c.client,
            subject = c.subject,
            serial = c.serial,
            detail = self.detail,
            "tunnel not opened: its upstream can't be told whose it is"
        );
    }
}

#[cfg(test)]
mod tests {
    use prometheus::Opts;

    use super::*;

    #[test]
    fn endpoints_beyond_the_bound_share_one_time_series() {
        let counters = IntCounterVec::new(Opts::new("test", "test"), &["endpoint"]).unwrap();
        let by_endpoint = ByEndpoint::new(counters.clone());
        for round in 1..=2u64 {
            for number in 0..ENDPOINTS + 10 {
                by_endpoint.count(&format!("vpce-{number}"));
            }
            let of = |label: &str| counters.with_label_values(&[label]).get();
            assert_eq!((of("vpce-0"), of("vpce-63")), (round, round));
            assert_eq!(of("other"), 10 * round);
        }
        assert_eq!(by_endpoint.known.read().unwrap().len(), ENDPOINTS);
    }
}
