//! `--health-path`: load balancers ask by HTTPS without a certificate, and get this one answer.

use std::process::Command;

use serde_json::Value;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Client, Connection};
use crate::support::http::Response;
use crate::support::http2_client;
use crate::support::pki::{self, Pki};
use crate::support::{eventually, places, upstream};

const AGENT: &str = "ELB-HealthChecker/2.0";
const READY: &str = "certgate_health_checks_total{result=\"ready\"}";
const REFUSED: &str = "certgate_refusals_total{reason=\"no_certificate\"}";

fn serve(pki: &Pki) -> Builder {
    certgate::serve(pki)
        .file("index.html", "treasure")
        .file("healthz", "a file")
        .argument("--health-path=/healthz")
}

/// As a load balancer does: by address.
fn ask(connection: &mut Connection, path: &str, agent: &str) -> Result<Response, String> {
    connection.request(&format!(
        "GET {path} HTTP/1.1\r\nHost: 10.0.0.1\r\nUser-Agent: {agent}\r\n\r\n"
    ))
}

fn versions() -> [Client; 2] {
    [client::anonymous().tls12(), client::anonymous().tls13()]
}

#[track_caller]
fn is_healthy(gate: &Certgate, client: &Client) {
    let mut connection = client.connect(gate.address).unwrap();
    for _ in 0..2 {
        let answer = ask(&mut connection, "/healthz", AGENT).unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, "ready\n"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

/// The only answer, on a connection that ends.
#[track_caller]
fn is_forbidden(connection: &mut Connection, path: &str, agent: &str) {
    let answer = ask(connection, path, agent).unwrap();
    assert_eq!(answer.status, 403, "{path} {agent}");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(!answer.text().contains("treasure") && !answer.text().contains("a file"));
    assert!(ask(connection, "/healthz", AGENT).is_err(), "it goes on");
}

fn refused(gate: &Certgate) -> Vec<Value> {
    let lines = gate.lines().into_iter();
    lines.filter(|line| line["event"] == "refused").collect()
}

#[test]
fn it_needs_no_certificate_and_leaves_no_line() {
    let pki = Pki::new();
    let gate = serve(&pki).start();
    for client in versions() {
        is_healthy(&gate, &client);
    }
    for protocol in ["--http1.1", "--http2"] {
        let output = Command::new("curl")
            .args(["-sSk", "--max-time", "20", protocol, "-A", AGENT])
            .args(["-w", "%{http_code} %{size_header}", "-o", "/dev/null"])
            .arg(format!("https://{}/healthz?x", gate.address))
            .output()
            .expect("curl");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.starts_with("200 "), "{text} {output:?}");
    }
    gate.counts(READY, 6.0);
    gate.counts("certgate_handshakes_total{result=\"full\"}", 4.0);
    assert_eq!(gate.metric(REFUSED), 0.0);
    assert_eq!(gate.metric("certgate_requests_total{status=\"200\"}"), 0.0);
    let log = gate.whole_log();
    let unwanted = |line: &&Value| line["event"] == "request" || line["event"] == "refused";
    assert_eq!(log.iter().find(unwanted), None);
}

#[test]
fn nothing_else_is_served_without_a_certificate() {
    let pki = Pki::new();
    let gate = serve(&pki).start();
    let mut count = 0.0;
    for client in versions() {
        for (path, agent) in [
            ("/", AGENT),
            ("/index.html", AGENT),
            ("/healthz/", AGENT),
            ("/%68ealthz", AGENT),
            ("/healthz", "curl/8"),
            ("/healthz", "x ELB-HealthChecker/2.0"),
        ] {
            let mut connection = client.connect(gate.address).unwrap();
            is_forbidden(&mut connection, path, agent);
            count += 1.0;
        }
        // After the one answer, too.
        let mut connection = client.connect(gate.address).unwrap();
        ask(&mut connection, "/healthz", AGENT).unwrap();
        is_forbidden(&mut connection, "/", AGENT);
        count += 1.0;
    }
    let mut http2 = http2_client::connect(&client::anonymous(), gate.address);
    assert_eq!(http2.request("GET", "/", "").status(), 403);
    http2.until_closed();
    gate.counts(REFUSED, count + 1.0);
    let line = gate.event("refused");
    assert_eq!(line["reason"], "no_certificate", "{line}");
}

#[test]
fn whoever_asks_nothing_is_refused_as_ever() {
    let pki = Pki::new();
    let gate = serve(&pki).start();
    for client in versions() {
        let mut connection = client.connect(gate.address).unwrap();
        connection.close();
    }
    gate.counts(REFUSED, 2.0);
    // The lines are written by another thread.
    eventually("two lines", || (refused(&gate).len() == 2).then_some(()));
}

/// A bad certificate is refused in the handshake; a good one doesn't have to tell.
#[test]
fn clients_with_certificates() {
    let pki = Pki::new();
    let gate = serve(&pki).start();
    let stranger = pki::client("alice").signed_by(&pki::authority("Other CA").self_signed());
    for client in [
        client::with(&stranger).tls12(),
        client::with(&stranger).tls13(),
    ] {
        assert!(client.refusal(gate.address).contains("unknown ca"));
    }
    let client = client::with(&pki.client);
    is_healthy(&gate, &client);
    let mut connection = client.connect(gate.address).unwrap();
    let answer = ask(&mut connection, "/healthz", "curl/8").unwrap();
    assert_eq!(answer.text(), "a file");
    assert_eq!(ask(&mut connection, "/", AGENT).unwrap().text(), "treasure");
}

/// Whoever comes back with the ticket of a health check is nobody, too.
#[test]
fn tickets_of_health_checks_let_nobody_in() {
    let pki = Pki::new();
    let toml = |mode: &str| {
        format!("root = \"DIR/html\"\nhealth-path = \"/healthz\"\nclient-auth = \"{mode}\"\n")
    };
    for mode in ["required", "optional"] {
        for client in versions() {
            let gate = places::serve(&pki)
                .content("html", "treasure")
                .config(&toml(mode))
                .start();
            let mut connection = client.connect(gate.address).unwrap();
            ask(&mut connection, "/healthz", AGENT).unwrap();
            connection.close();
            let ticket = connection.ticket().expect("a ticket");
            gate.configure(&toml("required"));
            gate.reload();
            let again = client.session(ticket);
            is_healthy(&gate, &again);
            let mut connection = again.connect(gate.address).unwrap();
            is_forbidden(&mut connection, "/", AGENT);
            assert!(!connection.resumed());
        }
    }
}

/// Only who shows none is told: a certificate that isn't accepted is refused by the page, whatever is asked for.
#[test]
fn a_bad_certificate_gets_the_page() {
    let pki = Pki::new();
    let gate = serve(&pki).argument("--refusal=page").start();
    let stranger = pki::client("alice").signed_by(&pki::authority("Other CA").self_signed());
    let mut connection = client::with(&stranger).connect(gate.address).unwrap();
    is_forbidden(&mut connection, "/healthz", AGENT);
    assert_eq!(gate.event("refused")["reason"], "unknown_ca");
}

#[test]
fn in_each_mode_of_client_auth() {
    let pki = Pki::new();
    for (toml, other) in [
        ("client-auth = \"required\"", 403),
        ("client-auth = \"required\"\nrefusal = \"page\"", 403),
        (
            "client-auth = \"pinned\"\nallow = [\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"]",
            403,
        ),
        ("client-auth = \"optional\"\nallow = [\"cn:alice\"]", 403),
        ("client-auth = \"optional\"", 200),
        ("client-auth = \"off\"", 200),
        (
            "client-auth = \"header\"\ntrusted-proxies = [\"127.0.0.1\"]",
            403,
        ),
        ("[[route]]\nprefix = \"/open\"\nclient-auth = \"off\"", 403),
        // Of a host that nobody has.
        (
            "unknown-sni = \"default\"\n[[site]]\nnames = [\"a.example\"]\nclient-auth = \"off\"",
            403,
        ),
    ] {
        let gate = places::serve(&pki)
            .content("html", "treasure")
            .config(&format!(
                "root = \"DIR/html\"\nhealth-path = \"/healthz\"\n{toml}\n"
            ))
            .start();
        for client in versions() {
            is_healthy(&gate, &client);
            let mut connection = client.connect(gate.address).unwrap();
            let answer = ask(&mut connection, "/", AGENT).unwrap();
            assert_eq!(answer.status, other, "{toml}");
        }
    }
}

/// Whatever host it names, on the connection of whatever site.
#[test]
fn at_every_site() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .content("html", "treasure")
        .config("root = \"DIR/html\"\nhealth-path = \"/healthz\"\nhealth-user-agent = \"any\"\n[[site]]\nnames = [\"a.example\"]\n")
        .start();
    let client = client::anonymous().sni("a.example");
    is_healthy(&gate, &client);
    let mut connection = client.connect(gate.address).unwrap();
    let answer = connection.request("GET /healthz HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n");
    assert_eq!(answer.unwrap().status, 200, "no User-Agent");
    let held = client::with(&pki.client).sni("a.example");
    is_healthy(&gate, &held);
}

#[test]
fn it_tells_that_the_process_drains() {
    let pki = Pki::new();
    let gate = serve(&pki).argument("--drain-delay=60s").start();
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    assert_eq!(ask(&mut client, "/healthz", AGENT).unwrap().status, 200);
    gate.signal("TERM");
    gate.event("draining");
    for connection in [
        &mut client,
        &mut client::anonymous().connect(gate.address).unwrap(),
    ] {
        let answer = ask(connection, "/healthz", AGENT).unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (503, "draining\n"));
    }
    assert_eq!(ask(&mut client, "/", AGENT).unwrap().status, 200);
}

/// A health check that stays doesn't hold up the end.
#[test]
fn the_end_is_not_held_up() {
    let pki = Pki::new();
    let mut gate = serve(&pki).start();
    let mut connection = client::anonymous().connect(gate.address).unwrap();
    ask(&mut connection, "/healthz", AGENT).unwrap();
    gate.signal("TERM");
    assert_eq!(gate.exit_code(), Some(0));
    let line = gate.event("stopped");
    assert_eq!(line["message"], "everything in flight is done", "{line}");
}

#[test]
fn a_tunnel_has_no_paths() {
    let pki = Pki::new();
    let upstream = upstream::http(|_| upstream::ok("treasure"));
    let tunnel = format!("tcp://{}", upstream.url.trim_start_matches("http://"));
    let finished = certgate::serve(&pki)
        .argument("--health-path=/healthz")
        .argument(format!("--upstream={tunnel}"))
        .finish();
    assert_eq!(finished.code(), 78);
    assert!(
        finished
            .stderr
            .contains("--health-path: set, with an upstream of tcp://")
    );
    let gate = places::serve(&pki)
        .content("html", "treasure")
        .config(&format!("root = \"DIR/html\"\nhealth-path = \"/healthz\"\n[[site]]\nnames = [\"raw.example\"]\nupstream = \"{tunnel}\"\n"))
        .start();
    let raw = client::anonymous().sni("raw.example");
    for client in [raw.clone().tls12(), raw.tls13()] {
        // AWS-LC's alert in TLS 1.2, and TLS 1.3's own.
        let words = client.refusal(gate.address);
        assert!(words.contains("alert"), "{words}");
    }
    is_healthy(&gate, &client::anonymous());
}

#[test]
fn wrong_values_are_said() {
    let pki = Pki::new();
    for path in ["healthz", "/a?b", "/%61"] {
        let finished = certgate::serve(&pki)
            .argument(format!("--health-path={path}"))
            .finish();
        assert_eq!(finished.code(), 78);
        assert!(finished.stderr.contains("a path such as /healthz"));
    }
    let gate = certgate::serve(&pki)
        .argument("--health-user-agent=any")
        .start();
    let line = gate.event("finding").to_string();
    assert!(
        line.contains("--health-user-agent") && line.contains("health-path is not set"),
        "{line}"
    );
}
