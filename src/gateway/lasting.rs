//! What outlives snapshots.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::lists::Lists;
use super::open::Register;
use super::status::LastReload;
use crate::access::header::HeaderGates;
use crate::findings::{Finding, Findings};
use crate::inventory::Inventory;
use crate::lifecycle::readiness::Readiness;
use crate::limits::Tables;
use crate::net::places::Places;
use crate::telemetry::Telemetry;
use crate::tls::TicketSecret;
use crate::tls::ocsp::Statuses;
use crate::upstream::checks::Checks;

/// What outlives a snapshot, and what all of them share.
pub struct Lasting {
    /// Of this process's own: tickets resume across reloads.
    pub(super) secret: TicketSecret,
    /// What responders said of clients' certificates.
    pub(super) statuses: Arc<Statuses>,
    /// The revocation lists that come from URLs.
    pub lists: Lists,
    /// What requests are decided by whose client a header tells.
    pub(super) header_gates: Arc<HeaderGates>,
    /// How far clients are with their limits.
    pub(super) limits: Arc<Tables>,
    /// Whether the process is ready for more.
    pub(super) readiness: Arc<Readiness>,
    /// Which upstreams are usable, where readiness depends on it.
    pub(super) checks: Arc<Checks>,
    /// How many connections each address has open, where that is bounded.
    pub(super) places: Arc<Places>,
    /// The connections that are open.
    pub(super) open: Arc<Register>,
    /// How many snapshots there were.
    pub(super) snapshots: AtomicU64,
    /// The clients' certificates that were seen.
    pub(super) inventory: Arc<Inventory>,
    /// What came of the last reload.
    pub(super) last_reload: LastReload,
    /// Where events go.
    pub(super) telemetry: Arc<Telemetry>,
}

impl Lasting {
    /// Nothing yet.
    ///
    /// # Errors
    /// If there are no random numbers.
    pub fn new(telemetry: Arc<Telemetry>) -> Result<Self, Findings> {
        let secret = TicketSecret::random()
            .map_err(|error| Findings::from(Finding::error("ticket keys", error.to_string())))?;
        let readiness = Arc::<Readiness>::default();
        Ok(Self {
            checks: Arc::new(Checks::new(readiness.clone(), telemetry.clone())),
            secret,
            statuses: Arc::new(Statuses::new(telemetry.clone())),
            lists: Lists::new(telemetry.clone()),
            header_gates: Arc::default(),
            limits: Arc::default(),
            readiness,
            places: Arc::default(),
            open: Arc::new(Register::new()),
            snapshots: AtomicU64::new(0),
            inventory: Arc::default(),
            last_reload: LastReload::default(),
            telemetry,
        })
    }
}
