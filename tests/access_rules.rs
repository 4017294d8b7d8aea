//! Of those whom the CA vouches for, only those come in whom the rules let in.

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Client};
use crate::support::pki::{self, Identity, Pki};
use crate::support::places;
use crate::support::sites::visit;

fn versions(identity: &Identity) -> [Client; 2] {
    let client = client::with(identity);
    [client.clone().tls12(), client.tls13()]
}

#[track_caller]
fn is_refused(gate: &Certgate, identity: &Identity, reason: &str, host: &str) {
    let metric = format!("certgate_refusals_total{{reason=\"{reason}\"}}");
    for client in versions(identity) {
        let before = gate.metric(&metric);
        let words = visit(gate, &client, host).err().expect("refused");
        assert!(words.contains("access denied"), "{words}");
        gate.counts(&metric, before + 1.0);
    }
    let serial = identity.serial();
    let line = gate.log_line(|line| line["event"] == "refused" && line["serial"] == serial);
    assert_eq!(line["reason"], reason, "{line}");
}

#[track_caller]
fn is_let_in(gate: &Certgate, identity: &Identity, host: &str) {
    for client in versions(identity) {
        assert_eq!(visit(gate, &client, host).unwrap().response.status, 200);
    }
}

#[test]
fn deny_wins_over_allow() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let mallory = pki::client("mallory").signed_by(&pki.ca);
    let gate = certgate::serve(&pki)
        .argument("--allow=cn:alice")
        .argument("--allow=dn:CN=mallory, O=Tests")
        .argument("--deny=issuer:CN=Test CA,O=Tests and cn:mallory")
        .start();
    is_let_in(&gate, &pki.client, "localhost");
    is_refused(&gate, &bob, "not_allowed", "localhost");
    is_refused(&gate, &mallory, "denied", "localhost");
    let line = gate.log_line(|line| line["reason"] == "denied");
    let rule = "kept out by deny issuer:CN=Test CA,O=Tests and cn:mallory";
    assert_eq!(line["detail"], rule);
}

#[test]
fn from_the_environment_one_a_line() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let carol = pki::client("carol").signed_by(&pki.ca);
    let gate = certgate::serve(&pki)
        .environment("CERTGATE_ALLOW", "dn:CN=alice,O=Tests\n cn:bob ; cn:dave")
        .start();
    is_let_in(&gate, &pki.client, "localhost");
    is_let_in(&gate, &bob, "localhost");
    is_refused(&gate, &carol, "not_allowed", "localhost");
}

/// A rule that a reload adds holds for those who have tickets from before; one that it takes away, too.
#[test]
fn a_new_rule_holds_for_those_who_return() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let gate = places::serve(&pki).config("deny = []\n").start();
    let ticket = |client: &Client| visit(&gate, client, "localhost").unwrap().ticket();
    let before: Vec<_> = [&pki.client, &bob]
        .map(|identity| versions(identity).map(|client| (ticket(&client), client)))
        .into_iter()
        .flatten()
        .collect();
    let again = |index: usize| {
        let (ticket, client) = &before[index];
        visit(&gate, &client.clone().session(ticket.clone()), "localhost")
    };
    for index in 0..4 {
        assert!(again(index).unwrap().resumed, "as long as nothing changes");
    }
    gate.configure("deny = [\"cn:bob\"]\n");
    gate.reload();
    for index in [2, 3] {
        let words = again(index).err().expect("refused");
        assert!(words.contains("access denied"), "{words}");
    }
    for index in [0, 1] {
        assert!(again(index).unwrap().resumed, "alice is not disturbed");
    }
    gate.configure("allow = [\"cn:bob\"]\n");
    gate.reload();
    for index in [0, 1] {
        let words = again(index).err().expect("refused");
        assert!(words.contains("access denied"), "{words}");
    }
    for index in [2, 3] {
        assert!(again(index).unwrap().resumed, "bob is let in again");
    }
}

/// Where no certificate is needed, whoever has none is nobody that a rule could allow.
#[test]
fn nobody_is_not_somebody_who_is_allowed() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--client-auth=optional")
        .argument("--allow=cn:alice")
        .start();
    is_let_in(&gate, &pki.client, "localhost");
    for client in [client::anonymous().tls12(), client::anonymous().tls13()] {
        visit(&gate, &client, "localhost").err().expect("refused");
    }
    gate.counts("certgate_refusals_total{reason=\"no_certificate\"}", 2.0);
    let open = certgate::serve(&pki)
        .argument("--client-auth=optional")
        .argument("--deny=cn:alice")
        .start();
    assert_eq!(
        visit(&open, &client::anonymous(), "localhost")
            .unwrap()
            .response
            .status,
        200
    );
    is_refused(&open, &pki.client, "denied", "localhost");
}

/// A page instead of the alert, and no ticket to come back with.
#[test]
fn a_page_says_no_more_than_that() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--refusal=page")
        .argument("--deny=cn:alice")
        .start();
    for client in versions(&pki.client) {
        let (_, response) = client.attempt(gate.address);
        let response = response.unwrap();
        assert_eq!(response.status, 403);
        let text = String::from_utf8_lossy(&response.body).into_owned();
        assert!(!text.contains("alice") && !text.contains("deny"), "{text}");
    }
    gate.counts("certgate_refusals_total{reason=\"denied\"}", 2.0);
}

#[test]
fn each_site_has_its_own() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let gate = places::serve(&pki)
        .config("allow = [\"cn:alice\"]\n[[site]]\nnames = [\"b.example\"]\nallow = [\"cn:bob\"]\n[[site]]\nnames = [\"c.example\"]\n")
        .start();
    for host in ["localhost", "c.example"] {
        is_let_in(&gate, &pki.client, host);
        is_refused(&gate, &bob, "not_allowed", host);
    }
    is_let_in(&gate, &bob, "b.example");
    is_refused(&gate, &pki.client, "not_allowed", "b.example");
}

#[test]
fn a_wrong_rule_stops_the_start_and_a_reload() {
    let pki = Pki::new();
    let finished = certgate::serve(&pki)
        .argument("--allow=name:alice")
        .argument("--deny=ip:10.1.2.3/8")
        .finish();
    assert_eq!(finished.code(), 78);
    for part in [
        "--allow",
        "\"name:alice\"",
        "of the kinds cn",
        "--deny",
        "\"ip:10.1.2.3/8\"",
    ] {
        assert!(
            finished.stderr.contains(part),
            "{part}: {}",
            finished.stderr
        );
    }
    let gate = places::serve(&pki).config("deny = []\n").start();
    gate.configure("deny = [\"everybody\"]\n");
    assert_eq!(gate.hang_up(), "failed");
    let line = gate.log_line(|line| line["event"] == "finding" && line["level"] == "ERROR");
    assert!(
        line["place"].as_str().unwrap().starts_with("deny in "),
        "{line}"
    );
    is_let_in(&gate, &pki.client, "localhost");
}
