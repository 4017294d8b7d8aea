//! Without a free descriptor, new clients are turned away at once, and come in again when there is one.

use std::io::Read;
use std::net::TcpStream;

use crate::support::certgate;
use crate::support::client::{self, dial};
use crate::support::eventually;
use crate::support::pki::Pki;

fn is_turned_away(mut tcp: &TcpStream) -> bool {
    tcp.set_nonblocking(true).unwrap();
    !matches!(tcp.read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

#[test]
fn a_process_without_descriptors_turns_clients_away_and_recovers() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .after("ulimit -n 64")
        .arguments(&["--handshake-timeout=1h", "--max-connections=1000"]);
    let gate = gate.argument("--workers=1").file("index.html", "x").start();
    // They hold a descriptor each, and say nothing.
    let mut held = Vec::new();
    eventually("the first to be turned away", || {
        held.push(dial(gate.address));
        held.iter().any(is_turned_away).then_some(())
    });
    gate.event("accept_failed");
    for _ in 0..20 {
        let late = dial(gate.address);
        eventually("the next to be turned away", || {
            is_turned_away(&late).then_some(())
        });
    }
    drop(held);
    let client = client::with(&pki.client);
    eventually("a good client to be served", || {
        client
            .get(gate.address, "/")
            .ok()
            .filter(|answer| answer.status == 200)
    });
    // Not before: the admin port needs a descriptor, too.
    assert!(gate.metric("certgate_accept_errors_total") >= 20.0);
    // One line in ten seconds, however many come.
    let lines = gate.log_text().matches("accept_failed").count();
    assert!(lines <= 5, "{lines} lines");
}
