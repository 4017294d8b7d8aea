//! A connection ends when its client's certificate does: what is in flight is brought to its end, and all others go on.

use std::io::Read;
use std::thread;

use crate::support::PATIENCE;
use crate::support::certgate::{Builder, Certgate};
use crate::support::client::{self, Client};
use crate::support::endings::*;
use crate::support::http2_client;
use crate::support::pki::{self, Identity, Pki, Recipe};
use crate::support::places;

/// Time for a few handshakes on a busy machine, in seconds.
const SHORT: i64 = 5;

fn short_lived(pki: &Pki) -> Identity {
    let recipe = Recipe {
        not_after: SHORT,
        ..pki::client("bob")
    };
    recipe.signed_by(&pki.ca)
}

fn with_content(pki: &Pki) -> Builder {
    places::serve(pki).file("index.html", "x")
}

fn proxy(upstream: &Holding, flags: &[&str]) -> (Pki, Certgate) {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .argument(format!("--upstream=http://{}", upstream.address))
        .arguments(flags)
        .start();
    (pki, gate)
}

#[test]
fn idle_and_resumed_and_never_used() {
    let pki = Pki::new();
    let gate = with_content(&pki).start();
    let mut alice = client::with(&pki.client).connect(gate.address).unwrap();
    goes_on(&mut alice);
    let bob = client::with(&short_lived(&pki));
    let mut open = Vec::new();
    for client in [bob.clone().tls12(), bob.clone().tls13()] {
        let mut full = client.connect(gate.address).unwrap();
        goes_on(&mut full);
        let ticket = full.ticket().unwrap();
        let mut resumed = client
            .clone()
            .session(ticket)
            .connect(gate.address)
            .unwrap();
        goes_on(&mut resumed);
        assert!(resumed.resumed());
        open.extend([full, resumed, client.connect(gate.address).unwrap()]);
    }
    gate.counts("certgate_handshakes_total{result=\"full\"}", 5.0);
    open.iter_mut().for_each(ends_in_order);
    let line = closed(&gate, "expiry");
    assert_eq!(line["subject"], "CN=bob,O=Tests");
    assert!(line["client"].is_string() && line["detail"].is_string());
    gate.counts("certgate_connections_closed_total{reason=\"expiry\"}", 6.0);
    goes_on(&mut alice);
}

/// The earliest end of the chain is that of its intermediate CA.
#[test]
fn of_which_any_of_the_chain_may_be_the_first_to_end() {
    let pki = Pki::new();
    let gate = with_content(&pki).start();
    let intermediate = Recipe {
        not_after: SHORT,
        ..pki::authority("Intermediate")
    };
    let intermediate = intermediate.signed_by(&pki.ca);
    let below = client::with(&pki::client("below").signed_by(&intermediate));
    let mut open = below.connect(gate.address).unwrap();
    goes_on(&mut open);
    ends_in_order(&mut open);
    closed(&gate, "expiry");
}

#[test]
fn after_the_request_in_flight() {
    let upstream = holding();
    let (pki, gate) = proxy(&upstream, &[]);
    let bob = client::with(&short_lived(&pki));
    let mut connection = bob.connect(gate.address).unwrap();
    begin(&mut connection, &upstream);
    closed(&gate, "expiry");
    upstream.answer();
    is_the_last_answer(&mut connection);
}

#[test]
fn over_http_2_after_the_streams_in_flight() {
    let upstream = holding();
    let (pki, gate) = proxy(&upstream, &[]);
    let bob = client::with(&short_lived(&pki));
    let idle = http2_client::connect(&bob, gate.address);
    let mut busy = http2_client::connect(&bob, gate.address);
    let asking = thread::spawn(move || {
        let response = busy.request("GET", "/", "");
        (busy, response)
    });
    upstream.is_asked();
    closed(&gate, "expiry");
    idle.until_closed();
    upstream.answer();
    let (busy, response) = asking.join().unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.body()[..]),
        (200, &b"done"[..])
    );
    busy.until_closed();
}

/// Nobody keeps a connection by a request that never ends.
#[test]
fn but_not_after_a_request_without_an_end() {
    let upstream = holding();
    let (pki, gate) = proxy(&upstream, &["--drain-timeout=500ms"]);
    let bob = client::with(&short_lived(&pki));
    let mut one = bob.connect(gate.address).unwrap();
    begin(&mut one, &upstream);
    let mut two = http2_client::connect(&bob, gate.address);
    let asking = thread::spawn(move || {
        let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            two.request("GET", "/", "").status()
        }));
        assert!(asked.is_err(), "{asked:?}");
    });
    upstream.is_asked();
    let end = one.read_to_end(&mut Vec::new());
    let timed_out = end.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock);
    assert!(!timed_out, "still open");
    asking.join().unwrap();
    assert_eq!(gate.event("request")["complete"], false);
}

fn carried(bob: &Client, gate: &Certgate, websocket: bool, ends: bool) -> client::Connection {
    let mut connection = bob.connect(gate.address).unwrap();
    if websocket {
        upgrade(&mut connection);
    }
    echoes(&mut connection);
    if ends {
        ends_in_order(&mut connection);
    }
    connection
}

#[test]
fn at_once_where_there_are_no_requests() {
    for (scheme, websocket) in [("tcp", false), ("http", true)] {
        let (address, gone) = echoing(websocket);
        let pki = Pki::new();
        let gate = places::serve(&pki)
            .argument(format!("--upstream={scheme}://{address}"))
            .start();
        let mut stays = carried(&client::with(&pki.client), &gate, websocket, false);
        let bob = client::with(&short_lived(&pki));
        let _ended = carried(&bob, &gate, websocket, true);
        gone.recv_timeout(PATIENCE).expect("the upstream's end");
        closed(&gate, "expiry");
        echoes(&mut stays);
    }
}

#[test]
fn unless_nobody_wants_that() {
    let pki = Pki::new();
    for flag in ["none", "revocation,rules"] {
        let gate = with_content(&pki)
            .argument(format!("--close-on={flag}"))
            .start();
        let bob = client::with(&short_lived(&pki));
        let mut open = bob.connect(gate.address).unwrap();
        goes_on(&mut open);
        // New ones are refused from then on.
        crate::support::eventually("the certificate's end", || {
            bob.get(gate.address, "/").is_err().then_some(())
        });
        // Also not at a reload, which finds its certificate expired.
        gate.reload();
        gate.reload();
        goes_on(&mut open);
        assert_eq!(gate.count("connection_closed"), 0);
    }
}
