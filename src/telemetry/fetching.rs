//! The events of what is fetched: statuses of certificates, and what is kept from URLs.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use tracing::{debug, info, warn};

use super::Telemetry;
use super::events::millis;
use super::metrics::seconds;
use crate::fetch::{FetchError, Url};

/// An OCSP responder was asked about a client's certificate.
pub struct OcspAsked<'a> {
    /// Whom.
    pub responder: &'a Url,
    /// What came of it.
    pub result: OcspResult,
    /// From the question to that.
    pub took: Duration,
}

/// What came of a question to an OCSP responder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OcspResult {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked,
    /// The responder doesn't know.
    Unknown,
    /// No answer to rely on.
    Failed {
        /// Of a closed list: that of [`FetchError`], or that of the answers.
        kind: &'static str,
        /// In words.
        words: String,
    },
}

impl OcspResult {
    /// All labels, so that every one is there from the start.
    pub fn labels() -> impl Iterator<Item = &'static str> {
        let answers = [
            "good",
            "revoked",
            "unknown",
            "malformed",
            "declined",
            "bad_signature",
            "other_certificate",
            "not_current",
        ];
        answers.into_iter().chain(FetchError::LABELS)
    }

    /// The word in logs and metric labels.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
            Self::Failed { kind, .. } => kind,
        }
    }
}

impl OcspAsked<'_> {
    /// Counts; a line for a failure, unless there was one just before.
    pub fn emit(self, telemetry: &Telemetry) {
        let result = self.result.label();
        let metrics = &telemetry.metrics;
        metrics.ocsp_answers.with_label_values(&[result]).inc();
        metrics.ocsp_seconds.observe(seconds(self.took));
        let (responder, ms) = (self.responder, millis(self.took));
        match self.result {
            OcspResult::Failed { words, .. } => {
                if let Some(held_back) = telemetry.throttles.ocsp_failed.pass(Instant::now()) {
                    warn!(event = "ocsp_failed", result, %responder, ms, error = words, held_back, "no status from an OCSP responder");
                }
            }
            _ => debug!(event = "ocsp", result, %responder, ms, "OCSP responder asked"),
        }
    }
}

/// A responder was asked about the server's own certificate.
pub struct StapleFetched<'a> {
    /// Whom.
    pub responder: &'a Url,
    /// What came of it.
    pub result: OcspResult,
    /// From the question to that.
    pub took: Duration,
    /// Until when there is something to staple, in seconds since 1970.
    pub until: Option<i64>,
}

impl StapleFetched<'_> {
    /// One line, one counter, one time.
    pub fn emit(self, telemetry: &Telemetry) {
        let result = self.result.label();
        let metrics = &telemetry.metrics;
        metrics.staple_answers.with_label_values(&[result]).inc();
        metrics.staple_until.set(self.until.unwrap_or(0));
        let (responder, ms) = (self.responder, millis(self.took));
        match self.result {
            OcspResult::Failed { words, .. } => {
                warn!(event = "staple_failed", result, %responder, ms, until = self.until, error = words, "no OCSP status of the server's certificate")
            }
            _ => {
                info!(event = "stapled", result, %responder, ms, until = self.until, "OCSP status of the server's certificate fetched")
            }
        }
    }
}

/// A client was let in although no responder told its status, because `ocsp-policy` is `soft`.
pub fn ocsp_unchecked(telemetry: &Telemetry, words: &str) {
    telemetry.metrics.ocsp_unchecked.inc();
    if let Some(held_back) = telemetry.throttles.ocsp_unchecked.pass(Instant::now()) {
        warn!(
            event = "ocsp_unchecked",
            detail = words,
            held_back,
            "client let in without its status"
        );
    }
}

/// Something that is kept from a URL was fetched again, or not.
pub struct KeptFetched<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Where it comes from.
    pub url: &'a Url,
    /// Whether there is a new version; or the kind of failure, of a closed list, and its words.
    pub result: Result<bool, (&'static str, String)>,
    /// How long it took.
    pub took: Duration,
    /// When that was, in seconds since 1970.
    pub at: i64,
    /// When the newest version is over.
    pub next_update: Option<i64>,
    /// When it will be fetched again.
    pub again_in: Duration,
}

impl KeptFetched<'_> {
    /// One line, one counter, two times.
    pub fn emit(self, telemetry: &Telemetry) {
        let result = match &self.result {
            Ok(true) => "new",
            Ok(false) => "unchanged",
            Err((kind, _)) => kind,
        };
        let metrics = &telemetry.metrics;
        let (name, url, next_update) = (self.name, self.url, self.next_update);
        metrics
            .kept_fetches
            .with_label_values(&[name, result])
            .inc();
        metrics
            .kept_next_update
            .with_label_values(&[name])
            .set(next_update.unwrap_or(0));
        let (ms, again_in) = (millis(self.took), self.again_in.as_secs());
        match self.result {
            Ok(changed) => {
                metrics.kept_success.with_label_values(&[name]).set(self.at);
                match changed {
                    true => {
                        info!(event = "fetched", name, %url, ms, next_update, again_in, "a new version was fetched")
                    }
                    false => {
                        debug!(event = "fetched", name, %url, ms, next_update, again_in, "no new version")
                    }
                }
            }
            Err((kind, error)) => {
                warn!(event = "fetch_failed", name, kind, %url, ms, error, next_update, again_in, "can't fetch it; what is there is kept")
            }
        }
    }
}

/// What was kept on the disk can't be used.
pub fn kept_unreadable(name: &str, directory: &Path, error: &io::Error) {
    warn!(event = "kept_unreadable", name, directory = %directory.display(), error = error.to_string(), "the version on the disk can't be used");
}

/// What was fetched can't be kept on the disk.
pub fn kept_unwritable(name: &str, directory: &Path, error: &io::Error) {
    warn!(event = "kept_unwritable", name, directory = %directory.display(), error = error.to_string(), "what was fetched can't be kept for the next start");
}

/// Nobody wants to know of it any more: a time that grows old would be an alarm for nothing.
pub fn kept_no_more(name: &str, telemetry: &Telemetry) {
    let metrics = &telemetry.metrics;
    // Not there if nothing was fetched yet.
    let _ = metrics.kept_success.remove_label_values(&[name]);
    let _ = metrics.kept_next_update.remove_label_values(&[name]);
}
