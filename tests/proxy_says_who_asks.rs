//! The upstream learns the host that was asked for, where the client is, and that it came by TLS.

use http::Request;

use crate::support::certgate::{self, Certgate};
use crate::support::pki::Pki;
use crate::support::upstream::{self, Http};
use crate::support::{duplex, http2};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn proxy() -> (Pki, Http, Certgate) {
    let pki = Pki::new();
    let upstream = upstream::http(|_| upstream::ok(""));
    let gate = certgate::serve(&pki).arguments(&["--upstream", &upstream.url]);
    (pki, upstream, gate.start())
}

/// From an address that isn't certgate's own.
fn from_elsewhere(pki: &Pki) -> duplex::Options<'_> {
    duplex::Options {
        from: "127.0.0.9",
        ..duplex::with(&pki.client)
    }
}

#[track_caller]
fn assert_told(upstream: &Http, host: &str, address: &str) {
    let seen = upstream.request();
    for (name, value) in [
        ("host", host),
        ("x-real-ip", address),
        ("x-forwarded-for", address),
        ("x-forwarded-proto", "https"),
    ] {
        assert_eq!(seen.headers(name), [value], "{name}");
    }
}

#[test]
fn in_http_1_1() {
    let (pki, upstream, gate) = proxy();
    for host in ["app.example", "app.example:8443", "[::1]:8443", "EXAMPLE"] {
        duplex::block_on(async {
            let mut stream = from_elsewhere(&pki).connect(gate.address).await.unwrap();
            let request = format!("GET / HTTP/1.1\r\nhOST: {host}\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        });
        assert_told(&upstream, host, "127.0.0.9");
    }
}

#[test]
fn in_http_2() {
    let (pki, upstream, gate) = proxy();
    let options = duplex::Options {
        alpn: b"\x02h2",
        ..from_elsewhere(&pki)
    };
    let mut client = http2::connect_by(options, gate.address);
    for host in ["app.example", "app.example:8443"] {
        let request = Request::get(format!("https://{host}/")).body(http2::empty());
        assert_eq!(client.send(request.unwrap()).unwrap().status, 200);
        assert_told(&upstream, host, "127.0.0.9");
    }
    let agreeing = Request::get("https://app.example/").header("host", "app.example");
    assert_eq!(
        client
            .send(agreeing.body(http2::empty()).unwrap())
            .unwrap()
            .status,
        200
    );
    assert_told(&upstream, "app.example", "127.0.0.9");
}

#[test]
fn an_ipv4_address_is_written_as_one_on_an_ipv6_listener() {
    if std::net::TcpListener::bind("[::]:0").is_err() {
        return;
    }
    let pki = Pki::new();
    let upstream = upstream::http(|_| upstream::ok(""));
    let gate = certgate::serve(&pki)
        .arguments(&["--upstream", &upstream.url, "--listen", "[::]:0"])
        .start();
    let line = gate.event("ready");
    let mut listeners = line["listen"].as_str().unwrap().split(',');
    let ipv6 = listeners.rfind(|address| address.starts_with("[::]"));
    let port: u16 = ipv6.unwrap().rsplit(':').next().unwrap().parse().unwrap();
    duplex::block_on(async {
        let address = ([127, 0, 0, 1], port).into();
        let mut stream = from_elsewhere(&pki).connect(address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
    });
    assert_told(&upstream, "a", "127.0.0.9");
}
