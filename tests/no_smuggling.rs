//! What a client sends is one request for the upstream or none: never a hidden second one, never one
//! whose end the upstream could see elsewhere than certgate does.

use std::io::Write;

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::http::{Response, read_response};
use crate::support::http2::{Raw, Verdict};
use crate::support::pki::Pki;
use crate::support::upstream::{self, Http, Request};

struct Setup {
    pki: Pki,
    upstream: Http,
    gate: Certgate,
}

/// What bytes led to.
#[derive(Debug)]
struct Outcome {
    /// All that the client got.
    answers: Vec<Response>,
    /// The whole requests that the upstream got.
    seen: Vec<Request>,
}

impl Setup {
    fn new() -> Self {
        let pki = Pki::new();
        let upstream = upstream::http(|_| upstream::ok("answered"));
        let gate = certgate::serve(&pki)
            .arguments(&["--upstream", &upstream.url])
            .start();
        Self {
            pki,
            upstream,
            gate,
        }
    }

    /// Sends these bytes, and once they were answered a last request of which there is no doubt.
    fn send(&self, bytes: &str) -> Outcome {
        let mut client = client::with(&self.pki.client)
            .connect(self.gate.address)
            .unwrap();
        client.write_all(bytes.as_bytes()).unwrap();
        let mut answers = Vec::new();
        // Whether there is an answer or a close, the outcome shows.
        answers.extend(read_response(&mut client, false));
        let fence = "GET /fence HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n";
        let _ = client.write_all(fence.as_bytes());
        while let Ok(answer) = read_response(&mut client, false) {
            answers.push(answer);
        }
        let mut seen = self.seen();
        if seen
            .last()
            .is_some_and(|request| request.path() == "/fence")
        {
            seen.pop();
            answers.pop();
        }
        Outcome { answers, seen }
    }

    /// Which whole requests have reached the upstream before one that is beyond doubt.
    fn seen(&self) -> Vec<Request> {
        let marker = client::with(&self.pki.client).get(self.gate.address, "/marker");
        assert_eq!(marker.unwrap().text(), "answered");
        let mut seen = Vec::new();
        loop {
            match self.upstream.request() {
                request if request.path() == "/marker" => return seen,
                request if breaks_off(&request) => {}
                request => seen.push(request),
            }
        }
    }

    /// Neither a request reaches the upstream nor an answer the client but a refusal.
    #[track_caller]
    fn assert_refused(&self, bytes: &str) {
        let outcome = self.send(bytes);
        assert!(outcome.seen.is_empty(), "{bytes:?}: {outcome:?}");
        let statuses = outcome.statuses();
        let refused = matches!(statuses[..], [] | [400..500]);
        assert!(refused, "{bytes:?}: {outcome:?}");
    }

    /// Exactly one request reaches the upstream, with this body.
    #[track_caller]
    fn assert_one(&self, bytes: &str, body: &str) -> Request {
        let mut outcome = self.send(bytes);
        assert_eq!(outcome.statuses(), [200], "{bytes:?}: {outcome:?}");
        assert_eq!(outcome.seen.len(), 1, "{bytes:?}: {outcome:?}");
        let request = outcome.seen.remove(0);
        assert_eq!(request.malformed, None, "{bytes:?}: {request:?}");
        assert_eq!(request.body, body.as_bytes(), "{bytes:?}: {request:?}");
        request
    }
}

impl Outcome {
    fn statuses(&self) -> Vec<u16> {
        self.answers.iter().map(|answer| answer.status).collect()
    }
}

/// Whether an upstream wouldn't act upon it, because it never ends.
fn breaks_off(request: &Request) -> bool {
    let fault = request.malformed.as_deref();
    fault.is_some_and(|fault| fault.ends_with("breaks off"))
}

fn post(fields: &str, body: &str) -> String {
    format!("POST /first HTTP/1.1\r\nHost: app\r\n{fields}\r\n{body}")
}

/// What would be a second request if the first one ended before it.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: app\r\n\r\n";

#[test]
fn two_framings() {
    let setup = Setup::new();
    // Chunked decides (RFC 9112 section 6.3); the length must not reach the upstream.
    let body = format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len());
    for fields in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nX-A: b\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\nConnection: Transfer-Encoding\r\n",
    ] {
        let outcome = setup.send(&post(fields, &body));
        for request in &outcome.seen {
            assert_eq!(request.malformed, None, "{fields:?}: {outcome:?}");
            assert_eq!(request.body, HIDDEN.as_bytes(), "{fields:?}: {outcome:?}");
        }
        assert!(outcome.seen.len() <= 1, "{fields:?}: {outcome:?}");
        assert_eq!(outcome.answers.len(), 1, "{fields:?}: {outcome:?}");
    }
}

#[test]
fn lengths_that_disagree_or_are_none() {
    let setup = Setup::new();
    for fields in [
        "Content-Length: 4\r\nContent-Length: 41\r\n",
        "Content-Length: 41\r\nContent-Length: 4\r\n",
        "Content-Length: 4, 41\r\n",
        "Content-Length: +4\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x4\r\n",
        "Content-Length: 4 4\r\n",
        "Content-Length: \r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 4\u{b}\r\n",
    ] {
        setup.assert_refused(&post(fields, &format!("body{HIDDEN}")));
    }
    // The same twice is one.
    let twice = post(
        "Connection: close\r\nContent-Length: 4\r\nContent-Length: 4\r\n",
        "body",
    );
    setup.assert_one(&twice, "body");
    // The length is kept though Connection names it.
    let named = post(
        "Connection: close, content-length\r\nContent-Length: 4\r\n",
        "body",
    );
    setup.assert_one(&named, "body");
}

#[test]
fn transfer_encodings_that_are_not_chunked() {
    let setup = Setup::new();
    let body = format!("0\r\n\r\n{HIDDEN}");
    for fields in [
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked;q=1\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding: \u{b}chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        " Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding:\r\n chunked\r\n",
        "Transfer-Encoding\0: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding\r\n",
    ] {
        setup.assert_refused(&post(fields, &body));
    }
    setup.assert_refused(&format!(
        "POST / HTTP/1.0\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
    ));
    let last = post(
        "Connection: close\r\ntransfer-ENCODING:\tChunked \r\n",
        "4\r\nbody\r\n0\r\n\r\n",
    );
    setup.assert_one(&last, "body");
}

#[test]
fn lines_that_end_or_begin_wrongly() {
    let setup = Setup::new();
    for fields in [
        "X-A: b\r\n folded: c\r\n",
        "X-A: b\r\n\tfolded\r\n",
        "X-A : b\r\n",
        "X A: b\r\n",
        ": b\r\n",
        "X-A: b\rX-B: c\r\n",
        "X-A: b\0c\r\n",
        "X-A\r\n",
        "X(A): b\r\n",
    ] {
        setup.assert_refused(&format!("GET /first HTTP/1.1\r\nHost: app\r\n{fields}\r\n"));
    }
    for line in [
        "GET /first HTTP/1.1 \r\n",
        "GET  /first HTTP/1.1\r\n",
        "GET /a b HTTP/1.1\r\n",
        "GET /a\tb HTTP/1.1\r\n",
        "GET\t/first\tHTTP/1.1\r\n",
        "GET /first HTTP/1.2\r\n",
        "GET /first HTTP/9.9\r\n",
        "GET /first\r\n",
        "GET first HTTP/1.1\r\n",
        "GE(T /first HTTP/1.1\r\n",
    ] {
        setup.assert_refused(&format!("{line}Host: app\r\n\r\n"));
    }
    // A recipient may take a bare LF for a line's end (RFC 9112 section 2.2): then it's one line for
    // the upstream, too, and ends as it should.
    let outcome = setup.send("GET /first HTTP/1.1\nHost: app\nX-A: b\nConnection: close\n\n");
    for request in &outcome.seen {
        assert_eq!(request.malformed, None, "{outcome:?}");
        assert_eq!(request.headers("x-a"), ["b"]);
    }
    assert!(outcome.seen.len() <= 1, "{outcome:?}");
}

#[test]
fn chunks_that_end_wrongly() {
    let setup = Setup::new();
    for body in [
        "0x4\r\nbody\r\n0\r\n\r\n",
        "+4\r\nbody\r\n0\r\n\r\n",
        "-4\r\nbody\r\n0\r\n\r\n",
        "g\r\nbody\r\n0\r\n\r\n",
        "\r\nbody\r\n0\r\n\r\n",
        "4\r\nbodyX\r\n0\r\n\r\n",
        "4\r\nbod\r\n0\r\n\r\n",
        "4\nbody\r\n0\r\n\r\n",
        "4\rXbody\r\n0\r\n\r\n",
        "4;a\nb\r\nbody\r\n0\r\n\r\n",
        "4\r\nbody0\r\n\r\n",
        "10000000000000004\r\nbody\r\n0\r\n\r\n",
        "4 4\r\nbody\r\n0\r\n\r\n",
        "4\r\nbody\r\n",
    ] {
        setup.assert_refused(&post(
            "Transfer-Encoding: chunked\r\n",
            &format!("{body}{HIDDEN}"),
        ));
    }
    for body in [
        "4;name=value\r\nbody\r\n0\r\n\r\n",
        "0004\r\nbody\r\n000;x\r\n\r\n",
        "2\r\nbo\r\n2\r\ndy\r\n0\r\nX-Trailer: Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n",
    ] {
        let fields = "Connection: close\r\nTransfer-Encoding: chunked\r\n";
        setup.assert_one(&post(fields, body), "body");
    }
}

#[test]
fn hosts() {
    let setup = Setup::new();
    for fields in [
        "",
        "Host: a\r\nHost: b\r\n",
        "Host: a\r\nHost: a\r\n",
        "Host: a\r\nhost: b\r\n",
        "Host: a b\r\n",
        "Host: a/b\r\n",
        "Host: user@a\r\n",
        "Host: a?b\r\n",
        "Host: a#b\r\n",
        "Host: [::1\r\n",
        "Host: a\\b\r\n",
        "Host: \u{e4}\r\n",
        "Host: http://a\r\n",
    ] {
        setup.assert_refused(&format!("GET /first HTTP/1.1\r\n{fields}\r\n"));
    }
    // In absolute form the line says the host (RFC 9112 section 3.2.2).
    let absolute = "GET http://other:81/first?q HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n";
    let seen = setup.assert_one(absolute, "");
    assert_eq!(
        (seen.line(), &seen.headers("host")[..]),
        ("GET /first?q HTTP/1.1", &["other:81"][..])
    );
    setup.assert_refused("GET http://user@other/ HTTP/1.1\r\nHost: app\r\n\r\n");
    setup.assert_refused("GET http:///first HTTP/1.1\r\nHost: app\r\n\r\n");
}

#[test]
fn methods_that_are_no_requests() {
    let setup = Setup::new();
    for line in ["CONNECT app:443", "CONNECT /first", "TRACE /first"] {
        setup.assert_refused(&format!(
            "{line} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n"
        ));
    }
    let trace = setup.send("TRACE /first HTTP/1.1\r\nHost: app\r\n\r\n");
    assert_eq!(trace.statuses(), [405], "{trace:?}");
    // No tunnel: what follows is certgate's to read.
    let connect = setup.send(&format!(
        "CONNECT app:443 HTTP/1.1\r\nHost: app\r\n\r\n{HIDDEN}"
    ));
    assert_eq!(connect.statuses()[0], 405, "{connect:?}");
    let sound = |request: &Request| request.headers("x-real-ip") == ["127.0.0.1"];
    assert!(connect.seen.iter().all(sound), "{connect:?}");
}

#[test]
fn an_upgrade_to_http_2() {
    let setup = Setup::new();
    let request = "GET /first HTTP/1.1\r\nHost: app\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    let seen = setup.assert_one(request, "");
    for name in ["upgrade", "connection", "http2-settings"] {
        assert_eq!(seen.headers(name), [""; 0], "{name}");
    }
    // By prior knowledge on a connection that didn't agree on it: the server is one for HTTP/1.1.
    setup.assert_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}

#[test]
fn requests_one_after_the_other_stay_apart() {
    let setup = Setup::new();
    let first = post("Content-Length: 4\r\n", "body");
    let third = "GET /third HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n";
    let outcome = setup.send(&format!("{first}{HIDDEN}{third}{HIDDEN}"));
    let lines: Vec<_> = outcome.seen.iter().map(Request::line).collect();
    assert_eq!(
        lines,
        [
            "POST /first HTTP/1.1",
            "GET /hidden HTTP/1.1",
            "GET /third HTTP/1.1"
        ]
    );
    assert_eq!(outcome.statuses(), [200, 200, 200], "{outcome:?}");
}

/// Fields of a good request in HTTP/2, and these.
fn fields<'a>(method: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        (":method", method),
        (":scheme", "https"),
        (":path", "/first"),
        (":authority", "app"),
    ];
    all.extend(more);
    all
}

/// A good request with one field written otherwise.
fn with<'a>(name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let fields = fields("GET", &[]).into_iter();
    fields
        .map(|(n, v)| if n == name { (n, value) } else { (n, v) })
        .collect()
}

impl Setup {
    fn http2(&self) -> Raw {
        let client = client::with(&self.pki.client).alpn(b"\x02h2");
        Raw::new(client.connect(self.gate.address).unwrap())
    }
}

#[test]
fn fields_of_http_2_that_http_1_1_would_misread() {
    let setup = Setup::new();
    let mut good = setup.http2();
    good.headers(1, &fields("GET", &[("x-a", "b")]), true);
    assert_eq!(good.verdict(1), Verdict::Status(200));
    assert_eq!(setup.seen().len(), 1);
    for fields in [
        fields("GET", &[("host", "other")]),
        fields("GET", &[("host", "app"), ("host", "app")]),
        fields("GET", &[("connection", "x-a"), ("x-a", "b")]),
        fields("POST", &[("transfer-encoding", "chunked")]),
        fields("GET", &[("upgrade", "h2c")]),
        fields("GET", &[("keep-alive", "5")]),
        fields("GET", &[("x-a", "b\r\nx-b: c")]),
        fields("GET", &[("x-a", "b\nx-b: c")]),
        fields("GET", &[("x-a\r\nx-b", "c")]),
        fields("GET", &[("x-a: b", "c")]),
        fields("GET", &[("X-Upper", "c")]),
        fields("GET", &[("x a", "c")]),
        fields("GET", &[(":path", "/second")]),
        fields("GET", &[("x-a", "b"), (":authority", "other")]),
        fields("CONNECT", &[(":protocol", "websocket")]),
        fields("GET /hidden HTTP/1.1\r\nx: y", &[]),
        with(":path", "/a b"),
        with(":path", "/a HTTP/1.1\r\nx: y"),
        with(":path", ""),
        with(":authority", "a b"),
        with(":authority", "user@a"),
        with(":authority", "a/b"),
        with(":authority", "a\r\nx: y"),
        with(":scheme", "https://other/?"),
    ] {
        let mut client = setup.http2();
        client.headers(1, &fields, true);
        let verdict = client.verdict(1);
        let seen = setup.seen();
        assert!(seen.is_empty(), "{fields:?}: {seen:?}");
        assert!(
            !matches!(verdict, Verdict::Status(200 | 500)),
            "{fields:?}: {verdict:?}"
        );
    }
}

#[test]
fn a_length_in_http_2_that_the_body_does_not_have() {
    let setup = Setup::new();
    for (length, content) in [
        ("4", "body and more"),
        ("0", HIDDEN),
        ("20", "less"),
        ("4, 13", "body"),
        ("+4", "body"),
    ] {
        let mut client = setup.http2();
        client.headers(1, &fields("POST", &[("content-length", length)]), false);
        client.data(1, content.as_bytes(), true);
        let verdict = client.verdict(1);
        let seen = setup.seen();
        assert!(seen.is_empty(), "{length}: {seen:?}");
        assert!(
            !matches!(verdict, Verdict::Status(200 | 500)),
            "{length}: {verdict:?}"
        );
    }
    let mut client = setup.http2();
    client.headers(1, &fields("POST", &[("content-length", "4")]), false);
    client.data(1, b"body", true);
    assert_eq!(client.verdict(1), Verdict::Status(200));
    assert_eq!(setup.seen()[0].body, b"body");
}
