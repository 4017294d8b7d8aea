//! How `certgate bench` connects: PROXY header ahead, certificates, targets and addresses in turn.

use std::io::Read;
use std::sync::mpsc;

use crate::support::load::{self, bench, failure, https};
use crate::support::pki::{self, Key, Pki, Recipe};
use crate::support::{certgate, upstream};

/// What a connection begins with; the server says nothing and hangs up.
fn first_bytes(pki: &Pki, arguments: &str) -> (Vec<u8>, std::net::SocketAddr) {
    let (sender, receiver) = mpsc::channel();
    let server = upstream::tcp(move |mut stream| {
        let mut bytes = vec![0; 200];
        let _ = stream.read_exact(&mut bytes);
        let _ = sender.send((bytes, stream.peer_addr().unwrap()));
    });
    failure(bench(
        pki,
        &https(server),
        &format!("--count 1 --timeout 2s {arguments}"),
    ));
    receiver.recv().unwrap()
}

#[test]
fn the_proxy_header_has_the_connections_own_addresses() {
    let pki = Pki::new();
    let (bytes, peer) = first_bytes(&pki, "--proxy-protocol v1");
    let line = format!("PROXY TCP4 127.0.0.1 127.0.0.1 {} ", peer.port());
    assert!(bytes.starts_with(line.as_bytes()), "{bytes:?}");
    let (bytes, peer) = first_bytes(&pki, "--proxy-protocol v2");
    assert!(bytes.starts_with(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01"));
    assert_eq!(bytes[24..26], peer.port().to_be_bytes());
    // The handshake follows.
    assert_eq!(bytes[28], 22);
}

#[test]
fn from_the_source_addresses() {
    let (_, peer) = first_bytes(&Pki::new(), "--source 127.0.0.7");
    assert_eq!(peer.ip().to_string(), "127.0.0.7");
}

#[test]
fn certificates_and_targets_take_turns() {
    let pki = Pki::new();
    let gates = [0, 1].map(|_| certgate::serve(&pki).file("index.html", "content").start());
    let others = ["bob", "carol"].map(|name| pki::client(name).signed_by(&pki.ca));
    let identities = [&pki.client, &others[0], &others[1]];
    let (first, second) = (https(gates[0].address), https(gates[1].address));
    let builder = load::with(
        &pki,
        &identities,
        &first,
        &format!("{second} --count 24 --connections 1"),
    );
    assert_eq!(load::result(builder).totals.operations, 24);
    for gate in &gates {
        let log = gate.log_text();
        for name in ["alice", "bob", "carol"] {
            let count = log
                .lines()
                .filter(|l| l.contains("\"request\"") && l.contains(name))
                .count();
            assert_eq!(count, 4, "{name} in {log}");
        }
    }
}

#[test]
fn versions_groups_and_ciphers_are_as_asked_for() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("index.html", "content").start();
    let url = https(gate.address);
    let arguments = "--count 2 --tls-version 1.2 --tls-groups P-256 --tls-ciphers ECDHE-ECDSA-AES256-GCM-SHA384";
    let agreed = load::result(bench(&pki, &url, arguments))
        .negotiated
        .remove(0);
    assert_eq!(
        (agreed.version.as_str(), agreed.cipher.as_str()),
        ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")
    );
    assert_eq!(agreed.group, "secp256r1");
    for (groups, name) in [
        ("X25519", "x25519"),
        ("secp521r1:x25519", "x25519"),
        ("P-384", "secp384r1"),
        ("X25519MLKEM768", "X25519MLKEM768"),
    ] {
        let arguments = format!("--count 1 --tls-groups {groups}");
        let result = load::result(bench(&pki, &url, &arguments));
        assert_eq!(result.negotiated[0].group, name);
    }
    let wrong = bench(&pki, &url, "--tls-groups nonsense").finish();
    assert_eq!(wrong.code(), 2, "{}", wrong.stderr);
}

/// Server and client alike.
#[test]
fn certificates_with_keys_of_every_kind() {
    for (key, version) in [
        (Key::Rsa(2048), "1.2"),
        (Key::Rsa(2048), "1.3"),
        (Key::P384, "1.3"),
        (Key::P521, "1.2"),
        (Key::P521, "1.3"),
        (Key::Ed25519, "1.2"),
        (Key::Ed25519, "1.3"),
    ] {
        let of = |recipe: Recipe| Recipe { key, ..recipe };
        let ca = pki::authority("Test CA").self_signed();
        let pki = Pki {
            server: of(pki::server()).signed_by(&ca),
            client: of(pki::client("alice")).signed_by(&ca),
            ca,
        };
        // In TLS 1.2 the groups are those of certificates, too.
        let gate = certgate::serve(&pki)
            .argument("--tls-groups=X25519:P-256:P-384:P-521")
            .file("index.html", "content")
            .start();
        let arguments = format!("--count 1 --tls-version {version}");
        let result = load::result(bench(&pki, &https(gate.address), &arguments));
        assert_eq!(result.totals.operations, 1, "{version}");
    }
}

/// Old servers are what such measurements are made of.
#[test]
fn old_versions() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--tls-protocols=TLSv1,TLSv1.1,TLSv1.2,TLSv1.3")
        .file("index.html", "content")
        .start();
    for (option, name) in [("1.0", "TLSv1"), ("1.1", "TLSv1.1"), ("1.2", "TLSv1.2")] {
        let arguments = format!("--count 1 --tls-version {option}");
        let result = load::result(bench(&pki, &https(gate.address), &arguments));
        assert_eq!(result.negotiated[0].version, name);
        assert_eq!(result.negotiated[0].group, "x25519", "{name}");
    }
}
