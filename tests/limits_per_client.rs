//! Who does something more often than it may is told so, or turned away, and nobody else is.

use std::io::Read;
use std::time::{Duration, Instant};

use crate::support::balancer::{self, dial_from, field};
use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Client};
use crate::support::http2;
use crate::support::pki::{self, Identity, Pki};
use crate::support::places;
use crate::support::upstream;

fn limited(gate: &Certgate, limit: &str, by: &str) -> f64 {
    let name = format!("certgate_limited_total{{by=\"{by}\",limit=\"{limit}\"}}");
    gate.metric(&name)
}

fn sign(pki: &Pki, name: &str) -> Identity {
    pki::client(name).signed_by(&pki.ca)
}

/// Whether one more connection is served.
fn is_served(gate: &Certgate, client: &Client, from: &str) -> bool {
    let connection = client.connect_over(dial_from(from, gate.address));
    let answer = connection.and_then(|mut connection| connection.get("/"));
    answer.is_ok_and(|answer| answer.status == 200)
}

/// Three at once, and then one an hour.
#[test]
fn requests_of_an_identity() {
    let pki = Pki::new();
    let (upstream, _requests) = upstream::echo();
    let gate = certgate::serve(&pki)
        .argument("--limit-requests=identity:1/h:3")
        .argument(format!("--upstream=http://{upstream}"))
        .start();
    let [alice, bob] = [client::with(&pki.client), client::with(&sign(&pki, "bob"))];
    // A renewed certificate of the same key is the same client, on whatever connection.
    let renewed = client::with(&pki::client("alice").certifying(&pki.client.key, &pki.ca));
    for client in [&alice, &renewed, &alice] {
        assert_eq!(client.get(gate.address, "/").unwrap().status, 200);
    }
    let mut connection = renewed.connect(gate.address).unwrap();
    for _ in 0..2 {
        let answer = connection.get("/").unwrap();
        assert_eq!(answer.status, 429);
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((3590..=3600).contains(&seconds), "{seconds}");
        assert!(!answer.text().to_lowercase().contains("certgate"));
    }
    assert_eq!(bob.get(gate.address, "/").unwrap().status, 200);
    assert_eq!(limited(&gate, "requests", "identity"), 2.0);
    let line = gate.event("client_limited");
    assert_eq!(
        (&line["limit"], &line["by"]),
        (&"requests".into(), &"identity".into())
    );
    assert_eq!(line["subject"], "CN=alice,O=Tests", "{line}");
    assert_eq!(gate.count("client_limited"), 1, "one line in a while");
    let line = gate.log_line(|line| line["event"] == "request" && line["status"] == 429);
    assert_eq!(line["subject"], "CN=alice,O=Tests", "{line}");
}

#[test]
fn requests_of_an_address() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--limit-requests=address:1/h:2")
        .file("index.html", "content")
        .start();
    let [alice, bob] = [client::with(&pki.client), client::with(&sign(&pki, "bob"))];
    for client in [&alice, &bob] {
        assert!(is_served(&gate, client, "127.0.0.1"));
    }
    for client in [&alice, &bob] {
        assert!(!is_served(&gate, client, "127.0.0.1"));
        assert!(is_served(&gate, client, "127.0.0.2"));
    }
    assert_eq!(limited(&gate, "requests", "address"), 2.0);
}

/// Each stream of HTTP/2 is a request.
#[test]
fn streams_are_requests() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--limit-requests=identity:1/h:3")
        .file("index.html", "content")
        .start();
    let mut connection = http2::connect(&pki.client, gate.address);
    let statuses: Vec<u16> = (0..5)
        .map(|_| connection.send(http2::get("/")).unwrap().status)
        .collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
}

/// What is used up comes back with time.
#[test]
fn who_waits_is_served_again() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--limit-requests=identity:2/s:1")
        .file("index.html", "content")
        .start();
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    let start = Instant::now();
    let mut served = 0;
    while start.elapsed() < Duration::from_secs(3) {
        served += usize::from(connection.get("/").unwrap().status == 200);
    }
    // One at once, and one each half second.
    assert!((3..=8).contains(&served), "{served}");
}

#[test]
fn requests_of_clients_that_a_load_balancer_tells() {
    let pki = Pki::new();
    let bob = sign(&pki, "bob");
    let gate = certgate::serve(&pki)
        .arguments(&["--client-auth=header", "--trusted-proxies=127.0.0.1"])
        .argument("--limit-requests=identity:1/h:2")
        .file("index.html", "content")
        .start();
    let mut connection = balancer::connect(gate.address);
    let mut statuses = |identity: &Identity| {
        [(); 3].map(|()| balancer::ask(&mut connection, "/", &field(identity)).status)
    };
    assert_eq!(statuses(&pki.client), [200, 200, 429]);
    assert_eq!(statuses(&bob), [200, 200, 429]);
}

/// Before the handshake: not a byte comes back.
#[test]
fn connections_of_an_address() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--limit-connections=address:1/h:2")
        .file("index.html", "content")
        .start();
    let alice = client::with(&pki.client);
    assert!(is_served(&gate, &alice, "127.0.0.1"));
    assert!(is_served(&gate, &alice, "127.0.0.1"));
    let hello = alice.hello();
    for _ in 0..3 {
        let mut tcp = client::dial(gate.address);
        let _ = std::io::Write::write_all(&mut tcp, &hello);
        let mut answer = Vec::new();
        // The end or a reset.
        let _ = tcp.read_to_end(&mut answer);
        assert_eq!(answer, b"");
    }
    assert!(is_served(&gate, &alice, "127.0.0.2"));
    assert_eq!(limited(&gate, "connections", "address"), 3.0);
    assert_eq!(
        gate.metric("certgate_handshakes_total{result=\"refused\"}"),
        0.0
    );
}

#[test]
fn connections_of_an_identity() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--limit-connections=identity:1/h:2")
        .file("index.html", "content")
        .start();
    let alice = client::with(&pki.client);
    for _ in 0..2 {
        assert!(is_served(&gate, &alice, "127.0.0.1"));
    }
    // Told, and then closed; also on a resumed connection, and from elsewhere.
    let mut connection = alice.connect(gate.address).unwrap();
    let answer = connection.get("/").unwrap();
    assert_eq!(
        (answer.status, answer.header("connection")),
        (429, Some("close"))
    );
    assert!(answer.header("retry-after").is_some());
    assert_eq!(connection.read(&mut [0; 1]).unwrap_or(0), 0, "closed");
    let mut h2 = http2::connect(&pki.client, gate.address);
    assert_eq!(h2.send(http2::get("/")).unwrap().status, 429);
    assert!(!is_served(&gate, &alice, "127.0.0.2"));
    assert!(is_served(
        &gate,
        &client::with(&sign(&pki, "bob")),
        "127.0.0.1"
    ));
    assert_eq!(limited(&gate, "connections", "identity"), 3.0);
}

#[test]
fn tunnels_of_an_identity() {
    let pki = Pki::new();
    let (upstream, accepted) = upstream::counting();
    let gate = certgate::serve(&pki)
        .argument("--limit-connections=identity:1/h:1")
        .argument(format!("--upstream=tcp://{upstream}"))
        .start();
    let alice = client::with(&pki.client);
    let _first = alice.connect(gate.address).unwrap();
    crate::support::eventually("the tunnel", || {
        (accepted.load(std::sync::atomic::Ordering::SeqCst) == 1).then_some(())
    });
    let mut second = alice.connect(gate.address).unwrap();
    assert_eq!(second.read(&mut [0; 1]).unwrap_or(0), 0, "closed");
    assert_eq!(accepted.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert_eq!(limited(&gate, "connections", "identity"), 1.0);
}

/// After three of them an address is turned away, until one is forgiven; pings are no failures.
#[test]
fn failed_handshakes_of_an_address() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--limit-failed-handshakes=address:1/s:3")
        .file("index.html", "content")
        .start();
    let alice = client::with(&pki.client);
    for _ in 0..10 {
        drop(client::dial(gate.address));
    }
    gate.counts("certgate_tcp_pings_total", 10.0);
    assert!(is_served(&gate, &alice, "127.0.0.1"));
    let stranger = pki::client("alice").signed_by(&pki::authority("Other").self_signed());
    for count in [1.0, 2.0, 3.0] {
        assert!(!is_served(&gate, &client::with(&stranger), "127.0.0.1"));
        gate.counts("certgate_refusals_total{reason=\"unknown_ca\"}", count);
    }
    // A busy machine may take more than the second: then there are more failures than one is forgiven.
    crate::support::eventually("the limit", || {
        let limited = limited(&gate, "failed_handshakes", "address") > 0.0;
        if !limited {
            let _ = is_served(&gate, &client::with(&stranger), "127.0.0.1");
        }
        limited.then_some(())
    });
    assert!(is_served(&gate, &alice, "127.0.0.2"));
    crate::support::eventually("forgiveness", || {
        is_served(&gate, &alice, "127.0.0.1").then_some(())
    });
    // Whoever is served isn't counted: it stays so.
    for _ in 0..10 {
        assert!(is_served(&gate, &alice, "127.0.0.1"));
    }
}

/// A certificate that is refused again and again is no longer talked about; who shows a good one without
/// its key does its holder no harm.
#[test]
fn failed_handshakes_of_an_identity() {
    let pki = Pki::new();
    let expired = pki::Recipe {
        not_after: -60,
        ..pki::client("alice")
    };
    // The same key as the good one.
    let expired = expired.certifying(&pki.client.key, &pki.ca);
    let gate = certgate::serve(&pki)
        .argument("--limit-failed-handshakes=identity:1/h:2")
        .argument("--refusal=page")
        .file("index.html", "content")
        .start();
    let mut pages = 0;
    for _ in 0..5 {
        let answer = client::with(&expired).get(gate.address, "/");
        pages += usize::from(answer.is_ok_and(|answer| answer.status == 403));
    }
    assert_eq!(pages, 2);
    assert_eq!(limited(&gate, "failed_handshakes", "identity"), 3.0);
    crate::support::eventually("both lines", || (gate.count("refused") == 2).then_some(()));
    let thief = pki.client.with_another_key();
    for _ in 0..5 {
        client::with(&thief).get(gate.address, "/").unwrap_err();
    }
    assert!(is_served(&gate, &client::with(&pki.client), "127.0.0.1"));
    gate.counts("certgate_refusals_total{reason=\"bad_signature\"}", 5.0);
    assert_eq!(limited(&gate, "failed_handshakes", "identity"), 3.0);
}

/// A reload changes the rates, and forgives nothing.
#[test]
fn a_reload_forgives_nothing() {
    let pki = Pki::new();
    let config = |limit: &str| format!("limit-requests = [{limit}]\n");
    let gate = places::serve(&pki)
        .config(&config("\"identity:1/h:2\""))
        .file("index.html", "content")
        .start();
    let alice = client::with(&pki.client);
    assert!(is_served(&gate, &alice, "127.0.0.1"));
    assert!(is_served(&gate, &alice, "127.0.0.1"));
    gate.configure(&config("\"identity:1/h:2\", \"address:1000/s\""));
    gate.reload();
    assert!(!is_served(&gate, &alice, "127.0.0.1"));
    gate.configure(&config("\"identity:1/h:3\""));
    gate.reload();
    assert!(
        is_served(&gate, &alice, "127.0.0.1"),
        "one more is allowed now"
    );
    assert!(!is_served(&gate, &alice, "127.0.0.1"));
    gate.configure(&config(""));
    gate.reload();
    assert!(is_served(&gate, &alice, "127.0.0.1"), "without a limit");
}

#[test]
fn wrong_limits_are_named() {
    let pki = Pki::new();
    let finished = certgate::serve(&pki)
        .argument("--limit-requests=100/s")
        .argument("--limit-connections=address:1/s,address:2/s")
        .finish();
    assert_eq!(finished.code(), 78);
    for words in ["--limit-requests", "identity:RATE", "two limits by address"] {
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
    }
}
