//! A WebSocket passes through the proxy; no other protocol does.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Connection};
use crate::support::http::read_response;
use crate::support::pki::Pki;
use crate::support::upstream::{self, read_head};

const ASK: &str = "GET /chat HTTP/1.1\r\nHost: app\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: a2V5\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Switches, speaks first, then sends back what comes.
fn echoing() -> SocketAddr {
    upstream::tcp(|mut stream| {
        let head = read_head(&mut stream).to_lowercase();
        for line in [
            "connection: upgrade\r\n",
            "upgrade: websocket\r\n",
            "sec-websocket-key: a2v5\r\n",
        ] {
            assert!(head.contains(line), "{head}");
        }
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: yes\r\n\r\nhello";
        stream.write_all(answer).unwrap();
        let mut buffer = [0; 1024];
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            stream.write_all(&buffer[..read]).unwrap();
        }
        let _ = stream.write_all(b"bye");
    })
}

fn gate(upstream: SocketAddr, flags: &[&str]) -> (Certgate, Connection) {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument(format!("--upstream=http://{upstream}"))
        .arguments(flags)
        .start();
    let client = client::with(&pki.client).connect(gate.address).unwrap();
    (gate, client)
}

#[track_caller]
fn upgrade(client: &mut Connection) {
    let answer = client.request(ASK).unwrap();
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(answer.header("sec-websocket-accept"), Some("yes"));
    let mut hello = [0; 5];
    client.read_exact(&mut hello).unwrap();
    assert_eq!(&hello, b"hello");
}

#[track_caller]
fn assert_echoes(client: &mut Connection, bytes: &[u8]) {
    client.write_all(bytes).unwrap();
    let mut back = vec![0; bytes.len()];
    client.read_exact(&mut back).unwrap();
    assert_eq!(back, bytes);
}

#[test]
fn carries_bytes_both_ways() {
    let (gate, mut client) = gate(echoing(), &[]);
    upgrade(&mut client);
    for bytes in [&b"\x81\x00"[..], b"GET / HTTP/1.1\r\n\r\n", &[0; 5000]] {
        assert_echoes(&mut client, bytes);
    }
    // The end of one direction is passed on, the other goes on.
    client.stream.shutdown().unwrap();
    let mut rest = String::new();
    client.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "bye");
    assert_eq!(gate.event("request")["status"], 101);
}

#[test]
fn an_upstream_may_refuse_it() {
    let upstream = upstream::http(|_| {
        b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno".to_vec()
    });
    let address = upstream
        .url
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap();
    let (_gate, mut client) = gate(address, &[]);
    for _ in 0..2 {
        let answer = client.request(ASK).unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (426, "no"));
    }
}

#[test]
fn no_other_protocol_is_passed_on() {
    let upstream = upstream::http(|_| upstream::ok("plain"));
    let address = upstream
        .url
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap();
    let (_gate, mut client) = gate(address, &[]);
    for fields in [
        "Connection: Upgrade\r\nUpgrade: h2c\r\n",
        "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
        "Connection: Upgrade\r\nUpgrade: websocketX\r\n",
        "Connection: Upgrade\r\nUpgrade: h2c/websocket\r\n",
        // Nobody may ask for it without saying that it's for the neighbour.
        "Upgrade: websocket\r\n",
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: app\r\n{fields}\r\n");
        assert_eq!(
            client.request(&request).unwrap().text(),
            "plain",
            "{fields:?}"
        );
        let seen = upstream.request();
        assert_eq!(seen.headers("upgrade"), [""; 0], "{fields:?}");
        assert_eq!(seen.headers("connection"), [""; 0], "{fields:?}");
    }
    let several =
        "GET / HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: h2c, websocket\r\n\r\n";
    assert_eq!(client.request(several).unwrap().text(), "plain");
    assert_eq!(upstream.request().headers("upgrade"), ["websocket"]);
}

#[test]
fn keeps_a_draining_process_until_it_is_closed() {
    let (mut gate, mut client) = gate(echoing(), &[]);
    upgrade(&mut client);
    gate.signal("TERM");
    gate.event("draining");
    // The listener is closed once the drain has begun in earnest.
    crate::support::eventually("the listener to close", || {
        std::net::TcpStream::connect(gate.address).err()
    });
    assert_echoes(&mut client, b"still here");
    assert!(gate.child.try_wait().unwrap().is_none());
    client.close();
    assert_eq!(gate.exit_code(), Some(0));
}

#[test]
fn is_cut_when_the_drain_timeout_is_over() {
    let (mut gate, mut client) = gate(echoing(), &["--drain-timeout=500ms"]);
    upgrade(&mut client);
    let start = Instant::now();
    gate.signal("TERM");
    assert!(read_response(&mut client, true).is_err());
    assert_eq!(gate.exit_code(), Some(0));
    assert!(start.elapsed() >= Duration::from_millis(500));
}
