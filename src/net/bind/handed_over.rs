//! Sockets that the service manager has bound and hands over (sd_listen_fds(3)).

use std::io;

use listenfd::ListenFd;
use socket2::SockRef;

use super::tcp;
use crate::config::listen::{ListenAddress, TcpSettings};
use crate::findings::Finding;
use crate::net::Listening;

/// How many there are, and their names.
const COUNT: &str = "LISTEN_FDS";
const NAMES: &str = "LISTEN_FDNAMES";

/// Whether the service manager has handed anything over.
pub(super) fn are_any() -> bool {
    std::env::var_os(COUNT).is_some()
}

/// What the service manager has handed over.
pub(super) struct HandedOver {
    sockets: ListenFd,
    names: Vec<String>,
}

impl HandedOver {
    pub(super) fn take() -> Self {
        let names = std::env::var(NAMES).unwrap_or_default();
        Self {
            sockets: ListenFd::from_env(),
            names: names.split(':').map(str::to_owned).collect(),
        }
    }

    /// All of them that nobody has taken yet, or those of a name.
    pub(super) fn sockets(
        &mut self,
        name: Option<&str>,
        settings: &TcpSettings,
    ) -> Result<Vec<Listening>, Finding> {
        let place = ListenAddress::Systemd(name.map(str::to_owned));
        let wrong = |error: io::Error| {
            Finding::error(format!("listen {place}"), format!("can't be used: {error}"))
                .expected("a TCP or unix socket that listens (ListenStream= and Accept=no)")
        };
        let mut taken = Vec::new();
        for index in 0..self.sockets.len() {
            let named = self.names.get(index).map(String::as_str);
            if name.is_some() && named != name {
                continue;
            }
            // One that is none of a kind stays where it is.
            let socket = match self.sockets.take_unix_listener(index) {
                Ok(socket) => socket.map(Listening::Unix),
                Err(_) => {
                    let socket = self.sockets.take_tcp_listener(index).map_err(wrong)?;
                    socket.map(Listening::Tcp)
                }
            };
            let Some(socket) = socket else {
                continue;
            };
            let handed = match &socket {
                Listening::Tcp(socket) => SockRef::from(socket),
                Listening::Unix(socket) => SockRef::from(socket),
            };
            handed.set_nonblocking(true).map_err(wrong)?;
            if !handed.is_listener().map_err(wrong)? {
                return Err(wrong(io::Error::other("the socket doesn't listen")));
            }
            if let Listening::Tcp(_) = socket {
                tcp::set(&handed, settings).map_err(wrong)?;
            }
            taken.push(socket);
        }
        match taken.is_empty() {
            true => Err(missing(&place)),
            false => Ok(taken),
        }
    }
}

/// There is no socket for this address.
pub(super) fn missing(address: &ListenAddress) -> Finding {
    Finding::error(format!("listen {address}"), "no such socket was handed over")
        .expected("LISTEN_FDS and LISTEN_PID in the environment, and LISTEN_FDNAMES for names (sd_listen_fds(3))")
        .advice("Start certgate by a systemd .socket unit with ListenStream= and, for systemd:NAME, FileDescriptorName=NAME.")
}
