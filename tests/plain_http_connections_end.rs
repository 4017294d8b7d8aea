//! A load balancer's connections without TLS end as others do: when they are old, and when the process closes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::support::balancer::{dial_from, field};
use crate::support::certgate::{Builder, Certgate};
use crate::support::client;
use crate::support::endings::{Holding, closed, closed_for, echoing, holding};
use crate::support::http::{self, Response};
use crate::support::pki::Pki;
use crate::support::{PATIENCE, places};

const LEAST: Duration = Duration::from_millis(1800);
const HTTPS: &str = "X-Forwarded-Proto: https\r\n";

fn toml(more: &str) -> String {
    format!("root = \"DIR/html\"\ntrusted-proxies = [\"127.0.0.1\"]\n{more}\n")
}

fn serve(pki: &Pki, more: &str) -> Builder {
    places::serve(pki)
        .content("html", "treasure")
        .config(&toml(more))
        .argument("--listen=http://127.0.0.1:0")
}

fn behind(upstream: SocketAddr, more: &str) -> String {
    format!("upstream = \"http://{upstream}\"\n{more}")
}

fn dial(gate: &Certgate) -> TcpStream {
    let ready = gate.event("ready");
    let all = ready["listen"].as_str().unwrap();
    let plain = all.split(',').find_map(|a| a.strip_prefix("http://"));
    dial_from("127.0.0.1", plain.expect("a listener").parse().unwrap())
}

fn ask(stream: &mut TcpStream, fields: &str) -> std::io::Result<Response> {
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{HTTPS}{fields}\r\n");
    http::exchange(stream, &request)
}

#[track_caller]
fn goes_on(stream: &mut TcpStream) {
    assert_eq!(ask(stream, "").expect("it goes on").status, 200);
}

#[track_caller]
fn ends_in_order(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("an orderly end");
    assert_eq!(rest, b"", "nothing more is said");
}

/// Sends a request whose answer this upstream holds back.
#[track_caller]
fn begin(stream: &mut TcpStream, upstream: &Holding) {
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{HTTPS}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    upstream.is_asked();
}

#[track_caller]
fn is_the_last_answer(stream: &mut TcpStream) {
    let answer = http::read_response(stream, false).expect("the answer");
    assert_eq!((answer.status, answer.text().as_str()), (200, "done"));
    assert_eq!(answer.header("connection"), Some("close"));
    ends_in_order(stream);
}

#[test]
fn idle_at_its_age() {
    let pki = Pki::new();
    let more = "client-auth = \"off\"\nmax-connection-age = \"2s\"";
    let gate = serve(&pki, more).start();
    let since = Instant::now();
    let mut asked = dial(&gate);
    goes_on(&mut asked);
    let mut silent = dial(&gate);
    for stream in [&mut asked, &mut silent] {
        ends_in_order(stream);
        assert!(since.elapsed() >= LEAST, "{:?}", since.elapsed());
    }
    let line = closed(&gate, "max_age");
    assert!(line["client"].as_str().unwrap().starts_with("127.0.0.1:"));
    gate.counts("certgate_connections_closed_total{reason=\"max_age\"}", 2.0);
    gate.counts("certgate_connections_open", 0.0);
    assert_eq!(timeouts(&gate, "idle"), 0.0);
}

/// A load balancer that never pauses is told with an answer, or finds it closed between two.
#[test]
fn in_the_middle_of_requests() {
    let pki = Pki::new();
    let more = "client-auth = \"off\"\nmax-connection-age = \"2s\"";
    let gate = serve(&pki, more).start();
    let since = Instant::now();
    let mut stream = dial(&gate);
    while let Ok(answer) = ask(&mut stream, "") {
        assert_eq!(answer.status, 200);
        if answer.header("connection") == Some("close") {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "it goes on");
    }
    closed(&gate, "max_age");
}

#[test]
fn a_request_in_flight_ends_first() {
    let pki = Pki::new();
    let upstream = holding();
    let more = "client-auth = \"off\"\nmax-connection-age = \"2s\"";
    let gate = serve(&pki, &behind(upstream.address, more)).start();
    let mut stream = dial(&gate);
    begin(&mut stream, &upstream);
    closed(&gate, "max_age");
    upstream.answer();
    is_the_last_answer(&mut stream);
}

/// Of somebody without a certificate, and of one whom the header tells.
#[test]
fn a_websocket_ends_then() {
    let pki = Pki::new();
    for (auth, fields) in [("off", String::new()), ("header", field(&pki.client))] {
        let (address, gone) = echoing(true);
        let more = format!("client-auth = \"{auth}\"\nmax-connection-age = \"2s\"");
        let gate = serve(&pki, &behind(address, &more)).start();
        let since = Instant::now();
        let mut stream = dial(&gate);
        let fields = format!("Connection: Upgrade\r\nUpgrade: websocket\r\n{fields}");
        assert_eq!(ask(&mut stream, &fields).unwrap().status, 101);
        stream.write_all(b"hello").unwrap();
        let mut back = [0; 5];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"hello");
        ends_in_order(&mut stream);
        assert!(since.elapsed() >= LEAST, "{:?}", since.elapsed());
        gone.recv_timeout(PATIENCE).unwrap();
        closed(&gate, "max_age");
    }
}

/// Each request is decided by itself, so no new settings close what carries them.
#[test]
fn new_rules_end_none_and_a_new_bound_does() {
    let pki = Pki::new();
    let route = "[[route]]\nprefix = \"/a\"\nclient-auth = \"required\"";
    let gate = serve(&pki, "client-auth = \"off\"").start();
    let mut stream = dial(&gate);
    goes_on(&mut stream);
    for more in [
        format!("client-auth = \"optional\"\n{route}"),
        "client-auth = \"optional\"\ndeny = [\"cn:alice\"]".to_owned(),
    ] {
        gate.configure(&toml(&more));
        gate.reload();
        goes_on(&mut stream);
    }
    assert_eq!(closed_for(&gate, "rules"), 0.0);
    gate.configure(&toml("client-auth = \"off\"\nmax-connection-age = \"1s\""));
    gate.reload();
    ends_in_order(&mut stream);
    assert_eq!(closed(&gate, "max_age")["reason"], "max_age");
    assert_eq!(closed_for(&gate, "rules"), 0.0);
}

#[test]
fn when_the_process_closes_the_request_in_flight_is_answered() {
    let pki = Pki::new();
    let upstream = holding();
    let mut gate = serve(&pki, &behind(upstream.address, "client-auth = \"off\"")).start();
    let (mut busy, mut idle) = (dial(&gate), dial(&gate));
    // Without a preface.
    let client = client::anonymous().alpn(b"\x02h2");
    let mut http2 = client.connect(gate.address).unwrap();
    gate.counts("certgate_connections_open", 3.0);
    begin(&mut busy, &upstream);
    gate.signal("TERM");
    ends_in_order(&mut idle);
    let _ = http2.read_to_end(&mut Vec::new());
    gate.counts("certgate_connections_open", 1.0);
    assert_eq!(timeouts(&gate, "idle"), 0.0, "they had no choice");
    upstream.answer();
    is_the_last_answer(&mut busy);
    assert_eq!(gate.exit_code(), Some(0));
    assert_eq!(
        gate.event("stopped")["message"],
        "everything in flight is done"
    );
}

/// A header that stops is one that is too slow; a connection on which nothing is asked is idle.
#[test]
fn those_that_take_too_long_are_counted() {
    let pki = Pki::new();
    let gate = serve(&pki, "client-auth = \"off\"\nheader-timeout = \"1s\"").start();
    let (mut stopping, mut idle) = (dial(&gate), dial(&gate));
    for stream in [&mut stopping, &mut idle] {
        goes_on(stream);
    }
    stopping.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    for stream in [&mut stopping, &mut idle] {
        ends_in_order(stream);
    }
    gate.counts("certgate_connections_open", 0.0);
    for kind in ["header", "idle"] {
        assert_eq!(timeouts(&gate, kind), 1.0, "{kind}");
    }
}

fn timeouts(gate: &Certgate, kind: &str) -> f64 {
    gate.metric(&format!("certgate_timeouts_total{{kind=\"{kind}\"}}"))
}
