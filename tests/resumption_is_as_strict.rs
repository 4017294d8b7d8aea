//! A ticket resumes for a client that a full handshake would admit, and for no other.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use openssl::ssl::SslSession;
use serde_json::Value;

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Client};
use crate::support::eventually;
use crate::support::pki::{self, Identity, Pki, Recipe};

fn versions(identity: &Identity) -> [Client; 2] {
    let client = client::with(identity);
    [client.clone().tls12(), client.tls13()]
}

/// What became of one connection.
struct Visit {
    from: SocketAddr,
    resumed: bool,
    ticket: Option<SslSession>,
}

impl Visit {
    fn ticket(&self) -> SslSession {
        self.ticket.clone().expect("a ticket")
    }

    /// Its line in the access log.
    fn line(&self, gate: &Certgate) -> Value {
        let from = self.from.to_string();
        gate.log_line(|line| line["event"] == "request" && line["client"] == from)
    }
}

/// One request, admitted.
fn visit(gate: &Certgate, client: &Client) -> Result<Visit, String> {
    let mut connection = client.connect(gate.address)?;
    let response = connection.get("/")?;
    assert_eq!(response.status, 200);
    connection.close();
    Ok(Visit {
        from: connection.local(),
        resumed: connection.resumed(),
        // In TLS 1.2 a resumed connection brings no new ticket; the old one still holds.
        ticket: connection.ticket(),
    })
}

fn handshakes(gate: &Certgate, result: &str) -> f64 {
    gate.metric(&format!("certgate_handshakes_total{{result=\"{result}\"}}"))
}

#[test]
fn a_good_client_resumes_as_itself() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    for client in versions(&pki.client) {
        let before = handshakes(&gate, "resumed");
        let first = visit(&gate, &client).unwrap();
        let mut ticket = first.ticket();
        let first = first.line(&gate);
        assert_eq!(first["resumed"], false);
        assert_eq!(first["subject"], "CN=alice,O=Tests");
        for _ in 0..3 {
            let again = visit(&gate, &client.clone().session(ticket.clone())).unwrap();
            assert!(again.resumed);
            let line = again.line(&gate);
            assert_eq!(line["resumed"], true);
            for field in ["subject", "serial", "fingerprint", "tls"] {
                assert_eq!(line[field], first[field], "{field}");
            }
            assert_eq!(again.ticket.is_some(), first["tls"] == "TLSv1.3");
            ticket = again.ticket.unwrap_or(ticket);
        }
        assert_eq!(handshakes(&gate, "resumed"), before + 3.0);
    }
    assert_eq!(handshakes(&gate, "full"), 2.0);
    assert_eq!(handshakes(&gate, "refused"), 0.0);
}

/// A ticket is the holder's, whatever certificate it brings along.
#[test]
fn a_resumed_client_is_who_it_was() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let bob = pki::client("bob").signed_by(&pki.ca);
    for (alice, bob) in versions(&pki.client).into_iter().zip(versions(&bob)) {
        let ticket = visit(&gate, &alice).unwrap().ticket();
        let again = visit(&gate, &bob.session(ticket)).unwrap();
        let subject = if again.resumed {
            "CN=alice,O=Tests"
        } else {
            "CN=bob,O=Tests"
        };
        assert_eq!(again.line(&gate)["subject"], subject);
    }
}

/// A client that comes again and again, always with its latest ticket.
struct Lineage {
    client: Client,
    ticket: Option<SslSession>,
}

impl Lineage {
    /// The first connection.
    #[track_caller]
    fn start(gate: &Certgate, client: Client) -> Self {
        let ticket = Some(visit(gate, &client).unwrap().ticket());
        Self { client, ticket }
    }

    /// One more connection: whether it was resumed, or what it was refused with.
    fn next(&mut self, gate: &Certgate) -> Result<bool, String> {
        let ticket = self.ticket.clone().unwrap();
        let visit = visit(gate, &self.client.clone().session(ticket))?;
        self.ticket = visit.ticket.or(self.ticket.take());
        Ok(visit.resumed)
    }
}

#[test]
fn not_after_a_certificate_of_the_chain_has_expired() {
    let pki = Pki::new();
    // The question is who gets in, not who stays.
    let gate = certgate::serve(&pki).argument("--close-on=none").start();
    let begun = Instant::now();
    let soon = |recipe: Recipe| Recipe {
        not_after: 3,
        ..recipe
    };
    let leaf = soon(pki::client("leaf")).signed_by(&pki.ca);
    let intermediate = soon(pki::authority("Intermediate")).signed_by(&pki.ca);
    let below = pki::client("below").signed_by(&intermediate);
    let clients = [&leaf, &below].map(versions).into_iter().flatten();
    let mut valid: Vec<_> = clients
        .map(|client| Lineage::start(&gate, client))
        .collect();
    let old: Vec<_> = valid
        .iter()
        .map(|l| l.client.clone().session(l.ticket.clone().unwrap()))
        .collect();

    let (mut resumed, mut refused) = (0, 0);
    eventually("the end of all certificates", || {
        valid.retain_mut(|lineage| {
            let full = visit(&gate, &lineage.client);
            refused += u32::from(full.is_err());
            match lineage.next(&gate) {
                Ok(true) => {
                    assert!(full.is_ok(), "resumed while a full handshake is refused");
                    resumed += 1;
                    true
                }
                Ok(false) => {
                    // OpenSSL's clock is a few milliseconds behind when the last second begins.
                    assert!(begun.elapsed().as_secs() >= 2, "a full handshake too early");
                    true
                }
                Err(words) => {
                    assert!(words.contains("alert certificate expired"), "{words}");
                    refused += 1;
                    false
                }
            }
        });
        valid.is_empty().then_some(())
    });
    assert!(resumed >= 4, "nothing is shown by {resumed} resumptions");
    for client in &old {
        let words = client.refusal(gate.address);
        assert!(words.contains("alert certificate expired"), "{words}");
    }
    assert_eq!(handshakes(&gate, "resumed"), f64::from(resumed));
    // The old tickets' four, too.
    let expired = "certgate_refusals_total{reason=\"expired\"}";
    gate.counts(expired, f64::from(refused + 4));
    assert_eq!(handshakes(&gate, "refused"), f64::from(refused + 4));
}

#[test]
fn not_after_the_session_timeout_even_if_renewed_in_between() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--tls-session-timeout=2s")
        .start();
    let mut lineages = Vec::from(versions(&pki.client).map(|client| Lineage::start(&gate, client)));
    let since = Instant::now();
    let old: Vec<_> = lineages
        .iter()
        .map(|l| l.client.clone().session(l.ticket.clone().unwrap()))
        .collect();
    eventually("the end of all lineages", || {
        lineages.retain_mut(|lineage| {
            let before = since.elapsed();
            let resumed = lineage.next(&gate).unwrap();
            // Ages are counted in whole seconds. (With a timeout of one, OpenSSL's own count would end
            // each lineage with the second.)
            assert!(!resumed || before < Duration::from_secs(3), "{before:?}");
            resumed
        });
        lineages.is_empty().then_some(())
    });
    for client in &old {
        assert!(!visit(&gate, client).unwrap().resumed);
    }
}

#[test]
fn not_at_another_process_with_the_same_certificates() {
    let pki = Pki::new();
    let [one, other] = [(); 2].map(|()| certgate::serve(&pki).start());
    for client in versions(&pki.client) {
        let ticket = visit(&one, &client).unwrap().ticket();
        assert!(!visit(&other, &client.session(ticket)).unwrap().resumed);
    }
    assert_eq!(handshakes(&other, "full"), 2.0);
}

#[test]
fn not_without_tickets() {
    let pki = Pki::new();
    let with = certgate::serve(&pki).start();
    let without = certgate::serve(&pki).argument("--tls-tickets=off").start();
    for client in versions(&pki.client) {
        let first = visit(&without, &client).unwrap();
        // TLS 1.2 without a ticket has a session id, which must be good for nothing, too.
        let left = first.ticket.or(visit(&with, &client).unwrap().ticket);
        let again = visit(&without, &client.clone().session(left.unwrap())).unwrap();
        assert!(!again.resumed);
        let ticket = visit(&with, &client).unwrap().ticket();
        assert!(!visit(&without, &client.session(ticket)).unwrap().resumed);
    }
    assert_eq!(handshakes(&without, "resumed"), 0.0);
}
