//! `http://` in `--listen`: a load balancer that ends TLS itself says which requests came by https. Nobody else does.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use socket2::SockRef;

use crate::support::balancer::{HEADER, dial_from, field};
use crate::support::certgate::{self, Builder, Certgate};
use crate::support::http::{self, Response};
use crate::support::pki::{self, Pki};
use crate::support::{places, upstream};

const HTTPS: &str = "X-Forwarded-Proto: https\r\n";

fn serve(pki: &Pki, toml: &str) -> Builder {
    places::serve(pki)
        .content("html", "treasure")
        .config(&format!(
            "root = \"DIR/html\"\nhealth-path = \"/healthz\"\ntrusted-proxies = [\"127.0.0.1\"]\n{toml}\n"
        ))
        .argument("--listen=http://127.0.0.1:0")
}

fn port(gate: &Certgate) -> SocketAddr {
    let ready = gate.event("ready");
    let all = ready["listen"].as_str().unwrap();
    let plain = all.split(',').find_map(|a| a.strip_prefix("http://"));
    plain.expect("a listener for plain HTTP").parse().unwrap()
}

fn dial(gate: &Certgate) -> TcpStream {
    dial_from("127.0.0.1", port(gate))
}

#[track_caller]
fn ask(stream: &mut TcpStream, path: &str, host: &str, fields: &str) -> Response {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n");
    http::exchange(stream, &request).unwrap()
}

#[test]
fn what_came_by_https_is_served() {
    let pki = Pki::new();
    for mode in ["off", "optional"] {
        let gate = serve(&pki, &format!("client-auth = \"{mode}\"")).start();
        let mut stream = dial(&gate);
        for fields in [HTTPS, "X-Forwarded-Proto: HTTPS\r\n"] {
            let answer = ask(&mut stream, "/", "a.example", fields);
            assert_eq!((answer.status, answer.text().as_str()), (200, "treasure"));
        }
        let line = gate.event("request");
        assert_eq!([&line["tls"], &line["cipher"]], ["", ""], "{line}");
    }
}

#[test]
fn all_else_is_sent_to_https() {
    let pki = Pki::new();
    let gate = serve(&pki, "client-auth = \"off\"").start();
    for (from, fields) in [
        ("127.0.0.1", "X-Forwarded-Proto: http\r\n"),
        ("127.0.0.1", ""),
        ("127.0.0.1", "X-Forwarded-Proto: https, http\r\n"),
        (
            "127.0.0.1",
            "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n",
        ),
        ("127.0.0.1", "X_Forwarded_Proto: https\r\n"),
        ("127.0.0.2", HTTPS),
        (
            "127.0.0.2",
            "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n",
        ),
    ] {
        let mut stream = dial_from(from, port(&gate));
        let answer = ask(&mut stream, "/a?b", "a.example:80", fields);
        assert_eq!(answer.status, 308, "{from} {fields}");
        assert_eq!(answer.header("location"), Some("https://a.example/a?b"));
        // The connection stays, and gives nothing to the next request.
        let answer = ask(&mut stream, "/", "a b", fields);
        assert_eq!(answer.status, 400);
    }
    gate.counts("certgate_redirects_total", 7.0);
}

/// A certificate that nobody can have shown is asked for in vain.
#[test]
fn whoever_needs_a_certificate_has_none() {
    let pki = Pki::new();
    for toml in [
        "client-auth = \"required\"",
        "client-auth = \"required\"\nrefusal = \"page\"",
        "client-auth = \"optional\"\nallow = [\"cn:alice\"]",
        "client-auth = \"pinned\"\nallow = [\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"]",
    ] {
        let gate = serve(&pki, toml).start();
        let fields = format!("{HTTPS}{}", field(&pki.client));
        let answer = ask(&mut dial(&gate), "/", "a.example", &fields);
        assert_eq!(answer.status, 403, "{toml}");
        assert!(!answer.text().contains("treasure"));
        let line = gate.event("request_refused");
        assert_eq!(line["reason"], "no_certificate");
    }
    let toml = "client-auth = \"required\"\n[[route]]\nprefix = \"/open\"\nclient-auth = \"off\"\nroot = \"DIR/html\"";
    let gate = serve(&pki, toml).start();
    for (path, status) in [("/", 403), ("/open/../", 403), ("/open/index.html", 404)] {
        let answer = ask(&mut dial(&gate), path, "a.example", HTTPS);
        assert_eq!(answer.status, status, "{path}");
    }
}

#[test]
fn the_header_tells_whose_a_request_is() {
    let pki = Pki::new();
    let upstream = upstream::http(|_| upstream::ok("treasure"));
    let toml = format!(
        "client-auth = \"header\"\nupstream = \"{}\"\nidentity-headers = [\"nginx\"]",
        upstream.url
    );
    let gate = serve(&pki, &toml).argument("--alb-login=on").start();
    let stranger = pki::client("alice").signed_by(&pki::authority("Other CA").self_signed());
    let mut stream = dial(&gate);
    let fields = format!(
        "{HTTPS}X-Forwarded-For: 203.0.113.7\r\nX-Amzn-Oidc-Identity: alice\r\nX_Amzn_Oidc_Identity: mallory\r\nConnection: X-Forwarded-For, X-Forwarded-Proto\r\n{}",
        field(&pki.client)
    );
    assert_eq!(ask(&mut stream, "/", "a", &fields).status, 200);
    let request = upstream.request();
    // It has had the client log in. A client's `Connection`, which it may pass on, takes nothing of what it says away.
    assert_eq!(request.headers("x-amzn-oidc-identity"), ["alice"]);
    assert!(!request.head.contains("mallory"), "{}", request.head);
    assert_eq!(
        request.headers("x-ssl-client-serial"),
        [pki.client.serial()]
    );
    assert_eq!(
        request.headers("x-forwarded-for"),
        ["203.0.113.7, 127.0.0.1"]
    );
    assert_eq!(request.headers("x-forwarded-proto"), ["https"]);
    assert_eq!(request.headers(HEADER), [""; 0]);
    for fields in [
        HTTPS.to_owned(),
        format!("{HTTPS}{}", field(&stranger)),
        format!("{HTTPS}{HEADER}: x\r\n"),
    ] {
        assert_eq!(ask(&mut stream, "/", "a", &fields).status, 403);
    }
    // Plain HTTP carries nobody's certificate.
    assert_eq!(ask(&mut stream, "/", "a", &field(&pki.client)).status, 308);
}

/// nginx, HAProxy, and rules of an ALB without a login pass on what a client wrote.
#[test]
fn nobody_has_logged_in_by_default() {
    let pki = Pki::new();
    let upstream = upstream::http(|_| upstream::ok("treasure"));
    let toml = format!("client-auth = \"off\"\nupstream = \"{}\"", upstream.url);
    let gate = serve(&pki, &toml).start();
    let mut stream = dial(&gate);
    let said = "X-Forwarded-For: 203.0.113.7\r\n";
    for name in ["Data", "Identity", "Accesstoken"] {
        let fields = format!("{HTTPS}{said}X-Amzn-Oidc-{name}: admin\r\n");
        assert_eq!(ask(&mut stream, "/", "a", &fields).status, 200);
        let request = upstream.request();
        assert!(!request.head.contains("admin"), "{}", request.head);
        assert_eq!(request.headers("x-real-ip"), ["203.0.113.7"]);
    }
}

#[test]
fn each_request_is_for_the_site_of_its_host() {
    let pki = Pki::new();
    let raw = upstream::nobody();
    let toml = format!(
        "client-auth = \"required\"\n[[site]]\nnames = [\"a.example\"]\nclient-auth = \"off\"\n[[site]]\nnames = [\"raw.example\"]\nupstream = \"tcp://{raw}\"\n"
    );
    let gate = serve(&pki, &toml).start();
    let mut stream = dial(&gate);
    for _ in 0..2 {
        for (host, status) in [
            ("a.example", 200),
            ("A.Example:80", 200),
            ("b.example", 403),
            ("raw.example", 421),
        ] {
            assert_eq!(ask(&mut stream, "/", host, HTTPS).status, status, "{host}");
        }
    }
    // A target that names another host than Host does.
    let request = format!("GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n{HTTPS}\r\n");
    assert_eq!(http::exchange(&mut stream, &request).unwrap().status, 421);
    for hosts in ["", "Host: a.example\r\nHost: a.example\r\n"] {
        let request = format!("GET / HTTP/1.1\r\n{hosts}{HTTPS}\r\n");
        let answer = http::exchange(&mut dial(&gate), &request).unwrap();
        assert_eq!(answer.status, 400, "{hosts}");
    }
}

/// Load balancers keep their connections for hours: what holds now decides.
#[test]
fn open_connections_are_decided_by_the_newest_settings() {
    let pki = Pki::new();
    let gate = serve(&pki, "client-auth = \"off\"").start();
    let mut stream = dial(&gate);
    assert_eq!(ask(&mut stream, "/", "a", HTTPS).status, 200);
    let settings = |auth: &str, proxies: &str| {
        gate.configure(&format!(
            "root = \"DIR/html\"\nclient-auth = \"{auth}\"\ntrusted-proxies = [\"{proxies}\"]\n"
        ));
        gate.reload();
    };
    settings("required", "127.0.0.1");
    assert_eq!(ask(&mut stream, "/", "a", HTTPS).status, 403);
    settings("off", "127.0.0.1");
    assert_eq!(ask(&mut stream, "/", "a", HTTPS).status, 200);
    settings("off", "10.0.0.0/8");
    assert_eq!(ask(&mut stream, "/", "a", HTTPS).status, 308);
}

#[test]
fn health_and_the_end() {
    let pki = Pki::new();
    let mut gate = serve(&pki, "client-auth = \"off\"").start();
    let check = "User-Agent: ELB-HealthChecker/2.0\r\n";
    let mut stream = dial(&gate);
    let answer = ask(&mut stream, "/healthz", "10.0.0.1", check);
    assert_eq!((answer.status, answer.text().as_str()), (200, "ready\n"));
    gate.signal("TERM");
    assert_eq!(gate.exit_code(), Some(0));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "closed in order");
    let stopped = gate.event("stopped");
    assert_eq!(stopped["message"], "everything in flight is done");
}

/// No TLS is spoken there, and no HTTP/2.
#[test]
fn a_client_that_takes_nothing_of_its_answer_is_cut() {
    let pki = Pki::new();
    // More than the kernel keeps for a client that doesn't read.
    let large = "x".repeat(32 << 20);
    let gate = serve(&pki, "client-auth = \"off\"")
        .content("html/large", &large)
        .argument("--send-timeout=500ms")
        .start();
    let mut stream = dial(&gate);
    SockRef::from(&stream).set_recv_buffer_size(4096).unwrap();
    let request = format!("GET /large/ HTTP/1.1\r\nHost: a.example\r\n{HTTPS}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let line = gate.event("request");
    assert_eq!(line["complete"], false, "{line}");
    assert!(
        line["bytes"].as_u64() < Some(1 << 20),
        "the kernel doesn't take all it has room for: {line}"
    );
    gate.counts("certgate_connections_open", 0.0);
}

#[test]
fn other_protocols_are_not_served() {
    let pki = Pki::new();
    let gate = serve(&pki, "client-auth = \"off\"").start();
    for bytes in ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01\r\n\r\n"] {
        let mut stream = dial(&gate);
        std::io::Write::write_all(&mut stream, bytes.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
}

#[test]
fn it_needs_trusted_proxies() {
    let pki = Pki::new();
    let finished = certgate::serve(&pki)
        .argument("--listen=http://127.0.0.1:0")
        .finish();
    assert_eq!(finished.code(), 78);
    let words = "http://127.0.0.1:0, and trusted-proxies is not set";
    assert!(finished.stderr.contains(words), "{}", finished.stderr);
}
