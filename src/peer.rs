//! Where a connection comes from.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// It has an address.
    Ip(SocketAddr),
    /// It came by a unix socket, and nobody has said for whom: there is no address, and none is made up.
    Unix,
}

impl Peer {
    /// At an address as a listener for both families has it: IPv4 clients come under addresses of IPv6 there (RFC 4291
    /// section 2.5.5.2), and are at their IPv4 address here.
    pub fn canonical(address: SocketAddr) -> Self {
        Self::Ip(SocketAddr::new(address.ip().to_canonical(), address.port()))
    }

    /// Its address without the port, an IPv4 one always as such; `None` if it has none.
    pub fn ip(self) -> Option<IpAddr> {
        self.address().map(|address| address.ip().to_canonical())
    }

    /// Its address; `None` if it has none.
    pub fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(address),
            Self::Unix => None,
        }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

/// As log lines have it (nginx: `unix:`).
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}
