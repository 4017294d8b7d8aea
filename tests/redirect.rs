//! `--redirect`: plain HTTP is sent to https, and gets the health answer; nothing else.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, dial};
use crate::support::http::{self, Response};
use crate::support::pki::Pki;
use crate::support::{eventually, upstream};

const AGENT: &str = "User-Agent: ELB-HealthChecker/2.0\r\n";

fn serve(pki: &Pki) -> Builder {
    certgate::serve(pki)
        .file("index.html", "treasure")
        .argument("--redirect=127.0.0.1:0")
        .argument("--health-path=/healthz")
}

fn port(gate: &Certgate) -> SocketAddr {
    let ready = gate.event("ready");
    ready["redirect"].as_str().unwrap().parse().unwrap()
}

/// One request as it is, its answer, and then the end.
fn ask(gate: &Certgate, request: &str) -> Response {
    let mut stream = dial(port(gate));
    let response = http::exchange(&mut stream, request).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"", "one answer a connection");
    response
}

#[test]
fn host_path_and_query_stay() {
    let pki = Pki::new();
    let gate = serve(&pki).start();
    for (request, location) in [
        (
            "GET /a/b?c=d HTTP/1.1\r\nHost: a.example:80\r\n\r\n",
            "https://a.example/a/b?c=d",
        ),
        ("HEAD / HTTP/1.1\r\nHost: [::1]\r\n\r\n", "https://[::1]/"),
        (
            "POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello",
            "https://a.example/x",
        ),
        (
            "GET http://b.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "https://b.example/x",
        ),
        (
            "GET /x HTTP/1.0\r\nHost: a.example\r\n\r\n",
            "https://a.example/x",
        ),
        (
            "GET /healthz HTTP/1.1\r\nHost: a.example\r\nUser-Agent: curl\r\n\r\n",
            "https://a.example/healthz",
        ),
    ] {
        let response = ask(&gate, request);
        assert_eq!(response.status, 308, "{request}");
        assert_eq!(response.header("location"), Some(location));
        assert_eq!(response.header("strict-transport-security"), None);
        assert_eq!(response.body, b"");
    }
    gate.counts("certgate_redirects_total", 6.0);
}

/// curl keeps the method, and comes to the gate.
#[test]
fn curl_follows() {
    let pki = Pki::new();
    let upstream = upstream::http(|request| upstream::ok(request.head.split(" ").next().unwrap()));
    let gate = certgate::serve(&pki)
        .argument("--redirect=127.0.0.1:0")
        .argument("--client-auth=off")
        .argument(format!("--upstream={}", upstream.url))
        .start();
    let to = format!("a.example:443:127.0.0.1:{}", gate.address.port());
    let from = format!("a.example:80:127.0.0.1:{}", port(&gate).port());
    let output = Command::new("curl")
        .args(["-sSkL", "--max-time", "20", "-d", "hello"])
        .args(["--connect-to", &to, "--connect-to", &from])
        .arg("http://a.example/x")
        .output()
        .expect("curl");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "POST",
        "{output:?}"
    );
}

#[test]
fn what_names_no_host_gets_400() {
    let pki = Pki::new();
    let gate = serve(&pki).start();
    for request in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: user@a.example\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.example/x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01 hello\r\n\r\n",
    ] {
        let response = ask(&gate, request);
        assert_eq!(response.status, 400, "{request}");
        assert_eq!(response.header("location"), None);
    }
    let connect = ask(
        &gate,
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n",
    );
    assert_eq!(connect.status, 405);
    let long = "a".repeat(64 * 1024);
    let response = ask(&gate, &format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert!((400..500).contains(&response.status), "{}", response.status);
}

#[test]
fn health_is_answered_until_the_end() {
    let pki = Pki::new();
    let mut gate = serve(&pki).argument("--drain-delay=60s").start();
    let check = format!("GET /healthz HTTP/1.1\r\nHost: 10.0.0.1\r\n{AGENT}\r\n");
    let response = ask(&gate, &check);
    assert_eq!(
        (response.status, response.text().as_str()),
        (200, "ready\n")
    );
    // Without a Host, as by HTTP/1.0, it is fine, too.
    let old = format!("GET /healthz HTTP/1.0\r\n{AGENT}\r\n");
    assert_eq!(ask(&gate, &old).status, 200);
    gate.signal("TERM");
    gate.event("draining");
    assert_eq!(ask(&gate, &check).status, 503);
    assert_eq!(ask(&gate, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 308);
    gate.signal("TERM");
    gate.exit_code();
}

/// Who is there and asks nothing doesn't hold up the end; nobody new comes in.
#[test]
fn it_ends_with_the_listeners() {
    let pki = Pki::new();
    let mut gate = serve(&pki).start();
    let address = port(&gate);
    let _idle = dial(address);
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    client.get("/").unwrap();
    gate.signal("TERM");
    eventually("the port to close", || {
        TcpStream::connect(address).is_err().then_some(())
    });
    assert_eq!(gate.exit_code(), Some(0));
    let stopped = gate.event("stopped");
    assert_eq!(stopped["message"], "everything in flight is done");
}

/// Slow or silent clients leave a place to others: there are more than a thousand of them.
#[test]
fn who_sends_nothing_keeps_nobody_out() {
    let pki = Pki::new();
    let gate = serve(&pki).start();
    let idle: Vec<TcpStream> = (0..200).map(|_| dial(port(&gate))).collect();
    assert_eq!(ask(&gate, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 308);
    drop(idle);
}

#[test]
fn a_port_that_is_taken_is_said() {
    let pki = Pki::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let finished = certgate::serve(&pki)
        .argument(format!("--redirect={address}"))
        .finish();
    assert_eq!(finished.code(), 78);
    let words = format!("{address}: can't be bound");
    assert!(finished.stderr.contains(&words), "{}", finished.stderr);
}
