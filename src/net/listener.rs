//! Bound listeners, and accepting from them for ever.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::acceptor::{Acceptor, Listening, LocalAddress};
use super::proxy_protocol::Via;
use super::stream::{ClientStream, Socket};
use crate::lifecycle::Member;
use crate::peer::Peer;
use crate::telemetry::Telemetry;
use crate::telemetry::events;

/// How long to wait when accepting fails and nothing can be done about it.
const BACK_OFF: Duration = Duration::from_millis(50);

/// A bound socket that has an address, and nobody who accepts.
pub struct BoundListener {
    socket: Listening,
    address: LocalAddress,
    is_plain: bool,
}

/// The same in a runtime.
pub struct Listener {
    inner: Acceptor,
    address: LocalAddress,
    telemetry: Arc<Telemetry>,
    /// A descriptor that is given up when there is no other, so that a connection can be accepted, and
    /// closed: its client learns at once that it has to go elsewhere.
    reserve: Option<OwnedFd>,
}

/// A connection before its first byte. Only a [`Listener`] makes one.
pub struct Connected {
    /// The connection.
    pub stream: ClientStream,
    /// Who connected: the client, or a proxy before it.
    pub peer: Peer,
    /// When it was accepted.
    pub at: Instant,
}

/// A connection whose client is known, before the first byte of TLS. Made of a [`Connected`]: as it is, or
/// by [`ProxyHeaders::receive`](super::proxy_protocol::ProxyHeaders::receive).
pub struct Accepted {
    /// The connection.
    pub stream: ClientStream,
    /// Where the client comes from.
    pub client: Peer,
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
    pub fn of(socket: Listening, is_plain: bool) -> Self {
        Self {
            is_plain,
            address: socket.address(),
            socket,
        }
    }

    /// The same of one that has got another name than it was bound to.
    pub fn at(self, address: LocalAddress) -> Self {
        Self { address, ..self }
    }

    /// Whether it is for plain HTTP, not for TLS.
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Where it listens, with the port that the kernel chose for port 0.
    pub fn address(&self) -> &LocalAddress {
        &self.address
    }

    /// Another descriptor of the same socket: connections go to whichever accepts first.
    pub fn duplicate(&self) -> io::Result<Self> {
        Ok(Self {
            socket: self.socket.try_clone()?,
            address: self.address.clone(),
            is_plain: self.is_plain,
        })
    }

    /// Begins to accept in this thread's runtime, or logs why not.
    pub fn listen(self, telemetry: &Arc<Telemetry>) -> Option<Listener> {
        let Self {
            socket, address, ..
        } = self;
        let reserve = socket.try_clone();
        let inner = socket.accepting();
        let (inner, reserve) = inner
            .and_then(|inner| Ok((inner, reserve?)))
            .inspect_err(|error| events::accept_failed(telemetry, &address, error))
            .ok()?;
        Some(Listener {
            inner,
            address,
            telemetry: telemetry.clone(),
            reserve: Some(reserve.into()),
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
                Ok((socket, peer)) => return self.accepted(socket, peer, member),
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    events::accept_failed(&self.telemetry, &self.address, &error);
                    if !(is_lack_of_descriptors(&error) && self.turn_one_away().await) {
                        tokio::time::sleep(BACK_OFF).await;
                    }
                }
            }
        }
    }

    /// One that waits already, without waiting for any.
    pub async fn accept_waiting(&mut self, member: &Member) -> Option<Connected> {
        let (socket, peer) = waiting(&self.inner).await?;
        Some(self.accepted(socket, peer, member))
    }

    fn accepted(&self, socket: Socket, peer: Peer, member: &Member) -> Connected {
        let open = events::connection_opened(&self.telemetry);
        Connected {
            stream: ClientStream::new(socket, open, member.clone()),
            peer,
            at: Instant::now(),
        }
    }

    /// Whether the reserve was there to do it with, and is there again.
    async fn turn_one_away(&mut self) -> bool {
        if self.reserve.take().is_some() {
            drop(waiting(&self.inner).await);
        }
        // Any descriptor does; this one needs no file.
        self.reserve = rustix::io::dup(&self.inner).ok();
        self.reserve.is_some()
    }
}

/// What waits to be accepted at this moment.
async fn waiting(listener: &Acceptor) -> Option<(Socket, Peer)> {
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
