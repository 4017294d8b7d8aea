//! PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): what a proxy says of a connection ahead
//! of its bytes.
//!
//! [`parse`] and [`Header::write`] know bytes alone; [`ProxyHeaders::receive`] takes a [`Connected`], hands on
//! an [`Accepted`] whose client is the one at the far end of the proxy.
//!
//! [`Connected`]: super::Connected
//! [`Accepted`]: super::Accepted

mod checksum;
mod fault;
mod parse;
mod receive;
pub mod skip;
#[cfg(test)]
mod tests;
mod tlv;
mod v1;
mod v2;
mod write;

use std::net::SocketAddr;

use crate::peer::Peer;

pub use fault::Fault;
pub use parse::{Looks, looks, parse};
pub use receive::{Failure, ProxyHeaders};
pub use tlv::{ALPN, AUTHORITY, AWS, AWS_VPC_ENDPOINT, SSL, Tlvs, UNIQUE_ID, is_endpoint_id};
pub use write::{TooLong, ssl_value};

/// The longest header that is read, in bytes: as much as HAProxy reads ahead (`tune.bufsize`).
pub const MAX_HEADER: usize = 16 * 1024;

/// What a proxy said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// In which form.
    pub version: Version,
    /// Whose connection it is.
    pub endpoints: Endpoints,
    /// What else; only version 2 has them.
    pub tlvs: Tlvs,
}

/// The forms of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Text (section 2.1).
    V1,
    /// Binary (section 2.2).
    V2,
}

/// Both ends of the connection that the proxy passes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoints {
    /// It is the proxy's own connection (LOCAL): a health check.
    Local,
    /// It doesn't say (UNKNOWN, AF_UNSPEC), or says something that a TCP connection can't be (UDP).
    Unknown,
    /// TCP.
    Tcp {
        /// The client.
        source: SocketAddr,
        /// Where it connected to.
        destination: SocketAddr,
    },
    /// Unix sockets, each path filled up with NULs.
    Unix(Box<[[u8; 108]; 2]>),
}

/// The proxy that a connection came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// Where its connection comes from.
    pub proxy: Peer,
    /// What it said.
    pub header: Header,
}

impl Via {
    /// The AWS VPC endpoint (PrivateLink) that the client came in by.
    pub fn vpc_endpoint(&self) -> Option<&str> {
        self.header.tlvs.vpc_endpoint()
    }
}
