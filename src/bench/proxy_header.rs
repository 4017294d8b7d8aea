//! The PROXY header that a load balancer would send ahead of the handshake.
//!
//! Takes the connection's own addresses; hands on the bytes (haproxy's proxy-protocol.txt).

use std::net::{IpAddr, SocketAddr};

use super::plan::ProxyVersion;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, command PROXY.
const VERSION_COMMAND: u8 = 0x21;
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;

/// The header for a connection from `client` to `server`.
pub fn header(version: ProxyVersion, client: SocketAddr, server: SocketAddr) -> Vec<u8> {
    match version {
        ProxyVersion::V1 => {
            let family = if client.is_ipv4() { "TCP4" } else { "TCP6" };
            let (from, to) = (client.ip(), server.ip());
            let (from_port, to_port) = (client.port(), server.port());
            format!("PROXY {family} {from} {to} {from_port} {to_port}\r\n").into_bytes()
        }
        ProxyVersion::V2 => {
            let (family, length) = if client.is_ipv4() {
                (TCP4, 12)
            } else {
                (TCP6, 36)
            };
            let mut bytes = SIGNATURE.to_vec();
            bytes.extend([VERSION_COMMAND, family, 0, length]);
            for ip in [client.ip(), server.ip()] {
                match ip {
                    IpAddr::V4(ip) => bytes.extend(ip.octets()),
                    IpAddr::V6(ip) => bytes.extend(ip.octets()),
                }
            }
            bytes.extend(client.port().to_be_bytes());
            bytes.extend(server.port().to_be_bytes());
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions() {
        let (client, server) = (
            "10.0.0.1:4000".parse().unwrap(),
            "10.0.0.2:443".parse().unwrap(),
        );
        let v1 = header(ProxyVersion::V1, client, server);
        assert_eq!(v1, b"PROXY TCP4 10.0.0.1 10.0.0.2 4000 443\r\n");
        let v2 = header(ProxyVersion::V2, client, server);
        assert_eq!(
            &v2[12..],
            b"\x21\x11\0\x0c\x0a\0\0\x01\x0a\0\0\x02\x0f\xa0\x01\xbb"
        );
        let (client, server) = ("[::1]:1".parse().unwrap(), "[::1]:2".parse().unwrap());
        assert_eq!(header(ProxyVersion::V2, client, server).len(), 16 + 36);
    }
}
