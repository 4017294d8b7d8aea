//! SIGTERM and SIGINT: no new connections, requests in flight come to their end, exit 0.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, mpsc};
use std::time::Instant;

use openssl::sha::Sha256;
use openssl::ssl::ShutdownState;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Connection};
use crate::support::http;
use crate::support::http2_client;
use crate::support::pki::Pki;
use crate::support::{PATIENCE, eventually, upstream};

/// More than the kernel keeps for a client that doesn't read.
const LARGE: usize = 48 << 20;

/// A document root with a file whose hash is returned.
fn with_large_file(pki: &Pki) -> (Builder, [u8; 32]) {
    let builder = certgate::serve(pki).file("index.html", "small");
    let mut file = File::create(builder.directory().join("html/large.bin")).unwrap();
    let mut hash = Sha256::new();
    let mut block: Vec<u8> = (0..1u32 << 20).map(|n| ((n * 31) >> 3) as u8).collect();
    for number in 0..LARGE / block.len() {
        block[0] = number as u8;
        hash.update(&block);
        file.write_all(&block).unwrap();
    }
    (builder, hash.finish())
}

/// A request whose answer has begun and can't end before the client reads on.
fn in_flight(gate: &Certgate, pki: &Pki) -> Connection {
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    let request = b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n";
    connection.write_all(request).unwrap();
    let head = http::read_response(&mut connection, true).unwrap();
    assert_eq!(head.status, 200);
    connection
}

fn until_nobody_listens(gate: &Certgate) {
    eventually("the listener to close", || {
        TcpStream::connect(gate.address).is_err().then_some(())
    });
}

/// In TLS 1.3 the server may not have seen the end of the handshake yet when its client is done.
fn until_handshaken(gate: &Certgate, count: f64) {
    eventually("the handshakes", || {
        let done = gate.metric("certgate_handshakes_total{result=\"full\"}");
        (done == count).then_some(())
    });
}

fn stopped(gate: &Certgate) -> String {
    gate.event("stopped").to_string()
}

#[test]
fn an_idle_gateway_ends_at_once() {
    let pki = Pki::new();
    for signal in ["TERM", "INT"] {
        let mut gate = certgate::serve(&pki).start();
        let start = Instant::now();
        gate.signal(signal);
        assert_eq!(gate.exit_code(), Some(0), "{signal}");
        assert!(start.elapsed() < PATIENCE / 2, "{:?}", start.elapsed());
        assert_eq!(gate.event("draining")["signal"], format!("SIG{signal}"));
        assert!(stopped(&gate).contains("everything in flight is done"));
    }
}

#[test]
fn a_request_in_flight_is_brought_to_its_end() {
    let pki = Pki::new();
    for signal in ["TERM", "INT"] {
        let (builder, expected) = with_large_file(&pki);
        let mut gate = builder.start();
        let mut connection = in_flight(&gate, &pki);
        gate.signal(signal);
        until_nobody_listens(&gate);
        assert!(gate.child.try_wait().unwrap().is_none(), "it waits");
        let (mut hash, mut left) = (Sha256::new(), LARGE);
        let mut buffer = vec![0; 1 << 16];
        while left > 0 {
            let read = connection.read(&mut buffer).unwrap();
            assert_ne!(read, 0, "{left} bytes are missing");
            hash.update(&buffer[..read]);
            left -= read;
        }
        assert_eq!(hash.finish(), expected);
        assert_eq!(connection.read(&mut buffer).unwrap(), 0, "then it closes");
        drop(connection);
        assert_eq!(gate.exit_code(), Some(0));
        assert!(stopped(&gate).contains("everything in flight is done"));
        let line = gate.event("request");
        assert_eq!(
            (&line["complete"], &line["bytes"]),
            (&true.into(), &LARGE.into())
        );
    }
}

#[test]
fn idle_connections_are_closed() {
    let pki = Pki::new();
    let mut gate = certgate::serve(&pki).file("index.html", "x").start();
    let client = client::with(&pki.client);
    let mut used = client.connect(gate.address).unwrap();
    assert_eq!(used.get("/").unwrap().status, 200);
    let mut unused = client.connect(gate.address).unwrap();
    until_handshaken(&gate, 2.0);
    gate.signal("TERM");
    for connection in [&mut used, &mut unused] {
        assert_eq!(connection.read(&mut [0]).unwrap(), 0);
        // An end of TCP alone reads as an end, too, but is none to TLS.
        let state = connection.stream.get_shutdown();
        assert!(state.contains(ShutdownState::RECEIVED), "no close_notify");
        connection.close();
    }
    assert_eq!(gate.exit_code(), Some(0));
    assert!(stopped(&gate).contains("everything in flight is done"));
}

/// Its client may have sent one before it could know.
#[test]
fn a_first_request_that_is_on_its_way_is_answered() {
    let pki = Pki::new();
    let mut gate = certgate::serve(&pki).file("index.html", "x").start();
    let mut unused = client::with(&pki.client).connect(gate.address).unwrap();
    until_handshaken(&gate, 1.0);
    gate.signal("TERM");
    until_nobody_listens(&gate);
    let answer = unused.get("/").unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "x"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(unused.read(&mut [0]).unwrap(), 0, "closed");
    drop(unused);
    assert_eq!(gate.exit_code(), Some(0));
}

#[test]
fn over_http_2_too() {
    let pki = Pki::new();
    let mut gate = certgate::serve(&pki).file("index.html", "x").start();
    let client = client::with(&pki.client);
    let mut unused = http2_client::connect(&client, gate.address);
    until_handshaken(&gate, 1.0);
    gate.signal("TERM");
    until_nobody_listens(&gate);
    assert_eq!(unused.request("GET", "/", "").status(), 200);
    unused.until_closed();
    assert_eq!(gate.exit_code(), Some(0));
}

/// The last answer didn't say that it was the last.
#[test]
fn clients_that_ask_now_and_then_lose_nothing() {
    let pki = Pki::new();
    let mut gate = certgate::serve(&pki).file("index.html", "x").start();
    let client = client::with(&pki.client);
    // Most of them are idle at any moment.
    let connect = |_| client.connect(gate.address).unwrap();
    let mut connections: Vec<_> = (0..20).map(connect).collect();
    let mut ask_all = || {
        for number in (0..connections.len()).rev() {
            let answer = connections[number].get("/").unwrap();
            assert_eq!(answer.status, 200);
            if answer.header("connection") == Some("close") {
                let mut told = connections.swap_remove(number);
                assert_eq!(told.read(&mut [0]).unwrap(), 0, "closed");
            }
        }
        connections.len()
    };
    assert_eq!(ask_all(), 20);
    gate.signal("TERM");
    while ask_all() > 0 {}
    assert_eq!(gate.exit_code(), Some(0));
}

#[test]
fn the_answer_to_a_request_in_flight_says_close() {
    let pki = Pki::new();
    let (asked, requests) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let upstream = upstream::tcp(move |mut stream| {
        upstream::read_head(&mut stream);
        asked.send(()).unwrap();
        released.lock().unwrap().recv().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
    });
    let mut gate = certgate::serve(&pki)
        .argument(format!("--upstream=http://{upstream}"))
        .start();
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    connection.write_all(request).unwrap();
    requests.recv_timeout(PATIENCE).unwrap();
    gate.signal("TERM");
    until_nobody_listens(&gate);
    release.send(()).unwrap();
    let response = http::read_response(&mut connection, false).unwrap();
    assert_eq!((response.status, response.text().as_str()), (200, "done"));
    assert_eq!(response.header("connection"), Some("close"));
    assert_eq!(connection.read(&mut [0]).unwrap(), 0, "closed");
    drop(connection);
    assert_eq!(gate.exit_code(), Some(0));
}

#[test]
fn the_drain_timeout_ends_what_does_not_end() {
    let pki = Pki::new();
    let (builder, _) = with_large_file(&pki);
    let mut gate = builder.argument("--drain-timeout=300ms").start();
    let mut connection = in_flight(&gate, &pki);
    gate.signal("TERM");
    assert_eq!(gate.exit_code(), Some(0));
    let line = gate.event("stopped");
    assert_eq!(line["level"], "WARN");
    assert!(line.to_string().contains("drain timeout is over"), "{line}");
    assert_eq!(
        (&line["connections"], &line["timeout"]),
        (&1.into(), &"300ms".into())
    );
    let mut rest = Vec::new();
    let _ = connection.read_to_end(&mut rest);
    assert!(rest.len() < LARGE, "it was cut");
}

/// Load balancers see it first; connections that they still send are served until then.
#[test]
fn during_the_drain_delay_it_is_not_ready_but_serves() {
    let pki = Pki::new();
    let mut gate = certgate::serve(&pki)
        .file("index.html", "x")
        .argument("--drain-delay=10m")
        .start();
    assert_eq!(gate.admin("/readyz").status, 200);
    gate.signal("TERM");
    gate.event("draining");
    eventually("readiness to fail", || {
        (gate.admin("/readyz").status == 503).then_some(())
    });
    assert_eq!(gate.admin("/healthz").status, 200);
    let client = client::with(&pki.client);
    assert_eq!(client.get(gate.address, "/").unwrap().text(), "x");
    let mut kept = client.connect(gate.address).unwrap();
    assert_eq!(
        kept.get("/").unwrap().header("connection"),
        Some("keep-alive")
    );
    assert_eq!(kept.get("/").unwrap().status, 200);
    // Whoever waits no longer signals again.
    gate.signal("TERM");
    assert_eq!(gate.exit_code(), Some(0));
    assert!(stopped(&gate).contains("second signal"));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let pki = Pki::new();
    for signal in ["TERM", "INT"] {
        let (builder, _) = with_large_file(&pki);
        let mut gate = builder.argument("--drain-timeout=10m").start();
        let _connection = in_flight(&gate, &pki);
        gate.signal("TERM");
        until_nobody_listens(&gate);
        gate.signal(signal);
        assert_eq!(gate.exit_code(), Some(0));
        let line = gate.event("stopped");
        assert_eq!(line["signal"], format!("SIG{signal}"));
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["connections"], 1);
    }
}

/// What is served after a drain delay is what `Closing` brings to an end, without a second signal.
#[test]
fn after_the_drain_delay_the_listener_closes() {
    let pki = Pki::new();
    let mut gate = certgate::serve(&pki)
        .argument("--drain-delay=200ms")
        .start();
    gate.signal("TERM");
    assert_eq!(gate.exit_code(), Some(0));
    assert!(stopped(&gate).contains("everything in flight is done"));
    assert!(TcpStream::connect(gate.address).is_err());
}

#[test]
fn but_not_on_sighup() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    gate.signal("HUP");
    gate.event("reloaded");
    let response = client::with(&pki.client).get(gate.address, "/").unwrap();
    assert_eq!(response.status, 200);
}
