//! What a reload says.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracing::{error, info, warn};

use super::millis;
use crate::findings::{Findings, Severity};
use crate::telemetry::Telemetry;

/// What is served was replaced.
pub struct Reloaded<'a> {
    /// SIGHUP, files, …
    pub cause: &'static str,
    /// How many sites there are now.
    pub sites: usize,
    /// From the cause to the moment when new connections got it.
    pub took: Duration,
    /// What is newly doubtful in it.
    pub doubts: &'a Findings,
}

impl Reloaded<'_> {
    /// One line and one for each doubt, one counter.
    pub fn emit(self, telemetry: &Telemetry) {
        let metrics = &telemetry.metrics;
        metrics.reloads.with_label_values(&["ok"]).inc();
        metrics.last_reload_successful.set(1);
        metrics.last_reload.set(now());
        log_findings(self.doubts);
        info!(
            event = "reloaded",
            cause = self.cause,
            sites = self.sites,
            ms = millis(self.took),
            "reloaded: new connections get it"
        );
    }
}

/// What was to be served is wrong, and the old goes on.
pub struct ReloadFailed<'a> {
    /// SIGHUP, files, …
    pub cause: &'static str,
    /// At least one error.
    pub findings: &'a Findings,
}

impl ReloadFailed<'_> {
    /// One line and one for each finding, one counter.
    pub fn emit(self, telemetry: &Telemetry) {
        let metrics = &telemetry.metrics;
        metrics.reloads.with_label_values(&["failed"]).inc();
        metrics.last_reload_successful.set(0);
        log_findings(self.findings);
        error!(
            event = "reload_failed",
            cause = self.cause,
            "not reloaded: what was served before is served on"
        );
    }
}

/// One line for each.
pub fn log_findings(findings: &Findings) {
    for finding in findings.iter() {
        let (place, found, advice) = (&finding.place, &finding.found, &finding.advice);
        match finding.severity {
            Severity::Error => error!(event = "finding", place, found, advice, "{finding}"),
            Severity::Warning => warn!(event = "finding", place, found, advice, "{finding}"),
        }
    }
}

/// Revocation lists that were fetched are in use, unless something is wrong.
pub fn lists_taken(took: Duration, wrong: Option<&Findings>) {
    match wrong {
        None => info!(
            event = "crls_taken",
            ms = millis(took),
            "fetched revocation lists: new connections are held against them"
        ),
        Some(findings) => {
            log_findings(findings);
            error!(
                event = "crls_not_taken",
                "fetched revocation lists are not in use"
            );
        }
    }
}

/// The files are still being read; nothing changes meanwhile.
pub fn reload_stalled(cause: &str, since: Duration) {
    error!(
        event = "reload_stalled",
        cause,
        seconds = since.as_secs(),
        "the files are still being read: is their disk there? What was served before is served on"
    );
}

/// Settings that were changed, and take effect at the start only.
pub fn needs_restart(settings: &[&str]) {
    if !settings.is_empty() {
        let settings = settings.join(", ");
        warn!(
            event = "needs_restart",
            settings, "changed settings that take effect at the next start only"
        );
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}
