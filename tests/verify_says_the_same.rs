//! `certgate verify` gives the verdict that a handshake gives, with the reason of its log line.

use std::path::{Path, PathBuf};

use openssl::hash::MessageDigest;
use serde_json::Value;

use crate::support::certgate::{self, Certgate, Finished};
use crate::support::client;
use crate::support::crl;
use crate::support::pki::{self, Identity, Key, Pki, Purpose, Recipe};
use crate::support::places;

const RULES: &str = "allow = [\"o:Tests\"]\ndeny = [\"cn:mallory\"]\ncrl = [\"DIR/list.pem\"]\n";

struct World {
    pki: Pki,
    intermediate: Identity,
    gate: Certgate,
}

impl World {
    fn new() -> Self {
        let pki = Pki::new();
        let intermediate = pki::authority("Intermediate").signed_by(&pki.ca);
        let revoked = pki::client("revoked").signed_by(&pki.ca);
        let builder = places::serve(&pki).config(&format!("{RULES}crl-check = \"leaf\"\n"));
        let lists = crl::of(&pki.ca).revoking(&revoked).pem() + &crl::of(&intermediate).pem();
        std::fs::write(builder.directory().join("list.pem"), lists).unwrap();
        write(builder.directory(), "revoked", &revoked);
        let gate = builder.start();
        Self {
            pki,
            intermediate,
            gate,
        }
    }

    fn verify(&self, certificate: &Path, more: &[&str]) -> Finished {
        let config = self.gate.directory().join("certgate.toml");
        let certs = self.gate.certs_dir();
        certgate::bare(&["verify", "--format=json"])
            .argument(format!("--config={}", config.display()))
            .argument(format!("--certs-dir={}", certs.display()))
            .arguments(more)
            .argument(certificate.display().to_string())
            .finish()
    }

    /// The reason, by the log of a handshake and by verify; none if it is let in.
    #[track_caller]
    fn both(&self, name: &str, identity: &Identity) -> Option<String> {
        let file = write(self.gate.directory(), name, identity);
        let serial = identity.serial();
        let (from, answer) = client::with(identity).tls13().attempt(self.gate.address);
        let live = answer.err().map(|_| {
            let from = from.to_string();
            let line = self
                .gate
                .log_line(|line| line["event"] == "refused" && line["client"] == from);
            line["reason"].as_str().unwrap().to_owned()
        });
        let finished = self.verify(&file, &[]);
        let report: Value = serde_json::from_str(&finished.stdout).unwrap();
        let said = report["reason"].as_str().map(str::to_owned);
        assert_eq!(said, live, "{name} ({serial}): {report:#}");
        assert_eq!(report["accepted"], live.is_none(), "{name}");
        assert_eq!(finished.code(), i32::from(live.is_some()), "{name}");
        assert_eq!(report["advice"].is_string(), live.is_some(), "{name}");
        live
    }
}

fn write(directory: &Path, name: &str, identity: &Identity) -> PathBuf {
    let path = directory.join(format!("{name}.pem"));
    std::fs::write(&path, identity.certificate_pem()).unwrap();
    std::fs::write(directory.join(format!("{name}.key")), identity.key_pem()).unwrap();
    path
}

#[test]
fn as_a_handshake() {
    let world = World::new();
    let (ca, intermediate) = (&world.pki.ca, &world.intermediate);
    let alice = || pki::client("alice");
    let without_chain = Identity {
        chain: Vec::new(),
        ..alice().signed_by(intermediate)
    };
    let revoked = {
        let list = world.gate.directory().join("revoked.pem");
        let key = world.gate.directory().join("revoked.key");
        Identity {
            certificate: openssl::x509::X509::from_pem(&std::fs::read(list).unwrap()).unwrap(),
            key: openssl::pkey::PKey::private_key_from_pem(&std::fs::read(key).unwrap()).unwrap(),
            chain: Vec::new(),
        }
    };
    for (name, identity, reason) in [
        ("good", alice().signed_by(ca), None),
        ("by-intermediate", alice().signed_by(intermediate), None),
        ("without-chain", without_chain, Some("unknown_ca")),
        (
            "stranger",
            alice().signed_by(&pki::authority("Other").self_signed()),
            Some("unknown_ca"),
        ),
        (
            "same-name",
            alice().signed_by(&pki::authority("Test CA").self_signed()),
            Some("bad_signature"),
        ),
        (
            "expired",
            Recipe {
                not_after: -60,
                ..alice()
            }
            .signed_by(ca),
            Some("expired"),
        ),
        (
            "early",
            Recipe {
                not_before: 3600,
                ..alice()
            }
            .signed_by(ca),
            Some("not_yet_valid"),
        ),
        (
            "server",
            Recipe {
                purpose: Purpose::Server,
                ..alice()
            }
            .signed_by(ca),
            Some("wrong_purpose"),
        ),
        (
            "weak",
            Recipe {
                key: Key::Rsa(1024),
                ..alice()
            }
            .signed_by(ca),
            Some("weak_certificate"),
        ),
        (
            "sha1",
            Recipe {
                digest: MessageDigest::sha1(),
                ..alice()
            }
            .signed_by(ca),
            Some("weak_certificate"),
        ),
        (
            "broken",
            alice().signed_by(ca).with_a_broken_signature(),
            Some("bad_signature"),
        ),
        (
            "unknown-rule",
            Recipe {
                unknown_rule: true,
                ..alice()
            }
            .signed_by(ca),
            Some("invalid_certificate"),
        ),
        (
            "mallory",
            pki::client("mallory").signed_by(ca),
            Some("denied"),
        ),
        ("revoked", revoked, Some("revoked")),
    ] {
        let found = world.both(name, &identity);
        assert_eq!(found.as_deref(), reason, "{name}");
    }
}

#[test]
fn at_another_moment_with_another_ca_and_with_the_key() {
    let world = World::new();
    let alice = write(world.gate.directory(), "alice", &world.pki.client);
    let directory = world.gate.directory().display().to_string();
    let reason = |more: &[&str]| {
        let finished = world.verify(&alice, more);
        let report: Value = serde_json::from_str(&finished.stdout).unwrap();
        report["reason"].as_str().unwrap_or("accepted").to_owned()
    };
    assert_eq!(reason(&[]), "accepted");
    assert_eq!(reason(&["--at=2099-01-01T00:00:00Z"]), "expired");
    assert_eq!(reason(&["--at=1999-01-01 00:00:00"]), "not_yet_valid");
    let key = format!("--key={directory}/alice.key");
    assert_eq!(reason(&[&key]), "accepted");
    write(
        world.gate.directory(),
        "other",
        &pki::client("o").signed_by(&world.pki.ca),
    );
    let other = format!("--key={directory}/other.key");
    assert_eq!(reason(&[&other]), "bad_signature");
    let other_ca = pki::authority("Other").self_signed();
    let ca = write(world.gate.directory(), "ca", &other_ca);
    let ca = format!("--ca={}", ca.display());
    assert_eq!(reason(&[&ca]), "unknown_ca");
    let unsent = Identity {
        chain: Vec::new(),
        ..pki::client("alice").signed_by(&world.intermediate)
    };
    let unsent = write(world.gate.directory(), "unsent", &unsent);
    let intermediate = write(world.gate.directory(), "intermediate", &world.intermediate);
    let intermediate = format!("--intermediates={}", intermediate.display());
    assert_eq!(world.verify(&unsent, &[]).code(), 1);
    assert_eq!(world.verify(&unsent, &[&intermediate]).code(), 0);
}

/// What is wrong with the question is no verdict.
#[test]
fn no_verdict_without_a_certificate_or_a_ca() {
    let world = World::new();
    let directory = world.gate.directory();
    let key = directory.join("alice.key");
    write(directory, "alice", &world.pki.client);
    for (finished, words) in [
        (
            world.verify(&key, &[]),
            "1 PRIVATE KEY block; expected the client's certificate",
        ),
        (
            world.verify(Path::new("/nonexistent"), &[]),
            "/nonexistent: No such file",
        ),
        (
            world.verify(&directory.join("alice.pem"), &["--ca=/nonexistent"]),
            "/nonexistent: there is no such file",
        ),
    ] {
        assert_eq!(finished.code(), 78, "{}", finished.stderr);
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
        assert_eq!(finished.stdout, "");
        assert!(!finished.stderr.contains("PRIVATE KEY-----"));
    }
}
