//! A load balancer that asks clients for certificates and passes them on, as an AWS ALB in passthrough mode does.

use std::net::{SocketAddr, TcpStream};

use super::PATIENCE;
use super::client::{self, Connection};
use super::duplex::block_on;
use super::http::Response;
use super::pki::Identity;

pub const HEADER: &str = "X-Amzn-Mtls-Clientcert";

/// A chain as such a load balancer writes it: PEM, percent-encoded but for `+=/` and RFC 3986's unreserved.
pub fn written(identity: &Identity) -> String {
    let pem = identity.certificate_pem();
    let encoded = pem.bytes().map(|byte| match byte {
        b'+' | b'=' | b'/' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// The field of this client.
pub fn field(identity: &Identity) -> String {
    format!("{HEADER}: {}\r\n", written(identity))
}

/// A connection to the gate, without a certificate of its own.
pub fn connect(gate: SocketAddr) -> Connection {
    client::anonymous().connect(gate).unwrap()
}

/// `GET` with these fields, line by line.
#[track_caller]
pub fn ask(connection: &mut Connection, path: &str, fields: &str) -> Response {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    connection.request(&request).unwrap()
}

/// A TCP connection from another address of this machine.
pub fn dial_from(from: &str, address: SocketAddr) -> TcpStream {
    let tcp = block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        let from = SocketAddr::new(from.parse().unwrap(), 0);
        socket.bind(from).unwrap();
        socket.connect(address).await.unwrap()
    });
    let tcp = tcp.into_std().unwrap();
    tcp.set_nonblocking(false).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    tcp.set_write_timeout(Some(PATIENCE)).unwrap();
    tcp
}
