//! With `--refusal page` a refused client completes the handshake, and gets one page whatever it asks.

use std::io::{Read, Write};

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Client, Connection};
use crate::support::http::Response;
use crate::support::http2_client as http2;
use crate::support::pki::{self, Identity, Pki, Recipe};

const CONTENT: &str = "nobody without a certificate reads this";

fn serve(pki: &Pki) -> Builder {
    certgate::serve(pki)
        .argument("--refusal=page")
        .file("index.html", CONTENT)
        .file("secret.txt", CONTENT)
}

fn start(pki: &Pki) -> Certgate {
    serve(pki).start()
}

/// No certificate, and bad ones: who, and the reason in the log.
fn refused(pki: &Pki) -> Vec<(Client, &'static str)> {
    let other = pki::authority("Other CA").self_signed();
    let expired = Recipe {
        not_after: -60,
        ..pki::client("alice")
    };
    vec![
        (client::anonymous(), "no_certificate"),
        (
            client::with(&pki::client("alice").signed_by(&other)),
            "unknown_ca",
        ),
        (client::with(&expired.signed_by(&pki.ca)), "expired"),
        (
            client::with(&pki.client.with_a_broken_signature()),
            "bad_signature",
        ),
    ]
}

fn versions(client: &Client) -> [Client; 2] {
    [client.clone().tls12(), client.clone().tls13()]
}

#[track_caller]
fn is_the_page(response: &Response, head_only: bool) {
    assert_eq!(response.status, 403);
    let header = |name| response.header(name);
    assert_eq!(header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(header("connection"), Some("close"));
    assert_eq!(header("cache-control"), Some("no-store"));
    for name in ["last-modified", "etag", "accept-ranges", "location"] {
        assert_eq!(header(name), None, "{name}");
    }
    let text = response.text();
    assert!(!text.contains(CONTENT), "{text}");
    assert_eq!(text.contains("certificate"), !head_only, "{text}");
}

#[track_caller]
fn is_closed(connection: &mut Connection) {
    let mut rest = Vec::new();
    // However it ends; nothing may come before that.
    let _ = connection.read_to_end(&mut rest);
    assert_eq!(String::from_utf8_lossy(&rest), "");
}

#[test]
fn over_http1_whatever_is_asked() {
    let pki = Pki::new();
    let gate = start(&pki);
    let requests = [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n",
        "GET /secret.txt HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-9\r\n\r\n",
        "GET /no-such-file HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET https://localhost/secret.txt HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET /secret.txt HTTP/1.0\r\n\r\n",
        "HEAD /secret.txt HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody",
        "DELETE /secret.txt HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        // The second request goes unanswered.
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET /secret.txt HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ];
    for client in refused(&pki)
        .iter()
        .flat_map(|(client, _)| versions(client))
    {
        for request in requests {
            let mut connection = client.connect(gate.address).unwrap();
            let response = connection.request(request).unwrap();
            is_the_page(&response, request.starts_with("HEAD"));
            is_closed(&mut connection);
        }
    }
}

#[test]
fn over_http2_whatever_is_asked() {
    let pki = Pki::new();
    let gate = start(&pki);
    for client in refused(&pki)
        .iter()
        .flat_map(|(client, _)| versions(client))
    {
        let mut connection = http2::connect(&client, gate.address);
        for (method, path, body) in [
            ("GET", "/", ""),
            ("GET", "/secret.txt", ""),
            ("HEAD", "/secret.txt", ""),
            ("POST", "/", "body"),
            ("DELETE", "/secret.txt", ""),
        ] {
            let response = connection.request(method, path, body);
            assert_eq!(response.status(), 403, "{method} {path}");
            let text = String::from_utf8_lossy(response.body());
            assert!(!text.contains(CONTENT), "{text}");
            assert_eq!(text.contains("certificate"), method != "HEAD", "{text}");
            assert!(response.headers().get("connection").is_none());
        }
    }
}

#[test]
fn is_logged_as_a_refusal_with_its_reason() {
    let pki = Pki::new();
    let gate = start(&pki);
    for (client, reason) in refused(&pki) {
        for client in versions(&client) {
            let (from, response) = client.attempt(gate.address);
            is_the_page(
                &response.unwrap_or_else(|e| panic!("{reason}: {e}\n{}", gate.log_text())),
                false,
            );
            let from = from.to_string();
            let line = gate.log_line(|l| l["event"] == "refused" && l["client"] == from);
            assert_eq!(line["reason"], reason);
            let line = gate.log_line(|l| l["event"] == "request" && l["client"] == from);
            assert_eq!(line["status"], 403);
            assert_eq!(
                line["subject"].as_str(),
                None,
                "nobody is proven to be here"
            );
        }
        let metric = format!("certgate_refusals_total{{reason=\"{reason}\"}}");
        assert_eq!(gate.metric(&metric), 2.0, "{reason}");
    }
    let handshakes =
        |result: &str| gate.metric(&format!("certgate_handshakes_total{{result=\"{result}\"}}"));
    assert_eq!(
        ["full", "resumed", "refused"].map(handshakes),
        [0.0, 0.0, 8.0]
    );
}

#[test]
fn is_not_for_who_has_a_good_certificate() {
    let pki = Pki::new();
    let gate = start(&pki);
    for client in versions(&client::with(&pki.client)) {
        assert_eq!(client.get(gate.address, "/").unwrap().text(), CONTENT);
    }
}

#[test]
fn is_not_for_who_does_not_hold_the_key() {
    let pki = Pki::new();
    let gate = start(&pki);
    for client in versions(&client::with(&pki.client.with_another_key())) {
        let words = client.refusal(gate.address);
        assert!(words.contains("alert decrypt error"), "{words}");
    }
    assert_eq!(gate.event("refused")["reason"], "bad_signature");
}

#[test]
fn leaves_no_ticket_that_resumes() {
    let pki = Pki::new();
    let gate = start(&pki);
    let again = |client: Client, identity: Option<&Identity>, version: usize| {
        let plain = identity.map_or_else(client::anonymous, client::with);
        let mut first = versions(&client)[version].connect(gate.address).unwrap();
        is_the_page(&first.get("/").unwrap(), false);
        first.close();
        let ticket = first.ticket()?;
        let client = versions(&plain)[version].clone().session(ticket);
        let mut second = client.connect(gate.address).unwrap();
        let response = second.get("/").unwrap();
        assert!(!second.resumed());
        second.close();
        Some(response)
    };
    for (client, reason) in refused(&pki) {
        for version in [0, 1] {
            if let Some(response) = again(client.clone(), None, version) {
                is_the_page(&response, false);
            }
            if let Some(response) = again(client.clone(), Some(&pki.client), version) {
                assert_eq!(response.text(), CONTENT, "{reason}");
            }
        }
    }
}

#[test]
fn holds_no_connection_open_for_long() {
    let gate = serve(&Pki::new()).argument("--header-timeout=2s").start();
    let (mut over_http1, mut over_http2) = (Vec::new(), Vec::new());
    for client in versions(&client::anonymous()) {
        let silent = client.connect(gate.address).unwrap();
        let mut slow = client.connect(gate.address).unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\n").unwrap();
        over_http1.extend([silent, slow]);
        let silent = http2::connect(&client, gate.address);
        let mut answered = http2::connect(&client, gate.address);
        assert_eq!(answered.request("GET", "/", "").status(), 403);
        over_http2.extend([silent, answered]);
    }
    over_http1.iter_mut().for_each(is_closed);
    over_http2
        .into_iter()
        .for_each(http2::Connection::until_closed);
}
