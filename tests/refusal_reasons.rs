//! A certificate that isn't accepted has its alert for the client, and its reason in one log line
//! and one counter for the operator.

use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::x509::X509NameRef;

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::pki::{self, Identity, Key, Pki, Purpose, Recipe};
use crate::support::refusals::{Refusal, Seen, at, refusal};

/// Refused in TLS 1.2 and 1.3, the log line describing the certificate.
#[track_caller]
fn refused(gate: &Certgate, seen: &mut Seen, expected: Refusal, identity: &Identity) {
    let client = client::with(identity).sni("gate.example");
    for client in [client.clone().tls12(), client.tls13()] {
        let line = seen.handshake(gate, expected, &client);
        let certificate = &identity.certificate;
        assert_eq!(line["subject"], written(certificate.subject_name()));
        assert_eq!(line["issuer"], written(certificate.issuer_name()));
        assert_eq!(line["serial"], identity.serial());
        assert_eq!(line["sni"], "gate.example");
    }
}

fn written(name: &X509NameRef) -> String {
    let entry = name.entries_by_nid(Nid::COMMONNAME).next().unwrap();
    format!("CN={},O=Tests", entry.data().to_string().unwrap())
}

/// Refused all, each for its reason.
#[track_caller]
fn check(gate: Certgate, table: &[(Refusal, Identity)]) {
    let mut seen = Seen::default();
    for (expected, identity) in table {
        refused(&gate, &mut seen, *expected, identity);
    }
    seen.with_one_line_each(gate);
}

#[rustfmt::skip] // A table.
#[test]
fn of_a_client_certificate() {
    let pki = Pki::new();
    let leaf = |change: fn(&mut Recipe)| {
        let mut recipe = pki::client("alice");
        change(&mut recipe);
        recipe.signed_by(&pki.ca)
    };
    let stranger = pki::client("alice").signed_by(&pki::authority("Other CA").self_signed());
    let self_signed = pki::client("alice").self_signed();
    let table = [
        (at(0, refusal("unknown CA", "alert unknown ca", "unknown_ca", "unable to get local issuer")), stranger),
        (at(0, refusal("self-signed", "alert unknown ca", "unknown_ca", "self signed")), self_signed),
        (at(0, refusal("expired", "alert certificate expired", "expired", "expired")), leaf(|r| r.not_after = -60)),
        (at(0, refusal("not yet valid", "alert certificate expired", "not_yet_valid", "not yet valid")), leaf(|r| r.not_before = 3600)),
        (at(0, refusal("for servers", "alert unsupported certificate", "wrong_purpose", "purpose")), leaf(|r| r.purpose = Purpose::Server)),
        (at(0, refusal("broken signature", "alert decrypt error", "bad_signature", "signature failure")), pki.client.with_a_broken_signature()),
        (at(0, refusal("RSA 1024", "alert bad certificate", "weak_certificate", "key too weak")), leaf(|r| r.key = Key::Rsa(1024))),
        (at(0, refusal("SHA-1", "alert bad certificate", "weak_certificate", "digest")), leaf(|r| r.digest = MessageDigest::sha1())),
        (at(0, refusal("unknown rule", "alert certificate unknown", "invalid_certificate", "critical extension")), leaf(|r| r.unknown_rule = true)),
        (refusal("another's certificate", "alert decrypt error", "bad_signature", "bad signature"), pki.client.with_another_key()),
    ];
    check(certgate::serve(&pki).start(), &table);
}

#[rustfmt::skip] // A table.
#[test]
fn of_an_intermediate_ca() {
    let pki = Pki::new();
    let ca = |name: &str| pki::authority(name);
    let below = |issuer: &Identity| pki::client("alice").signed_by(issuer);
    let expired = Recipe { not_after: -60, ..ca("Old") }.signed_by(&pki.ca);
    let early = Recipe { not_before: 3600, ..ca("Early") }.signed_by(&pki.ca);
    let no_ca = pki::client("No CA").signed_by(&pki.ca);
    let tampered = ca("Tampered").signed_by(&pki.ca).with_a_broken_signature();
    let weak = Recipe { key: Key::Rsa(1024), ..ca("Weak") }.signed_by(&pki.ca);
    let childless = Recipe { path_length: Some(0), ..ca("First") }.signed_by(&pki.ca);
    let table = [
        (at(1, refusal("expired", "alert certificate expired", "expired", "expired")), below(&expired)),
        (at(1, refusal("not yet valid", "alert certificate expired", "not_yet_valid", "not yet valid")), below(&early)),
        (at(1, refusal("no CA", "alert unknown ca", "wrong_purpose", "invalid CA")), below(&no_ca)),
        (at(1, refusal("broken signature", "alert decrypt error", "bad_signature", "signature failure")), below(&tampered)),
        (at(1, refusal("RSA 1024", "alert bad certificate", "weak_certificate", "key too weak")), below(&weak)),
        (at(2, refusal("path length", "alert unknown ca", "chain_too_long", "path length")), below(&ca("Second").signed_by(&childless))),
    ];
    check(certgate::serve(&pki).start(), &table);
}

/// RFC 5280 leaves it to the reader whether a root's own words bind it; to OpenSSL they do.
#[test]
fn of_a_chain_longer_than_its_root_allows() {
    let mut pki = Pki::new();
    pki.ca = Recipe {
        path_length: Some(0),
        ..pki::authority("Root")
    }
    .self_signed();
    let gate = certgate::serve(&pki).start();
    let directly = pki::client("alice").signed_by(&pki.ca);
    assert_eq!(
        client::with(&directly)
            .get(gate.address, "/")
            .unwrap()
            .status,
        200
    );
    let first = pki::authority("First").signed_by(&pki.ca);
    let below = pki::client("alice").signed_by(&first);
    let too_long = refusal(
        "path length",
        "alert unknown ca",
        "chain_too_long",
        "path length",
    );
    refused(&gate, &mut Seen::default(), at(2, too_long), &below);
}

#[test]
fn of_a_chain_longer_than_verify_depth() {
    let pki = Pki::new();
    let first = pki::authority("First").signed_by(&pki.ca);
    let second = pki::authority("Second").signed_by(&first);
    let [short, long] = [first, second].map(|issuer| pki::client("alice").signed_by(&issuer));
    let too_long = refusal("depth", "alert unknown ca", "chain_too_long", "too long");

    let gate = certgate::serve(&pki).argument("--verify-depth=1").start();
    assert_eq!(
        client::with(&short).get(gate.address, "/").unwrap().status,
        200
    );
    let mut seen = Seen::default();
    refused(&gate, &mut seen, at(2, too_long), &long);

    let gate = certgate::serve(&pki).argument("--verify-depth=0").start();
    refused(&gate, &mut Seen::default(), at(1, too_long), &short);
}
