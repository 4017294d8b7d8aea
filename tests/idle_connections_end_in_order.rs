//! An idle connection is closed with close_notify, so that its client can still resume.

use std::io::Read;
use std::time::{Duration, Instant};

use openssl::ssl::ShutdownState;

use crate::support::certgate;
use crate::support::client;
use crate::support::http2_client as http2;
use crate::support::pki::Pki;

#[test]
fn with_close_notify_after_the_header_timeout() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--header-timeout=200ms")
        .start();
    for client in [
        client::with(&pki.client).tls12(),
        client::with(&pki.client).tls13(),
    ] {
        let mut connection = client.connect(gate.address).unwrap();
        assert_eq!(connection.get("/").unwrap().status, 200);
        assert_eq!(connection.read(&mut [0]).unwrap(), 0);
        // An end of TCP alone reads as an end, too, but is none to TLS.
        let state = connection.stream.get_shutdown();
        assert!(state.contains(ShutdownState::RECEIVED), "no close_notify");
        let again = client.session(connection.ticket().unwrap());
        let mut again = again.connect(gate.address).unwrap();
        assert_eq!(again.get("/").unwrap().status, 200);
        assert!(again.resumed());
        assert_eq!(again.read(&mut [0]).unwrap(), 0);
    }
    ends(&gate, 4.0);
}

#[track_caller]
fn ends(gate: &certgate::Certgate, idle: f64) {
    gate.counts("certgate_connections_open", 0.0);
    let count = |kind| gate.metric(&format!("certgate_timeouts_total{{kind=\"{kind}\"}}"));
    assert_eq!((count("idle"), count("header")), (idle, 0.0));
}

#[test]
fn over_http_2_too() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--header-timeout=200ms")
        .start();
    let client = client::with(&pki.client);
    let mut used = http2::connect(&client, gate.address);
    assert_eq!(used.request("GET", "/", "").status(), 200);
    used.until_closed();
    http2::connect(&client, gate.address).until_closed();
    ends(&gate, 2.0);
}

/// Each request is over long before anybody looks whether there is one.
#[test]
fn over_http_2_not_while_requests_come() {
    let pki = Pki::new();
    let limit = Duration::from_millis(1500);
    let gate = certgate::serve(&pki)
        .argument("--header-timeout=1500ms")
        .start();
    let mut used = http2::connect(&client::with(&pki.client), gate.address);
    let start = Instant::now();
    while start.elapsed() < 3 * limit {
        // Panics if the connection has ended.
        assert_eq!(used.request("GET", "/", "").status(), 200);
        std::thread::sleep(Duration::from_millis(20));
    }
    let last = Instant::now();
    used.until_closed();
    // Not by the last request but by the last look, which comes after it.
    assert!(last.elapsed() > limit / 2, "{:?}", last.elapsed());
    ends(&gate, 1.0);
}

#[test]
fn over_http_2_even_without_a_preface() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--header-timeout=200ms")
        .start();
    let silent = client::with(&pki.client).alpn(b"\x02h2");
    let mut connection = silent.connect(gate.address).unwrap();
    // Whatever certgate says first, the end comes; a read that waits for ever would time out.
    let mut bytes = Vec::new();
    let end = connection.read_to_end(&mut bytes);
    let timed_out = end.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock);
    assert!(!timed_out, "still open");
    ends(&gate, 1.0);
}
