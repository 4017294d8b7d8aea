//! The one place that wires the stages: accepted -> handshaken -> permitted -> served.
//!
//! Takes bound listeners and what they serve, runs until a signal has ended it all in order. What can
//! change meanwhile is a [`Snapshot`](snapshot::Snapshot), which [`reload`] replaces.

mod closing;
mod connection;
mod contents;
mod door;
pub mod lists;
mod memory;
mod open;
mod plain;
pub mod reload;
mod run;
mod services;
mod shadow;
pub mod snapshot;
mod stapling;
mod status;
mod successor;
mod watch;
mod workers;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use arc_swap::ArcSwap;

use self::snapshot::{Inputs, Lasting, Snapshot};
use crate::config::Settings;
use crate::findings::Findings;
use crate::net::BoundListener;
use crate::net::socket;
use crate::telemetry::Telemetry;

/// A gateway whose ports are bound: from now on nothing of the configuration can fail.
pub struct Gateway {
    ports: Ports,
    service: Arc<Service>,
    telemetry: Arc<Telemetry>,
    /// How many threads serve.
    workers: usize,
}

/// Bound sockets, and nobody who accepts.
pub struct Ports {
    listeners: Vec<BoundListener>,
    admin: Option<TcpListener>,
    redirect: Option<TcpListener>,
}

/// What the threads share.
struct Service {
    current: ArcSwap<Snapshot>,
    lasting: Lasting,
}

impl Gateway {
    /// Builds the service, or says everything that is in the way. Needs a tokio runtime.
    pub fn prepare(inputs: &Inputs, lasting: Lasting, ports: Ports) -> Result<Self, Findings> {
        let (settings, telemetry) = (&inputs.settings, lasting.telemetry.clone());
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
            telemetry,
            workers: settings.workers.count(),
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

    /// The addresses of the TLS listeners, with the ports that the kernel chose for port 0.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.ports
            .listeners
            .iter()
            .filter(|listener| !listener.is_plain())
            .map(BoundListener::address)
            .collect()
    }

    /// The same of those for plain HTTP.
    pub fn plain_addresses(&self) -> Vec<SocketAddr> {
        self.ports
            .listeners
            .iter()
            .filter(|listener| listener.is_plain())
            .map(BoundListener::address)
            .collect()
    }

    /// The address of the admin port.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.ports
            .admin
            .as_ref()
            .and_then(|admin| admin.local_addr().ok())
    }

    /// The address of the port that sends to https.
    pub fn redirect_address(&self) -> Option<SocketAddr> {
        let redirect = self.ports.redirect.as_ref();
        redirect.and_then(|redirect| redirect.local_addr().ok())
    }
}

impl Ports {
    /// Binds all of them, or says everything that is in the way.
    pub fn bind(settings: &Settings) -> Result<Self, Findings> {
        let mut findings = Findings::default();
        let listeners = socket::bind_all(&settings.listen, &settings.tcp);
        let listeners = findings.note(listeners).into_iter().flatten();
        let listeners = listeners
            .map(|(socket, is_plain)| BoundListener::of(socket, is_plain))
            .collect();
        let admin = settings
            .admin
            .0
            .map(|address| socket::bind_plain(address, "admin"));
        let admin = findings.note(admin.transpose().map_err(Findings::from));
        let redirect = findings.note(bind_redirect(settings));
        match (admin, redirect) {
            (Some(admin), Some(redirect)) if findings.is_empty() => Ok(Self {
                listeners,
                admin,
                redirect,
            }),
            _ => {
                findings.locate(|name| settings.place_of(name));
                Err(findings)
            }
        }
    }

    /// Everything that `bind` would complain about, with nothing left behind.
    pub fn rehearse(settings: &Settings) -> Findings {
        let mut findings = socket::try_all(&settings.listen, &settings.tcp);
        let admin = settings
            .admin
            .0
            .map(|address| socket::bind_plain(address, "admin"));
        findings.note(admin.transpose().map_err(Findings::from));
        findings.note(bind_redirect(settings));
        findings.locate(|name| settings.place_of(name));
        findings
    }
}

fn bind_redirect(settings: &Settings) -> Result<Option<TcpListener>, Findings> {
    let bound = settings.redirect.0;
    let bound = bound.map(|address| socket::bind_plain(address, "redirect"));
    bound.transpose().map_err(Findings::from)
}
