//! Bound listeners, and accepting from them for ever.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket};

use super::ClientStream;
use super::proxy_protocol::Via;
use crate::findings::Finding;
use crate::lifecycle::Member;
use crate::telemetry::Telemetry;
use crate::telemetry::events;

/// How many connections the kernel keeps for us while we are busy.
const BACKLOG: u32 = 4096;
/// How long to wait when the process has no file descriptors left.
const BACK_OFF: Duration = Duration::from_millis(50);

/// A bound socket that has an address, and nobody who accepts.
pub struct BoundListener {
    socket: std::net::TcpListener,
    address: SocketAddr,
    telemetry: Arc<Telemetry>,
}

/// The same in a runtime.
pub struct Listener {
    inner: TcpListener,
    address: SocketAddr,
    telemetry: Arc<Telemetry>,
}

/// A connection before its first byte. Only a [`Listener`] makes one.
pub struct Connected {
    /// The connection.
    pub stream: ClientStream,
    /// Who connected: the client, or a proxy before it.
    pub peer: SocketAddr,
    /// When it was accepted.
    pub at: Instant,
}

/// A connection whose client is known, before the first byte of TLS. Made of a [`Connected`]: as it is, or
/// by [`ProxyHeaders::receive`](super::proxy_protocol::ProxyHeaders::receive).
pub struct Accepted {
    /// The connection.
    pub stream: ClientStream,
    /// The client's address.
    pub client: SocketAddr,
    /// The proxy that says so.
    pub via: Option<Arc<Via>>,
    /// When it was accepted.
    pub at: Instant,
}

impl From<Connected> for Accepted {
    /// Who connected is the client.
    fn from(connected: Connected) -> Self {
        Self {
            stream: connected.stream,
            client: connected.peer,
            via: None,
            at: connected.at,
        }
    }
}

impl BoundListener {
    /// Binds and listens. Needs a tokio runtime.
    pub fn bind(
        address: SocketAddr,
        setting: &str,
        telemetry: Arc<Telemetry>,
    ) -> Result<Self, Finding> {
        let socket = socket(address)
            // Connections inherit it (tcp(7)).
            .and_then(|socket| socket.set_nodelay(true).and(Ok(socket)))
            .and_then(|socket| socket.listen(BACKLOG)?.into_std())
            .map_err(|error| unbindable(setting, address, &error))?;
        Ok(Self {
            address: socket.local_addr().unwrap_or(address),
            socket,
            telemetry,
        })
    }

    /// The address that it is bound to, with the port that the kernel chose for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Another descriptor of the same socket: connections go to whichever accepts first.
    pub fn duplicate(&self) -> io::Result<Self> {
        Ok(Self {
            socket: self.socket.try_clone()?,
            address: self.address,
            telemetry: self.telemetry.clone(),
        })
    }

    /// Begins to accept in this thread's runtime, or logs why not.
    pub fn listen(self) -> Option<Listener> {
        let Self {
            socket,
            address,
            telemetry,
        } = self;
        let inner = TcpListener::from_std(socket)
            .inspect_err(|error| events::accept_failed(&telemetry, address, error))
            .ok()?;
        Some(Listener {
            inner,
            address,
            telemetry,
        })
    }
}

impl Listener {
    /// The next connection. Errors of accept(2) are logged and waited out: other clients' resets,
    /// and a lack of descriptors that ends when connections do. The process waits for the
    /// connection by `member`.
    pub async fn accept(&self, member: &Member) -> Connected {
        loop {
            match self.inner.accept().await {
                Ok((stream, peer)) => {
                    let open = events::connection_opened(&self.telemetry);
                    return Connected {
                        stream: ClientStream::new(stream, open, member.clone()),
                        peer,
                        at: Instant::now(),
                    };
                }
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    events::accept_failed(&self.telemetry, self.address, &error);
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }
}

/// Binds a listener that isn't for clients. Needs a tokio runtime.
pub fn bind_plain(address: SocketAddr, setting: &str) -> Result<TcpListener, Finding> {
    socket(address)
        .and_then(|socket| socket.listen(BACKLOG))
        .map_err(|error| unbindable(setting, address, &error))
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A restart must not wait for connections of the last run to leave TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn unbindable(setting: &str, address: SocketAddr, error: &io::Error) -> Finding {
    let finding = Finding::error(
        format!("{setting} {address}"),
        format!("can't be bound: {error}"),
    );
    match error.kind() {
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

/// Errors that concern one connection only and are gone with it: accept(2), "Error handling".
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
