//! What an operator sees of the running gateway: log lines and metrics.
//!
//! Each thing that happens is one struct in [`events`]; emitting it writes the line and bumps the
//! metric, so that the two can't disagree. A leaf: every stage may use it, it uses none.

pub mod counts;
pub mod events;
pub mod fetching;
pub mod logs;
pub mod metrics;
pub mod throttle;

use crate::findings::Finding;
use events::limits::LimitThrottles;
use events::overload::TooManyThrottles;
use metrics::Metrics;
use throttle::Throttle;

/// Where events go.
pub struct Telemetry {
    /// The numbers behind `/metrics`.
    pub metrics: Metrics,
    /// Whether requests and tunnels are logged.
    pub access_log: bool,
    /// What a dead responder would flood the log with.
    throttles: Throttles,
}

#[derive(Default)]
struct Throttles {
    accept_failed: Throttle,
    ocsp_failed: Throttle,
    ocsp_unchecked: Throttle,
    limited: LimitThrottles,
    too_many: TooManyThrottles,
    requests_wait: Throttle,
}

impl Telemetry {
    /// All numbers at zero.
    pub fn new(access_log: bool) -> Result<Self, Finding> {
        match Metrics::new() {
            Ok(metrics) => Ok(Self {
                metrics,
                access_log,
                throttles: Throttles::default(),
            }),
            Err(error) => Err(Finding::error("metrics", error.to_string())),
        }
    }
}
