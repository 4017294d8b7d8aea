//! A handshake that fails before a certificate is looked at has its alert for the client, and its
//! reason in one log line and one counter for the operator.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use openssl::ssl::SslVersion;

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::pki::Pki;
use crate::support::refusals::{Seen, refusal};

#[rustfmt::skip] // A table.
#[test]
fn of_a_handshake() {
    let pki = Pki::new();
    // One suite of TLS 1.3, so that a client can offer another one.
    let ciphers = "--tls-ciphers=TLS_AES_128_GCM_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20";
    let gate = certgate::serve(&pki).argument(ciphers).start();
    let good = client::with(&pki.client).sni("gate.example");
    let tls11 = good.clone().version(SslVersion::TLS1_1);
    let [tls12, tls13] = [good.clone().tls12(), good.tls13()];
    let nobody = client::anonymous().sni("gate.example");
    let table = [
        (refusal("no certificate, 1.2", "alert handshake failure", "no_certificate", "did not return a certificate"), nobody.clone().tls12()),
        (refusal("no certificate, 1.3", "alert certificate required", "no_certificate", "did not return a certificate"), nobody.tls13()),
        (refusal("TLS 1.1", "alert protocol version", "protocol_mismatch", "unsupported protocol"), tls11),
        (refusal("cipher, 1.2", "alert handshake failure", "no_shared_cipher", "no shared cipher"), tls12.clone().ciphers("AES128-SHA")),
        (refusal("cipher, 1.3", "alert handshake failure", "no_shared_cipher", "no shared cipher"), tls13.clone().suites("TLS_CHACHA20_POLY1305_SHA256")),
        (refusal("signature, 1.2", "alert handshake failure", "no_shared_cipher", "no common signature"), tls12.clone().signature_algorithms("RSA+SHA256")),
        (refusal("signature, 1.3", "alert handshake failure", "no_shared_cipher", "signature"), tls13.clone().signature_algorithms("rsa_pss_rsae_sha256")),
        (refusal("group, 1.2", "alert handshake failure", "no_shared_cipher", "no shared cipher"), tls12.clone().groups("P-521")),
        (refusal("group, 1.3", "alert handshake failure", "no_shared_group", "no shared group"), tls13.clone().groups("P-521")),
        (refusal("ALPN, 1.2", "alert no application protocol", "no_shared_protocol", "no application protocol"), tls12.clone().alpn(b"\x03ftp")),
        (refusal("ALPN, 1.3", "alert no application protocol", "no_shared_protocol", "no application protocol"), tls13.clone().alpn(b"\x03ftp")),
        (refusal("the client refuses, 1.2", "certificate verify failed", "client_alert", "alert unknown ca"), tls12.trusting_nobody()),
        (refusal("the client refuses, 1.3", "certificate verify failed", "client_alert", "alert unknown ca"), tls13.trusting_nobody()),
    ];
    let mut seen = Seen::default();
    for (expected, client) in &table {
        let line = seen.handshake(&gate, *expected, client);
        // OpenSSL chooses these two before it reads the extensions.
        if !matches!(expected.name, "TLS 1.1" | "cipher, 1.3") {
            assert_eq!(line["sni"], "gate.example", "{}", expected.name);
        }
        assert_eq!(line["subject"].as_str(), None, "{}", expected.name);
    }
    seen.with_one_line_each(gate);
}

/// Sends bytes, does `then`, and reads whatever comes until the end.
fn raw(gate: &Certgate, bytes: &[u8], then: impl FnOnce(&mut TcpStream)) -> (SocketAddr, Vec<u8>) {
    let mut stream = client::dial(gate.address);
    stream.write_all(bytes).unwrap();
    then(&mut stream);
    let mut answer = Vec::new();
    // A reset is an end, too.
    let _ = stream.read_to_end(&mut answer);
    (stream.local_addr().unwrap(), answer)
}

#[rustfmt::skip] // A table.
#[test]
fn of_what_is_not_tls() {
    let gate = certgate::serve(&Pki::new()).start();
    let mut seen = Seen::default();
    let table: [(_, &[u8]); 7] = [
        (refusal("GET", "", "not_tls", "http request"), b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (refusal("POST", "", "not_tls", "http request"), b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"),
        (refusal("CONNECT", "", "not_tls", "https proxy request"), b"CONNECT localhost:443 HTTP/1.1\r\n\r\n"),
        (refusal("OPTIONS", "", "not_tls", "wrong version number"), b"OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (refusal("HTTP/2", "", "not_tls", "wrong version number"), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        (refusal("SSH", "", "not_tls", "wrong version number"), b"SSH-2.0-OpenSSH_9.6\r\n"),
        (refusal("zeros", "", "not_tls", "wrong version number"), &[0; 64]),
    ];
    for (expected, bytes) in table {
        seen.counted_once(&gate, expected, || {
            let (from, answer) = raw(&gate, bytes, |_| {});
            let answer = String::from_utf8_lossy(&answer).into_owned();
            assert!(!answer.contains("HTTP"), "{answer}");
            from
        });
    }
    for round in 0..64 {
        let mut bytes = [0; 300];
        openssl::rand::rand_bytes(&mut bytes).unwrap();
        // Neither a TLS version nor what SSL 2.0 began with: that could be a part of a handshake.
        bytes[1] = bytes[1].max(4);
        bytes[2] |= 2;
        let expected = refusal("random bytes", "", "not_tls", "");
        seen.counted_once(&gate, expected, || {
            let (from, answer) = raw(&gate, &bytes, |_| {});
            assert!(answer.len() <= 7, "round {round}: {answer:?} for {bytes:?}");
            from
        });
    }
    seen.with_one_line_each(gate);
}

#[test]
fn of_a_broken_handshake() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let hello = client::with(&pki.client).sni("gate.example").hello();
    let mut seen = Seen::default();

    // A ServerHello from a client.
    let unexpected = refusal(
        "unexpected message",
        "",
        "handshake_failure",
        "unexpected message",
    );
    seen.counted_once(&gate, unexpected, || {
        let (from, answer) = raw(&gate, b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", |_| {});
        assert_eq!(answer[..], *b"\x15\x03\x01\x00\x02\x02\x0a");
        from
    });

    let half = &hello[..hello.len() / 2];
    let hung_up = refusal("hung up", "", "client_hung_up", "");
    seen.counted_once(&gate, hung_up, || {
        raw(&gate, half, |s| s.shutdown(Shutdown::Write).unwrap()).0
    });
    seen.counted_once(&gate, hung_up, || {
        raw(&gate, b"\x16", |s| s.shutdown(Shutdown::Write).unwrap()).0
    });
    // The server's flight, or a part of it, stays unread: a reset.
    seen.counted_once(&gate, hung_up, || {
        let mut stream = client::dial(gate.address);
        stream.write_all(&hello).unwrap();
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.local_addr().unwrap()
    });
    seen.with_one_line_each(gate);
}

#[test]
fn of_a_handshake_that_takes_too_long() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--handshake-timeout=300ms")
        .start();
    let hello = client::with(&pki.client).sni("gate.example").hello();
    let mut seen = Seen::default();
    let timeout = refusal("half a hello", "", "timeout", "no handshake within");
    for bytes in [&hello[..hello.len() / 2], &hello, b""] {
        let begun = std::time::Instant::now();
        let line = seen.counted_once(&gate, timeout, || raw(&gate, bytes, |_| {}).0);
        assert!(begun.elapsed().as_millis() >= 300);
        let sni = (bytes == hello).then_some("gate.example");
        assert_eq!(line["sni"].as_str(), sni);
    }
    seen.with_one_line_each(gate);
}
