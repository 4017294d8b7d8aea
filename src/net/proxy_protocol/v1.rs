//! Version 1: a line of text (section 2.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::{Endpoints, Fault, Header, Tlvs, Version};

pub(super) const SIGNATURE: &[u8] = b"PROXY";
/// The longest line with its CRLF, in bytes.
const LONGEST: usize = 107;

pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Header, usize)>, Fault> {
    let head = &bytes[..bytes.len().min(LONGEST)];
    let Some(end) = head.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
        return match head.len() {
            LONGEST => Err(Fault::EndlessLine),
            _ => Ok(None),
        };
    };
    match head[end..] {
        [b'\r', b'\n', ..] => {}
        [b'\r'] if head.len() < LONGEST => return Ok(None),
        [b'\r'] => return Err(Fault::EndlessLine),
        _ => return Err(Fault::LineEnd),
    }
    let header = Header {
        version: Version::V1,
        endpoints: endpoints(&head[..end])?,
        tlvs: Tlvs::default(),
    };
    Ok(Some((header, end + 2)))
}

fn endpoints(line: &[u8]) -> Result<Endpoints, Fault> {
    // "The receiver must ignore anything presented before the CRLF."
    if line == b"PROXY UNKNOWN" || line.starts_with(b"PROXY UNKNOWN ") {
        return Ok(Endpoints::Unknown);
    }
    let line = std::str::from_utf8(line).map_err(|_| Fault::Fields)?;
    let fields: Vec<&str> = line.split(' ').collect();
    let [
        _,
        family,
        source,
        destination,
        source_port,
        destination_port,
    ] = fields[..]
    else {
        return Err(Fault::Fields);
    };
    if fields[0] != "PROXY" {
        return Err(Fault::Fields);
    }
    let address: fn(&str) -> Option<IpAddr> = match family {
        "TCP4" => address::<Ipv4Addr>,
        "TCP6" => address::<Ipv6Addr>,
        _ => return Err(Fault::Fields),
    };
    let end = |text, number| {
        let address = address(text).ok_or(Fault::Address)?;
        Ok(SocketAddr::new(address, port(number)?))
    };
    Ok(Endpoints::Tcp {
        source: end(source, source_port)?,
        destination: end(destination, destination_port)?,
    })
}

/// std takes no leading zeroes, no zones, nothing around them.
fn address<T: FromStr + Into<IpAddr>>(text: &str) -> Option<IpAddr> {
    text.parse::<T>().ok().map(Into::into)
}

fn port(text: &str) -> Result<u16, Fault> {
    let canonical =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let port = text.parse().ok().filter(|_| canonical);
    port.ok_or(Fault::Port)
}
