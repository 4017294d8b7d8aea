//! Who was let in at one site reaches no other: a request for another one's host gets 421, whatever way it
//! names it (RFC 9110 section 15.5.20).

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;

use crate::support::certgate::Certgate;
use crate::support::client::{self, Client};
use crate::support::pki::{self, Pki};
use crate::support::places;
use crate::support::{http2_client, upstream};

const SECRET: &str = "the secret of b";

struct World {
    alice: Client,
    gate: Certgate,
    upstream: upstream::Http,
}

/// Alice is let in at a.example and at the default site, but not at b.example, nor at p.example, a proxy.
fn world(unknown_sni: &str) -> World {
    let pki = Pki::new();
    let other = pki::authority("CA of b").self_signed();
    let upstream = upstream::http(|_| upstream::ok(SECRET));
    let toml = format!(
        r#"
        root = "DIR/default"
        unknown-sni = "{unknown_sni}"
        [[site]]
        names = ["a.example", "second.a.example"]
        root = "DIR/a"
        [[site]]
        names = ["b.example", "*.b.example"]
        client-ca = "DIR/other.pem"
        root = "DIR/b"
        [[site]]
        names = ["p.example"]
        client-ca = "DIR/other.pem"
        upstream = "{}"
        [[site]]
        names = ["through.example"]
        upstream = "{}"
        "#,
        upstream.url, upstream.url
    );
    let gate = places::serve(&pki)
        .content("default", "default")
        .content("a", "a")
        .content("b", SECRET)
        .authority("other", &other)
        .config(&toml)
        .start();
    World {
        alice: client::with(&pki.client),
        gate,
        upstream,
    }
}

impl World {
    /// Status and text of a request as it is, over a connection for `name`.
    #[track_caller]
    fn raw(&self, name: &str, request: &str) -> (u16, String) {
        let client = match name {
            "" => self.alice.clone(),
            name => self.alice.clone().sni(name),
        };
        let mut connection = client.connect(self.gate.address).unwrap();
        let response = connection.request(request).unwrap();
        (response.status, response.text())
    }
}

#[test]
fn in_http_1() {
    let world = world("default");
    for (name, request, status) in [
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            200,
        ),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: A.EXAMPLE.:443\r\n\r\n",
            200,
        ),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: second.a.example\r\n\r\n",
            200,
        ),
        (
            "a.example",
            "GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
            200,
        ),
        ("a.example", "GET / HTTP/1.0\r\n\r\n", 200),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: B.Example.\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: b.example:443\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: x.y.b.example\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET / HTTP/1.0\r\nHost: b.example\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: p.example\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET https://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET http://b.example:80/ HTTP/1.1\r\nHost: b.example\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET https://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: b.example\r\nHost: a.example\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: a.example@b.example\r\n\r\n",
            421,
        ),
        (
            "a.example",
            "GET / HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n",
            421,
        ),
        ("a.example", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 421),
        (
            "a.example",
            "HEAD / HTTP/1.1\r\nHost: b.example\r\n\r\n",
            421,
        ),
        ("", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
        ("", "GET / HTTP/1.1\r\nHost: never.heard.of\r\n\r\n", 200),
        ("", "GET / HTTP/1.0\r\n\r\n", 200),
        ("", "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n", 421),
        ("", "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", 421),
        (
            "never.heard.of",
            "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n",
            421,
        ),
        (
            "through.example",
            "GET / HTTP/1.1\r\nHost: through.example\r\n\r\n",
            200,
        ),
        (
            "through.example",
            "GET / HTTP/1.1\r\nHost: p.example\r\n\r\n",
            421,
        ),
        (
            "through.example",
            "GET https://p.example/ HTTP/1.1\r\nHost: through.example\r\n\r\n",
            421,
        ),
        (
            "through.example",
            "GET / HTTP/1.1\r\nHost: through.example\r\nHost: p.example\r\n\r\n",
            421,
        ),
    ] {
        let (found, text) = world.raw(name, request);
        assert_eq!(found, status, "{request:?} at {name:?}: {text}");
        let may = name == "through.example" && status == 200;
        assert_eq!(text.contains(SECRET), may, "{request:?} at {name:?}");
    }
    // RFC 9112 section 3.2: it must be there.
    assert_eq!(world.raw("a.example", "GET / HTTP/1.1\r\n\r\n").0, 400);
    assert_eq!(
        world.upstream.more().len(),
        1,
        "no misdirected request reached it"
    );
}

/// The connection stays open, and is still for its site.
#[test]
fn a_misdirected_request_ends_no_connection() {
    let world = world("default");
    let client = world.alice.clone().sni("a.example");
    let mut connection = client.connect(world.gate.address).unwrap();
    for (host, status) in [("a.example", 200), ("b.example", 421), ("a.example", 200)] {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let response = connection.request(&request).unwrap();
        assert_eq!(response.status, status, "{host}");
        assert!(response.text().contains("b") || status == 200);
    }
}

#[test]
fn in_http_2() {
    let world = world("default");
    let client = world.alice.clone().sni("a.example");
    let mut connection = http2_client::connect(&client, world.gate.address);
    let mut get = |authority: &str, host: Option<&str>| {
        let mut request = Request::builder().uri(format!("https://{authority}/"));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let response = connection.send(request.body(Full::<Bytes>::default()).unwrap());
        assert!(!String::from_utf8_lossy(response.body()).contains(SECRET));
        response.status().as_u16()
    };
    for (authority, host, status) in [
        ("a.example", None, 200),
        ("A.example.:8443", None, 200),
        ("second.a.example", None, 200),
        ("b.example", None, 421),
        ("B.example:443", None, 421),
        ("x.b.example", None, 421),
        ("p.example", None, 421),
        ("localhost", None, 421),
        ("a.example", Some("b.example"), 421),
        ("b.example", Some("a.example"), 421),
        ("a.example", Some("a.example"), 200),
    ] {
        assert_eq!(get(authority, host), status, "{authority} {host:?}");
    }
    assert_eq!(world.upstream.more().len(), 0);
}

/// The default site is nobody's, then.
#[test]
fn where_unknown_names_are_refused_so_are_unknown_hosts() {
    let world = world("refuse");
    let request = "GET / HTTP/1.1\r\nHost: never.heard.of\r\n\r\n";
    assert_eq!(world.raw("a.example", request).0, 421);
}

/// Without sites, any host is served, as ever.
#[test]
fn without_sites_hosts_make_no_difference() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .content("html", "content")
        .config("root = \"DIR/html\"")
        .start();
    let client = client::with(&pki.client).sni("whatever.example");
    let mut connection = client.connect(gate.address).unwrap();
    for host in ["a.example", "whatever.example", "[::1]:443", "x_y"] {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(connection.request(&request).unwrap().status, 200, "{host}");
    }
}
