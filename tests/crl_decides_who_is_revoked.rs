//! Who is on a revocation list is refused, in full handshakes and with the alert that says so; nobody else is.

use std::path::PathBuf;
use std::process::Command;

use crate::support::certgate::{self, Builder};
use crate::support::client;
use crate::support::crl;
use crate::support::peers;
use crate::support::pki::{self, Identity, Pki};
use crate::support::refusals::{Refusal, Seen, at, refusal};

/// With these lists in one file.
fn gate(pki: &Pki, lists: &[String]) -> Builder {
    let builder = certgate::serve(pki);
    let file = builder.directory().join("lists.pem");
    std::fs::write(&file, lists.concat()).unwrap();
    builder.argument(format!("--crl={}", file.display()))
}

fn revoked(name: &'static str) -> Refusal {
    refusal(name, "alert certificate revoked", "revoked", "revoked on ")
}

fn missing(name: &'static str, detail: &'static str) -> Refusal {
    refusal(name, "alert certificate unknown", "crl_missing", detail)
}

/// By both versions of TLS.
#[track_caller]
fn refused(gate: &certgate::Certgate, seen: &mut Seen, expected: Refusal, identity: &Identity) {
    for client in [
        client::with(identity).tls12(),
        client::with(identity).tls13(),
    ] {
        let line = seen.handshake(gate, expected, &client);
        assert_eq!(line["serial"], identity.serial());
    }
}

#[track_caller]
fn admitted(gate: &certgate::Certgate, identity: &Identity) {
    for client in [
        client::with(identity).tls12(),
        client::with(identity).tls13(),
    ] {
        assert_eq!(client.get(gate.address, "/").unwrap().status, 200);
    }
}

#[test]
fn a_revoked_client() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let gate = gate(&pki, &[crl::of(&pki.ca).revoking(&bob).pem()]).start();
    let mut seen = Seen::default();
    admitted(&gate, &pki.client);
    refused(&gate, &mut seen, at(0, revoked("bob")), &bob);
    // A refusal isn't remembered as anything else.
    refused(&gate, &mut seen, at(0, revoked("bob again")), &bob);
    admitted(&gate, &pki.client);
}

#[test]
fn a_revoked_intermediate_takes_its_clients_along_unless_only_leafs_are_checked() {
    let pki = Pki::new();
    let intermediate = pki::authority("Intermediate CA").signed_by(&pki.ca);
    let [alice, bob] = ["alice", "bob"].map(|name| pki::client(name).signed_by(&intermediate));
    let lists = [
        crl::of(&pki.ca).revoking(&intermediate).pem(),
        crl::of(&intermediate).revoking(&bob).pem(),
    ];
    let chain = gate(&pki, &lists).start();
    refused(
        &chain,
        &mut Seen::default(),
        at(1, revoked("chain")),
        &alice,
    );
    admitted(&chain, &pki.client);

    let leaf = gate(&pki, &lists).argument("--crl-check=leaf").start();
    admitted(&leaf, &alice);
    refused(&leaf, &mut Seen::default(), at(0, revoked("leaf")), &bob);
}

#[test]
fn a_list_of_another_key_counts_for_nothing() {
    let pki = Pki::new();
    let other = Pki::new();
    let forged = crl::of(&pki.ca).signed_by(&other.ca);
    let words = "is not signed with its key";
    let gate = gate(&pki, &[forged]).start();
    refused(
        &gate,
        &mut Seen::default(),
        at(0, missing("forged", words)),
        &pki.client,
    );
    let finding = gate.log_line(|line| {
        line["event"] == "finding" && line["found"].as_str().unwrap().contains(words)
    });
    assert!(finding["place"].as_str().unwrap().contains("lists.pem"));
}

/// A list as people make it, and clients as they use them.
#[test]
fn with_the_tools_of_others() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let builder = certgate::serve(&pki);
    let directory = PathBuf::from(builder.directory());
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
    write("ca.pem", &pki.ca.certificate_pem());
    write("ca.key", &pki.ca.key_pem());
    write("bob.pem", &bob.certificate_pem());
    write("index.txt", "");
    write(
        "ca.conf",
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=30\n",
    );
    let openssl = |arguments: &[&str]| {
        let ran = Command::new("openssl")
            .args(arguments)
            .current_dir(&directory)
            .output();
        let ran = ran.expect("openssl");
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    };
    let ca = [
        "-config", "ca.conf", "-cert", "ca.pem", "-keyfile", "ca.key",
    ];
    let revoke = ["-revoke", "bob.pem", "-crl_reason", "keyCompromise"];
    openssl(&[&["ca"][..], &ca, &revoke].concat());
    openssl(&[&["ca", "-gencrl", "-out", "crl.pem"][..], &ca].concat());
    openssl(&[
        "crl", "-in", "crl.pem", "-outform", "DER", "-out", "crl.der",
    ]);
    let file = directory.join("crl.der");
    let gate = builder
        .argument(format!("--crl={}", file.display()))
        .start();

    for tls in ["--tlsv1.3", "--tls-max 1.2"] {
        assert_eq!(
            peers::curl(&directory, &pki.client, tls, gate.address),
            Ok(200)
        );
        let refused = peers::curl(&directory, &bob, tls, gate.address).unwrap_err();
        assert!(refused.contains("certificate revoked"), "{refused}");
    }
    for tls in ["-tls1_2", "-tls1_3"] {
        let text = peers::s_client(&directory, &pki.client, tls, gate.address);
        assert!(
            text.contains("HTTP/1.0 200") || text.contains("HTTP/1.1 200"),
            "{text}"
        );
        let text = peers::s_client(&directory, &bob, tls, gate.address);
        assert!(text.contains("alert certificate revoked"), "{text}");
    }
    gate.counts("certgate_refusals_total{reason=\"revoked\"}", 4.0);
    let line = gate.event("refused");
    assert!(
        line["detail"].as_str().unwrap().contains("keyCompromise"),
        "{line}"
    );
}
