//! `--client-auth` decides who is asked for a certificate, and who gets in without one.

use crate::support::certgate;
use crate::support::client::{self, Client};
use crate::support::pki::{self, Pki};

/// Who comes, and what becomes of it: the subject in the log, or the alert in TLS 1.2 and 1.3.
struct Expected {
    who: &'static str,
    client: Client,
    outcome: Result<Option<&'static str>, [&'static str; 2]>,
}

const UNKNOWN_CA: [&str; 2] = ["alert unknown ca"; 2];
const NO_CERTIFICATE: [&str; 2] = ["alert handshake failure", "alert certificate required"];

#[track_caller]
fn check(mode: &str, outcomes: [Result<Option<&'static str>, [&'static str; 2]>; 3]) {
    let pki = Pki::new();
    let mode = format!("--client-auth={mode}");
    let gate = certgate::serve(&pki)
        .argument(mode)
        .file("index.html", "content")
        .start();
    let stranger = pki::client("alice").signed_by(&pki::authority("Other CA").self_signed());
    let [good, bad, none] = outcomes;
    let clients = [
        ("good", client::with(&pki.client), good),
        ("bad", client::with(&stranger), bad),
        ("none", client::anonymous(), none),
    ];
    for (who, client, outcome) in clients {
        let expected = Expected {
            who,
            client,
            outcome,
        };
        expected.meets(&gate);
    }
}

impl Expected {
    #[track_caller]
    fn meets(&self, gate: &certgate::Certgate) {
        let clients = [self.client.clone().tls12(), self.client.clone().tls13()];
        for (index, client) in clients.into_iter().enumerate() {
            let (from, result) = client.attempt(gate.address);
            let event = match &self.outcome {
                Ok(_) => "request",
                Err(_) => "refused",
            };
            let line = gate.log_line(|l| l["event"] == event && l["client"] == from.to_string());
            match (&self.outcome, result) {
                (Ok(subject), Ok(response)) => {
                    assert_eq!(response.text(), "content", "{}", self.who);
                    assert_eq!(line["subject"].as_str(), *subject, "{}", self.who);
                }
                (Err(alerts), Err(words)) => {
                    assert!(words.contains(alerts[index]), "{}: {words}", self.who);
                }
                (_, result) => panic!("{}: {result:?}", self.who),
            }
        }
    }
}

#[test]
fn required_admits_nobody_without_a_good_certificate() {
    check(
        "required",
        [
            Ok(Some("CN=alice,O=Tests")),
            Err(UNKNOWN_CA),
            Err(NO_CERTIFICATE),
        ],
    );
}

#[test]
fn optional_admits_without_a_certificate_but_refuses_a_bad_one() {
    check(
        "optional",
        [Ok(Some("CN=alice,O=Tests")), Err(UNKNOWN_CA), Ok(None)],
    );
}

#[test]
fn off_asks_nobody() {
    check("off", [Ok(None), Ok(None), Ok(None)]);
}
