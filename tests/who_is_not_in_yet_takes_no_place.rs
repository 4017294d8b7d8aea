//! Whoever isn't let in yet, or never will be, takes nobody's place: on the TLS port, the admin port, and that of
//! `--redirect`.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Connection, dial};
use crate::support::eventually;
use crate::support::http;
use crate::support::pki::Pki;
use crate::support::proxy_header::v2;

/// The bound on connections, on one thread.
const MOST: usize = 40;

fn serve(pki: &Pki) -> Builder {
    certgate::serve(pki)
        .file("index.html", "content")
        .arguments(&["--workers=1", "--handshake-timeout=1h"])
        .argument(format!("--max-connections={MOST}"))
}

/// More than there is room for.
fn silent(address: SocketAddr) -> Vec<TcpStream> {
    (0..3 * MOST).map(|_| dial(address)).collect()
}

fn refused(gate: &Certgate, limit: &str) -> f64 {
    gate.metric(&format!(
        "certgate_connections_refused_total{{limit=\"{limit}\"}}"
    ))
}

#[track_caller]
fn all_are_served(gate: &Certgate, pki: &Pki, first: &[u8]) {
    let alice = client::with(&pki.client);
    for _ in 0..10 {
        let mut tcp = dial(gate.address);
        tcp.write_all(first).unwrap();
        let mut connection = alice.connect_over(tcp).expect("let in");
        assert_eq!(connection.get("/").unwrap().status, 200);
    }
    assert_eq!(refused(gate, "connections"), 0.0);
    assert!(refused(gate, "handshakes") >= MOST as f64);
}

/// However few connections there may be, those that never begin a handshake are half of them at most.
#[test]
fn silent_clients() {
    let pki = Pki::new();
    let gate = serve(&pki).start();
    let held = silent(gate.address);
    all_are_served(&gate, &pki, b"");
    drop(held);
}

#[test]
fn before_a_proxy_header() {
    let pki = Pki::new();
    for (arguments, header) in [
        (
            ["--proxy-protocol=required", "--trusted-proxies=127.0.0.1"],
            v2("203.0.113.7:1", "203.0.113.8:2", &[]),
        ),
        (
            ["--proxy-protocol=auto", "--trusted-proxies=127.0.0.1"],
            Vec::new(),
        ),
    ] {
        let gate = serve(&pki).arguments(&arguments).start();
        let held = silent(gate.address);
        all_are_served(&gate, &pki, &header);
        drop(held);
    }
}

/// A whole handshake without a certificate, and then nothing.
#[test]
fn after_a_handshake_without_a_certificate() {
    let pki = Pki::new();
    for argument in ["--health-path=/healthz", "--refusal=page"] {
        let gate = serve(&pki).argument(argument).start();
        let held: Vec<Connection> = (0..2 * MOST)
            .map(|_| {
                client::anonymous()
                    .connect(gate.address)
                    .expect("a handshake")
            })
            .collect();
        all_are_served(&gate, &pki, b"");
        drop(held);
    }
}

/// They have got their alert, and don't hang up: more of them come all the time.
#[test]
fn who_was_refused_and_stays() {
    let pki = Pki::new();
    let gate = serve(&pki).start();
    let alice = client::with(&pki.client);
    let mut held = Vec::new();
    let mut refuse = |most: usize| {
        let before = held.len();
        while held.len() < before + most {
            let mut stream = dial(gate.address);
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
            held.push(stream);
        }
        let all = held.len() as f64;
        eventually("their refusal", || {
            let refused = gate.metric("certgate_handshakes_total{result=\"refused\"}");
            (refused == all).then_some(())
        });
    };
    refuse(MOST);
    for _ in 0..10 {
        let response = alice.get(gate.address, "/").expect("let in");
        assert_eq!(response.status, 200);
        refuse(3);
    }
    assert_eq!(refused(&gate, "connections"), 0.0);
    assert_eq!(refused(&gate, "handshakes"), 0.0);
}

/// A bound that the operator has set too high: the longest silent goes once every place is taken.
#[test]
fn a_silent_one_makes_room_for_the_next() {
    let pki = Pki::new();
    let gate = serve(&pki).argument("--max-handshakes=1000").start();
    let held = silent(gate.address);
    let alice = client::with(&pki.client);
    let mut inside = Vec::new();
    eventually("a place", || {
        inside.extend(alice.connect(gate.address).ok());
        (!inside.is_empty()).then_some(())
    });
    // Who is in stays in, and who is more than all who may be is turned away.
    while inside.len() < MOST {
        inside.extend(alice.connect(gate.address).ok());
    }
    eventually("the end of the silent ones", || {
        (gate.metric("certgate_connections_open") == MOST as f64).then_some(())
    });
    alice.connect(gate.address).err().expect("turned away");
    for connection in &mut inside {
        assert_eq!(connection.get("/").unwrap().status, 200);
    }
    drop(held);
}

/// Where nobody has to show a certificate: whoever has shown one stays, and a stranger without a request goes.
#[test]
fn strangers_who_ask_nothing() {
    let pki = Pki::new();
    let gate = serve(&pki).argument("--client-auth=optional").start();
    let alice = client::with(&pki.client);
    let mut known: Vec<Connection> = (0..3)
        .map(|_| alice.connect(gate.address).expect("let in"))
        .collect();
    for connection in &mut known {
        assert_eq!(connection.get("/").unwrap().status, 200);
    }
    let mut strangers: Vec<Connection> = (known.len()..MOST)
        .map(|_| client::anonymous().connect(gate.address).expect("let in"))
        .collect();
    for connection in &mut strangers {
        assert_eq!(connection.get("/").unwrap().status, 200);
    }
    makes_room_for_ten(|| {
        let response = alice.get(gate.address, "/").ok()?;
        (response.status == 200).then_some(())
    });
    for connection in &mut known {
        assert_eq!(connection.get("/").unwrap().status, 200);
    }
    let gone = strangers.iter_mut().filter_map(|s| s.get("/").err());
    assert!(gone.count() >= 1);
}

/// Also those of which a part of a request has come.
#[test]
fn strangers_by_plain_http() {
    for first in [&b""[..], b"G"] {
        strangers_by_plain_http_that_begin_with(first);
    }
}

fn strangers_by_plain_http_that_begin_with(first: &[u8]) {
    let pki = Pki::new();
    let gate = serve(&pki)
        .arguments(&["--listen=http://127.0.0.1:0", "--trusted-proxies=192.0.2.1"])
        .start();
    let ready = gate.event("ready");
    let all = ready["listen"].as_str().unwrap();
    let plain = all.split(',').find_map(|a| a.strip_prefix("http://"));
    let plain: SocketAddr = plain.expect("a listener").parse().unwrap();
    let mut held: Vec<TcpStream> = (0..3 * MOST).map(|_| dial(plain)).collect();
    for stream in &mut held {
        // Those that gave way don't take it.
        let _ = stream.write_all(first);
    }
    // Whoever comes in one moment with many others may have to give way to them.
    eventually("all but those who have a place", || {
        (refused(&gate, "handshakes") == (3 * MOST - MOST / 2) as f64).then_some(())
    });
    let alice = client::with(&pki.client);
    let mut inside = Vec::new();
    makes_room_for_ten(|| {
        inside.push(alice.connect(gate.address).ok()?);
        Some(())
    });
    for connection in &mut inside {
        assert_eq!(connection.get("/").unwrap().status, 200);
    }
    // Whoever goes isn't waited for: each has left a place.
    let open = gate.metric("certgate_connections_open");
    assert!(open <= (MOST + 1) as f64, "{open}");
    assert_eq!(refused(&gate, "connections"), 0.0);
    drop(held);
}

/// The first of ten may have to wait until somebody has been silent long enough.
#[track_caller]
fn makes_room_for_ten(mut come_in: impl FnMut() -> Option<()>) {
    for _ in 0..10 {
        eventually("a place", &mut come_in);
    }
}

/// Asks a port that answers plain HTTP, beside so many that say nothing.
#[track_caller]
fn answers(port: SocketAddr, path: &str) {
    let held: Vec<TcpStream> = (0..200).map(|_| dial(port)).collect();
    for _ in 0..5 {
        let mut stream = dial(port);
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nUser-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n"
        );
        let response = http::exchange(&mut stream, &request).expect("an answer");
        assert_eq!(
            (response.status, response.text().as_str()),
            (200, "ready\n")
        );
    }
    drop(held);
}

/// Of 256 descriptors these ports take few, so that the TLS port has enough.
#[test]
fn the_admin_port_and_that_of_redirect() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .file("index.html", "content")
        .arguments(&["--redirect=127.0.0.1:0", "--health-path=/healthz"])
        .after("ulimit -n 256")
        .start();
    let ready = gate.event("ready");
    let redirect: SocketAddr = ready["redirect"].as_str().unwrap().parse().unwrap();
    let mut held = Vec::new();
    for (port, path) in [(gate.admin, "/readyz"), (redirect, "/healthz")] {
        answers(port, path);
        held.extend((0..300).map(|_| dial(port)));
        let answer = client::with(&pki.client).get(gate.address, "/");
        assert_eq!(answer.expect("served").status, 200, "beside {path}");
    }
    let descriptors = std::fs::read_dir(format!("/proc/{}/fd", gate.pid())).unwrap();
    assert!(descriptors.count() < 128);
}
