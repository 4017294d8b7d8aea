//! `--max-connection-age` bounds every connection, a tenth more or less.

use std::time::{Duration, Instant};

use crate::support::balancer;
use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Connection};
use crate::support::endings::*;
use crate::support::http2_client;
use crate::support::pki::Pki;
use crate::support::places;

const AGE: &str = "--max-connection-age=2s";
const LEAST: Duration = Duration::from_millis(1800);

fn gate(flags: &[&str]) -> (Pki, Certgate) {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .file("index.html", "x")
        .arguments(flags)
        .start();
    (pki, gate)
}

fn until_it_ends(connection: &mut Connection, since: Instant) {
    ends_in_order(connection);
    assert!(since.elapsed() >= LEAST, "{:?}", since.elapsed());
}

#[test]
fn with_a_certificate_or_without() {
    let (pki, gate) = gate(&[AGE, "--client-auth=optional", "--close-on=none"]);
    for client in [client::with(&pki.client), client::anonymous()] {
        let since = Instant::now();
        let mut connection = client.connect(gate.address).unwrap();
        goes_on(&mut connection);
        until_it_ends(&mut connection, since);
    }
    let since = Instant::now();
    http2_client::connect(&client::with(&pki.client), gate.address).until_closed();
    assert!(since.elapsed() >= LEAST, "{:?}", since.elapsed());
    closed(&gate, "max_age");
    gate.counts("certgate_connections_closed_total{reason=\"max_age\"}", 3.0);
}

/// A client that never pauses is told with an answer, or finds it closed between two.
#[test]
fn in_the_middle_of_requests() {
    let (pki, gate) = gate(&[AGE]);
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    let since = Instant::now();
    while let Ok(response) = connection.get("/") {
        assert_eq!(response.status, 200);
        if response.header("connection") == Some("close") {
            break;
        }
        assert!(since.elapsed() < crate::support::PATIENCE, "it goes on");
    }
    // Connecting took some of its time.
    assert!(since.elapsed() >= LEAST / 2, "{:?}", since.elapsed());
    closed(&gate, "max_age");
}

#[test]
fn a_request_in_flight_ends_first() {
    let upstream = holding();
    let flag = format!("--upstream=http://{}", upstream.address);
    let (pki, gate) = gate(&[AGE, &flag]);
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    begin(&mut connection, &upstream);
    closed(&gate, "max_age");
    upstream.answer();
    is_the_last_answer(&mut connection);
}

#[test]
fn tunnels_and_websockets_too() {
    for (scheme, websocket) in [("tcp", false), ("http", true)] {
        let (address, gone) = echoing(websocket);
        let flag = format!("--upstream={scheme}://{address}");
        let (pki, gate) = gate(&[AGE, &flag]);
        let since = Instant::now();
        let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
        if websocket {
            upgrade(&mut connection);
        }
        echoes(&mut connection);
        until_it_ends(&mut connection, since);
        gone.recv_timeout(crate::support::PATIENCE).unwrap();
        closed(&gate, "max_age");
    }
}

/// Whoever a load balancer speaks for has no connection but the load balancer's.
#[test]
fn a_websocket_of_a_client_that_a_header_tells() {
    let (address, gone) = echoing(true);
    let upstream = format!("--upstream=http://{address}");
    let header = ["--client-auth=header", "--trusted-proxies=127.0.0.1"];
    let (pki, gate) = gate(&[AGE, &upstream, header[0], header[1]]);
    let since = Instant::now();
    let mut connection = balancer::connect(gate.address);
    let ask = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{}\r\n",
        balancer::field(&pki.client)
    );
    assert_eq!(connection.request(&ask).unwrap().status, 101);
    echoes(&mut connection);
    until_it_ends(&mut connection, since);
    gone.recv_timeout(crate::support::PATIENCE).unwrap();
    closed(&gate, "max_age");
}

/// A bound that is new counts from when they began.
#[test]
fn also_of_those_who_were_there_before_it() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .file("index.html", "x")
        .config("")
        .start();
    let since = Instant::now();
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    goes_on(&mut connection);
    gate.configure("max-connection-age = \"2s\"");
    gate.reload();
    until_it_ends(&mut connection, since);
}

#[test]
fn there_is_no_bound_by_itself() {
    let (pki, gate) = gate(&[]);
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    goes_on(&mut connection);
    let (theirs, short) = self::gate(&[AGE]);
    let mut other = client::with(&theirs.client).connect(short.address).unwrap();
    // That one's time is a measure of this one's.
    ends_in_order(&mut other);
    goes_on(&mut connection);
    assert_eq!(gate.count("connection_closed"), 0);
}
