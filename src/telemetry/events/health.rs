//! Load balancers that ask whether the process is ready, and plain HTTP that is sent to https.

use http::HeaderValue;
use tracing::debug;

use crate::telemetry::Telemetry;

/// What a health check can be told.
pub const RESULTS: [&str; 3] = ["ready", "draining", "upstream"];

/// A health check was answered on a port of clients.
pub struct HealthChecked<'a> {
    /// What it was told: one of [`RESULTS`].
    pub result: &'static str,
    /// Who says to have asked.
    pub user_agent: Option<&'a HeaderValue>,
}

impl HealthChecked<'_> {
    /// A counter; a line at debug only, since they come every few seconds.
    pub fn emit(self, telemetry: &Telemetry) {
        let result = self.result;
        telemetry
            .metrics
            .health_checks
            .with_label_values(&[result])
            .inc();
        debug!(
            event = "health_check",
            result,
            user_agent = self.user_agent.map(|agent| format!("{agent:?}")),
            "health check answered"
        );
    }
}

/// Somebody who came by plain HTTP was sent to https. Not logged.
pub fn redirected(telemetry: &Telemetry) {
    telemetry.metrics.redirects.inc();
}
