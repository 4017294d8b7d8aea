//! Each mode of `certgate bench` does what it says, as the server's own counters tell.

use std::io::{Read, Write};

use ::certgate::bench::result::Phase;

use crate::support::certgate::{self, Certgate};
use crate::support::load::{self, bench, https, latency, tls};
use crate::support::pki::Pki;
use crate::support::upstream;

const FULL: &str = "certgate_handshakes_total{result=\"full\"}";
const RESUMED: &str = "certgate_handshakes_total{result=\"resumed\"}";
const SERVED: &str = "certgate_requests_total{status=\"200\"}";

fn gate(pki: &Pki) -> Certgate {
    certgate::serve(pki).file("index.html", "content").start()
}

fn echo_gate(pki: &Pki) -> Certgate {
    let echo = upstream::tcp(|mut stream| {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            if stream.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
    });
    certgate::serve(pki)
        .argument(format!("--upstream=tcp://{echo}"))
        .start()
}

#[test]
fn full() {
    let pki = Pki::new();
    let gate = gate(&pki);
    for version in ["1.2", "1.3"] {
        let before = gate.metric(FULL);
        let arguments = format!("--count 50 --connections 4 --tls-version {version}");
        let result = load::result(bench(&pki, &https(gate.address), &arguments));
        assert_eq!(result.totals.operations, 50);
        assert_eq!((result.totals.handshakes, result.totals.resumed), (50, 0));
        assert_eq!(gate.metric(FULL) - before, 50.0);
        for phase in [
            Phase::Connect,
            Phase::Handshake,
            Phase::FirstByte,
            Phase::Whole,
        ] {
            assert_eq!(latency(&result, phase).count, 50);
        }
        let agreed = &result.negotiated[0];
        assert_eq!(
            (agreed.version.as_str(), agreed.count),
            (&*format!("TLSv{version}"), 50)
        );
        assert_eq!((agreed.alpn.as_str(), agreed.resumed), ("http/1.1", false));
        assert!(
            !agreed.group.is_empty() && !agreed.cipher.is_empty(),
            "{agreed:?}"
        );
    }
    assert_eq!((gate.metric(RESUMED), gate.metric(SERVED)), (0.0, 100.0));
}

#[test]
fn resumed() {
    let pki = Pki::new();
    let gate = gate(&pki);
    for version in ["1.2", "1.3"] {
        let (full, resumed) = (gate.metric(FULL), gate.metric(RESUMED));
        let arguments =
            format!("--mode resumed --count 50 --connections 2 --tls-version {version}");
        let result = load::result(bench(&pki, &https(gate.address), &arguments));
        assert_eq!((result.totals.handshakes, result.totals.resumed), (50, 50));
        assert!(result.negotiated.iter().all(|agreed| agreed.resumed));
        assert_eq!(gate.metric(RESUMED) - resumed, 50.0);
        // One for each connection, to get the first ticket; a thread that came late needed none.
        assert!((1.0..=2.0).contains(&(gate.metric(FULL) - full)));
    }
}

#[test]
fn requests_over_http1_and_http2() {
    let pki = Pki::new();
    let gate = gate(&pki);
    for (http, alpn) in [("1.1", "http/1.1"), ("2 --streams 5", "h2")] {
        let (full, served) = (gate.metric(FULL), gate.metric(SERVED));
        let arguments = format!("--mode requests --count 200 --connections 3 --http {http}");
        let result = load::result(bench(&pki, &https(gate.address), &arguments));
        assert_eq!(
            (result.totals.operations, result.totals.requests),
            (200, 200)
        );
        assert_eq!(gate.metric(SERVED) - served, 200.0);
        assert_eq!(result.totals.handshakes as f64, gate.metric(FULL) - full);
        assert_eq!(result.totals.handshakes, 3);
        assert_eq!(result.negotiated[0].alpn, alpn);
        assert_eq!(latency(&result, Phase::FirstByte).count, 200);
    }
}

#[test]
fn tunnel() {
    let pki = Pki::new();
    let gate = echo_gate(&pki);
    for payload in [1, 100_000] {
        let arguments = format!("--mode tunnel --payload {payload} --count 40 --connections 2");
        let result = load::result(bench(&pki, &tls(gate.address), &arguments));
        let totals = &result.totals;
        assert_eq!((totals.operations, totals.handshakes), (40, 2));
        assert_eq!(
            (totals.bytes_sent, totals.bytes_received),
            (40 * payload, 40 * payload)
        );
    }
}

#[test]
fn handshakes_without_a_request() {
    let pki = Pki::new();
    let gate = echo_gate(&pki);
    let result = load::result(bench(&pki, &tls(gate.address), "--count 20"));
    assert_eq!((result.totals.handshakes, result.totals.requests), (20, 0));
    assert_eq!(gate.metric(FULL), 20.0);
}

#[test]
fn storm() {
    let pki = Pki::new();
    let gate = gate(&pki);
    let result = load::result(bench(
        &pki,
        &https(gate.address),
        "--mode storm --connections 60",
    ));
    assert_eq!((result.totals.operations, result.totals.errors), (60, 0));
    assert_eq!(gate.metric(FULL), 60.0);
}

#[test]
fn idle() {
    let pki = Pki::new();
    let gate = gate(&pki);
    let arguments = format!(
        "--mode idle --connections 50 --duration 1s --server-pid {}",
        gate.pid()
    );
    let result = load::result(bench(&pki, &https(gate.address), &arguments));
    assert_eq!(
        (result.totals.operations, result.totals.requests),
        (50, 100)
    );
    assert_eq!(gate.metric(FULL), 50.0);
    let server = result.server.unwrap();
    assert!(server.memory_per_connection > 1024.0, "{server:?}");
}

#[test]
fn idle_connections_that_the_server_ends() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--header-timeout=500ms")
        .start();
    let arguments = "--mode idle --connections 5 --duration 2s";
    let (result, words) = load::failure(bench(&pki, &https(gate.address), arguments));
    assert_eq!((result.totals.operations, result.totals.errors), (0, 5));
    assert!(words.contains("closed the connection while"), "{words}");
}
