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
mod ready;
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
use crate::net::bind;
use crate::net::bind::unix::SocketFile;
use crate::net::{BoundListener, LocalAddress};
use crate::startup::privileges;
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
    /// Those of unix sockets.
    files: Vec<SocketFile>,
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
        let (mode, owner) = (settings.listen_unix_mode, owner(settings));
        let bound = bind::bind_all(&settings.listen, &settings.tcp, mode, owner);
        let bound = findings.note(bound).unwrap_or_default();
        let ours = bind::tcp_addresses(&bound.listeners);
        let (admin, redirect) = bind_others(settings, ours, &mut findings);
        match (admin, redirect) {
            (Some(admin), Some(redirect)) if findings.is_empty() => Ok(Self {
                listeners: bound.listeners,
                files: bound.files,
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
        let (mode, owner) = (settings.listen_unix_mode, owner(settings));
        // Held to the end: two settings may want the same port.
        let (listeners, mut findings) = bind::try_all(&settings.listen, &settings.tcp, mode, owner);
        bind_others(settings, bind::tcp_addresses(&listeners), &mut findings);
        findings.locate(|name| settings.place_of(name));
        findings
    }
}

/// The admin port and that of `redirect`, each `None` if it can't be bound. `ours` are the addresses of the listeners.
fn bind_others(
    settings: &Settings,
    mut ours: Vec<SocketAddr>,
    findings: &mut Findings,
) -> (Option<Option<TcpListener>>, Option<Option<TcpListener>>) {
    let mut bind = |address: Option<SocketAddr>, setting| {
        let bound = address.map(|address| bind::bind_plain(address, setting, &ours));
        let bound = findings.note(bound.transpose().map_err(Findings::from));
        let bound_at = |socket: &TcpListener| socket.local_addr().ok();
        ours.extend(bound.iter().flatten().filter_map(bound_at));
        bound
    };
    let admin = bind(settings.admin.0, "admin");
    (admin, bind(settings.redirect.0, "redirect"))
}

/// Whom the process becomes. If there is no such user, it says so when it does.
fn owner(settings: &Settings) -> Option<(u32, u32)> {
    let account = privileges::look_up(settings.user.as_ref()?).ok()?;
    Some((account.uid.as_raw(), account.gid.as_raw()))
}
