//! Every port that the settings ask for, bound before anything else is done.

use std::net::{SocketAddr, TcpListener};

use crate::config::Settings;
use crate::findings::Findings;
use crate::net::BoundListener;
use crate::net::bind::{self, SocketFile, UnixSettings};
use crate::startup::privileges;

/// Bound sockets, and nobody who accepts.
pub struct Ports {
    /// Those for clients.
    pub(super) listeners: Vec<BoundListener>,
    /// The files of their unix sockets.
    pub(super) files: Vec<SocketFile>,
    pub(super) beside: Beside,
}

/// The ports that aren't for clients. `None` where there is to be none.
pub(super) struct Beside {
    pub admin: Option<TcpListener>,
    pub redirect: Option<TcpListener>,
}

impl Ports {
    /// Binds all of them.
    ///
    /// # Errors
    /// Everything that is in the way.
    pub fn bind(settings: &Settings) -> Result<Self, Findings> {
        let mut findings = Findings::default();
        let bound = bind::all(&settings.listen, &settings.tcp, &unix_settings(settings));
        let bound = findings.note(bound).unwrap_or_default();
        let beside = Beside::bind(settings, &bound.listeners, &mut findings);
        if findings.is_empty() {
            return Ok(Self {
                listeners: bound.listeners,
                files: bound.files,
                beside,
            });
        }
        findings.locate(|name| settings.place_of(name));
        Err(findings)
    }

    /// Everything that `bind` would complain about, with nothing left behind.
    pub fn rehearse(settings: &Settings) -> Findings {
        // Held to the end: two settings may want the same port.
        let (listeners, mut findings) =
            bind::rehearse(&settings.listen, &settings.tcp, &unix_settings(settings));
        Beside::bind(settings, &listeners, &mut findings);
        findings.locate(|name| settings.place_of(name));
        findings
    }
}

impl Beside {
    /// Binds what can be bound; what is in the way of the rest goes to the findings.
    fn bind(settings: &Settings, listeners: &[BoundListener], findings: &mut Findings) -> Self {
        let mut ours = bind::tcp_addresses(listeners);
        let mut bind = |address: Option<SocketAddr>, setting| {
            let bound = bind::beside(address?, setting, &ours);
            let bound = findings.note(bound.map_err(Findings::from))?;
            ours.extend(bound.local_addr().ok());
            Some(bound)
        };
        Self {
            admin: bind(settings.admin.0, "admin"),
            redirect: bind(settings.redirect.0, "redirect"),
        }
    }
}

fn unix_settings(settings: &Settings) -> UnixSettings {
    // If there is no such user, it is said when the process is to become that one.
    let account = settings.user.as_ref();
    let account = account.and_then(|user| privileges::look_up(user).ok());
    UnixSettings {
        mode: settings.listen_unix_mode,
        owner: account.map(|account| (account.uid.as_raw(), account.gid.as_raw())),
        backlog: settings.tcp.backlog,
    }
}
