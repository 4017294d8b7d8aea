//! However many requests HTTP/2 connections make at once, descriptors are left for others.

use std::sync::{Arc, Condvar, Mutex};

use crate::support::certgate;
use crate::support::client::{self, Client};
use crate::support::eventually;
use crate::support::http2::{Raw, Verdict};
use crate::support::pki::Pki;
use crate::support::upstream;

/// As many as a connection may make.
const STREAMS: u32 = 128;
const CONNECTIONS: u32 = 10;
/// What the process may have.
const DESCRIPTORS: usize = 256;

fn greedy(client: &Client, gate: &certgate::Certgate) -> Raw {
    let connection = client.connect(gate.address).expect("let in");
    let mut raw = Raw::new(connection);
    for stream in 0..STREAMS {
        let fields = [
            (":method", "GET"),
            (":scheme", "https"),
            (":path", "/hangs"),
            (":authority", "localhost"),
        ];
        raw.headers(2 * stream + 1, &fields, true);
    }
    raw
}

#[test]
fn some_are_left_for_others_and_all_are_answered() {
    let pki = Pki::new();
    let goes_on = Arc::new((Mutex::new(false), Condvar::new()));
    let hangs = goes_on.clone();
    let http = upstream::http(move |request| {
        if request.path() == "/hangs" {
            let (may, changed) = &*hangs;
            drop(
                changed
                    .wait_while(may.lock().unwrap(), |may| !*may)
                    .unwrap(),
            );
        }
        upstream::ok("done")
    });
    let gate = certgate::serve(&pki)
        .after(&format!("ulimit -n {DESCRIPTORS}"))
        .argument(format!("--upstream={}", http.url))
        .argument("--client-auth=optional")
        .start();
    let mut greedy: Vec<Raw> = (0..CONNECTIONS)
        .map(|_| greedy(&client::anonymous().alpn(b"\x02h2"), &gate))
        .collect();
    gate.event("requests_wait");
    let descriptors = || {
        let all = std::fs::read_dir(format!("/proc/{}/fd", gate.pid())).unwrap();
        all.count()
    };
    let alice = client::with(&pki.client);
    for _ in 0..10 {
        let response = alice.get(gate.address, "/").expect("let in");
        assert_eq!((response.status, response.text().as_str()), (200, "done"));
        assert_eq!(gate.admin("/readyz").status, 200);
    }
    // Each connection has its own, and one for a request at least.
    assert!(
        http.accepted() > 2 * CONNECTIONS as usize,
        "{}",
        http.accepted()
    );
    let most = DESCRIPTORS * 3 / 4;
    assert!(descriptors() < most, "{}", descriptors());
    assert_eq!(gate.metric("certgate_accept_errors_total"), 0.0);
    let (may, changed) = &*goes_on;
    *may.lock().unwrap() = true;
    changed.notify_all();
    let all = f64::from(STREAMS * CONNECTIONS);
    eventually("all answers", || {
        let answered = gate.metric("certgate_requests_total{status=\"200\"}");
        (answered == all + 10.0).then_some(())
    });
    for raw in &mut greedy {
        assert_eq!(raw.verdict(1), Verdict::Status(200));
    }
}
