//! The one place that wires the stages: accepted -> handshaken -> permitted -> served.
//!
//! Takes bound listeners and what they serve, runs until a signal has ended it all in order. What can
//! change meanwhile is a [`Snapshot`], which [`reload`] replaces.

mod closing;
mod connection;
mod contents;
mod door;
pub mod lasting;
pub mod lists;
mod memory;
mod open;
mod plain;
mod ports;
mod ready;
pub mod reload;
mod routes;
mod run;
mod services;
mod shadow;
pub mod snapshot;
mod stapling;
mod status;
mod successor;
mod watch;
mod workers;

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;

use self::lasting::Lasting;
use self::snapshot::{Inputs, Snapshot};
use crate::config::Settings;
use crate::findings::Findings;
use crate::net::{BoundListener, LocalAddress};
use crate::telemetry::Telemetry;

pub use self::ports::Ports;

/// A gateway whose ports are bound: from now on nothing of the configuration can fail.
pub struct Gateway {
    ports: Ports,
    service: Arc<Service>,
    /// How many threads serve.
    workers: usize,
}

/// What the threads share.
struct Service {
    current: ArcSwap<Snapshot>,
    lasting: Lasting,
}

impl Gateway {
    /// Builds the service, or says everything that is in the way. Needs a tokio runtime.
    pub fn prepare(inputs: &Inputs, lasting: Lasting, ports: Ports) -> Result<Self, Findings> {
        let snapshot = Snapshot::build(inputs, &lasting, None)?;
        lasting.lists.taken();
        lasting.open.use_snapshot(snapshot.terms.snapshot);
        let service = Service {
            current: ArcSwap::from_pointee(snapshot),
            lasting,
        };
        Ok(Self {
            ports,
            service: Arc::new(service),
            workers: inputs.settings.workers.count(),
        })
    }

    /// Everything that `prepare` would complain about, with nothing left behind; without
    /// inputs, what can be said of the settings alone. Needs a tokio runtime.
    pub fn rehearse(settings: &Settings, inputs: Option<&Inputs>) -> Findings {
        let mut findings = Findings::default();
        let telemetry = Telemetry::new(false).map_err(Findings::from);
        let lasting = telemetry.and_then(|telemetry| Lasting::new(Arc::new(telemetry)));
        let Some(lasting) = findings.note(lasting) else {
            return findings;
        };
        let telemetry = &lasting.telemetry;
        match inputs {
            Some(inputs) => drop(findings.note(Snapshot::build(inputs, &lasting, None))),
            None => findings.extend(Snapshot::rehearse(settings, telemetry)),
        }
        findings.locate(|name| settings.place_of(name));
        findings
    }

    /// Where the TLS listeners are, with the ports that the kernel chose for port 0.
    pub fn addresses(&self) -> impl Iterator<Item = &LocalAddress> {
        let listeners = self.ports.listeners.iter();
        let of_tls = listeners.filter(|listener| !listener.is_plain());
        of_tls.map(BoundListener::address)
    }

    /// The same of those for plain HTTP.
    pub fn plain_addresses(&self) -> impl Iterator<Item = &LocalAddress> {
        let listeners = self.ports.listeners.iter();
        let plain = listeners.filter(|listener| listener.is_plain());
        plain.map(BoundListener::address)
    }

    /// The address of the admin port.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        let admin = self.ports.beside.admin.as_ref();
        admin.and_then(|admin| admin.local_addr().ok())
    }

    /// The address of the port that sends to https.
    pub fn redirect_address(&self) -> Option<SocketAddr> {
        let redirect = self.ports.beside.redirect.as_ref();
        redirect.and_then(|redirect| redirect.local_addr().ok())
    }
}
