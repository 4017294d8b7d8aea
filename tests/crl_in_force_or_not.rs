//! Lists that are too old, or not there: refused, or let in and said; and what was accepted before ends with its
//! list.

use std::time::Duration;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Client};
use crate::support::crl;
use crate::support::eventually;
use crate::support::pki::{self, Identity, Pki};
use crate::support::refusals::{Seen, at, refusal};

fn gate(pki: &Pki, list: &str) -> Builder {
    let builder = certgate::serve(pki);
    let file = builder.directory().join("list.pem");
    std::fs::write(&file, list).unwrap();
    builder.argument(format!("--crl={}", file.display()))
}

fn versions(identity: &Identity) -> [Client; 2] {
    let client = client::with(identity);
    [client.clone().tls12(), client.tls13()]
}

fn unknown(gate: &Certgate, reason: &str) -> f64 {
    gate.metric(&format!(
        "certgate_revocation_unknown_total{{reason=\"{reason}\"}}"
    ))
}

/// Strict: refused. Soft: let in, counted each time and logged once; but not who is listed.
#[track_caller]
fn strict_and_soft(pki: &Pki, list: &str, reason: &'static str, detail: &'static str) {
    let strict = gate(pki, list).start();
    let expected = refusal(reason, "alert certificate unknown", reason, detail);
    let mut seen = Seen::default();
    for client in versions(&pki.client) {
        seen.handshake(&strict, at(0, expected), &client);
    }
    let soft = gate(pki, list).argument("--crl-policy=soft").start();
    for client in versions(&pki.client) {
        assert_eq!(client.get(soft.address, "/").unwrap().status, 200);
    }
    let mut connection = client::with(&pki.client).connect(soft.address).unwrap();
    assert_eq!(connection.get("/").unwrap().status, 200);
    connection.close();
    let again = client::with(&pki.client).session(connection.ticket().unwrap());
    assert_eq!(again.get(soft.address, "/").unwrap().status, 200);
    assert_eq!(unknown(&soft, reason), 4.0);
    let log = soft.whole_log();
    let said: Vec<_> = log
        .iter()
        .filter(|l| l["event"] == "revocation_unknown")
        .collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(
        (&said[0]["reason"], said[0]["depth"].as_u64()),
        (&reason.into(), Some(0))
    );
    assert!(said[0]["detail"].as_str().unwrap().contains(detail));
}

#[test]
fn an_expired_list() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let list = crl::of(&pki.ca).revoking(&bob).until(-60).pem();
    strict_and_soft(&pki, &list, "crl_expired", "was to be replaced by");
    let soft = gate(&pki, &list).argument("--crl-policy=soft").start();
    let revoked = refusal("bob", "alert certificate revoked", "revoked", "revoked on");
    Seen::default().handshake(&soft, at(0, revoked), &client::with(&bob));
}

#[test]
fn no_list_of_the_issuer() {
    let pki = Pki::new();
    let other = pki::authority("Other CA").self_signed();
    strict_and_soft(
        &pki,
        &crl::of(&other).pem(),
        "crl_missing",
        "no revocation list of CN=Test CA",
    );
}

/// An acceptance that is remembered, and a ticket, end when the list does that they rest on.
#[test]
fn nothing_outlives_its_list() {
    let pki = Pki::new();
    // Long enough for the first connections on a busy machine.
    let gate = gate(&pki, &crl::of(&pki.ca).until(6).pem()).start();
    let mut clients: Vec<(Client, Client)> = Vec::new();
    for client in versions(&pki.client) {
        let mut connection = client.connect(gate.address).unwrap();
        connection.get("/").unwrap();
        connection.close();
        let ticket = connection.ticket().unwrap();
        let resuming = client.clone().session(ticket);
        // Before the end, it resumes.
        let mut connection = resuming.connect(gate.address).unwrap();
        connection.get("/").unwrap();
        assert!(connection.resumed());
        connection.close();
        clients.push((client, resuming));
    }
    let expired = |words: &str| assert!(words.contains("alert certificate unknown"), "{words}");
    eventually("the end of the list", || {
        match clients[0].0.get(gate.address, "/") {
            Ok(_) => {
                std::thread::sleep(Duration::from_millis(100));
                None
            }
            Err(words) => {
                expired(&words);
                Some(())
            }
        }
    });
    for (client, resuming) in &clients {
        expired(&client.refusal(gate.address));
        expired(&resuming.refusal(gate.address));
    }
    gate.counts("certgate_refusals_total{reason=\"crl_expired\"}", 5.0);
}
