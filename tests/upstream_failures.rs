//! What a client is told when the upstream fails, and what the log and the metrics say of it.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use openssl::ssl::ShutdownState;

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Connection};
use crate::support::http::read_response;
use crate::support::pki::Pki;
use crate::support::upstream::{self, read_head, read_request};
use crate::support::{PATIENCE, duplex, http2};

fn gate(upstream: SocketAddr, flags: &[&str]) -> (Pki, Certgate) {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument(format!("--upstream=http://{upstream}"))
        .arguments(flags);
    (pki, gate.start())
}

fn failures(gate: &Certgate) -> f64 {
    [
        "unreachable",
        "connect_timeout",
        "response_timeout",
        "bad_response",
    ]
    .map(|reason| gate.metric(&metric(reason)))
    .iter()
    .sum()
}

fn metric(reason: &str) -> String {
    format!("certgate_upstream_failures_total{{reason=\"{reason}\"}}")
}

#[track_caller]
fn assert_logged(gate: &Certgate, upstream: SocketAddr, reason: &str) {
    let line = gate.event("upstream_failed");
    assert_eq!(line["reason"], reason);
    assert_eq!(line["upstream"], upstream.to_string());
    assert!(line["client"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert_eq!(gate.metric(&metric(reason)), 1.0);
    assert_eq!(failures(gate), 1.0);
}

fn open(pki: &Pki, gate: &Certgate) -> Connection {
    client::with(&pki.client).connect(gate.address).unwrap()
}

#[test]
fn nobody_listens() {
    let upstream = upstream::nobody();
    let (pki, gate) = gate(upstream, &[]);
    let mut client = open(&pki, &gate);
    assert_eq!(client.get("/").unwrap().status, 502);
    assert_logged(&gate, upstream, "unreachable");
    // The client's connection isn't to blame.
    assert_eq!(client.get("/").unwrap().status, 502);
    assert_eq!(gate.event("request")["status"], 502);
}

/// An address that doesn't answer: its listener's queue is full. It does as long as these live.
fn silent() -> (SocketAddr, tokio::net::TcpListener, Vec<TcpStream>) {
    let _runtime = duplex::runtime().enter();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let waiting =
        std::iter::repeat_with(|| TcpStream::connect_timeout(&address, Duration::from_millis(200)));
    let waiting = waiting.map_while(Result::ok).collect();
    (address, listener, waiting)
}

#[test]
fn no_connection_in_time() {
    let (upstream, _listener, _waiting) = silent();
    let (pki, gate) = gate(upstream, &["--upstream-connect-timeout=300ms"]);
    assert_eq!(open(&pki, &gate).get("/").unwrap().status, 504);
    assert_logged(&gate, upstream, "connect_timeout");
}

#[test]
fn no_answer_in_time() {
    let (sender, receiver) = mpsc::channel();
    let upstream = upstream::tcp(move |mut stream| {
        read_head(&mut stream);
        // Until certgate gives the connection up, too.
        let _ = sender.send(stream.read_to_end(&mut Vec::new()).is_ok());
    });
    let (pki, gate) = gate(upstream, &["--upstream-timeout=300ms"]);
    assert_eq!(open(&pki, &gate).get("/").unwrap().status, 504);
    assert_logged(&gate, upstream, "response_timeout");
    receiver.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn a_long_upload_is_not_a_timeout() {
    let upstream = upstream::http(|request| upstream::ok(&request.body.len().to_string()));
    let address = upstream
        .url
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap();
    let (pki, gate) = gate(address, &["--upstream-timeout=1s"]);
    let mut client = open(&pki, &gate);
    let head = "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 8\r\n\r\n";
    client.write_all(head.as_bytes()).unwrap();
    for _ in 0..8 {
        std::thread::sleep(Duration::from_millis(200));
        client.write_all(b"x").unwrap();
    }
    let answer = read_response(&mut client, false).unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "8"));
    assert_eq!(failures(&gate), 0.0);
}

#[test]
fn a_client_that_stalls_is_not_the_upstreams_failure() {
    let (upstream, _) = upstream::counting();
    let (pki, gate) = gate(upstream, &["--body-timeout=300ms"]);
    for framing in [
        "Content-Length: 8\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: app\r\n{framing}");
        assert_eq!(
            open(&pki, &gate).request(&request).unwrap().status,
            408,
            "{framing:?}"
        );
    }
    assert_eq!(failures(&gate), 0.0);
    assert!(!gate.log_text().contains("upstream_failed"));
}

#[test]
fn a_client_that_hangs_up_is_not_the_upstreams_failure() {
    let (sender, receiver) = mpsc::channel();
    let upstream = upstream::tcp(move |mut stream| {
        sender.send(read_head(&mut stream)).unwrap();
        let mut body = Vec::new();
        // A reset is as good as an end: the body isn't whole.
        let _ = stream.read_to_end(&mut body);
        sender.send(String::from_utf8(body).unwrap()).unwrap();
    });
    let (pki, gate) = gate(upstream, &[]);
    let mut client = open(&pki, &gate);
    client
        .write_all(b"POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 8\r\n\r\nhalf")
        .unwrap();
    let head = receiver.recv_timeout(PATIENCE).unwrap();
    assert!(head.starts_with("POST / "), "{head}");
    drop(client);
    let body = receiver.recv_timeout(PATIENCE).unwrap();
    assert!("half".starts_with(&body), "{body}");
    assert_eq!(failures(&gate), 0.0);
}

#[test]
fn no_answer_or_none_of_http() {
    for answer in [
        "",
        "HTTP/1.1 200 O",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbodys",
        "HTTP/1.1 99999 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX A: b\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ] {
        let upstream = upstream::tcp(move |mut stream| {
            read_head(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let (pki, gate) = gate(upstream, &[]);
        let request = "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n";
        let told = open(&pki, &gate).request(request).unwrap();
        assert_eq!(told.status, 502, "{answer:?}");
        assert_logged(&gate, upstream, "bad_response");
    }
}

#[test]
fn an_answer_that_breaks_off_is_not_a_short_one() {
    let sized = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    for (answer, rest) in [(sized, ""), (chunked, ""), (chunked, "nonsense\r\n")] {
        let (sender, receiver) = mpsc::channel();
        let receiver = Mutex::new(receiver);
        let upstream = upstream::tcp(move |mut stream| {
            read_head(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
            // Breaks once the client has the first half.
            receiver.lock().unwrap().recv_timeout(PATIENCE).unwrap();
            stream.write_all(rest.as_bytes()).unwrap();
        });
        let (pki, gate) = gate(upstream, &[]);
        let mut client = open(&pki, &gate);
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            .unwrap();
        assert_eq!(read_response(&mut client, true).unwrap().status, 200);
        let mut half = vec![0; answer.split("\r\n\r\n").nth(1).unwrap().len()];
        client.read_exact(&mut half).unwrap();
        sender.send(()).unwrap();
        let mut more = Vec::new();
        let _ = client.read_to_end(&mut more);
        assert_eq!(String::from_utf8_lossy(&more), "", "{answer:?} {rest:?}");
        // Not even TLS says that this is the end.
        let ended = client.stream.get_shutdown();
        assert!(!ended.contains(ShutdownState::RECEIVED), "{answer:?}");
        assert_logged(&gate, upstream, "bad_response");
        assert_eq!(gate.event("request")["complete"], false);

        sender.send(()).unwrap();
        let mut client = http2::connect(&pki.client, gate.address);
        let error = format!("{:?}", client.send(http2::get("/")).unwrap_err());
        assert!(
            error.contains("Reset(StreamId(1), INTERNAL_ERROR"),
            "{error}"
        );
    }
}

/// Answers each connection's first request; at the second it closes without an answer, as one that
/// closes idle connections does when a request is just on its way.
fn impatient() -> (SocketAddr, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = requests.clone();
    let address = upstream::tcp(move |stream| {
        let mut stream = BufReader::new(stream);
        for answer in [upstream::ok("fine"), Vec::new()] {
            if read_request(&mut stream).is_some() {
                count.fetch_add(1, Ordering::SeqCst);
                stream.get_mut().write_all(&answer).unwrap();
            }
        }
    });
    (address, requests)
}

#[test]
fn a_get_on_a_connection_that_was_just_closed_is_sent_again() {
    let (upstream, requests) = impatient();
    let (pki, gate) = gate(upstream, &[]);
    let mut client = open(&pki, &gate);
    for _ in 0..10 {
        assert_eq!(client.get("/").unwrap().text(), "fine");
    }
    assert!(
        requests.load(Ordering::SeqCst) > 10,
        "no connection was used again"
    );
    assert_eq!(failures(&gate), 0.0);
}

#[test]
fn a_post_is_not_sent_twice() {
    let (upstream, requests) = impatient();
    let (pki, gate) = gate(upstream, &[]);
    let mut client = open(&pki, &gate);
    let mut broken = 0;
    for sent in 1..=10 {
        let request = "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\n\r\nbody";
        match client.request(request).unwrap().status {
            200 => {}
            502 => broken += 1,
            other => panic!("{other}"),
        }
        assert_eq!(requests.load(Ordering::SeqCst), sent);
    }
    assert!(broken > 0, "no connection was used again");
    assert_eq!(gate.metric(&metric("bad_response")), f64::from(broken));
}
