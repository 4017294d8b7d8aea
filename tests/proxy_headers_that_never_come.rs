//! Connections that a trusted proxy opens, and says nothing on: behind a load balancer any client can have it open
//! them. They are bounded, and keep out nobody.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, dial};
use crate::support::eventually;
use crate::support::pki::Pki;
use crate::support::proxy_header as header;

const FLOOD: usize = 2000;
/// Of 100 handshakes on two threads.
const SHARE: usize = 50;
const HANDSHAKES: &str = "certgate_connections_refused_total{limit=\"handshakes\"}";
const CONNECTIONS: &str = "certgate_connections_refused_total{limit=\"connections\"}";

/// No clock ends what is silent: the bounds alone do.
fn serve(pki: &Pki, mode: &str) -> Builder {
    certgate::serve(pki)
        .file("index.html", "content")
        .argument(format!("--proxy-protocol={mode}"))
        .arguments(&["--trusted-proxies=127.0.0.1", "--handshake-timeout=1h"])
}

/// A client that the proxy announces.
#[track_caller]
fn is_served(gate: &Certgate, pki: &Pki) {
    let mut tcp = dial(gate.address);
    let header = header::v2("203.0.113.7:4711", "192.0.2.200:443", &[]);
    tcp.write_all(&header).unwrap();
    let connection = client::with(&pki.client).connect_over(tcp);
    let answer = connection.expect("let in").get("/").expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (200, "content"));
}

/// Every fourth has begun with a header that never ends.
fn flood(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let connections = (0..count).map(|number| {
        let mut tcp = dial(address);
        if number % 4 == 0 {
            let _ = tcp.write_all(b"PROXY TCP4 203.0.113.7");
        }
        tcp
    });
    connections.collect()
}

#[test]
fn a_flood_of_them_keeps_nobody_out() {
    let pki = Pki::new();
    for mode in ["required", "auto"] {
        let gate = serve(&pki, mode)
            .arguments(&["--workers=2", "--max-handshakes=100"])
            .start();
        let (before, address) = (gate.memory(), gate.address);
        let mut held = Vec::new();
        // A client goes only if a thread's whole share has come while it answered.
        while held.len() < FLOOD {
            held.extend(flood(address, SHARE - 10));
            is_served(&gate, &pki);
        }
        is_served(&gate, &pki);
        eventually("the bound", || {
            (gate.metric("certgate_connections_open") <= 132.0).then_some(())
        });
        assert!(gate.metric(HANDSHAKES) >= (FLOOD - 132) as f64);
        let line = gate.event("connection_refused");
        assert_eq!(line["limit"], "handshakes", "{line}");
        let memory = gate.memory().saturating_sub(before);
        assert!(memory < 40 * 1024, "{memory} KiB");
        drop(held);
        gate.counts("certgate_connections_open", 0.0);
    }
}

/// Whatever the machine grants: half-open connections never take all the room there is.
#[test]
fn with_few_descriptors_and_no_setting() {
    let pki = Pki::new();
    let gate = serve(&pki, "required")
        .argument("--workers=2")
        .after("ulimit -n 400")
        .start();
    let mut held = Vec::new();
    while held.len() < 600 {
        held.extend(flood(gate.address, SHARE - 10));
        is_served(&gate, &pki);
    }
    assert_eq!(gate.metric(CONNECTIONS), 0.0);
    assert!(gate.metric(HANDSHAKES) > 0.0);
    drop(held);
}

/// The one goes that was silent longest, and it isn't told anything.
#[test]
fn whoever_has_just_said_something_stays() {
    let pki = Pki::new();
    let gate = serve(&pki, "required")
        .arguments(&["--workers=1", "--max-handshakes=2"])
        .start();
    let open = |count| gate.counts("certgate_connections_open", count);
    let mut slow = dial(gate.address);
    open(1.0);
    let mut silent = dial(gate.address);
    open(2.0);
    let header = header::v1("203.0.113.7:4711", "192.0.2.200:443");
    let (begin, rest) = header.split_at(20);
    slow.write_all(begin).unwrap();
    // It was heard once another connection of this thread has been.
    is_heard(&gate, &mut silent, &pki);
    slow.write_all(rest).unwrap();
    let connection = client::with(&pki.client).connect_over(slow);
    let answer = connection.expect("let in").get("/").expect("an answer");
    assert_eq!(answer.status, 200);
}

/// Others come until the silent one has had to go.
#[track_caller]
fn is_heard(gate: &Certgate, silent: &mut TcpStream, pki: &Pki) {
    is_served(gate, pki);
    assert_eq!(silent.read(&mut [0]).expect("closed in order"), 0);
    assert_eq!(gate.metric(HANDSHAKES), 1.0);
}
