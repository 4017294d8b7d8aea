//! From a header to its bytes.

use std::net::{IpAddr, SocketAddr};

use super::tlv::CRC32C;
use super::{Endpoints, Header, Tlvs, Version, checksum, v2};

/// More than the 16 bits of a length can say: so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes, more than the 65535 that a PROXY header can say")]
pub struct TooLong(pub usize);

impl Header {
    /// The bytes. A header of version 2 has its checksum, and must not have one yet.
    ///
    /// # Errors
    /// If it is too long for its length field.
    pub fn write(&self) -> Result<Vec<u8>, TooLong> {
        match self.version {
            Version::V1 => Ok(self.line()),
            Version::V2 => self.binary(),
        }
    }

    fn line(&self) -> Vec<u8> {
        let Some((source, destination)) = self.same_family() else {
            return b"PROXY UNKNOWN\r\n".to_vec();
        };
        let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
        let (from, to) = (source.ip(), destination.ip());
        let (from_port, to_port) = (source.port(), destination.port());
        format!("PROXY {family} {from} {to} {from_port} {to_port}\r\n").into_bytes()
    }

    fn binary(&self) -> Result<Vec<u8>, TooLong> {
        let (command, family, addresses) = match &self.endpoints {
            Endpoints::Local => (v2::LOCAL, 0, Vec::new()),
            Endpoints::Unknown => (v2::PROXY, 0, Vec::new()),
            Endpoints::Unix(paths) => (v2::PROXY, v2::UNIX, paths.concat()),
            Endpoints::Tcp { .. } => self.tcp(),
        };
        let mut bytes = [v2::SIGNATURE, &[command, family, 0, 0], &addresses].concat();
        // Behind addresses of no family nobody looks for TLVs.
        if family != 0 {
            bytes.extend(self.tlvs.bytes());
            bytes.extend([CRC32C, 0, 4, 0, 0, 0, 0]);
        }
        let length = bytes.len() - v2::FIXED;
        let length = u16::try_from(length).map_err(|_| TooLong(length))?;
        bytes[v2::FIXED - 2..v2::FIXED].copy_from_slice(&length.to_be_bytes());
        if family != 0 {
            let at = bytes.len() - 4;
            let checksum = checksum::of(&bytes, at);
            bytes[at..].copy_from_slice(&checksum.to_be_bytes());
        }
        Ok(bytes)
    }

    fn tcp(&self) -> (u8, u8, Vec<u8>) {
        let Some((source, destination)) = self.same_family() else {
            return (v2::PROXY, 0, Vec::new());
        };
        let mut addresses = Vec::with_capacity(36);
        for end in [source, destination] {
            match end.ip() {
                IpAddr::V4(address) => addresses.extend(address.octets()),
                IpAddr::V6(address) => addresses.extend(address.octets()),
            }
        }
        for end in [source, destination] {
            addresses.extend(end.port().to_be_bytes());
        }
        let family = if source.is_ipv4() { v2::TCP4 } else { v2::TCP6 };
        (v2::PROXY, family, addresses)
    }

    /// A header has one family for both ends: an IPv4 address beside an IPv6 one is written as such.
    fn same_family(&self) -> Option<(SocketAddr, SocketAddr)> {
        let Endpoints::Tcp {
            source,
            destination,
        } = self.endpoints
        else {
            return None;
        };
        Some(match source.is_ipv4() == destination.is_ipv4() {
            true => (source, destination),
            false => (mapped(source), mapped(destination)),
        })
    }
}

fn mapped(end: SocketAddr) -> SocketAddr {
    match end.ip() {
        IpAddr::V4(address) => (address.to_ipv6_mapped(), end.port()).into(),
        IpAddr::V6(_) => end,
    }
}

/// The value of the TLV about the client's TLS connection (section 2.2.6): flags, whether it was verified,
/// and TLVs of its own.
pub fn ssl_value(client: u8, verified: bool, parts: &Tlvs) -> Vec<u8> {
    let verify = u32::from(!verified).to_be_bytes();
    [&[client], &verify[..], parts.bytes()].concat()
}
