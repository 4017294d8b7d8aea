//! A client gets in with a certificate of the CA, and only then, in TLS 1.2 and 1.3.

use crate::support::certgate;
use crate::support::client::{self, Client};
use crate::support::pki::{self, Pki};

fn versions(client: Client) -> [Client; 2] {
    [client.clone().tls12(), client.tls13()]
}

#[test]
fn with_a_certificate_of_the_ca() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("index.html", "content").start();
    for client in versions(client::with(&pki.client)) {
        let response = client.get(gate.address, "/").unwrap();
        assert_eq!(
            (response.status, response.text().as_str()),
            (200, "content")
        );
    }
}

#[test]
fn with_the_cas_own_certificate() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    for client in versions(client::with(&pki.ca)) {
        assert_eq!(client.get(gate.address, "/").unwrap().status, 200);
    }
}

#[test]
fn without_a_certificate() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let [tls12, tls13] = versions(client::anonymous()).map(|client| client.refusal(gate.address));
    assert!(tls12.contains("alert handshake failure"), "{tls12}");
    assert!(tls13.contains("alert certificate required"), "{tls13}");
    assert_eq!(gate.event("refused")["reason"], "no_certificate");
    gate.counts("certgate_refusals_total{reason=\"no_certificate\"}", 2.0);
    assert_eq!(gate.metric("certgate_requests_total{status=\"200\"}"), 0.0);
}

#[test]
fn with_a_certificate_of_another_ca_of_the_same_name() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let other = pki::authority("Test CA").self_signed();
    let stranger = pki::client("alice").signed_by(&other);
    for client in versions(client::with(&stranger)) {
        let words = client.refusal(gate.address);
        assert!(
            words.contains("alert unknown ca") || words.contains("alert decrypt error"),
            "{words}"
        );
    }
    let line = gate.event("refused");
    assert_eq!(line["subject"], "CN=alice,O=Tests");
}
