//! `certgate bench` counts failures as what they are, and ends with 1 and clear words if nothing else
//! was there.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use crate::support::certgate;
use crate::support::load::{self, bench, failure, https, tls};
use crate::support::pki::{self, Pki};
use crate::support::upstream;

fn short(address: SocketAddr, pki: &Pki) -> certgate::Builder {
    bench(
        pki,
        &https(address),
        "--count 6 --connections 2 --timeout 300ms",
    )
}

#[track_caller]
fn fails(builder: certgate::Builder, kind: &str, words: &str) {
    let (result, said) = failure(builder);
    assert_eq!((result.totals.operations, result.totals.errors), (0, 6));
    assert_eq!(result.errors[0].kind, kind, "{:?}", result.errors);
    assert!(result.latencies.is_empty());
    assert!(said.contains(words), "{said}");
}

#[test]
fn nobody_listens() {
    fails(
        short(upstream::nobody(), &Pki::new()),
        "refused",
        "connection refused",
    );
}

#[test]
fn no_tls() {
    let server = upstream::tcp(|mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    fails(
        short(server, &Pki::new()),
        "not_tls",
        "the server answered, but not with TLS",
    );
}

#[test]
fn a_server_that_stalls() {
    let server = upstream::tcp(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    fails(
        short(server, &Pki::new()),
        "handshake_timeout",
        "the server stalled",
    );
}

#[test]
fn a_server_that_hangs_up() {
    let server = upstream::tcp(|mut stream| {
        // All of the ClientHello, so that the close is a FIN and no reset.
        let _ = stream.read(&mut [0; 16 * 1024]);
    });
    fails(
        short(server, &Pki::new()),
        "closed",
        "closed the connection during the handshake",
    );
}

#[test]
fn a_server_that_resets() {
    let server = upstream::tcp(|mut stream| {
        // What is left unread makes it a reset.
        let _ = stream.read(&mut [0; 1]);
    });
    fails(short(server, &Pki::new()), "reset", "reset the connection");
}

#[test]
fn a_client_certificate_that_is_missing() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    for http in ["1.1", "2"] {
        let arguments = format!("--count 6 --http {http}");
        let builder = load::with(&pki, &[], &https(gate.address), &arguments);
        let (result, words) = failure(builder);
        let error = &result.errors[0];
        let alert = error.alert.as_deref();
        assert_eq!(
            (error.kind.as_str(), alert),
            ("alert", Some("certificate_required"))
        );
        assert!(words.contains("give --cert and --key"), "{words}");
    }
    // Without a request, too, where a client of TLS 1.3 could take its own end of the handshake for all.
    let (result, _) = failure(load::with(&pki, &[], &tls(gate.address), "--count 6"));
    assert_eq!(
        result.errors[0].alert.as_deref(),
        Some("certificate_required")
    );
}

#[test]
fn a_client_certificate_that_is_refused() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let stranger = pki::client("mallory").self_signed();
    let builder = load::with(&pki, &[&stranger], &https(gate.address), "--count 6");
    let (result, words) = failure(builder);
    assert_eq!(result.errors[0].alert.as_deref(), Some("unknown_ca"));
    assert!(words.contains("refused the client certificate"), "{words}");
}

#[test]
fn some_of_many() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("index.html", "content").start();
    let stranger = pki::client("mallory").self_signed();
    let identities = [&pki.client, &stranger];
    let arguments = "--count 40 --connections 1";
    let result = load::result(load::with(
        &pki,
        &identities,
        &https(gate.address),
        arguments,
    ));
    assert_eq!((result.totals.operations, result.totals.errors), (20, 20));
    assert!(result.latencies.iter().all(|latency| latency.count == 20));
    assert_eq!(
        result
            .negotiated
            .iter()
            .map(|agreed| agreed.count)
            .sum::<u64>(),
        20
    );
}

#[test]
fn a_status_that_is_an_error() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("index.html", "content").start();
    let url = format!("https://{}/missing", gate.address);
    for mode in ["full", "requests", "requests --http 2"] {
        let (result, _) = failure(bench(&pki, &url, &format!("--count 6 --mode {mode}")));
        assert_eq!(
            (result.errors[0].kind.as_str(), result.errors[0].count),
            ("http_404", 6)
        );
    }
}

#[test]
fn a_server_that_is_not_trusted() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("index.html", "content").start();
    let other = Pki::new();
    let builder = load::with(&other, &[&pki.client], &https(gate.address), "--count 6");
    fails(builder, "untrusted", "--ca FILE, or --insecure");
    let arguments = "--count 6 --sni other.example";
    fails(
        bench(&pki, &https(gate.address), arguments),
        "untrusted",
        "--sni",
    );
}

#[test]
fn nothing_resumed() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .file("index.html", "content")
        .argument("--tls-tickets=off")
        .start();
    let arguments = "--mode resumed --count 6";
    let (result, words) = failure(bench(&pki, &https(gate.address), arguments));
    assert_eq!((result.totals.handshakes, result.totals.resumed), (6, 0));
    assert!(words.contains("gave no session tickets"), "{words}");
    assert!(!result.negotiated[0].resumed);
}

#[test]
fn a_run_in_which_nothing_works_ends_with_the_warm_up() {
    let pki = Pki::new();
    let begun = std::time::Instant::now();
    let arguments = "--duration 60s --warm-up 200ms";
    let (result, words) = failure(bench(&pki, &https(upstream::nobody()), arguments));
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(
        result.totals.errors > 0 && words.contains("connection refused"),
        "{words}"
    );
}

#[test]
fn files_that_are_no_certificates() {
    let pki = Pki::new();
    let builder = certgate::bare(&["bench", "https://localhost:1/", "--insecure"]);
    let (certificate, key) = (
        builder.directory().join("c.pem"),
        builder.directory().join("k.pem"),
    );
    std::fs::write(&certificate, pki.client.certificate_pem()).unwrap();
    std::fs::write(&key, pki.server.key_pem()).unwrap();
    let given = |builder: certgate::Builder, key: &str| {
        let certificate = certificate.display().to_string();
        builder
            .arguments(&["--cert", &certificate, "--key", key])
            .finish()
    };
    let mismatch = given(builder, &key.display().to_string());
    assert_eq!(mismatch.code(), 78);
    assert!(
        mismatch.stderr.contains("doesn't belong to"),
        "{}",
        mismatch.stderr
    );
    let missing = certgate::bare(&[
        "bench",
        "https://localhost:1/",
        "--insecure",
        "--cert",
        "/nowhere",
        "--key",
        "/nowhere",
    ])
    .finish();
    assert_eq!(missing.code(), 78);
    assert!(
        missing.stderr.contains("/nowhere: can't be read"),
        "{}",
        missing.stderr
    );
}
