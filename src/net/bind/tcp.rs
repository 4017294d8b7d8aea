//! TCP sockets that listen, and how their connections are set.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, TcpKeepalive, Type};

use crate::config::listen::TcpSettings;
use crate::findings::Finding;

/// How often the kernel asks a silent client, in equal parts of the time that it was silent, before it
/// gives the connection up.
const PROBES: u32 = 4;
/// What the kernel takes of an answer beyond what is on its way to the client, in bytes. It would take 4 MiB for a client that
/// reads nothing, which is memory of this container, and CPU to encrypt what nobody reads. A client that does read has
/// as much on its way as its link holds, and half of this until there is more. Half as much cost 7 % of CPU on large answers,
/// this nothing that could be measured.
const UNSENT: u32 = 512 * 1024;
/// How many connections wait to be accepted by a listener beside those for clients (listen(2)).
const BACKLOG_BESIDE: i32 = 1024;

/// A listener for clients. With `only_v6`, one of an IPv6 address takes no IPv4 clients.
pub(super) fn listen(
    address: SocketAddr,
    only_v6: bool,
    settings: &TcpSettings,
) -> io::Result<TcpListener> {
    let socket = bind(address, only_v6)?;
    set(&SockRef::from(&socket), settings)?;
    socket.listen(settings.backlog.0.into())?;
    Ok(socket.into())
}

/// A listener beside those for clients; how clients' connections are set is not for it.
pub(super) fn listen_beside(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = bind(address, false)?;
    socket.listen(BACKLOG_BESIDE)?;
    Ok(socket.into())
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
pub(super) fn set(socket: &SockRef<'_>, settings: &TcpSettings) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_notsent_lowat(UNSENT)?;
    if !settings.keepalive.is_zero() {
        let keepalive = TcpKeepalive::new()
            .with_time(settings.keepalive)
            .with_interval((settings.keepalive / PROBES).max(Duration::from_secs(1)))
            .with_retries(PROBES);
        socket.set_tcp_keepalive(&keepalive)?;
    }
    if !settings.user_timeout.is_zero() {
        socket.set_tcp_user_timeout(Some(settings.user_timeout))?;
    }
    Ok(())
}

/// Why `setting` can't have an address. `ours` are those that this process has already.
pub(super) fn unbindable(
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
        keepalive: Duration::ZERO,
        user_timeout: Duration::ZERO,
        backlog: Backlog(16),
    };

    #[test]
    fn connections_inherit_how_they_are_set() {
        let settings = TcpSettings {
            keepalive: Duration::from_secs(60),
            user_timeout: Duration::from_secs(300),
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
