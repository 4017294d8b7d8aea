//! A ticket resumes while its certificate's OCSP status is known to be good, and no longer.

use openssl::ssl::SslSession;

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Client};
use crate::support::eventually;
use crate::support::ocsp_answers::Status;
use crate::support::pki::{self, Identity, Pki};
use crate::support::responder::{Reply, Responder, answer};

fn named(name: &str, pki: &Pki, responder: &Responder) -> Identity {
    pki::client(name)
        .asked_at(&responder.url())
        .signed_by(&pki.ca)
}

/// Whether it was resumed, and the ticket.
fn visit(gate: &Certgate, client: &Client) -> Result<(bool, Option<SslSession>), String> {
    let mut connection = client.connect(gate.address)?;
    assert_eq!(connection.get("/")?.status, 200);
    connection.close();
    Ok((connection.resumed(), connection.ticket()))
}

/// A client that was here, with its ticket.
fn returning(gate: &Certgate, identity: &Identity) -> [Client; 2] {
    let client = client::with(identity);
    [client.clone().tls12(), client.tls13()].map(|client| {
        let ticket = visit(gate, &client).unwrap().1.unwrap();
        client.session(ticket)
    })
}

/// Answers without nextUpdate hold for ten seconds.
#[test]
fn not_beyond_the_answer() {
    let pki = Pki::new();
    let responder = Responder::start();
    let gate = certgate::serve(&pki).argument("--ocsp=leaf").start();
    let [alice, bob] = ["alice", "bob"].map(|name| named(name, &pki, &responder));
    let brief = |of: &Identity, status| {
        let answer = answer(of, &pki.ca).times(0, None).status(status);
        responder.says(of, Reply::Body(answer.der()));
    };
    brief(&alice, Status::Good);
    brief(&bob, Status::Good);
    let (alices, bobs) = (returning(&gate, &alice), returning(&gate, &bob));
    for client in alices.iter().chain(&bobs) {
        assert!(visit(&gate, client).unwrap().0, "not resumed");
    }
    assert_eq!(responder.asked(), 2, "each once, for four handshakes");

    brief(&alice, Status::Revoked);
    let mut waiting = alices.to_vec();
    let mut resumed = 0;
    eventually("the end of the answer", || {
        waiting.retain(|client| match visit(&gate, client) {
            Ok((true, _)) => {
                resumed += 1;
                true
            }
            Ok((false, _)) => panic!("let in, although it is revoked"),
            Err(words) => {
                assert!(words.contains("certificate revoked"), "{words}");
                false
            }
        });
        waiting.is_empty().then_some(())
    });
    assert!(resumed > 0);
    for client in &alices {
        let words = client.refusal(gate.address);
        assert!(words.contains("certificate revoked"), "{words}");
    }
    assert_eq!(responder.asked(), 3);
    // Who is still good has a full handshake, with one new question, and resumes again.
    let bobs_next: Vec<_> = bobs
        .iter()
        .map(|client| visit(&gate, client).unwrap().0)
        .collect();
    assert!(bobs_next.contains(&false));
    assert_eq!(responder.asked(), 4);
    for client in &bobs {
        assert!(visit(&gate, client).unwrap().0);
    }
}
