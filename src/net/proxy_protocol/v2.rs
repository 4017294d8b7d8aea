//! Version 2: the binary form (section 2.2).

use std::net::{IpAddr, SocketAddr};

use super::{Endpoints, Fault, Header, MAX_HEADER, Tlvs, Version, checksum};

pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// What stands before the addresses, in bytes.
pub(super) const FIXED: usize = 16;
pub(super) const LOCAL: u8 = 0x20;
pub(super) const PROXY: u8 = 0x21;
/// Stream sockets of each family.
pub(super) const TCP4: u8 = 0x11;
pub(super) const TCP6: u8 = 0x21;
pub(super) const UNIX: u8 = 0x31;

pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Header, usize)>, Fault> {
    let after = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    let Some(&command) = after.first() else {
        return Ok(None);
    };
    if command >> 4 != 2 {
        return Err(Fault::Version(command >> 4));
    }
    if !matches!(command, LOCAL | PROXY) {
        return Err(Fault::Command(command & 0xf));
    }
    let &[_, family, high, low, ..] = after else {
        return Ok(None);
    };
    if command == PROXY {
        check_family(family)?;
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    if FIXED + length > MAX_HEADER {
        return Err(Fault::TooLong(FIXED + length));
    }
    let Some(header) = bytes.get(..FIXED + length) else {
        return Ok(None);
    };
    let (endpoints, tlvs) = match command {
        // "The receiver must discard the protocol block including the family."
        LOCAL => (Endpoints::Local, Tlvs::default()),
        _ => block(family, header)?,
    };
    let header = Header {
        version: Version::V2,
        endpoints,
        tlvs,
    };
    Ok(Some((header, FIXED + length)))
}

fn check_family(family: u8) -> Result<(), Fault> {
    match (family >> 4, family & 0xf) {
        (4.., _) => Err(Fault::Family(family >> 4)),
        (_, 3..) => Err(Fault::Transport(family & 0xf)),
        _ => Ok(()),
    }
}

/// What a whole header says.
fn block(family: u8, header: &[u8]) -> Result<(Endpoints, Tlvs), Fault> {
    let block = &header[FIXED..];
    let length = match family >> 4 {
        // Nobody knows how long addresses of no family are, and so where TLVs would begin.
        0 => return Ok((Endpoints::Unknown, Tlvs::default())),
        1 => 12,
        2 => 36,
        _ => 216,
    };
    let (addresses, rest) = block
        .split_at_checked(length)
        .ok_or(Fault::Addresses(block.len()))?;
    let tlvs = Tlvs::read(rest)?;
    checksum::verify(header, FIXED + length, &tlvs)?;
    let endpoints = match family {
        TCP4 => tcp::<4>(addresses),
        TCP6 => tcp::<16>(addresses),
        UNIX => unix(addresses),
        // UDP carries no TLS over TCP: nothing that this connection can be.
        _ => None,
    };
    Ok((endpoints.unwrap_or(Endpoints::Unknown), tlvs))
}

fn tcp<const N: usize>(block: &[u8]) -> Option<Endpoints>
where
    IpAddr: From<[u8; N]>,
{
    let (source, rest) = block.split_first_chunk::<N>()?;
    let (destination, ports) = rest.split_first_chunk::<N>()?;
    let &[a, b, c, d] = ports else {
        return None;
    };
    Some(Endpoints::Tcp {
        source: SocketAddr::new((*source).into(), u16::from_be_bytes([a, b])),
        destination: SocketAddr::new((*destination).into(), u16::from_be_bytes([c, d])),
    })
}

fn unix(block: &[u8]) -> Option<Endpoints> {
    let (paths, _) = block.as_chunks::<108>();
    let &[source, destination] = paths else {
        return None;
    };
    Some(Endpoints::Unix(Box::new([source, destination])))
}
