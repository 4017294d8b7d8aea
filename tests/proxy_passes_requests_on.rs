//! What the client says reaches the upstream, and what the upstream says reaches the client, unchanged.

use std::io::{Read, Write};

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Connection};
use crate::support::http::{Response, read_response};
use crate::support::http2;
use crate::support::pki::Pki;
use crate::support::upstream::{self, Http, Request};

fn proxy(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> (Pki, Http, Certgate) {
    let pki = Pki::new();
    let upstream = upstream::http(answer);
    let gate = certgate::serve(&pki).arguments(&["--upstream", &upstream.url]);
    (pki, upstream, gate.start())
}

fn send(connection: &mut Connection, request: &str) -> Response {
    connection.request(request).unwrap()
}

#[test]
fn method_path_and_fields() {
    let (pki, upstream, gate) = proxy(|_| upstream::ok(""));
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/?"),
        (
            "GET",
            "/a%2Fb/%7euser//x/../y/.;v=1?q=%zz&r=a+b%20c&&=?/|{}^`",
        ),
        ("POST", "/%00%0d%0a%ff"),
        ("PUT", "//double//"),
        ("DELETE", "/~!$&'()*+,;=:@"),
        ("PATCH", "/index.html"),
        ("OPTIONS", "*"),
        ("PURGE", "/own-method"),
        ("get", "/lower"),
    ] {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: app\r\nX-Odd: a,  b;\"c\"\r\nX-Twice: 1\r\nX-Twice: 2\r\nX-Empty:\r\nCookie: a=1; b=2\r\n\r\n"
        );
        assert_eq!(send(&mut client, &request).status, 200, "{method} {path}");
        let seen = upstream.request();
        assert_eq!(seen.line(), format!("{method} {path} HTTP/1.1"));
        assert_eq!(seen.malformed, None);
        assert_eq!(seen.headers("x-odd"), ["a,  b;\"c\""]);
        assert_eq!(seen.headers("x-twice"), ["1", "2"]);
        assert_eq!(seen.headers("x-empty"), [""]);
        assert_eq!(seen.headers("cookie"), ["a=1; b=2"]);
    }
    let line = gate.event("request");
    assert_eq!(line["method"], "GET");
    assert_eq!(
        format!("http://{}", line["upstream"].as_str().unwrap()),
        upstream.url
    );
}

#[test]
fn bodies_with_their_framing() {
    let (pki, upstream, gate) = proxy(|_| upstream::ok(""));
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    let length = "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 7\r\n\r\n\0\r\n\r\nab";
    assert_eq!(send(&mut client, length).status, 200);
    let seen = upstream.request();
    assert_eq!(
        (seen.headers("content-length"), &seen.body[..]),
        (vec!["7"], &b"\0\r\n\r\nab"[..])
    );

    let chunked = "PUT / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, X-Other\r\n\r\n3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 13\r\n\r\n";
    assert_eq!(send(&mut client, chunked).status, 200);
    let seen = upstream.request();
    assert_eq!(seen.headers("transfer-encoding"), ["chunked"]);
    assert_eq!(seen.body, b"abc0123456789");
    assert_eq!(seen.trailers.to_lowercase(), "x-sum: 13\r\n");

    let none = "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(send(&mut client, none).status, 200);
    let seen = upstream.request();
    assert_eq!((seen.malformed, &seen.body[..]), (None, &b""[..]));
}

#[test]
fn answers_with_their_fields_and_trailers() {
    let (pki, _upstream, gate) = proxy(|request| {
        match request.path() {
        "/teapot" => b"HTTP/1.1 418 I'm a teapot\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: mine\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 5\r\n\r\nshort".to_vec(),
        _ => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n6\r\n, you!\r\n0\r\nX-Sum: 11\r\n\r\n".to_vec(),
    }
    });
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    let teapot = client.get("/teapot").unwrap();
    assert_eq!((teapot.status, teapot.text().as_str()), (418, "short"));
    let cookies = teapot
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let cookies: Vec<_> = cookies.map(|(_, value)| value.as_str()).collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    assert_eq!(teapot.header("server"), Some("mine"));
    assert_eq!(teapot.header("date"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
    assert_eq!(teapot.header("content-length"), Some("5"));

    let chunked = send(
        &mut client,
        "GET / HTTP/1.1\r\nHost: app\r\nTE: trailers\r\nConnection: TE\r\n\r\n",
    );
    assert_eq!(chunked.header("transfer-encoding"), Some("chunked"));
    assert_eq!(chunked.text(), "hello, you!");
    assert_eq!(chunked.trailers.to_lowercase(), "x-sum: 11\n");
}

#[test]
fn answers_without_a_body() {
    let (pki, upstream, gate) = proxy(|request| match request.path() {
        "/204" => b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nX-Kept: 1\r\n\r\n".to_vec(),
        "/304" => {
            b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: 9\r\nX-Kept: 1\r\n\r\n"
                .to_vec()
        }
        "/length" => b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nX-Kept: 1\r\n\r\n".to_vec(),
        "/chunked" => {
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Kept: 1\r\n\r\n".to_vec()
        }
        _ => upstream::ok("whole"),
    });
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    for (method, path, status, length) in [
        ("GET", "/204", 204, None),
        ("GET", "/304", 304, None),
        ("HEAD", "/204", 204, None),
        ("HEAD", "/304", 304, None),
        ("HEAD", "/length", 200, Some("1234")),
        // An upstream that doesn't say how long the answer to GET would be: 0 would be a lie.
        ("HEAD", "/chunked", 200, None),
    ] {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: app\r\n\r\n");
        let answer = send(&mut client, &request);
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("content-length"), length, "{method} {path}");
        assert_eq!(answer.header("x-kept"), Some("1"));
        assert_eq!(
            upstream.request().line(),
            format!("{method} {path} HTTP/1.1")
        );
        // Nothing of a body is left on the connection.
        assert_eq!(client.get("/").unwrap().text(), "whole");
        upstream.request();
    }
}

#[test]
fn a_client_that_waits_for_100() {
    let (pki, upstream, gate) = proxy(|_| upstream::ok("done"));
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    let head = "POST / HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    client.write_all(head.as_bytes()).unwrap();
    assert_eq!(read_response(&mut client, true).unwrap().status, 100);
    client.write_all(b"body").unwrap();
    assert_eq!(read_response(&mut client, false).unwrap().text(), "done");
    let seen = upstream.request();
    assert_eq!(
        (&seen.body[..], seen.headers("expect")),
        (&b"body"[..], vec![])
    );
}

#[test]
fn an_http_1_0_client() {
    let (pki, upstream, gate) = proxy(|_| {
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".to_vec()
    });
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    client
        .write_all(b"GET /old HTTP/1.0\r\nHost: app\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    // To the end of the connection, which is the end of the answer, and said in order.
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    assert!(
        !answer.to_lowercase().contains("transfer-encoding"),
        "{answer}"
    );
    assert_eq!(upstream.request().line(), "GET /old HTTP/1.1");
}

#[test]
fn an_http_2_client() {
    let (pki, upstream, gate) = proxy(|_| {
        b"HTTP/1.1 201 Created\r\nX-Answer: 1\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: keep-alive\r\n\r\n4\r\nmade\r\n0\r\nX-Sum: 4\r\n\r\n".to_vec()
    });
    let mut client = http2::connect(&pki.client, gate.address);
    let request = ::http::Request::post("https://localhost/a%2Fb?c=%20")
        .header("x-odd", "a,  b")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(http2::full("content"))
        .unwrap();
    let answer = client.send(request).unwrap();
    assert_eq!((answer.status, &answer.body[..]), (201, &b"made"[..]));
    assert_eq!(answer.headers["x-answer"], "1");
    assert_eq!(answer.trailers["x-sum"], "4");
    let seen = upstream.request();
    assert_eq!(seen.malformed, None);
    assert_eq!(seen.line(), "POST /a%2Fb?c=%20 HTTP/1.1");
    assert_eq!(seen.body, b"content");
    assert_eq!(seen.headers("x-odd"), ["a,  b"]);
    // HTTP/2 may split it, HTTP/1.1 may not (RFC 9113 section 8.2.3).
    assert_eq!(seen.headers("cookie"), ["a=1; b=2"]);
    assert_eq!(gate.event("request")["http"], "HTTP/2");
}

#[test]
fn connections_to_the_upstream_are_used_again() {
    let (pki, upstream, gate) = proxy(|_| upstream::ok(""));
    for _ in 0..5 {
        let mut client = client::with(&pki.client).connect(gate.address).unwrap();
        for _ in 0..6 {
            assert_eq!(client.get("/").unwrap().status, 200);
        }
    }
    // A connection may come back to the pool a moment after the next request looked there.
    let accepted = upstream.accepted();
    assert!(
        (1..=10).contains(&accepted),
        "{accepted} connections for 30 requests"
    );
}

#[test]
fn the_body_of_a_get() {
    let (pki, upstream, gate) = proxy(|_| upstream::ok("answer"));
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    let get =
        "GET / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(send(&mut client, get).status, 200);
    let seen = upstream.request();
    assert_eq!(seen.headers("transfer-encoding"), ["chunked"]);
    assert_eq!(seen.body, b"abc");
}
