//! The admin port tells orchestrators and Prometheus; `certgate health` asks it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::support::certgate::{self, Certgate, Finished};
use crate::support::client;
use crate::support::http::{self, Response};
use crate::support::pki::Pki;
use crate::support::{PATIENCE, upstream};

fn ask(gate: &Certgate, request_line: &str) -> Response {
    ask_by(gate, request_line, "Host: localhost\r\n")
}

fn ask_by(gate: &Certgate, request_line: &str, host: &str) -> Response {
    let mut stream = TcpStream::connect(gate.admin).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("{request_line} HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
    let response = http::exchange(&mut stream, &request).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"", "nothing after the answer to {request_line}");
    response
}

#[test]
fn answers_each_path() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    for (request_line, status, text) in [
        ("GET /healthz", 200, "alive\n"),
        ("GET /readyz", 200, "ready\n"),
        ("GET /readyz?verbose", 200, "ready\n"),
        (
            "GET /nothing",
            404,
            "not here; there are / /healthz /readyz /metrics /status.json\n",
        ),
        (
            "GET /index.html",
            404,
            "not here; there are / /healthz /readyz /metrics /status.json\n",
        ),
        ("POST /healthz", 405, "method not allowed\n"),
        ("DELETE /metrics", 405, "method not allowed\n"),
    ] {
        let response = ask(&gate, request_line);
        assert_eq!((response.status, response.text().as_str()), (status, text));
        let kind = response.header("content-type").unwrap();
        assert!(kind.starts_with("text/plain"), "{kind}");
        let allow = (status == 405).then_some("GET, HEAD");
        assert_eq!(response.header("allow"), allow);
    }
}

/// A name that leads to this machine, in a browser on it.
#[test]
fn a_port_of_this_machine_tells_nothing_by_another_name() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let own = format!("Host: {}\r\n", gate.admin);
    let ours = ["", "Host: localhost:1\r\n", "Host: [::1]\r\n", &own];
    let other = "Host: evil.example:9090\r\n";
    for path in ["/", "/metrics", "/status.json"] {
        let request_line = format!("GET {path}");
        for host in ours {
            let response = ask_by(&gate, &request_line, host);
            assert_eq!(response.status, 200, "{path} {host}");
        }
        let response = ask_by(&gate, &request_line, other);
        assert_eq!(response.status, 421, "{path}");
        let text = response.text();
        assert!(
            text.contains("localhost") && text.contains("--admin"),
            "{text}"
        );
    }
    for path in ["/healthz", "/readyz"] {
        let response = ask_by(&gate, &format!("GET {path}"), other);
        assert_eq!(response.status, 200, "{path}");
    }
}

/// Prometheus has the names of a fleet.
#[test]
fn a_port_for_others_answers_by_any_name() {
    let pki = Pki::new();
    let gate = certgate::bare(&["serve", "--listen=127.0.0.1:0", "--admin=0.0.0.0:0"])
        .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
        .environment("SSL_SERVER_KEY", pki.server.key_pem())
        .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
        .environment("CERTGATE_CERTS_DIR", "certs")
        .start();
    for path in ["/", "/metrics", "/status.json"] {
        let host = "Host: gate.internal.example:9090\r\n";
        let response = ask_by(&gate, &format!("GET {path}"), host);
        assert_eq!(response.status, 200, "{path}");
    }
}

#[test]
fn head_has_no_body() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    for path in ["/healthz", "/readyz", "/metrics", "/status.json", "/"] {
        let response = ask(&gate, &format!("HEAD {path}"));
        assert_eq!(response.status, 200, "{path}");
    }
}

#[test]
fn metrics_have_every_name_from_the_start() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let response = gate.admin("/metrics");
    let kind = response.header("content-type").unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = response.text();
    for name in [
        "certgate_connections_accepted_total 0",
        "certgate_connections_open 0",
        "certgate_tcp_pings_total 0",
        "certgate_accept_errors_total 0",
        "certgate_handshakes_total{result=\"full\"} 0",
        "certgate_handshakes_total{result=\"resumed\"} 0",
        "certgate_handshakes_total{result=\"refused\"} 0",
        "certgate_handshake_seconds_count 0",
        "certgate_refusals_total{reason=\"no_certificate\"} 0",
        "certgate_refusals_total{reason=\"unknown_ca\"} 0",
        "certgate_refusals_total{reason=\"expired\"} 0",
        "certgate_request_seconds_count 0",
        "certgate_response_body_bytes_total 0",
    ] {
        assert!(
            text.lines().any(|line| line == name),
            "{name} is not in\n{text}"
        );
    }
}

#[test]
fn metrics_count_what_happened() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("a.txt", "0123456789").start();
    let client = client::with(&pki.client);
    client.get(gate.address, "/a.txt").unwrap();
    client.get(gate.address, "/nothing").unwrap();
    client::anonymous().refusal(gate.address);
    gate.event("refused");
    let held = client.connect(gate.address).unwrap();
    for (name, value) in [
        ("certgate_connections_accepted_total", 4.0),
        ("certgate_handshakes_total{result=\"full\"}", 3.0),
        ("certgate_handshakes_total{result=\"refused\"}", 1.0),
        ("certgate_refusals_total{reason=\"no_certificate\"}", 1.0),
        ("certgate_requests_total{status=\"200\"}", 1.0),
        ("certgate_requests_total{status=\"404\"}", 1.0),
        ("certgate_request_seconds_count", 2.0),
        ("certgate_connections_open", 1.0),
    ] {
        crate::support::eventually(name, || (gate.metric(name) == value).then_some(()));
    }
    drop(held);
    crate::support::eventually("the connection to close", || {
        (gate.metric("certgate_connections_open") == 0.0).then_some(())
    });
}

#[test]
fn can_be_off() {
    let pki = Pki::new();
    let gate = certgate::bare(&["serve", "--listen=127.0.0.1:0", "--admin=off"])
        .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
        .environment("SSL_SERVER_KEY", pki.server.key_pem())
        .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
        .environment("CERTGATE_CERTS_DIR", "certs")
        .start();
    assert!(gate.event("ready")["admin"].is_null());
    let response = client::with(&pki.client).get(gate.address, "/healthz");
    assert_eq!(response.unwrap().status, 404, "nor is it among the content");
    let finished = certgate::bare(&["health", "--admin=off"]).finish();
    assert_eq!(finished.code(), 1);
    assert!(
        finished.stderr.contains("admin is off"),
        "{}",
        finished.stderr
    );
}

fn health(address: SocketAddr) -> Finished {
    certgate::bare(&["health"])
        .argument(format!("--admin={address}"))
        .finish()
}

#[test]
fn health_asks_it() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let finished = health(gate.admin);
    assert_eq!(finished.code(), 0, "{}", finished.stderr);
    assert_eq!(
        (finished.stdout.as_str(), finished.stderr.as_str()),
        ("", "")
    );
    let by_variable = certgate::bare(&["health"])
        .environment("CERTGATE_ADMIN", gate.admin.to_string())
        .finish();
    assert_eq!(by_variable.code(), 0, "{}", by_variable.stderr);
    // The container's variables are there as well; nothing of them is looked at.
    let beside_secrets = certgate::bare(&["health"])
        .environment("CERTGATE_ADMIN", gate.admin.to_string())
        .environment("SSL_SERVER_KEY", "anything")
        .finish();
    assert_eq!(beside_secrets.code(), 0, "{}", beside_secrets.stderr);
}

#[test]
fn health_fails_without_a_gateway() {
    let nobody = upstream::nobody();
    let finished = health(nobody);
    assert_eq!(finished.code(), 1);
    let says = format!("http://{nobody}/healthz");
    assert!(finished.stderr.contains(&says), "{}", finished.stderr);
    let broken = upstream::tcp(|mut stream| {
        upstream::read_head(&mut stream);
        let answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
        let _ = stream.write_all(answer);
    });
    let finished = health(broken);
    assert_eq!(finished.code(), 1);
    assert!(finished.stderr.contains("503"), "{}", finished.stderr);
    let finished = certgate::bare(&["health", "--admin=nowhere"]).finish();
    assert_eq!(finished.code(), 78);
}

/// A server that hangs, and one that answers a byte at a time for ever.
#[test]
fn health_gives_up_within_its_limit() {
    let silent = upstream::tcp(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let dribbling = upstream::tcp(|mut stream| {
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let start = Instant::now();
    let asking = [silent, dribbling].map(|address| std::thread::spawn(move || health(address)));
    for finished in asking.map(|thread| thread.join().unwrap()) {
        assert_eq!(finished.code(), 1, "{}", finished.stderr);
        assert!(finished.stderr.contains("no answer"), "{}", finished.stderr);
    }
    assert!(start.elapsed() < PATIENCE / 2, "{:?}", start.elapsed());
}
