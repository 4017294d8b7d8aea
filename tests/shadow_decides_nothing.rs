//! A candidate is judged beside what decides: it tells who would be refused or let in, and changes nothing.

use serde_json::Value;

use crate::support::certgate::Certgate;
use crate::support::client::{self, Client};
use crate::support::crl_server::CrlServer;
use crate::support::ocsp_answers::Status;
use crate::support::pki::{self, Identity, Pki};
use crate::support::responder::Responder;
use crate::support::returning::{admitted, refused, returning};
use crate::support::{crl, places};

fn metric(outcome: &str, reason: &str) -> String {
    format!("certgate_shadow_total{{outcome=\"{outcome}\",reason=\"{reason}\"}}")
}

/// The first line about this client.
#[track_caller]
fn line(gate: &Certgate, identity: &Identity) -> Value {
    let serial = identity.serial();
    gate.log_line(|line| line["event"] == "shadow" && line["serial"] == serial)
}

fn lines(gate: &Certgate) -> usize {
    gate.count("shadow")
}

#[test]
fn another_ca_would_refuse_the_clients_of_this_one() {
    let pki = Pki::new();
    let other = pki::authority("Next CA").self_signed();
    let next = pki::client("bob").signed_by(&other);
    let stranger = pki::client("eve").signed_by(&pki::authority("Nobody's").self_signed());
    let gate = places::serve(&pki)
        .authority("next", &other)
        .config("[shadow]\nclient-ca = \"DIR/next.pem\"\n")
        .start();
    admitted(&gate, &pki.client);
    refused(&gate, &next, "unknown ca");
    refused(&gate, &stranger, "unknown ca");
    gate.counts(&metric("would_refuse", "unknown_ca"), 2.0);
    gate.counts(&metric("would_admit", "unknown_ca"), 2.0);
    gate.counts(&metric("same_refused", ""), 2.0);
    assert_eq!(gate.metric(&metric("same_accepted", "")), 0.0);
    assert_eq!(gate.metric(&metric("failed", "")), 0.0);
    let told = line(&gate, &pki.client);
    for (name, value) in [
        ("outcome", "would_refuse"),
        ("live", "accepted"),
        ("candidate", "unknown_ca"),
        ("subject", "CN=alice,O=Tests"),
        ("issuer", "CN=Test CA,O=Tests"),
    ] {
        assert_eq!(told[name], value, "{told}");
    }
    let told = line(&gate, &next);
    for (name, value) in [
        ("outcome", "would_admit"),
        ("live", "unknown_ca"),
        ("candidate", "accepted"),
        ("subject", "CN=bob,O=Tests"),
    ] {
        assert_eq!(told[name], value, "{told}");
    }
    assert_eq!(told["fingerprint"].as_str().unwrap().len(), 64, "{told}");
    // One line for each of the two, whichever versions they speak.
    assert_eq!(lines(&gate), 2, "{}", gate.log_text());
}

#[test]
fn rules_lists_and_modes_are_judged_together() {
    let pki = Pki::new();
    let [bob, carol] = ["bob", "carol"].map(|name| pki::client(name).signed_by(&pki.ca));
    let list = crl::of(&pki.ca).revoking(&bob).pem();
    let builder = places::serve(&pki);
    std::fs::write(builder.directory().join("next.crl"), list).unwrap();
    let gate = builder
        .config(
            "deny = [\"cn:carol\"]\n[shadow]\ncrl = [\"DIR/next.crl\"]\ndeny = [\"cn:alice\"]\n",
        )
        .start();
    admitted(&gate, &pki.client);
    admitted(&gate, &bob);
    refused(&gate, &carol, "access denied");
    client::anonymous().refusal(gate.address);
    gate.counts(&metric("would_refuse", "denied"), 2.0);
    gate.counts(&metric("would_refuse", "revoked"), 2.0);
    gate.counts(&metric("would_admit", "denied"), 2.0);
    gate.counts(&metric("same_refused", ""), 1.0);
    let rule = "kept out by deny cn:alice";
    assert_eq!(line(&gate, &pki.client)["detail"], rule);
    assert_eq!(line(&gate, &carol)["outcome"], "would_admit");
}

/// Who hasn't the key to a certificate is nobody that a candidate could say anything of.
#[test]
fn what_ends_otherwise_is_not_judged() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .config("[shadow]\ndeny = [\"cn:nobody\"]\n")
        .start();
    client::with(&pki.client.with_another_key()).refusal(gate.address);
    gate.counts("certgate_refusals_total{reason=\"bad_signature\"}", 1.0);
    admitted(&gate, &pki.client);
    gate.counts(&metric("same_accepted", ""), 2.0);
    for outcome in ["same_refused", "failed"] {
        assert_eq!(gate.metric(&metric(outcome, "")), 0.0, "{outcome}");
    }
    assert_eq!(gate.metric(&metric("would_admit", "bad_signature")), 0.0);
}

/// Where no certificate is needed, rules decide about those who have none.
#[test]
fn clients_without_a_certificate_are_judged_by_rules_alone() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .argument("--client-auth=optional")
        .config("[shadow]\nallow = [\"cn:alice\"]\n")
        .start();
    let status = |client: Client| client.get(gate.address, "/").unwrap().status;
    assert_eq!(status(client::anonymous()), 200);
    gate.counts(&metric("would_refuse", "no_certificate"), 1.0);
    assert_eq!(status(client::with(&pki.client)), 200);
    gate.counts(&metric("same_accepted", ""), 1.0);
}

/// A ticket stands for its client's chain, also when the candidate has never seen that.
#[test]
fn those_who_return_are_judged_by_the_chain_of_their_ticket() {
    let pki = Pki::new();
    let other = pki::authority("Next CA").self_signed();
    let gate = places::serve(&pki)
        .authority("next", &other)
        .config("client-auth = \"required\"\n")
        .start();
    let alice = returning(&gate, &pki.client);
    assert_eq!(gate.metric(&metric("same_accepted", "")), 0.0);
    gate.configure("[shadow]\nclient-ca = \"DIR/next.pem\"\n");
    gate.reload();
    alice.resume(&gate);
    gate.counts(&metric("would_refuse", "unknown_ca"), 2.0);
    alice.resume(&gate);
    gate.counts(&metric("would_refuse", "unknown_ca"), 4.0);
    gate.configure("[shadow]\ndeny = [\"cn:bob\"]\n");
    gate.reload();
    alice.resume(&gate);
    gate.counts(&metric("same_accepted", ""), 2.0);
    gate.configure("client-auth = \"required\"\n");
    gate.reload();
    alice.resume(&gate);
    assert_eq!(
        gate.metric(&metric("same_accepted", "")),
        2.0,
        "no candidate"
    );
}

#[test]
fn whoever_gets_a_page_is_judged_as_well() {
    let pki = Pki::new();
    let other = pki::authority("Next CA").self_signed();
    let next = pki::client("bob").signed_by(&other);
    let gate = places::serve(&pki)
        .argument("--refusal=page")
        .authority("next", &other)
        .config("[shadow]\nclient-ca = \"DIR/next.pem\"\n")
        .start();
    let status = |client: Client| client.get(gate.address, "/").unwrap().status;
    assert_eq!(status(client::with(&next)), 403);
    gate.counts(&metric("would_admit", "unknown_ca"), 1.0);
    assert_eq!(status(client::anonymous()), 403);
    gate.counts(&metric("same_refused", ""), 1.0);
}

/// What it is made of is watched like all else.
#[test]
fn a_candidate_is_reloaded_by_itself() {
    let pki = Pki::new();
    let other = pki::authority("Next CA").self_signed();
    let gate = places::serve(&pki)
        .watching()
        .authority("next", &other)
        .config("[shadow]\nclient-ca = \"DIR/next.pem\"\n")
        .start();
    admitted(&gate, &pki.client);
    gate.counts(&metric("would_refuse", "unknown_ca"), 2.0);
    let both = pki.ca.certificate_pem() + &other.certificate_pem();
    places::rename_over(&gate.directory().join("next.pem"), &both);
    gate.event("reloaded");
    admitted(&gate, &pki.client);
    gate.counts(&metric("same_accepted", ""), 2.0);
    // What is no CA changes nothing: neither the candidate nor what decides.
    places::rename_over(&gate.directory().join("next.pem"), "nothing");
    gate.event("reload_failed");
    gate.log_line(|line| {
        let place = line["place"].as_str().unwrap_or_default();
        line["event"] == "finding" && place.starts_with("client-ca in [shadow] of ")
    });
    admitted(&gate, &pki.client);
    gate.counts(&metric("same_accepted", ""), 4.0);
}

/// Lists of a CA that is trusted by nobody but the candidate, fetched like the others.
#[test]
fn a_candidates_lists_may_come_from_a_url() {
    let pki = Pki::new();
    let other = pki::authority("Next CA").self_signed();
    let [bob, carol] = ["bob", "carol"].map(|name| pki::client(name).signed_by(&other));
    let server = CrlServer::list(crl::of(&other).revoking(&bob).pem());
    let gate = places::serve(&pki)
        .authority("next", &other)
        .config(&format!(
            "[shadow]\nclient-ca = \"DIR/next.pem\"\ncrl = \"{}\"\n",
            server.url()
        ))
        .start();
    refused(&gate, &bob, "unknown ca");
    gate.counts(&metric("same_refused", ""), 2.0);
    refused(&gate, &carol, "unknown ca");
    gate.counts(&metric("would_admit", "unknown_ca"), 2.0);
    admitted(&gate, &pki.client);
}

/// A responder is asked once, and its word holds for both.
#[test]
fn what_a_responder_says_is_no_difference() {
    let pki = Pki::new();
    let [bob, carol] = ["bob", "carol"].map(|name| pki::client(name).signed_by(&pki.ca));
    let responder = Responder::start();
    responder.tells(&bob, &pki.ca, Status::Revoked);
    responder.tells(&carol, &pki.ca, Status::Good);
    let gate = places::serve(&pki)
        .argument("--ocsp=leaf")
        .argument(format!("--ocsp-responder={}", responder.url()))
        .config("[shadow]\ndeny = [\"cn:nobody\"]\n")
        .start();
    refused(&gate, &bob, "certificate revoked");
    gate.counts(&metric("same_refused", ""), 2.0);
    admitted(&gate, &carol);
    gate.counts(&metric("same_accepted", ""), 2.0);
    assert_eq!(gate.metric(&metric("would_admit", "revoked")), 0.0);
}

#[test]
fn each_site_has_its_own() {
    let pki = Pki::new();
    let other = pki::authority("Next CA").self_signed();
    let gate = places::serve(&pki)
        .authority("next", &other)
        .config(
            "[shadow]\ndeny = [\"cn:nobody\"]\n[[site]]\nnames = [\"a.example\"]\n[site.shadow]\nclient-ca = \"DIR/next.pem\"\n",
        )
        .start();
    let alice = client::with(&pki.client);
    alice
        .clone()
        .sni("a.example")
        .connect(gate.address)
        .unwrap();
    gate.counts(&metric("would_refuse", "unknown_ca"), 1.0);
    alice.connect(gate.address).unwrap();
    gate.counts(&metric("same_accepted", ""), 1.0);
}

/// Not a line for each handshake of a client, whatever it does.
#[test]
fn a_busy_client_has_one_line() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .config("[shadow]\ndeny = [\"cn:alice\"]\n")
        .start();
    let alice = client::with(&pki.client);
    for _ in 0..50 {
        alice.get(gate.address, "/").unwrap();
    }
    gate.counts(&metric("would_refuse", "denied"), 50.0);
    gate.event("shadow");
    assert_eq!(lines(&gate), 1);
}

#[test]
fn what_is_wrong_with_it_is_said_before_the_start() {
    let pki = Pki::new();
    let finished = places::serve(&pki)
        .config("[shadow]\nclient-ca = \"DIR/none.pem\"\ncrl = \"DIR/none.crl\"\nallow = [\"nonsense\"]\nverify-depths = 1\n")
        .finish();
    assert_eq!(finished.code(), 78);
    for said in [
        "client-ca in [shadow] of ",
        "none.pem: there is no such file",
        "crl in [shadow] of ",
        "none.crl: can't be read",
        "verify-depths in [shadow] of ",
        "Did you mean verify-depth?",
    ] {
        assert!(
            finished.stderr.contains(said),
            "{said}\n{}",
            finished.stderr
        );
    }
    // A CA that lets nobody in, as where it would decide.
    let over = pki::Recipe {
        not_before: -7200,
        not_after: -3600,
        ..pki::authority("Last CA")
    };
    let finished = places::serve(&pki)
        .authority("last", &over.self_signed())
        .config("[shadow]\nclient-ca = \"DIR/last.pem\"\n")
        .finish();
    assert_eq!(finished.code(), 78);
    let said = &finished.stderr;
    assert!(
        said.contains("client-ca in [shadow] of ") && said.contains("expired"),
        "{said}"
    );
    let finished = places::serve(&pki)
        .config("[shadow]\nallow = [\"nonsense\"]\n")
        .finish();
    assert_eq!(finished.code(), 78);
    let said = "allow in [shadow] of ";
    assert!(finished.stderr.contains(said), "{}", finished.stderr);
}
