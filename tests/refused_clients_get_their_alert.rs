//! A client that has sent a large request before it can learn of its refusal still reads the alert.
//!
//! In TLS 1.3 the client is done with the handshake before the server has seen its certificate. A
//! server that closes while a request is on its way answers with a reset, which drops the alert.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use crate::support::certgate;
use crate::support::client::{self, Client};
use crate::support::pki::{self, Pki};

const TRIES: usize = 50;

/// Sends the whole request, and reads.
fn post_and_read(client: &Client, address: SocketAddr) -> String {
    let mut connection = client.connect(address).unwrap();
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 204800\r\n\r\n";
    let request = [head.as_bytes(), &[b'x'; 204_800]].concat();
    match connection.write_all(&request) {
        Ok(()) => {}
        Err(error) => return format!("while writing: {error}"),
    }
    match connection.read(&mut [0; 1024]) {
        Ok(read) => format!("{read} bytes"),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => "reset".to_owned(),
        Err(error) => client::words(&error),
    }
}

#[test]
fn after_a_large_request_in_tls_1_3() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let stranger = pki::client("alice").signed_by(&pki::authority("Other CA").self_signed());
    for (client, alert) in [
        (client::anonymous(), "alert certificate required"),
        (client::with(&stranger), "alert unknown ca"),
    ] {
        let client = client.tls13();
        for attempt in 0..TRIES {
            let words = post_and_read(&client, gate.address);
            assert!(words.contains(alert), "try {attempt}: {words}");
        }
    }
}
