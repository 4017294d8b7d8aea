//! Upstreams that are checked because readiness depends on them.

use std::fmt::Display;

use tracing::{debug, info, warn};

use crate::telemetry::Telemetry;

/// An upstream was found to be usable, or not, and it was otherwise before or nobody knew.
pub struct UpstreamChecked<'a, A> {
    /// As the operator wrote it: the label, so that there are as many as are set.
    pub address: &'a A,
    /// What it is now.
    pub usable: bool,
    /// Why it isn't.
    pub error: Option<&'a str>,
}

impl<A: Display> UpstreamChecked<'_, A> {
    /// A gauge; a line at debug only: what it means for the process is an event of its own.
    pub fn emit(self, telemetry: &Telemetry) {
        let address = self.address.to_string();
        let gauge = &telemetry.metrics.upstream_usable;
        gauge
            .with_label_values(&[&address])
            .set(i64::from(self.usable));
        debug!(
            event = "upstream_checked",
            upstream = address,
            usable = self.usable,
            error = self.error,
            "upstream checked"
        );
    }
}

/// Nobody checks it any more.
pub fn unchecked(telemetry: &Telemetry, address: &impl Display) {
    let gauge = &telemetry.metrics.upstream_usable;
    // It may never have been judged.
    let _ = gauge.remove_label_values(&[&address.to_string()]);
}

/// Readiness has changed by what upstreams are like.
pub struct UpstreamsJudged<'a> {
    /// Whether there are as many as `ready-upstreams` wants.
    pub enough: bool,
    /// Those that can't be used, and why.
    pub unusable: &'a str,
}

impl UpstreamsJudged<'_> {
    /// A line. The number is that of [`Telemetry::ready`], which has other causes, too.
    pub fn emit(self) {
        match self.enough {
            true => info!(
                event = "upstreams_usable",
                unusable = self.unusable,
                "enough upstreams are usable: ready, as far as they go"
            ),
            false => warn!(
                event = "upstreams_unusable",
                unusable = self.unusable,
                "not ready: upstreams aren't usable"
            ),
        }
    }
}

impl Telemetry {
    /// Whether load balancers are told to come.
    pub fn ready(&self, is_ready: bool) {
        self.metrics.ready.set(i64::from(is_ready));
    }
}
