//! When certificates and revocation lists end that are in use.

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

/// By site and issuer: the earliest nextUpdate of the lists in files, in seconds since 1970.
pub type CrlEnds = BTreeMap<(String, String), i64>;

/// What is shown of these. There are as many as the configuration has sites, and issuers of lists; none of what is gone.
pub struct ShownEnds {
    gauges: IntGaugeVec,
    shown: Mutex<BTreeMap<[String; 2], i64>>,
}

impl ShownEnds {
    /// With two labels.
    pub(in crate::telemetry) fn new(gauges: IntGaugeVec) -> Self {
        let shown = Mutex::default();
        Self { gauges, shown }
    }

    fn show(&self, ends: BTreeMap<[String; 2], i64>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for (labels, end) in &ends {
            self.gauges.with_label_values(labels).set(*end);
        }
        for labels in shown.keys().filter(|old| !ends.contains_key(*old)) {
            // It was there.
            drop(self.gauges.remove_label_values(labels));
        }
        *shown = ends;
    }
}

/// Those that are in use now.
pub fn certificate_ends(telemetry: &Telemetry, ends: CertificateEnds) {
    let ends = ends.into_iter();
    let labelled = ends.map(|((kind, site), end)| ([kind.label().to_owned(), site], end));
    telemetry.metrics.certificate_ends.show(labelled.collect());
}

/// Those that are in use now.
pub fn crl_ends(telemetry: &Telemetry, ends: CrlEnds) {
    let ends = ends.into_iter();
    let labelled = ends.map(|((site, issuer), end)| ([site, issuer], end));
    telemetry.metrics.crl_ends.show(labelled.collect());
}
