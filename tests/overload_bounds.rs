//! What is open at a time has its bounds, good clients are served within them, and what ends makes room.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::balancer::dial_from;
use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Client, dial};
use crate::support::endings;
use crate::support::eventually;
use crate::support::http;
use crate::support::pki::{self, Pki};
use crate::support::places;

/// Half-open connections of the flood: more than the bound, far less than the descriptors.
const FLOOD: usize = 2000;

fn refused(gate: &Certgate, limit: &str) -> f64 {
    gate.metric(&format!(
        "certgate_connections_refused_total{{limit=\"{limit}\"}}"
    ))
}

fn open(gate: &Certgate, count: f64) {
    gate.counts("certgate_connections_open", count);
}

/// Whether the other end has closed, after what it may have said.
fn is_closed(mut tcp: &TcpStream) -> bool {
    tcp.set_nonblocking(true).unwrap();
    loop {
        match tcp.read(&mut [0; 4096]) {
            Ok(1..) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Ok(0) | Err(_) => return true,
        }
    }
}

#[track_caller]
fn is_turned_away(mut tcp: TcpStream) {
    let _ = tcp.write_all(b"\x16\x03\x01");
    let mut answer = Vec::new();
    // The end or a reset.
    let _ = tcp.read_to_end(&mut answer);
    assert_eq!(answer, b"", "not a byte of TLS");
}

fn is_served(gate: &Certgate, client: &Client, from: &str) -> bool {
    let connection = client.connect_over(dial_from(from, gate.address));
    let answer = connection.and_then(|mut connection| connection.get("/"));
    answer.is_ok_and(|answer| answer.status == 200)
}

fn serve(pki: &Pki) -> Builder {
    certgate::serve(pki).file("index.html", "content")
}

#[test]
fn connections() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .config("max-connections = 3\n")
        .argument("--max-handshakes=1000")
        .file("index.html", "content")
        .start();
    let alice = client::with(&pki.client);
    let mut served = alice.connect(gate.address).unwrap();
    endings::goes_on(&mut served);
    let mut held = [(); 2].map(|()| alice.connect(gate.address).unwrap());
    held.iter_mut().for_each(endings::goes_on);
    open(&gate, 3.0);
    for count in [1.0, 2.0] {
        is_turned_away(dial(gate.address));
        open(&gate, 3.0);
        assert_eq!(refused(&gate, "connections"), count);
    }
    let line = gate.event("connection_refused");
    assert_eq!(line["limit"], "connections", "{line}");
    assert_eq!(gate.count("connection_refused"), 1, "one line in a while");
    endings::goes_on(&mut served);
    drop(held);
    open(&gate, 1.0);
    assert!(is_served(&gate, &alice, "127.0.0.1"));
    // What is open stays, whatever a reload brings.
    gate.configure("max-connections = 1\n");
    gate.reload();
    eventually("the others' end", || {
        (gate.metric("certgate_connections_open") == 1.0).then_some(())
    });
    is_turned_away(dial(gate.address));
    endings::goes_on(&mut served);
    gate.configure("max-connections = 100\n");
    gate.reload();
    assert!(is_served(&gate, &alice, "127.0.0.1"));
}

/// Half of the descriptors, unless it is set: the others are for what goes on behind.
#[test]
fn connections_by_descriptors() {
    let pki = Pki::new();
    let gate = serve(&pki).after("ulimit -n 200").start();
    let alice = client::with(&pki.client);
    let held: Vec<_> = std::iter::from_fn(|| alice.connect(gate.address).ok()).collect();
    assert_eq!(refused(&gate, "connections"), 1.0);
    open(&gate, 100.0);
    drop(held);
    assert_eq!(gate.metric("certgate_accept_errors_total"), 0.0);
}

/// However a connection ends, its place is free again.
#[test]
fn connections_of_an_address() {
    let pki = Pki::new();
    let (upstream, _gone) = endings::echoing(true);
    let gate = places::serve(&pki)
        .config("max-connections-per-address = 2\n")
        .argument(format!("--upstream=http://{upstream}"))
        .start();
    let alice = client::with(&pki.client);
    let mut socket = alice.connect(gate.address).unwrap();
    endings::upgrade(&mut socket);
    endings::echoes(&mut socket);
    let half_open = dial(gate.address);
    open(&gate, 2.0);
    is_turned_away(dial(gate.address));
    assert_eq!(refused(&gate, "connections_per_address"), 1.0);
    endings::echoes(&mut socket);
    // Another address is another's.
    let other = dial_from("127.0.0.2", gate.address);
    open(&gate, 3.0);
    assert!(!is_closed(&other));
    drop((socket, half_open, other));
    open(&gate, 0.0);
    for _ in 0..3 {
        let stranger = pki::client("alice").signed_by(&pki::authority("Other").self_signed());
        let _ = client::with(&stranger).get(gate.address, "/");
        drop(dial(gate.address));
        let mut broken = dial(gate.address);
        broken.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let _ = broken.read_to_end(&mut Vec::new());
        drop(broken);
        open(&gate, 0.0);
    }
    let held = [dial(gate.address), dial(gate.address)];
    open(&gate, 2.0);
    assert_eq!(refused(&gate, "connections_per_address"), 1.0);
    is_turned_away(dial(gate.address));
    gate.configure("max-connections-per-address = 0\n");
    gate.reload();
    let more = dial(gate.address);
    open(&gate, 3.0);
    drop((held, more));
}

/// The one goes whose client has been silent longest, and nobody is turned away.
#[test]
fn handshakes() {
    let pki = Pki::new();
    let gate = serve(&pki)
        .arguments(&["--workers=1", "--max-handshakes=3"])
        .argument("--handshake-timeout=1h")
        .start();
    let alice = client::with(&pki.client);
    let mut served = alice.connect(gate.address).unwrap();
    endings::goes_on(&mut served);
    let hello = alice.hello();
    let mut held = Vec::new();
    for number in 0..3 {
        held.push(dial(gate.address));
        open(&gate, 2.0 + f64::from(number));
    }
    // It isn't the one that was silent longest any more, once its bytes are there: its answer says so.
    held[0].write_all(&hello).unwrap();
    held[0].read_exact(&mut [0; 5]).unwrap();
    assert!(is_served(&gate, &alice, "127.0.0.1"));
    eventually("the second's end", || is_closed(&held[1]).then_some(()));
    assert_eq!(refused(&gate, "handshakes"), 1.0);
    assert!(!is_closed(&held[0]) && !is_closed(&held[2]));
    assert_eq!(gate.event("connection_refused")["limit"], "handshakes");
    assert_eq!(
        gate.metric("certgate_handshakes_total{result=\"refused\"}"),
        0.0
    );
    // Those that are over don't count.
    endings::goes_on(&mut served);
    for _ in 0..5 {
        assert!(is_served(&gate, &alice, "127.0.0.1"));
    }
    eventually("room", || {
        (refused(&gate, "handshakes") == 1.0).then_some(())
    });
    assert!(!is_closed(&held[0]) && !is_closed(&held[2]));
}

/// Asks again and again, each time on a connection of its own, until `done`; all must be served.
fn all_are_served(gate: &Certgate, pki: &Pki, mut done: impl FnMut() -> bool) -> usize {
    let alice = client::with(&pki.client);
    let mut served = 0;
    while !done() {
        let answer = alice.get(gate.address, "/");
        assert_eq!(answer.expect("served").status, 200);
        served += 1;
    }
    served
}

#[test]
fn a_flood_of_half_open_handshakes_keeps_nobody_out() {
    let pki = Pki::new();
    let gate = serve(&pki)
        .arguments(&["--max-handshakes=100", "--handshake-timeout=1h"])
        .start();
    let before = gate.memory();
    let address = gate.address;
    let hello = client::with(&pki.client).hello();
    let flood = std::thread::spawn(move || {
        let mut held = Vec::new();
        for number in 0..FLOOD {
            let mut tcp = dial(address);
            // Silent ones, and those that make us answer.
            if number % 4 == 0 {
                let _ = tcp.write_all(&hello);
            }
            held.push(tcp);
        }
        held
    });
    all_are_served(&gate, &pki, || flood.is_finished());
    let held = flood.join().unwrap();
    assert!(all_are_served(&gate, &pki, once()) > 0);
    // A worker with more than its share closes the oldest; the shares are 50 each on two threads.
    eventually("the bound", || {
        (gate.metric("certgate_connections_open") <= 132.0).then_some(())
    });
    assert!(refused(&gate, "handshakes") >= (FLOOD - 132) as f64);
    assert_eq!(gate.count("connection_refused"), 1, "one line in a while");
    let memory = gate.memory() - before;
    assert!(memory < 40 * 1024, "{memory} KiB");
    drop(held);
    open(&gate, 0.0);
}

/// True at the second look.
fn once() -> impl FnMut() -> bool {
    let mut looked = false;
    move || std::mem::replace(&mut looked, true)
}

/// A byte now and then doesn't make a client one that is worth keeping.
#[test]
fn handshakes_byte_by_byte_keep_nobody_out() {
    let pki = Pki::new();
    let gate = serve(&pki)
        .arguments(&["--workers=1", "--max-handshakes=20"])
        .argument("--handshake-timeout=1h")
        .start();
    let hello = client::with(&pki.client).hello();
    let mut trickling: Vec<TcpStream> = (0..20).map(|_| dial(gate.address)).collect();
    open(&gate, 20.0);
    let start = Instant::now();
    let mut bytes = hello.iter();
    let served = all_are_served(&gate, &pki, || {
        let byte = [*bytes.next().unwrap()];
        for tcp in &mut trickling {
            let _ = tcp.write_all(&byte);
        }
        start.elapsed() > Duration::from_secs(1) || bytes.len() == 1
    });
    assert!(served > 0);
    // Each good one pushed one of them out while it was there, or found room.
    assert!(refused(&gate, "handshakes") >= 1.0);
}

#[test]
fn wrong_bounds_are_named() {
    let pki = Pki::new();
    let finished = certgate::serve(&pki)
        .arguments(&["--max-connections=0", "--max-handshakes=none"])
        .argument("--max-connections-per-address=-1")
        .finish();
    assert_eq!(finished.code(), 78);
    for name in ["connections", "handshakes", "connections-per-address"] {
        let name = format!("--max-{name}");
        assert!(finished.stderr.contains(&name), "{}", finished.stderr);
    }
}

/// Plain HTTP that is sent to https: whoever holds all its connections holds nobody up.
#[test]
fn redirects() {
    const ROOM: usize = 1024;
    let pki = Pki::new();
    let gate = serve(&pki).argument("--redirect=127.0.0.1:0").start();
    let ready = gate.event("ready");
    let port = ready["redirect"].as_str().unwrap().parse().unwrap();
    let held: Vec<TcpStream> = (0..ROOM).map(|_| dial(port)).collect();
    let mut good = dial(port);
    let answer = http::exchange(&mut good, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    assert_eq!(answer.unwrap().status, 308);
    eventually("the oldest is closed", || is_closed(&held[0]).then_some(()));
    assert!(!is_closed(&held[ROOM - 1]), "the newest stays");
    // Who asks for the number is one of them all, too, and may push out another.
    let pushed_out = refused(&gate, "redirect");
    assert!((1.0..=2.0).contains(&pushed_out), "{pushed_out}");
    assert_eq!(gate.event("connection_refused")["limit"], "redirect");
}
