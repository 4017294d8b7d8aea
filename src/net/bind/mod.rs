//! Listening sockets: bound here, or handed over by the service manager.
//!
//! Takes what the operator wrote, hands on sockets of the standard library, so that neither threads nor
//! a runtime are needed before the process has given up its privileges.

pub mod unix;

use std::io;
use std::net::{SocketAddr, TcpListener};

use listenfd::ListenFd;
use socket2::{Domain, SockRef, Socket, TcpKeepalive, Type};

use self::unix::{SocketFile, UnixSettings};
use super::{BoundListener, Listening, LocalAddress};
use crate::config::listen::{ListenAddress, TcpSettings};
use crate::config::unix::Mode;
use crate::findings::{Finding, Findings};

/// How often the kernel asks a silent client, in equal parts of the time that it was silent, before it
/// gives the connection up.
const PROBES: u32 = 4;
/// What a listener beside those for clients has waiting.
const PLAIN_BACKLOG: i32 = 1024;
/// What the kernel takes of an answer beyond what is on its way to the client, in bytes. It would take 4 MiB for a client that
/// reads nothing, which is memory of this container, and CPU to encrypt what nobody reads. A client that does read has
/// as much on its way as its link holds, and half of this until there is more. Half as much cost 7 % of CPU on large answers,
/// this nothing that could be measured.
const UNSENT: u32 = 512 * 1024;
/// How a service manager says which sockets it hands over, sd_listen_fds(3).
const COUNT: &str = "LISTEN_FDS";
const NAMES: &str = "LISTEN_FDNAMES";

/// Sockets that listen.
#[derive(Default)]
pub struct Bound {
    /// All of them.
    pub listeners: Vec<BoundListener>,
    /// The files of unix sockets that are made here.
    pub files: Vec<SocketFile>,
}

/// The sockets of all `listen` addresses, or everything that is in the way. Sockets that are handed over
/// can be taken once. The files of unix sockets will be `owner`'s, user and group.
pub fn bind_all(
    addresses: &[ListenAddress],
    settings: &TcpSettings,
    mode: Mode,
    owner: Option<(u32, u32)>,
) -> Result<Bound, Findings> {
    let mut findings = Findings::default();
    let mut handed = None;
    let mut bound = Bound::default();
    for address in addresses {
        let is_plain = address.is_plain();
        match address {
            ListenAddress::Tcp(tcp) | ListenAddress::Plain(tcp) => {
                let only_v6 = has_own_v4(addresses, *tcp);
                let socket = listen(*tcp, only_v6, settings);
                let ours = || tcp_addresses(&bound.listeners);
                let socket =
                    socket.map_err(|error| unbindable("listen", *tcp, &error, &ours()).into());
                let socket = findings.note(socket).map(Listening::Tcp);
                let listener = socket.map(|socket| BoundListener::of(socket, is_plain));
                bound.listeners.extend(listener);
            }
            ListenAddress::Unix(path) | ListenAddress::PlainUnix(path) => {
                let made = unix::bind(path, &unix_settings(settings, mode, owner));
                if let Some((socket, file)) = findings.note(made.map_err(Findings::from)) {
                    let listener = BoundListener::of(Listening::Unix(socket), is_plain);
                    let named = LocalAddress::Unix(Some(path.path().to_owned()));
                    bound.listeners.push(listener.at(named));
                    bound.files.push(file);
                }
            }
            ListenAddress::Systemd(name) => {
                let handed = handed.get_or_insert_with(Handed::take);
                let taken = handed.sockets(name.as_deref(), settings);
                let taken = taken.map_err(|finding| finding.into());
                let taken = findings.note(taken).into_iter().flatten();
                let taken = taken.map(|socket| BoundListener::of(socket, is_plain));
                bound.listeners.extend(taken);
            }
        }
    }
    match findings.is_empty() {
        true => Ok(bound),
        false => Err(findings),
    }
}

fn unix_settings(settings: &TcpSettings, mode: Mode, owner: Option<(u32, u32)>) -> UnixSettings {
    UnixSettings {
        mode,
        owner,
        backlog: backlog(settings),
    }
}

/// What [`bind_all`] would complain about, and what it could bind of TCP; sockets that are handed over stay where they are.
pub fn try_all(
    addresses: &[ListenAddress],
    settings: &TcpSettings,
    mode: Mode,
    owner: Option<(u32, u32)>,
) -> (Vec<BoundListener>, Findings) {
    let all = addresses.iter();
    let tcp: Vec<_> = all.filter(|one| one.tcp().is_some()).cloned().collect();
    let mut findings = Findings::default();
    let bound = findings.note(bind_all(&tcp, settings, mode, owner));
    for path in addresses.iter().filter_map(ListenAddress::unix) {
        let tried = unix::rehearse(path, &unix_settings(settings, mode, owner));
        findings.note(tried.map_err(Findings::from));
    }
    let mut all = addresses.iter();
    if let Some(address) = all.find(|one| matches!(one, ListenAddress::Systemd(_)))
        && std::env::var_os(COUNT).is_none()
    {
        findings.push(not_handed_over(address));
    }
    (bound.unwrap_or_default().listeners, findings)
}

/// A listener that isn't for clients. `ours` are the addresses that this process has already.
pub fn bind_plain(
    address: SocketAddr,
    setting: &str,
    ours: &[SocketAddr],
) -> Result<TcpListener, Finding> {
    bind(address, false)
        .and_then(|socket| socket.listen(PLAIN_BACKLOG).and(Ok(socket)))
        .map(TcpListener::from)
        .map_err(|error| unbindable(setting, address, &error, ours))
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

fn listen(address: SocketAddr, only_v6: bool, settings: &TcpSettings) -> io::Result<TcpListener> {
    let socket = bind(address, only_v6)?;
    set(&SockRef::from(&socket), settings)?;
    socket.listen(backlog(settings))?;
    Ok(socket.into())
}

fn backlog(settings: &TcpSettings) -> i32 {
    i32::try_from(settings.backlog.0).unwrap_or(i32::MAX)
}

fn bind(address: SocketAddr, only_v6: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        // Whatever net.ipv6.bindv6only says.
        socket.set_only_v6(only_v6)?;
    }
    // A restart must not wait for connections of the last run to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// What connections inherit from their listener (tcp(7)), so that it costs none of them a system call.
fn set(socket: &SockRef<'_>, settings: &TcpSettings) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_notsent_lowat(UNSENT)?;
    if !settings.keepalive.is_zero() {
        let keepalive = TcpKeepalive::new()
            .with_time(settings.keepalive)
            .with_interval((settings.keepalive / PROBES).max(std::time::Duration::from_secs(1)))
            .with_retries(PROBES);
        socket.set_tcp_keepalive(&keepalive)?;
    }
    if !settings.user_timeout.is_zero() {
        socket.set_tcp_user_timeout(Some(settings.user_timeout))?;
    }
    Ok(())
}

/// What the service manager has handed over.
struct Handed {
    sockets: ListenFd,
    names: Vec<String>,
}

impl Handed {
    fn take() -> Self {
        let names = std::env::var(NAMES).unwrap_or_default();
        Self {
            sockets: ListenFd::from_env(),
            names: names.split(':').map(str::to_owned).collect(),
        }
    }

    /// All of them that nobody has taken yet, or those of a name.
    fn sockets(
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
                set(&handed, settings).map_err(wrong)?;
            }
            taken.push(socket);
        }
        match taken.is_empty() {
            true => Err(not_handed_over(&place)),
            false => Ok(taken),
        }
    }
}

fn not_handed_over(address: &ListenAddress) -> Finding {
    Finding::error(format!("listen {address}"), "no such socket was handed over")
        .expected("LISTEN_FDS and LISTEN_PID in the environment, and LISTEN_FDNAMES for names (sd_listen_fds(3))")
        .advice("Start certgate by a systemd .socket unit with ListenStream= and, for systemd:NAME, FileDescriptorName=NAME.")
}

fn unbindable(
    setting: &str,
    address: SocketAddr,
    error: &io::Error,
    ours: &[SocketAddr],
) -> Finding {
    let (port, everywhere) = (address.port(), address.ip().is_unspecified());
    let is_ours = ours.iter().any(|other| {
        let overlaps = everywhere || other.ip().is_unspecified() || other.ip() == address.ip();
        overlaps && other.port() == port
    });
    let finding = Finding::error(
        format!("{setting} {address}"),
        format!("can't be bound: {error}"),
    );
    match error.kind() {
        io::ErrorKind::AddrInUse if is_ours => finding
            .advice("Another one of --listen, --admin and --redirect has it: give each its own port."),
        io::ErrorKind::AddrInUse => finding.advice(
            "Another process listens there: stop it or choose another port (`ss -ltnp` names it).",
        ),
        io::ErrorKind::PermissionDenied => finding.advice(
            "Ports below 1024 need root, CAP_NET_BIND_SERVICE or the sysctl net.ipv4.ip_unprivileged_port_start.",
        ),
        io::ErrorKind::AddrNotAvailable => {
            finding.advice("No interface of this machine has the address: take 0.0.0.0 or [::].")
        }
        _ => finding.advice("Choose another address."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::listen::Backlog;

    const PLAIN: TcpSettings = TcpSettings {
        keepalive: std::time::Duration::ZERO,
        user_timeout: std::time::Duration::ZERO,
        backlog: Backlog(16),
    };

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

    #[test]
    fn connections_inherit_how_they_are_set() {
        let settings = TcpSettings {
            keepalive: std::time::Duration::from_secs(60),
            user_timeout: std::time::Duration::from_secs(300),
            backlog: Backlog(16),
        };
        let listener = listen(([127, 0, 0, 1], 0).into(), false, &settings).unwrap();
        listener.set_nonblocking(false).unwrap();
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let socket = SockRef::from(&accepted);
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), settings.keepalive);
        let interval = socket.tcp_keepalive_interval().unwrap();
        assert_eq!(interval * PROBES, settings.keepalive);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), PROBES);
        let user_timeout = socket.tcp_user_timeout().unwrap();
        assert_eq!(user_timeout, Some(settings.user_timeout));
    }

    #[test]
    fn ipv6_alone_leaves_ipv4_free() {
        // The port is free for IPv4; that it is so for IPv6 as well is likely, not certain.
        let bound = (0..20).find_map(|_| {
            let v4 = listen(([127, 0, 0, 1], 0).into(), false, &PLAIN).unwrap();
            let port = v4.local_addr().unwrap().port();
            let v6 = listen(([0u16; 8], port).into(), true, &PLAIN).ok()?;
            Some((v4, v6, port))
        });
        let (_v4, v6, port) = bound.unwrap();
        drop(v6);
        let both = listen(([0u16; 8], port).into(), false, &PLAIN);
        assert_eq!(both.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
