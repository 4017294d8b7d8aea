//! The certificates that clients have shown are known, with when they expire; strangers' are not.

use serde_json::Value;

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::pki::{self, Identity, Pki};
use crate::support::returning::{admitted, refused, returning};
use crate::support::{crl, places};

const DAY: i64 = 86_400;

fn client(name: &str, ca: &Identity, seconds: i64) -> Identity {
    let recipe = pki::client(name);
    pki::Recipe {
        not_before: -100 * DAY,
        not_after: seconds,
        ..recipe
    }
    .signed_by(ca)
}

fn inventory(gate: &Certgate) -> Value {
    let told: Value = serde_json::from_slice(&gate.admin("/status.json").body).unwrap();
    told["client_certificates"].clone()
}

fn entry(gate: &Certgate, identity: &Identity) -> Option<Value> {
    let serial = identity.serial();
    let all = inventory(gate);
    let mut entries = all["entries"].as_array().unwrap().iter();
    entries.find(|entry| entry["serial"] == serial).cloned()
}

/// Waits: a client can see its refusal before it is noted.
#[track_caller]
fn noted(gate: &Certgate, identity: &Identity, handshakes: u64) -> Value {
    crate::support::eventually("the certificate in the inventory", || {
        let entry = entry(gate, identity)?;
        let count = entry["accepted"].as_u64()? + entry["refused"].as_u64()?;
        (count == handshakes).then_some(entry)
    })
}

#[test]
fn who_breaks_when() {
    let mut pki = Pki::new();
    pki.ca = pki::Recipe {
        not_before: -200 * DAY,
        not_after: 1000 * DAY,
        ..pki::authority("Test CA")
    }
    .self_signed();
    let gate = certgate::serve(&pki).start();
    // In the middle of a day, so that it doesn't matter how long this takes.
    let clients = [("a", 20), ("b", 3), ("c", 60), ("d", 400), ("e", 0)];
    let clients = clients.map(|(name, days)| client(name, &pki.ca, days * DAY + DAY / 2));
    for client in &clients {
        admitted(&gate, client);
    }
    let all = inventory(&gate);
    assert_eq!(
        (&all["known"], &all["capacity"]),
        (&5.into(), &10_000.into())
    );
    let entries = all["entries"].as_array().unwrap();
    let days: Vec<i64> = entries
        .iter()
        .map(|e| e["days_left"].as_i64().unwrap())
        .collect();
    assert_eq!(days, [0, 3, 20, 60, 400], "who breaks first is first");
    let first = &entries[0];
    assert_eq!(first["subject"], "CN=e,O=Tests");
    assert_eq!(first["issuer"], "CN=Test CA,O=Tests");
    assert_eq!(
        (&first["verdict"], &first["reason"]),
        (&"accepted".into(), &Value::Null)
    );
    assert_eq!(
        (&first["accepted"], &first["refused"]),
        (&2.into(), &0.into())
    );
    assert_eq!(first["fingerprint"].as_str().unwrap().len(), 64);
    for (part, count) in [
        ("expired", 0),
        ("1d", 1),
        ("7d", 1),
        ("30d", 1),
        ("90d", 1),
        ("more", 1),
    ] {
        assert_eq!(all["expires_in"][part], count, "{part}");
        let name = format!("certgate_client_certificates{{expires_in=\"{part}\"}}");
        assert_eq!(gate.metric(&name), f64::from(count), "{part}");
    }
    // A line a day for those that have 30 days or less; none for the others, who came before the last.
    let soon = |line: &Value| line["event"] == "client_certificate_expires_soon";
    gate.log_line(|line| soon(line) && line["subject"] == "CN=e,O=Tests");
    let lines = gate.lines();
    let lines = lines.iter().filter(|line| soon(line));
    let subjects: Vec<_> = lines
        .map(|line| line["subject"].as_str().unwrap())
        .collect();
    assert_eq!(subjects, ["CN=a,O=Tests", "CN=b,O=Tests", "CN=e,O=Tests"]);
}

#[test]
fn who_broke_is_known_and_strangers_are_not() {
    let mut pki = Pki::new();
    pki.ca = pki::Recipe {
        not_before: -200 * DAY,
        ..pki::authority("Test CA")
    }
    .self_signed();
    let expired = client("expired", &pki.ca, -DAY / 2);
    let revoked = pki::client("revoked").signed_by(&pki.ca);
    let denied = pki::client("denied").signed_by(&pki.ca);
    let other = pki::authority("Other CA").self_signed();
    let stranger = pki::client("stranger").signed_by(&other);
    // Of the right name, and another's key: by its dates it would be expired.
    let forger = pki::authority("Test CA").self_signed();
    let forged = client("forged", &forger, -DAY);
    // Expired itself, under an intermediate CA that is expired too: nobody has looked at its signature.
    let between = pki::Recipe {
        not_before: -100 * DAY,
        not_after: -DAY,
        ..pki::authority("Between")
    };
    let under = client("under", &between.signed_by(&pki.ca), -DAY);
    let builder = certgate::serve(&pki);
    let list = builder.directory().join("list.pem");
    std::fs::write(&list, crl::of(&pki.ca).revoking(&revoked).pem()).unwrap();
    let gate = builder
        .argument(format!("--crl={}", list.display()))
        .argument("--crl-check=leaf")
        .argument("--deny=cn:denied")
        .start();
    refused(&gate, &expired, "expired");
    refused(&gate, &revoked, "revoked");
    refused(&gate, &denied, "access denied");
    refused(&gate, &stranger, "unknown ca");
    for forger in [&forged, &under] {
        client::with(forger).refusal(gate.address);
    }
    for (identity, reason) in [
        (&expired, "expired"),
        (&revoked, "revoked"),
        (&denied, "denied"),
    ] {
        let entry = noted(&gate, identity, 2);
        assert_eq!(
            (&entry["verdict"], &entry["reason"]),
            (&"refused".into(), &reason.into())
        );
    }
    assert_eq!(entry(&gate, &expired).unwrap()["days_left"], -1);
    gate.counts("certgate_handshakes_total{result=\"refused\"}", 10.0);
    // They were refused before, and what follows is noted after them.
    admitted(&gate, &pki::client("last").signed_by(&pki.ca));
    for nobody in [&stranger, &forged, &under] {
        assert!(entry(&gate, nobody).is_none());
    }
    assert_eq!(inventory(&gate)["known"], 4);
    assert_eq!(
        gate.metric("certgate_client_certificates{expires_in=\"expired\"}"),
        1.0
    );
}

#[test]
fn it_outlives_a_reload_and_counts_those_who_return() {
    let pki = Pki::new();
    let gate = places::serve(&pki).config("deny = []\n").start();
    let alice = returning(&gate, &pki.client);
    let before = noted(&gate, &pki.client, 4);
    gate.configure("deny = [\"cn:bob\"]\n");
    gate.reload();
    alice.resume(&gate);
    let after = noted(&gate, &pki.client, 6);
    assert_eq!(before["first_seen"], after["first_seen"]);
    gate.configure("deny = [\"cn:alice\"]\n");
    gate.reload();
    alice.are_refused(&gate, "access denied");
    let broken = noted(&gate, &pki.client, 10);
    assert_eq!(
        (&broken["accepted"], &broken["refused"]),
        (&6.into(), &4.into())
    );
    assert_eq!(
        (&broken["verdict"], &broken["reason"]),
        (&"refused".into(), &"denied".into())
    );
}

/// Who has a certificate and not its key is not its holder.
#[test]
fn a_certificate_without_its_key_was_not_seen() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let thief = pki.client.with_another_key();
    client::with(&thief).refusal(gate.address);
    gate.counts("certgate_refusals_total{reason=\"bad_signature\"}", 1.0);
    assert_eq!(inventory(&gate)["known"], 0);
}
