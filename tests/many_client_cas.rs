//! The names of the client CAs in the CertificateRequest: all of them, or none.

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::peers;
use crate::support::pki::{self, Identity, Key, Pki};

/// The block that `openssl s_client` prints of the names.
fn names(text: &str) -> Option<&str> {
    let start = text
        .split_once("Acceptable client certificate CA names\n")?
        .1;
    Some(
        start
            .split_once("Requested Signature Algorithms")
            .map_or(start, |(names, _)| names),
    )
}

#[track_caller]
fn told(gate: &Certgate, client: &Identity, expected: usize) {
    for tls in ["-tls1_2", "-tls1_3"] {
        let text = peers::s_client(gate.directory(), client, tls, gate.address);
        assert!(
            text.contains("HTTP/1.0 200") || text.contains("HTTP/1.1 200"),
            "{text}"
        );
        let told = names(&text).map_or(0, |names| names.matches("CN = ").count());
        assert_eq!(told, expected, "{tls} {text}");
    }
}

#[test]
fn they_are_told_unless_they_are_hidden() {
    let pki = Pki::new();
    told(&certgate::serve(&pki).start(), &pki.client, 1);
    let hidden = certgate::serve(&pki).argument("--advertise-ca=off").start();
    told(&hidden, &pki.client, 0);
}

/// From a file: the environment has no room for so many.
fn with(pki: &Pki, count: usize) -> Builder {
    let builder = certgate::serve(pki).without("SSL_CLIENT_CERTIFICATE");
    let key = Key::P256.generate();
    let mut pems = pki.ca.certificate_pem();
    for number in 1..count {
        let ca = pki::authority(&format!("CA {number}"));
        pems += &ca.self_signed_with(&key).certificate_pem();
    }
    std::fs::create_dir_all(builder.certs_dir()).unwrap();
    std::fs::write(builder.certs_dir().join("client_cert.pem"), pems).unwrap();
    builder
}

#[test]
fn two_thousand_are_not_told_and_let_in() {
    let pki = Pki::new();
    // 46 bytes each.
    told(&with(&pki, 300).start(), &pki.client, 300);
    let gate = with(&pki, 2000).start();
    let finding = gate.log_line(|line| {
        line["event"] == "finding" && line["found"].as_str().unwrap().contains("16 KiB")
    });
    assert!(
        finding["advice"].as_str().unwrap().contains("64 KiB"),
        "{finding}"
    );
    told(&gate, &pki.client, 0);
}
