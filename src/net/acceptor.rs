//! What accepts: a TCP or a unix socket, before there is a runtime and in one.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::SocketAddr as UnixAddress;
use std::path::PathBuf;

use super::stream::Socket;
use crate::peer::Peer;

/// A socket that listens and doesn't block.
pub enum Listening {
    /// TCP.
    Tcp(std::net::TcpListener),
    /// A unix socket.
    Unix(std::os::unix::net::UnixListener),
}

/// The same in a runtime.
pub enum Acceptor {
    /// TCP.
    Tcp(tokio::net::TcpListener),
    /// A unix socket.
    Unix(tokio::net::UnixListener),
}

/// Where a socket listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalAddress {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A path; `None` if it has none (an abstract socket that was handed over).
    Unix(Option<PathBuf>),
    /// The kernel doesn't tell.
    Unknown,
}

impl LocalAddress {
    /// The address and port, of one that has them.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) | Self::Unknown => None,
        }
    }
}

impl Listening {
    /// Another descriptor of the same socket.
    pub fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(socket) => socket.try_clone().map(Self::Tcp),
            Self::Unix(socket) => socket.try_clone().map(Self::Unix),
        }
    }

    /// Where the kernel says that it listens.
    pub fn address(&self) -> LocalAddress {
        let path = |address: UnixAddress| address.as_pathname().map(PathBuf::from);
        let address = match self {
            Self::Tcp(socket) => socket.local_addr().map(LocalAddress::Tcp),
            Self::Unix(socket) => socket.local_addr().map(path).map(LocalAddress::Unix),
        };
        address.unwrap_or(LocalAddress::Unknown)
    }

    /// Begins to accept in this thread's runtime.
    pub fn accepting(self) -> io::Result<Acceptor> {
        match self {
            Self::Tcp(socket) => tokio::net::TcpListener::from_std(socket).map(Acceptor::Tcp),
            Self::Unix(socket) => tokio::net::UnixListener::from_std(socket).map(Acceptor::Unix),
        }
    }
}

impl Acceptor {
    /// The next connection, as accept(2) has it. Losing the future loses no connection.
    pub async fn accept(&self) -> io::Result<(Socket, Peer)> {
        match self {
            Self::Tcp(socket) => {
                let (socket, address) = socket.accept().await?;
                Ok((Socket::Tcp(socket), Peer::canonical(address)))
            }
            Self::Unix(socket) => {
                let (socket, _) = socket.accept().await?;
                Ok((Socket::Unix(socket), Peer::Unix))
            }
        }
    }
}

impl AsFd for Acceptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Unix(socket) => socket.as_fd(),
        }
    }
}

impl From<Listening> for OwnedFd {
    fn from(socket: Listening) -> Self {
        match socket {
            Listening::Tcp(socket) => socket.into(),
            Listening::Unix(socket) => socket.into(),
        }
    }
}

/// As `listen` has it.
impl fmt::Display for LocalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Self::Unix(None) => f.write_str("unix"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}
