//! The numbers that a status shows, read at one moment.

use std::collections::BTreeMap;

use prometheus::IntCounterVec;
use serde::Serialize;

use super::Telemetry;
use super::events::shadow::ShadowOutcome;
use crate::refusal::RefusalReason;

/// Since the start.
#[derive(Debug, Clone, Serialize)]
pub struct Counts {
    /// On the TLS listeners.
    pub connections: Connections,
    /// By result.
    pub handshakes: Handshakes,
    /// By reason; those that there were.
    pub refusals: BTreeMap<&'static str, u64>,
    /// Reloads that took effect, and those that didn't.
    pub reloads: Reloads,
    /// What the candidates would have done.
    pub shadow: ShadowCounts,
}

/// On the TLS listeners.
#[derive(Debug, Clone, Serialize)]
pub struct Connections {
    /// Since the start.
    pub accepted: u64,
    /// Now.
    pub open: i64,
}

/// By result.
#[derive(Debug, Clone, Serialize)]
pub struct Handshakes {
    /// With certificates.
    pub full: u64,
    /// With tickets.
    pub resumed: u64,
    /// To the end that the client was refused.
    pub refused: u64,
}

/// By result.
#[derive(Debug, Clone, Serialize)]
pub struct Reloads {
    /// Took effect.
    pub ok: u64,
    /// Changed nothing.
    pub failed: u64,
}

/// By outcome; reasons are those that there were.
#[derive(Debug, Clone, Serialize)]
pub struct ShadowCounts {
    /// Let in by both.
    pub same_accepted: u64,
    /// Refused by both.
    pub same_refused: u64,
    /// Newly refused, by the candidate's reason.
    pub would_refuse: BTreeMap<&'static str, u64>,
    /// Newly let in, by the reason for which they are refused.
    pub would_admit: BTreeMap<&'static str, u64>,
    /// Nobody knows.
    pub failed: u64,
}

impl Telemetry {
    /// The numbers of now.
    pub fn counts(&self) -> Counts {
        let metrics = &self.metrics;
        let result = |of: &IntCounterVec, label| of.with_label_values(&[label]).get();
        let shadow = |outcome, reason| metrics.shadow.with_label_values(&[outcome, reason]).get();
        let [accepted, refused, refuses, admits, failed] = ShadowOutcome::LABELS;
        let by_reason = |outcome| {
            nonzero(&ShadowOutcome::REASONS, |reason| {
                shadow(outcome, reason.label())
            })
        };
        Counts {
            connections: Connections {
                accepted: metrics.connections_accepted.get(),
                open: metrics.connections_open.get(),
            },
            handshakes: Handshakes {
                full: result(&metrics.handshakes, "full"),
                resumed: result(&metrics.handshakes, "resumed"),
                refused: result(&metrics.handshakes, "refused"),
            },
            refusals: nonzero(&RefusalReason::ALL, |reason| {
                result(&metrics.refusals, reason.label())
            }),
            reloads: Reloads {
                ok: result(&metrics.reloads, "ok"),
                failed: result(&metrics.reloads, "failed"),
            },
            shadow: ShadowCounts {
                same_accepted: shadow(accepted, ""),
                same_refused: shadow(refused, ""),
                would_refuse: by_reason(refuses),
                would_admit: by_reason(admits),
                failed: shadow(failed, ""),
            },
        }
    }

    /// How many client certificates expire when, by the label of each part.
    pub fn client_certificates(&self, parts: impl IntoIterator<Item = (&'static str, u64)>) {
        for (label, count) in parts {
            let gauge = self.metrics.client_certificates.with_label_values(&[label]);
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

fn nonzero(
    reasons: &[RefusalReason],
    count: impl Fn(RefusalReason) -> u64,
) -> BTreeMap<&'static str, u64> {
    let counts = reasons
        .iter()
        .map(|reason| (reason.label(), count(*reason)));
    counts.filter(|(_, count)| *count > 0).collect()
}
