//! Upstreams take turns, one that is down is passed over, and each kind of address is spoken to in its
//! own way.

use std::time::{Duration, Instant};

use http::{HeaderMap, Request, Response};

use crate::support::client;
use crate::support::pki::Pki;
use crate::support::{certgate, http2, upstream};

fn closing(text: &'static str) -> upstream::Http {
    upstream::http(move |_| {
        let length = text.len();
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{text}")
            .into()
    })
}

#[test]
fn take_turns() {
    let pki = Pki::new();
    let upstreams = [closing("a"), closing("b"), closing("c")];
    let gate = upstreams
        .iter()
        .fold(certgate::serve(&pki), |gate, upstream| {
            gate.arguments(&["--upstream", &upstream.url])
        })
        .start();
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    let answers: Vec<_> = (0..9).map(|_| client.get("/").unwrap().text()).collect();
    assert_eq!(answers.concat(), "abcabcabc");
    for upstream in upstreams {
        assert_eq!(upstream.accepted(), 3);
        let name = upstream.url.strip_prefix("http://").unwrap();
        gate.log_line(|line| line["event"] == "request" && line["upstream"] == name);
    }
}

#[test]
fn one_that_is_down_is_passed_over() {
    let pki = Pki::new();
    let alive = closing("alive");
    let dead = format!("http://{}", upstream::nobody());
    let gate = certgate::serve(&pki)
        .arguments(&["--upstream", &dead, "--upstream", &alive.url])
        .start();
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    for _ in 0..6 {
        assert_eq!(client.get("/").unwrap().text(), "alive");
    }
    assert_eq!(alive.accepted(), 6);
}

#[test]
fn tunnels_take_turns_and_pass_over_one_that_is_down() {
    let pki = Pki::new();
    let [a, b] = ["a", "b"].map(|name| {
        let address = upstream::tcp(move |mut stream| {
            let _ = std::io::Write::write_all(&mut stream, name.as_bytes());
        });
        format!("tcp://{address}")
    });
    let dead = format!("tcp://{}", upstream::nobody());
    let gate = certgate::serve(&pki)
        .arguments(&["--upstream", &a, "--upstream", &dead, "--upstream", &b])
        .start();
    let said = (0..6).map(|_| {
        let mut client = client::with(&pki.client).connect(gate.address).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut client, &mut text).unwrap();
        text
    });
    assert_eq!(said.collect::<String>(), "abbabb");
}

#[test]
fn a_unix_socket() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki);
    let upstream = upstream::unix(&gate.directory().join("app.sock"), |_| {
        upstream::ok("by unix")
    });
    let gate = gate.arguments(&["--upstream", &upstream.url]).start();
    assert_eq!(
        client::with(&pki.client)
            .get(gate.address, "/a?b")
            .unwrap()
            .text(),
        "by unix"
    );
    let seen = upstream.request();
    assert_eq!(
        (seen.line(), seen.malformed.as_deref()),
        ("GET /a?b HTTP/1.1", None)
    );
    assert_eq!(gate.event("request")["upstream"], upstream.url);
}

#[test]
fn http_2_without_tls_as_grpc_wants_it() {
    let pki = Pki::new();
    let address = http2::upstream(|request| {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        trailers.insert(
            "x-seen",
            format!("{:?}", request.trailers.get("x-sum"))
                .parse()
                .unwrap(),
        );
        let header = |name: &str| {
            request
                .parts
                .headers
                .get(name)
                .map_or("none", |v| v.to_str().unwrap())
        };
        Response::builder()
            .header("content-type", "application/grpc")
            .header("x-target", request.parts.uri.to_string())
            .header("x-te", header("te"))
            .header("x-host", header("host"))
            .header("x-from", header("x-forwarded-for"))
            .body(http2::with_trailers(
                &String::from_utf8_lossy(&request.body),
                trailers,
            ))
            .unwrap()
    });
    let gate = certgate::serve(&pki)
        .argument(format!("--upstream=h2c://{address}"))
        .start();
    let mut client = http2::connect(&pki.client, gate.address);
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "4".parse().unwrap());
    let request = Request::post("https://app.example/package.Service/Method")
        .header("te", "trailers")
        .header("content-type", "application/grpc")
        .body(http2::with_trailers("body", trailers));
    let answer = client.send(request.unwrap()).unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"body"[..]));
    assert_eq!(answer.trailers["grpc-status"], "0");
    assert_eq!(answer.trailers["x-seen"], "Some(\"4\")");
    assert_eq!(
        answer.headers["x-target"],
        "http://app.example/package.Service/Method"
    );
    assert_eq!(answer.headers["x-te"], "trailers");
    assert_eq!(answer.headers["x-host"], "none");
    assert_eq!(answer.headers["x-from"], "127.0.0.1");

    let old = client::with(&pki.client).get(gate.address, "/old").unwrap();
    assert_eq!(
        (old.status, old.header("x-target")),
        (200, Some("http://localhost/old"))
    );
}

#[test]
fn clients_that_do_not_read_do_not_hold_up_others_of_the_same_connection() {
    let pki = Pki::new();
    let address = http2::upstream(|request| {
        let body = match request.parts.uri.path() {
            "/large" => http2::large(64 << 20),
            _ => http2::full("small"),
        };
        Response::new(body)
    });
    let gate = certgate::serve(&pki)
        .argument(format!("--upstream=h2c://{address}"))
        .start();
    let greedy: Vec<_> = (0..32)
        .map(|_| {
            let mut client = client::with(&pki.client).connect(gate.address).unwrap();
            let request = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
            std::io::Write::write_all(&mut client, request).unwrap();
            // Only the first byte: the answer is under way.
            std::io::Read::read_exact(&mut client, &mut [0]).unwrap();
            client
        })
        .collect();
    // Long enough for the unread answers to fill every window that there is.
    let end = Instant::now() + Duration::from_millis(1500);
    while Instant::now() < end {
        let answer = client::with(&pki.client)
            .get(gate.address, "/small")
            .unwrap();
        assert_eq!(answer.text(), "small");
    }
    drop(greedy);
}
