//! A client that keeps its connection and waits costs what TLS needs, and no buffers.

use crate::support::pki::Pki;
use crate::support::{certgate, client, eventually};

const CONNECTIONS: u64 = 250;
/// Bytes for each. It is about 6,500; hyper's buffers and its state alone would be 20,000 more.
const LIMIT: u64 = 14 * 1024;

#[test]
fn once_they_have_been_answered() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("index.html", "x").start();
    let client = client::with(&pki.client);
    let used = || {
        let mut connection = client.connect(gate.address).unwrap();
        assert_eq!(connection.get("/").unwrap().status, 200);
        connection
    };
    // What is allocated once, and the room of connections that are being answered.
    let warm: Vec<_> = (0..20).map(|_| used()).collect();
    let before = gate.memory();
    let mut held: Vec<_> = (0..CONNECTIONS).map(|_| used()).collect();
    // The answer is here before its connection is at rest.
    eventually("memory to be given back", || {
        let each = gate.memory().saturating_sub(before) * 1024 / CONNECTIONS;
        (each < LIMIT).then_some(())
    });
    for connection in held.iter_mut().chain(&mut { warm }) {
        assert_eq!(connection.get("/").unwrap().status, 200);
    }
}
