//! Listeners: bound here, or handed over by the service manager.
//!
//! Takes what the operator wrote, hands on sockets of the standard library, so that neither threads nor
//! a runtime are needed before the process has given up its privileges.

mod handed_over;
mod tcp;
mod unix;

use std::net::{SocketAddr, TcpListener};

use self::handed_over::HandedOver;
use super::{BoundListener, Listening, LocalAddress};
use crate::config::listen::{ListenAddress, TcpSettings};
use crate::findings::{Finding, Findings};

pub use self::unix::{SocketFile, UnixSettings};

/// Sockets that listen.
#[derive(Default)]
pub struct Bound {
    /// All of them.
    pub listeners: Vec<BoundListener>,
    /// The files of unix sockets that are made here.
    pub files: Vec<SocketFile>,
}

/// The sockets of all `listen` addresses. Those that are handed over can be taken once.
///
/// # Errors
/// Everything that is in the way.
pub fn all(
    addresses: &[ListenAddress],
    tcp: &TcpSettings,
    unix: &UnixSettings,
) -> Result<Bound, Findings> {
    let mut findings = Findings::default();
    let mut bound = Bound::default();
    let mut handed_over = None;
    for address in addresses {
        let is_plain = address.is_plain();
        let listener = |socket| BoundListener::of(socket, is_plain);
        let made = match address {
            ListenAddress::Tcp(at) | ListenAddress::Plain(at) => {
                tcp::listen(*at, has_own_v4(addresses, *at), tcp)
                    .map(|socket| bound.listeners.push(listener(Listening::Tcp(socket))))
                    .map_err(|error| {
                        tcp::unbindable("listen", *at, &error, &tcp_addresses(&bound.listeners))
                    })
            }
            ListenAddress::Unix(path) | ListenAddress::PlainUnix(path) => unix::bind(path, unix)
                .map(|(socket, file)| {
                    let named = LocalAddress::Unix(Some(path.path().to_owned()));
                    let listener = listener(Listening::Unix(socket)).at(named);
                    bound.listeners.push(listener);
                    bound.files.push(file);
                }),
            ListenAddress::Systemd(name) => handed_over
                .get_or_insert_with(HandedOver::take)
                .sockets(name.as_deref(), tcp)
                .map(|sockets| bound.listeners.extend(sockets.into_iter().map(listener))),
        };
        findings.note(made.map_err(Findings::from));
    }
    match findings.is_empty() {
        true => Ok(bound),
        false => Err(findings),
    }
}

/// What [`all`] would complain about, and what it could bind of TCP; sockets that are handed over stay where they are.
pub fn rehearse(
    addresses: &[ListenAddress],
    tcp: &TcpSettings,
    unix: &UnixSettings,
) -> (Vec<BoundListener>, Findings) {
    let of_tcp = addresses.iter().filter(|one| one.tcp().is_some());
    let of_tcp: Vec<_> = of_tcp.cloned().collect();
    let mut findings = Findings::default();
    let bound = findings.note(all(&of_tcp, tcp, unix));
    for path in addresses.iter().filter_map(ListenAddress::unix) {
        let tried = unix::rehearse(path, unix);
        findings.note(tried.map_err(Findings::from));
    }
    let is_handed_over = |one: &&ListenAddress| matches!(one, ListenAddress::Systemd(_));
    if let Some(address) = addresses.iter().find(is_handed_over)
        && !handed_over::are_any()
    {
        findings.push(handed_over::missing(address));
    }
    (bound.unwrap_or_default().listeners, findings)
}

/// A listener that isn't for clients. `ours` are the addresses that this process has already.
///
/// # Errors
/// What is in the way.
pub fn beside(
    address: SocketAddr,
    setting: &str,
    ours: &[SocketAddr],
) -> Result<TcpListener, Finding> {
    tcp::listen_beside(address).map_err(|error| tcp::unbindable(setting, address, &error, ours))
}

/// Where those of them listen that have an address and a port.
pub fn tcp_addresses(listeners: &[BoundListener]) -> Vec<SocketAddr> {
    let addresses = listeners.iter().map(BoundListener::address);
    addresses.filter_map(LocalAddress::tcp).collect()
}

/// Whether an IPv4 listener has the port, too: `[::]` then takes IPv6 alone.
fn has_own_v4(addresses: &[ListenAddress], address: SocketAddr) -> bool {
    let mut others = addresses.iter().filter_map(ListenAddress::tcp);
    address.port() != 0 && others.any(|other| other.is_ipv4() && other.port() == address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_with_a_listener_of_its_own_for_ipv4_is_left_to_it() {
        let addresses = [
            "0.0.0.0:443",
            "[::]:443",
            "[::]:8443",
            "[::]:0",
            "0.0.0.0:0",
        ];
        let addresses = addresses.map(|text| text.parse::<ListenAddress>().unwrap());
        let own = addresses.iter().map(|address| {
            let tcp = address.tcp().unwrap();
            tcp.is_ipv6() && has_own_v4(&addresses, tcp)
        });
        assert_eq!(own.collect::<Vec<_>>(), [false, true, false, false, false]);
    }
}
