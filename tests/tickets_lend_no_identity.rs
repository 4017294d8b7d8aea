//! A ticket that certgate opened, but that libssl doesn't resume with after all, says nothing about the
//! client: who it is, is what the full handshake shows that follows.

use openssl::ssl::SslSession;
use serde_json::Value;

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Client};
use crate::support::pki::{self, Identity, Pki};
use crate::support::sessions::{with_a_wrong_secret, with_the_ticket_of};

const ALICE: &str = "CN=alice,O=Tests";
const BOB: &str = "CN=bob,O=Tests";

/// TLS 1.2 and 1.3, each with one cipher.
const AES_128: [&str; 2] = ["ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"];
const AES_256: [&str; 2] = ["ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_AES_256_GCM_SHA384"];

fn versions(client: &Client, [cipher, suite]: [&str; 2]) -> [Client; 2] {
    let (tls12, tls13) = (client.clone().tls12(), client.clone().tls13());
    [tls12.ciphers(cipher), tls13.suites(suite)]
}

fn bob(pki: &Pki) -> Identity {
    pki::client("bob").signed_by(&pki.ca)
}

/// One request, admitted: the line in the access log, and the ticket.
#[track_caller]
fn visit(gate: &Certgate, client: &Client) -> (Value, Option<SslSession>) {
    let mut connection = client.connect(gate.address).unwrap();
    assert_eq!(connection.get("/").unwrap().status, 200);
    connection.close();
    let from = connection.local().to_string();
    let line = gate.log_line(|line| line["event"] == "request" && line["client"] == from);
    assert_eq!(line["resumed"], connection.resumed());
    (line, connection.ticket())
}

#[track_caller]
fn ticket(gate: &Certgate, client: &Client) -> SslSession {
    visit(gate, client).1.expect("a ticket")
}

/// Comes with the ticket, must be the other one, and stays the other one with the ticket that it gets.
#[track_caller]
fn is_bob(gate: &Certgate, bob: &Client, offered: SslSession) {
    let (line, own) = visit(gate, &bob.clone().session(offered));
    assert_eq!(line["resumed"], false, "{line}");
    assert_eq!(line["subject"], BOB, "{line}");
    let (line, _) = visit(gate, &bob.clone().session(own.unwrap()));
    assert_eq!(line["resumed"], true, "{line}");
    assert_eq!(line["subject"], BOB, "{line}");
}

#[test]
fn where_the_cipher_does_not_fit() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let alices = versions(&client::with(&pki.client), AES_128);
    let bobs = versions(&client::with(&bob(&pki)), AES_256);
    for (alice, bob) in alices.iter().zip(&bobs) {
        let ticket = ticket(&gate, alice);
        is_bob(&gate, bob, ticket.clone());
        is_bob(&gate, bob, with_a_wrong_secret(&ticket));
        // It was the cipher that stood in the way.
        let (line, _) = visit(&gate, &alice.clone().session(ticket));
        assert_eq!(
            (&line["resumed"], &line["subject"]),
            (&true.into(), &ALICE.into())
        );
    }
}

/// The ticket of a session in TLS 1.2, offered in TLS 1.3, and the other way round.
#[test]
fn where_the_version_does_not_fit() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let [alice12, alice13] = versions(&client::with(&pki.client), AES_128);
    let [bob12, bob13] = versions(&client::with(&bob(&pki)), AES_128);
    for (alice, bob) in [(&alice12, &bob13), (&alice13, &bob12)] {
        let offered = with_the_ticket_of(&ticket(&gate, bob), &ticket(&gate, alice));
        is_bob(&gate, bob, offered);
    }
}

/// The server asks for another key share (HelloRetryRequest), and the ticket comes twice.
#[test]
fn where_the_hello_is_repeated() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).argument("--tls-groups=P-384").start();
    let repeating = |identity, suites| {
        let [_, tls13] = versions(&client::with(identity), suites);
        tls13.groups("X25519:P-384")
    };
    let alice = repeating(&pki.client, AES_128);
    let ticket = ticket(&gate, &alice);
    is_bob(&gate, &repeating(&bob(&pki), AES_256), ticket.clone());
    let (line, _) = visit(&gate, &alice.session(ticket));
    assert_eq!(
        (&line["resumed"], &line["subject"]),
        (&true.into(), &ALICE.into())
    );
}

#[test]
fn whoever_has_no_certificate_stays_nobody() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--client-auth=optional")
        .start();
    let alices = versions(&client::with(&pki.client), AES_128);
    let nobodies = versions(&client::anonymous(), AES_256);
    for (alice, nobody) in alices.iter().zip(&nobodies) {
        let (line, own) = visit(&gate, &nobody.clone().session(ticket(&gate, alice)));
        assert_eq!(
            (&line["resumed"], line.get("subject")),
            (&false.into(), None),
            "{line}"
        );
        let (line, _) = visit(&gate, &nobody.clone().session(own.unwrap()));
        assert_eq!(
            (&line["resumed"], line.get("subject")),
            (&true.into(), None),
            "{line}"
        );
    }
}

#[test]
fn whoever_has_no_certificate_is_refused_where_one_is_required() {
    let pki = Pki::new();
    for (setting, page) in [("--refusal=alert", false), ("--refusal=page", true)] {
        let gate = certgate::serve(&pki).argument(setting).start();
        let alices = versions(&client::with(&pki.client), AES_128);
        let nobodies = versions(&client::anonymous(), AES_256);
        for (alice, nobody) in alices.iter().zip(&nobodies) {
            let nobody = nobody.clone().session(ticket(&gate, alice));
            let (from, result) = nobody.attempt(gate.address);
            match (page, result) {
                (true, Ok(response)) => assert_eq!(response.status, 403),
                (false, Err(_)) => {}
                (_, other) => panic!("{setting}: {other:?}"),
            }
            let from = from.to_string();
            let line = gate.log_line(|line| line["event"] == "refused" && line["client"] == from);
            assert_eq!(line["reason"], "no_certificate");
            assert_eq!(line["subject"], Value::Null, "{line}");
        }
    }
}

/// What was refused and told by a page gets nothing to come back with, even next to a good ticket.
#[test]
fn whoever_was_refused_by_a_page_is_refused_again() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).argument("--refusal=page").start();
    let stranger = pki::client("mallory").signed_by(&pki::authority("Other CA").self_signed());
    let alices = versions(&client::with(&pki.client), AES_128);
    let strangers = versions(&client::with(&stranger), AES_256);
    for (alice, stranger) in alices.iter().zip(&strangers) {
        let mut offered = Some(ticket(&gate, alice));
        for _ in 0..2 {
            let stranger = match offered.take() {
                Some(session) => stranger.clone().session(session),
                None => stranger.clone(),
            };
            let mut connection = stranger.connect(gate.address).unwrap();
            assert_eq!(connection.get("/").unwrap().status, 403);
            assert!(!connection.resumed());
            connection.close();
            offered = connection.ticket();
        }
    }
}

/// A stolen ticket without the secret that belongs to it ends the handshake: nothing is admitted.
#[test]
fn who_lacks_the_secret_is_refused() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let alices = versions(&client::with(&pki.client), AES_128);
    let bobs = versions(&client::with(&bob(&pki)), AES_128);
    for (alice, bob) in alices.iter().zip(&bobs) {
        let stolen = ticket(&gate, alice);
        let own = ticket(&gate, bob);
        for offered in [
            with_a_wrong_secret(&stolen),
            with_the_ticket_of(&own, &stolen),
        ] {
            let bob = bob.clone().session(offered);
            let (from, result) = bob.attempt(gate.address);
            result.expect_err("refused");
            let from = from.to_string();
            let line = gate.log_line(|line| line["event"] == "refused" && line["client"] == from);
            assert_eq!(line["subject"].as_str(), None, "a ticket proves nobody");
        }
        // The ticket itself is a good one.
        let (line, _) = visit(&gate, &bob.clone().session(stolen));
        assert_eq!(
            (&line["resumed"], &line["subject"]),
            (&true.into(), &ALICE.into())
        );
    }
    let log = gate.whole_log();
    let requests = log.iter().filter(|line| line["event"] == "request");
    assert_eq!(
        requests.count(),
        6,
        "tickets for both, and one more each time"
    );
}
