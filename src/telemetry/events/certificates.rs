//! When certificates end that are in use.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use prometheus::IntGaugeVec;

use crate::telemetry::Telemetry;

/// Whose certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateKind {
    /// The server's own, without what it sends along.
    Server,
    /// The client CA's.
    ClientCa,
}

impl CertificateKind {
    fn label(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::ClientCa => "client_ca",
        }
    }
}

/// By kind and site: the earliest notAfter, in seconds since 1970.
pub type CertificateEnds = BTreeMap<(CertificateKind, String), i64>;

/// What is shown of that. There are as many as the configuration has sites, and none of a site that is gone.
pub struct ShownEnds {
    gauges: IntGaugeVec,
    shown: Mutex<CertificateEnds>,
}

impl ShownEnds {
    /// With the labels `kind` and `site`.
    pub(in crate::telemetry) fn new(gauges: IntGaugeVec) -> Self {
        let shown = Mutex::default();
        Self { gauges, shown }
    }

    fn show(&self, ends: CertificateEnds) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for ((kind, site), end) in &ends {
            let gauge = self.gauges.with_label_values(&[kind.label(), site]);
            gauge.set(*end);
        }
        for (kind, site) in shown.keys().filter(|old| !ends.contains_key(old)) {
            // It was there.
            drop(self.gauges.remove_label_values(&[kind.label(), site]));
        }
        *shown = ends;
    }
}

/// Those that are in use now.
pub fn certificate_ends(telemetry: &Telemetry, ends: CertificateEnds) {
    telemetry.metrics.certificate_ends.show(ends);
}
