//! Clients that come back, in each version of TLS, with the tickets of before.

use openssl::ssl::SslSession;

use super::certgate::Certgate;
use super::client::{self, Client};
use super::pki::Identity;
use super::sites::visit;

/// One in each version, with its ticket, which resumes.
pub struct Returning(Vec<(Client, SslSession)>);

#[track_caller]
pub fn returning(gate: &Certgate, identity: &Identity) -> Returning {
    let client = client::with(identity);
    let versions = [client.clone().tls12(), client.tls13()];
    let each = versions.map(|client| {
        let ticket = visit(gate, &client, "localhost").unwrap().ticket();
        (client, ticket)
    });
    let returning = Returning(each.into());
    returning.resume(gate);
    returning
}

impl Returning {
    #[track_caller]
    pub fn resume(&self, gate: &Certgate) {
        for (client, ticket) in &self.0 {
            let again = visit(gate, &client.clone().session(ticket.clone()), "localhost");
            let again = again.unwrap();
            assert!(again.resumed);
            assert_eq!(again.response.status, 200);
        }
    }

    /// With their tickets, and without.
    #[track_caller]
    pub fn are_refused(&self, gate: &Certgate, alert: &str) {
        for (client, ticket) in &self.0 {
            for client in [client.clone().session(ticket.clone()), client.clone()] {
                let words = client.refusal(gate.address);
                assert!(words.contains(alert), "{alert}: {words}");
            }
        }
    }
}

/// Let in, by both versions, in full handshakes.
#[track_caller]
pub fn admitted(gate: &Certgate, identity: &Identity) {
    let client = client::with(identity);
    for client in [client.clone().tls12(), client.tls13()] {
        assert_eq!(client.get(gate.address, "/").unwrap().status, 200);
    }
}

/// Refused, by both versions, in full handshakes.
#[track_caller]
pub fn refused(gate: &Certgate, identity: &Identity, alert: &str) {
    let client = client::with(identity);
    for client in [client.clone().tls12(), client.tls13()] {
        let words = client.refusal(gate.address);
        assert!(words.contains(alert), "{alert}: {words}");
    }
}

/// Waits until it is refused.
#[track_caller]
pub fn until_refused(gate: &Certgate, identity: &Identity, alert: &str) {
    let client = client::with(identity);
    super::eventually(&format!("the refusal: {alert}"), || {
        let words = client.get(gate.address, "/").err()?;
        // Without an alert it was let in by what held at its beginning, and closed when that was replaced.
        let refused = words.contains("alert");
        assert!(!refused || words.contains(alert), "{alert}: {words}");
        refused.then_some(())
    });
}

/// Waits until it is let in.
#[track_caller]
pub fn until_admitted(gate: &Certgate, identity: &Identity) {
    let client = client::with(identity);
    super::eventually("admission", || client.get(gate.address, "/").ok());
}
