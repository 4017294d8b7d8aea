//! Bound listeners, and accepting from them for ever.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};

use super::ClientStream;
use super::proxy_protocol::Via;
use crate::lifecycle::Member;
use crate::telemetry::Telemetry;
use crate::telemetry::events;

/// How long to wait when accepting fails and nothing can be done about it.
const BACK_OFF: Duration = Duration::from_millis(50);
/// What listens where the kernel doesn't tell.
const UNKNOWN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// A bound socket that has an address, and nobody who accepts.
pub struct BoundListener {
    socket: StdListener,
    address: SocketAddr,
}

/// The same in a runtime.
pub struct Listener {
    inner: TcpListener,
    address: SocketAddr,
    telemetry: Arc<Telemetry>,
    /// A descriptor that is given up when there is no other, so that a connection can be accepted, and
    /// closed: its client learns at once that it has to go elsewhere.
    reserve: Option<StdListener>,
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
    /// Of a socket that listens and doesn't block.
    pub fn of(socket: StdListener) -> Self {
        Self {
            address: socket.local_addr().unwrap_or(UNKNOWN),
            socket,
        }
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
        })
    }

    /// Begins to accept in this thread's runtime, or logs why not.
    pub fn listen(self, telemetry: &Arc<Telemetry>) -> Option<Listener> {
        let Self { socket, address } = self;
        let reserve = socket.try_clone();
        let inner = TcpListener::from_std(socket);
        let (inner, reserve) = inner
            .and_then(|inner| Ok((inner, reserve?)))
            .inspect_err(|error| events::accept_failed(telemetry, address, error))
            .ok()?;
        Some(Listener {
            inner,
            address,
            telemetry: telemetry.clone(),
            reserve: Some(reserve),
        })
    }
}

impl Listener {
    /// The next connection. Errors of accept(2) are logged and waited out: other clients' resets,
    /// and a lack of descriptors that ends when connections do. The process waits for the
    /// connection by `member`.
    pub async fn accept(&mut self, member: &Member) -> Connected {
        loop {
            match self.inner.accept().await {
                Ok((stream, client)) => return self.accepted(stream, client, member),
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    events::accept_failed(&self.telemetry, self.address, &error);
                    if !(is_lack_of_descriptors(&error) && self.turn_one_away().await) {
                        tokio::time::sleep(BACK_OFF).await;
                    }
                }
            }
        }
    }

    /// One that waits already, without waiting for any.
    pub async fn accept_waiting(&mut self, member: &Member) -> Option<Connected> {
        let (stream, client) = waiting(&self.inner).await?;
        Some(self.accepted(stream, client, member))
    }

    fn accepted(&self, stream: TcpStream, peer: SocketAddr, member: &Member) -> Connected {
        let open = events::connection_opened(&self.telemetry);
        Connected {
            stream: ClientStream::new(stream, open, member.clone()),
            // A listener for both families has IPv4 clients under addresses of IPv6 (RFC 4291 section 2.5.5.2).
            peer: SocketAddr::new(peer.ip().to_canonical(), peer.port()),
            at: Instant::now(),
        }
    }

    /// Whether the reserve was there to do it with, and is there again.
    async fn turn_one_away(&mut self) -> bool {
        if self.reserve.take().is_some() {
            drop(waiting(&self.inner).await);
        }
        // Any descriptor does; this one needs no file.
        self.reserve = rustix::io::dup(&self.inner).ok().map(StdListener::from);
        self.reserve.is_some()
    }
}

/// What waits to be accepted at this moment.
async fn waiting(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    let accepted = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    accepted.ok()?.ok()
}

fn is_lack_of_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let code = error.raw_os_error();
    [Errno::MFILE, Errno::NFILE]
        .map(|errno| Some(errno.raw_os_error()))
        .contains(&code)
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
