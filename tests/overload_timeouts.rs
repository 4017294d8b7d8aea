//! Clients that are slow in whatever they do are cut, and those that only take their time aren't.

use std::io::{Read, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use http_body_util::BodyExt;

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::duplex::{self, Options};
use crate::support::endings;
use crate::support::eventually;
use crate::support::http2::{self, Raw, Verdict};
use crate::support::pki::Pki;
use crate::support::upstream;

/// More than the kernel keeps for a client that doesn't read.
const LARGE: usize = 48 << 20;

const ASK: &[u8] = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Files, and the same from an upstream.
fn gates(pki: &Pki) -> [Certgate; 2] {
    let upstream = upstream::tcp(|mut stream| {
        upstream::read_head(&mut stream);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n");
        let _ = stream.write_all(head.as_bytes());
        let chunk = vec![7; 1 << 20];
        for _ in 0..LARGE >> 20 {
            if stream.write_all(&chunk).is_err() {
                return;
            }
        }
    });
    let serve = || certgate::serve(pki).argument("--send-timeout=700ms");
    [
        serve().file("large", vec![7; LARGE]).start(),
        serve()
            .argument(format!("--upstream=http://{upstream}"))
            .start(),
    ]
}

#[test]
fn a_client_that_takes_nothing_of_its_answer() {
    let pki = Pki::new();
    for gate in gates(&pki) {
        let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
        connection.write_all(ASK).unwrap();
        gate.counts("certgate_connections_open", 1.0);
        gate.counts("certgate_connections_open", 0.0);
        let mut rest = Vec::new();
        let _ = connection.read_to_end(&mut rest);
        assert!(rest.len() < LARGE, "cut");
        let line = gate.log_line(|line| line["event"] == "request");
        assert_eq!(line["complete"], false, "{line}");
        counted(&gate, &[("send", 1.0)]);
    }
}

#[test]
fn a_client_that_takes_its_time_gets_all_of_it() {
    let pki = Pki::new();
    for gate in gates(&pki) {
        let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
        connection.write_all(ASK).unwrap();
        let start = Instant::now();
        let (mut taken, mut chunk) = (0, vec![0; 4 << 20]);
        while taken < LARGE {
            let read = connection.read(&mut chunk).expect("it goes on");
            assert!(read > 0, "cut after {taken}");
            // Some two seconds for all of it.
            let pause = Duration::from_secs(2) * u32::try_from(taken >> 10).unwrap()
                / u32::try_from(LARGE >> 10).unwrap();
            std::thread::sleep(pause.saturating_sub(start.elapsed()));
            taken += read;
        }
        counted(&gate, &[]);
    }
}

#[test]
fn a_stream_that_is_read_slowly_is_read_to_its_end() {
    const LENGTH: usize = 4 << 20;
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--send-timeout=700ms")
        .file("slow", vec![7; LENGTH])
        .start();
    let options = Options {
        alpn: b"\x02h2",
        ..duplex::with(&pki.client)
    };
    let mut client = http2::connect_with_window(options, gate.address, Some(1 << 16));
    duplex::block_on(async {
        client.0.ready().await.unwrap();
        let answer = client.0.send_request(http2::get("/slow")).await.unwrap();
        let (mut body, mut taken, start) = (answer.into_body(), 0, Instant::now());
        while let Some(frame) = body.frame().await {
            taken += frame.expect("it goes on").into_data().unwrap().len();
            // Some two seconds for all of it.
            let due = Duration::from_micros(2_000_000 * taken as u64 / LENGTH as u64);
            tokio::time::sleep(due.saturating_sub(start.elapsed())).await;
        }
        assert_eq!(taken, LENGTH);
    });
}

/// Its windows stay shut: the stream is reset, and the others of its connection go on.
#[test]
fn a_stream_that_nobody_reads() {
    let pki = Pki::new();
    for gate in gates(&pki) {
        let options = Options {
            alpn: b"\x02h2",
            ..duplex::with(&pki.client)
        };
        let mut client = http2::connect_with_window(options, gate.address, Some(1));
        duplex::block_on(async {
            client.0.ready().await.unwrap();
            let answer = client.0.send_request(http2::get("/large")).await.unwrap();
            gate_is_done(&gate);
            let body = answer.into_body().collect().await;
            assert!(body.is_err(), "reset");
            counted(&gate, &[("send", 1.0)]);
            client.0.ready().await.expect("the connection goes on");
            let answer = client.0.send_request(http2::get("/none")).await.unwrap();
            drop(answer);
        });
    }
}

/// To hyper an answer is done with its last piece, whether a byte of that has gone out or not.
#[test]
fn a_stream_whose_last_piece_nobody_reads() {
    const PIECE: usize = 64 << 10;
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--send-timeout=700ms")
        .file("last", vec![7; PIECE])
        .file("two", vec![7; 2 * PIECE])
        .file("small", vec![7; PIECE / 4])
        .start();
    let options = Options {
        alpn: b"\x02h2",
        ..duplex::with(&pki.client)
    };
    let mut client = http2::connect_with_window(options, gate.address, Some(1));
    duplex::block_on(async {
        client.0.ready().await.unwrap();
        let answer = client.0.send_request(http2::get("/last")).await.unwrap();
        gate_is_done(&gate);
        let body = answer.into_body().collect().await;
        assert!(body.is_err(), "reset");
        counted(&gate, &[("send", 1.0)]);
    });
    // Where it is read, all of it comes.
    let mut client = http2::connect(&pki.client, gate.address);
    for (path, length) in [("/last", PIECE), ("/two", 2 * PIECE), ("/small", PIECE / 4)] {
        let answer = client.send(http2::get(path)).unwrap();
        assert_eq!(answer.body.len(), length, "{path}");
        let served = |line: &_| line_of(line, path);
        assert_eq!(gate.log_line(served)["complete"], true, "{path}");
    }
}

fn line_of(line: &serde_json::Value, path: &str) -> bool {
    line["event"] == "request" && line["path"] == path && line["complete"] == true
}

fn gate_is_done(gate: &Certgate) {
    let line = gate.log_line(|line| line["event"] == "request");
    assert_eq!(line["complete"], false, "{line}");
}

/// An upstream that says nothing for longer isn't the client's fault.
#[test]
fn an_answer_that_comes_slowly() {
    let pki = Pki::new();
    let upstream = upstream::tcp(|mut stream| {
        upstream::read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
        std::thread::sleep(Duration::from_millis(900));
        let _ = stream.write_all(b"rest");
    });
    let gate = certgate::serve(&pki)
        .arguments(&["--send-timeout=300ms", "--body-timeout=300ms"])
        .argument(format!("--upstream=http://{upstream}"))
        .start();
    let answer = client::with(&pki.client).get(gate.address, "/").unwrap();
    assert_eq!(answer.text(), "halfrest");
    let answer = http2::connect(&pki.client, gate.address).send(http2::get("/"));
    assert_eq!(answer.unwrap().body, b"halfrest");
}

#[test]
fn a_body_that_stops_on_its_way() {
    let pki = Pki::new();
    let (upstream, _) = upstream::counting();
    let gate = certgate::serve(&pki)
        .argument("--body-timeout=300ms")
        .argument(format!("--upstream=http://{upstream}"))
        .start();
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    let request = "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 8\r\n\r\nhalf";
    let start = Instant::now();
    assert_eq!(connection.request(request).unwrap().status, 408);
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "not its own time"
    );
    let _ = connection.read_to_end(&mut Vec::new());
    let client = client::with(&pki.client).alpn(b"\x02h2");
    let mut raw = Raw::new(client.connect(gate.address).unwrap());
    let fields = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", "/"),
        ("content-length", "8"),
    ];
    raw.headers(1, &fields, false);
    raw.data(1, b"half", false);
    // 408 isn't in HPACK's static table.
    assert_eq!(raw.verdict(1), Verdict::Status(0));
    eventually("both lines", || {
        let lines = gate.lines();
        let lines = lines.iter().filter(|line| line["status"] == 408);
        (lines.count() == 2).then_some(())
    });
    // One whose end is waited for, since it is said to have no bytes.
    let fields = &fields[..4];
    raw.headers(3, &[fields, &[("content-length", "0")]].concat(), false);
    assert_eq!(raw.verdict(3), Verdict::Status(0));
    counted(&gate, &[("body", 3.0)]);
}

/// A header one byte at a time has the time of a header, and no more.
#[test]
fn a_header_byte_by_byte() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--header-timeout=500ms")
        .file("index.html", "content")
        .start();
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    let start = Instant::now();
    let header = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ".iter();
    for byte in header.chain(std::iter::repeat(&b'x')) {
        if connection.write_all(&[*byte]).is_err() {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "never cut");
        std::thread::sleep(Duration::from_millis(20));
    }
    gate.counts("certgate_connections_open", 0.0);
    counted(&gate, &[("header", 1.0)]);
}

#[test]
fn what_is_silent_both_ways() {
    let pki = Pki::new();
    for websocket in [false, true] {
        let (upstream, gone) = endings::echoing(websocket);
        let scheme = if websocket { "http" } else { "tcp" };
        let gate = certgate::serve(&pki)
            .argument("--tunnel-idle-timeout=600ms")
            .argument(format!("--upstream={scheme}://{upstream}"))
            .start();
        let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
        if websocket {
            endings::upgrade(&mut connection);
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1500) {
            endings::echoes(&mut connection);
            std::thread::sleep(Duration::from_millis(50));
        }
        endings::ends_in_order(&mut connection);
        gone.recv_timeout(crate::support::PATIENCE)
            .expect("the upstream's end, too");
        drop(connection);
        gate.counts("certgate_connections_open", 0.0);
        counted(&gate, &[("tunnel_idle", 1.0)]);
    }
}

/// These timeouts have been counted, and no others.
#[track_caller]
fn counted(gate: &Certgate, expected: &[(&str, f64)]) {
    for kind in ["header", "idle", "body", "send", "tunnel_idle"] {
        let expected = expected.iter().find(|(of, _)| *of == kind);
        let name = format!("certgate_timeouts_total{{kind=\"{kind}\"}}");
        gate.counts(&name, expected.map_or(0.0, |(_, count)| *count));
    }
}

/// Requests that are taken back faster than they can be looked at (CVE-2023-44487).
#[test]
fn streams_that_are_reset_at_once() {
    let pki = Pki::new();
    let (upstream, accepted) = upstream::counting();
    let gate = certgate::serve(&pki)
        .argument(format!("--upstream=http://{upstream}"))
        .start();
    let client = client::with(&pki.client).alpn(b"\x02h2");
    let mut raw = Raw::new(client.connect(gate.address).unwrap());
    let fields = [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", "/"),
    ];
    let streams = 4000;
    for number in 0..streams {
        raw.headers(1 + 2 * number, &fields, true);
        raw.reset(1 + 2 * number);
    }
    assert_eq!(raw.verdict(2 * streams + 1), Verdict::Closed);
    gate.counts("certgate_connections_open", 0.0);
    let asked = accepted.load(Ordering::SeqCst);
    assert!(
        asked < streams as usize / 2,
        "{asked} went on to the upstream"
    );
}
