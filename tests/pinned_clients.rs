//! With `client-auth = pinned`, a client comes in by its own key or certificate, and by nothing else: no
//! name, no CA, no neighbour in its chain.

use serde_json::Value;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Client};
use crate::support::pki::{self, Identity, Key, Pki, Purpose, Recipe};
use crate::support::places;
use crate::support::sites::visit;
use crate::support::{peers, upstream};

/// As the rules have it; by the standard's words (RFC 7469 section 2.4).
pub fn spki(identity: &Identity) -> String {
    let key = identity.certificate.public_key().unwrap();
    let digest = openssl::sha::sha256(&key.public_key_to_der().unwrap());
    format!("spki:sha256:{}", openssl::base64::encode_block(&digest))
}

fn sha256(identity: &Identity) -> String {
    let digest = openssl::sha::sha256(&identity.certificate.to_der().unwrap());
    let digits: String = digest.iter().map(|byte| format!("{byte:02X}:")).collect();
    format!("sha256:{}", digits.trim_end_matches(':'))
}

/// Everything from the environment, and no client CA at all.
fn pinning(rules: &[String]) -> Builder {
    pinning_command("serve", rules)
}

fn pinning_command(command: &str, rules: &[String]) -> Builder {
    let server = pki::server().signed_by(&pki::authority("Server CA").self_signed());
    certgate::bare(&[command])
        .environment("SSL_SERVER_CERTIFICATE", server.certificate_pem())
        .environment("SSL_SERVER_KEY", server.key_pem())
        .environment("CERTGATE_CLIENT_AUTH", "pinned")
        .environment("CERTGATE_ALLOW", rules.join("\n"))
        .ports()
}

fn versions(client: Client) -> [Client; 2] {
    [client.clone().tls12(), client.tls13()]
}

#[track_caller]
fn is_let_in(gate: &Certgate, identity: &Identity) {
    for client in versions(client::with(identity)) {
        let visit = visit(gate, &client, "localhost").unwrap();
        assert_eq!(visit.response.status, 200);
    }
}

/// In both versions, with this reason in the log.
#[track_caller]
fn is_refused(gate: &Certgate, client: Client, reason: &str, alert: &str) {
    for client in versions(client) {
        let (from, answer) = client.attempt(gate.address);
        let words = answer.expect_err("refused");
        assert!(words.contains(alert), "{alert}: {words}");
        let from = from.to_string();
        let line = gate.log_line(|line| line["event"] == "refused" && line["client"] == from);
        assert_eq!(line["reason"], reason, "{line}");
    }
}

fn self_signed(name: &str, key: Key) -> Identity {
    Recipe {
        key,
        ..pki::client(name)
    }
    .self_signed()
}

/// Keys of every kind, and nobody's signature under them that could be verified.
fn friends() -> Vec<Identity> {
    let nobody = pki::authority("Nobody").self_signed();
    let ed25519 = Recipe {
        key: Key::Ed25519,
        ..pki::client("ed25519")
    };
    vec![
        self_signed("p256", Key::P256),
        self_signed("rsa", Key::Rsa(2048)),
        ed25519.signed_by(&nobody),
        pki::client("broken")
            .self_signed()
            .with_a_broken_signature(),
        Recipe {
            bare: true,
            ..pki::client("old")
        }
        .self_signed(),
    ]
}

#[test]
fn a_pin_is_enough() {
    let friends = friends();
    let rules: Vec<_> = friends.iter().map(spki).collect();
    let upstream = upstream::http(|_| upstream::ok(""));
    let gate = pinning(&rules)
        .arguments(&["--upstream", &upstream.url, "--identity-headers=rfc9440"])
        .start();
    for friend in &friends {
        is_let_in(&gate, friend);
        for _ in 0..2 {
            let request = upstream.request();
            let der = friend.certificate.to_der().unwrap();
            let told = format!(":{}:", openssl::base64::encode_block(&der));
            assert_eq!(request.headers("client-cert"), [told]);
        }
        let serial = friend.serial();
        let line = gate.log_line(|line| line["event"] == "request" && line["serial"] == serial);
        let fingerprint = openssl::sha::sha256(&friend.certificate.to_der().unwrap());
        let hex: String = fingerprint.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(line["fingerprint"], hex);
    }
    assert!(!gate.certs_dir().join("client_cert.pem").exists());
    let friend = &friends[0];
    for tls in ["-tls1_2", "-tls1_3"] {
        let text = peers::s_client(gate.directory(), friend, tls, gate.address);
        assert!(
            text.contains("No client certificate CA names sent"),
            "{text}"
        );
        assert!(text.contains("200 OK"), "{text}");
    }
    let status = peers::curl(gate.directory(), friend, "--tlsv1.3", gate.address);
    assert_eq!(status, Ok(200));
}

#[test]
fn nothing_else_lets_in() {
    let alice = self_signed("alice", Key::P256);
    let aged = |not_before, not_after| Recipe {
        not_before,
        not_after,
        ..pki::client("aged")
    };
    let weak = Recipe {
        key: Key::Rsa(1024),
        ..pki::client("weak")
    };
    let server = Recipe {
        purpose: Purpose::Server,
        ..pki::client("server")
    };
    let strange = Recipe {
        unknown_rule: true,
        ..pki::client("strange")
    };
    let pinned = [
        (aged(-7200, -60), "expired", "certificate expired"),
        (aged(3600, 7200), "not_yet_valid", "alert"),
        (weak, "weak_certificate", "bad certificate"),
        (server, "wrong_purpose", "unsupported certificate"),
        (strange, "invalid_certificate", "alert"),
    ]
    .map(|(recipe, reason, alert)| (recipe.self_signed(), reason, alert));
    let mallory = self_signed("mallory", Key::P256);
    let named = self_signed("bob", Key::P256);
    let misnamed = self_signed("eve", Key::P256);
    let mut rules: Vec<_> = pinned.iter().map(|(identity, ..)| spki(identity)).collect();
    rules.extend([&alice, &mallory].map(spki));
    rules.extend([&named, &misnamed].map(|one| format!("{} and cn:bob", spki(one))));
    let gate = pinning(&rules).argument("--deny=cn:mallory").start();
    is_let_in(&gate, &alice);
    is_let_in(&gate, &named);
    for (identity, reason, alert) in &pinned {
        is_refused(&gate, client::with(identity), reason, alert);
    }
    let denied = "access denied";
    is_refused(&gate, client::with(&mallory), "denied", denied);
    is_refused(&gate, client::with(&misnamed), "not_allowed", denied);
    let same_name = self_signed("alice", Key::P256);
    is_refused(&gate, client::with(&same_name), "not_allowed", denied);
    let line = gate.log_line(|line| line["serial"] == same_name.serial());
    assert_eq!(line["subject"], "CN=alice,O=Tests");
    // Whose key is pinned stands second.
    let chained = Identity {
        chain: vec![alice.certificate.clone()],
        ..same_name
    };
    is_refused(&gate, client::with(&chained), "not_allowed", denied);
    // The pinned one has signed it, even.
    let issued = pki::client("alice").signed_by(&alice);
    let issued = Identity {
        chain: vec![alice.certificate.clone()],
        ..issued
    };
    is_refused(&gate, client::with(&issued), "not_allowed", denied);
    // The certificate is no secret; its key is.
    let stolen = alice.with_another_key();
    is_refused(
        &gate,
        client::with(&stolen),
        "bad_signature",
        "decrypt error",
    );
    let nobody = client::anonymous();
    for client in versions(nobody) {
        client.refusal(gate.address);
    }
    gate.counts("certgate_refusals_total{reason=\"no_certificate\"}", 2.0);
    is_let_in(&gate, &alice);
}

/// A renewed certificate of the same key is another certificate.
#[test]
fn a_key_is_more_than_a_certificate() {
    let alice = self_signed("alice", Key::P256);
    let renewed = pki::client("alice").self_signed_with(&alice.key);
    let other_name = pki::client("alicia").self_signed_with(&alice.key);
    let gate = pinning(&[sha256(&alice)]).start();
    is_let_in(&gate, &alice);
    is_refused(
        &gate,
        client::with(&renewed),
        "not_allowed",
        "access denied",
    );
    let gate = pinning(&[spki(&alice)]).start();
    for one in [&alice, &renewed, &other_name] {
        is_let_in(&gate, one);
    }
}

#[test]
fn what_comes_along_is_not_looked_at_and_is_not_without_end() {
    let alice = self_signed("alice", Key::P256);
    let gate = pinning(&[spki(&alice)]).start();
    let own = alice.certificate.to_der().unwrap();
    let stranger = self_signed("stranger", Key::P256);
    let stranger = stranger.certificate.to_der().unwrap();
    for beside in [
        vec![stranger.clone()],
        vec![b"\x30\x00".to_vec()],
        vec![own.clone(); 2],
    ] {
        let chain = [vec![own.clone()], beside].concat();
        for client in versions(client::with(&alice).sending(&chain).unwrap()) {
            let visit = visit(&gate, &client, "localhost").unwrap();
            assert_eq!(visit.response.status, 200);
        }
    }
    let chain = [vec![own], vec![stranger; 30]].concat();
    let client = client::with(&alice).sending(&chain).unwrap();
    is_refused(&gate, client, "chain_too_long", "unknown ca");
}

#[test]
fn a_page_tells_a_stranger_no_more() {
    let alice = self_signed("alice", Key::P256);
    let gate = pinning(&[spki(&alice)]).argument("--refusal=page").start();
    is_let_in(&gate, &alice);
    for stranger in [
        client::with(&self_signed("alice", Key::P256)),
        client::anonymous(),
    ] {
        for client in versions(stranger) {
            let response = client.get(gate.address, "/").unwrap();
            assert_eq!(response.status, 403);
        }
    }
}

/// What would let in anybody, or decide nothing, is said ahead, with both settings by name.
#[test]
fn settings_that_do_not_go_together() {
    let alice = self_signed("alice", Key::P256);
    let pin = spki(&alice);
    for (rules, more, words) in [
        ("", vec![], "no rule, and client-auth is pinned"),
        (
            "cn:alice",
            vec![],
            "cn:alice, which pins nothing, and client-auth is pinned",
        ),
        (
            &format!("{pin}\ncn:alice and issuer:CN=alice,O=Tests"),
            vec![],
            "CN=alice,O=Tests, which pins nothing",
        ),
        (
            &pin,
            vec!["--crl=/nonexistent.pem"],
            "--crl: revocation, and client-auth is pinned",
        ),
        (
            &pin,
            vec!["--ocsp=leaf"],
            "--ocsp: revocation, and client-auth is pinned",
        ),
    ] {
        let builder = pinning(&[rules.to_owned()]);
        let builder = match rules {
            "" => builder.without("CERTGATE_ALLOW"),
            _ => builder,
        };
        let finished = builder.arguments(&more).finish();
        assert_eq!(finished.code(), 78, "{words}");
        assert!(
            finished.stderr.contains(words),
            "{words}: {}",
            finished.stderr
        );
    }
}

/// Not even read.
#[test]
fn a_client_ca_has_no_say() {
    let pki = Pki::new();
    let alice = self_signed("alice", Key::P256);
    for (ca, value) in [
        ("is not used", pki.ca.certificate_pem()),
        ("is broken", "x".into()),
    ] {
        let gate = pinning(&[spki(&alice)])
            .environment("SSL_CLIENT_CERTIFICATE", &value)
            .start();
        is_let_in(&gate, &alice);
        is_refused(
            &gate,
            client::with(&pki.client),
            "not_allowed",
            "access denied",
        );
        let checked = pinning_command("check", &[spki(&alice)])
            .environment("SSL_CLIENT_CERTIFICATE", &value)
            .finish();
        let words = "SSL_CLIENT_CERTIFICATE: not used, since client-auth is pinned";
        assert!(checked.stdout.contains(words), "{ca}: {}", checked.stdout);
        assert!(
            checked.stdout.contains("ok: ready to serve"),
            "{}",
            checked.stdout
        );
    }
}

/// `verify` says the same, and shows what to pin before there is any setting.
#[test]
fn verify_shows_pins_and_judges_by_them() {
    let alice = self_signed("alice", Key::P256);
    let pin = spki(&alice);
    let verify = |rule: &str, format: &str| {
        let builder = certgate::bare(&["verify", "--client-auth=pinned"])
            .argument(format!("--format={format}"));
        let path = builder.directory().join("alice.pem");
        std::fs::write(&path, alice.certificate_pem()).unwrap();
        let builder = builder.argument(path.display().to_string());
        match rule {
            "" => builder.finish(),
            rule => builder.argument(format!("--allow={rule}")).finish(),
        }
    };
    let unset = verify("", "text");
    assert_eq!(unset.code(), 78);
    assert!(unset.stdout.contains(&pin), "{}", unset.stdout);
    assert!(
        unset.stderr.contains("client-auth is pinned"),
        "{}",
        unset.stderr
    );
    let accepted = verify(&spki(&alice), "text");
    assert_eq!(accepted.code(), 0, "{}", accepted.stdout);
    assert!(accepted.stdout.contains(&pin), "{}", accepted.stdout);
    let json: Value = serde_json::from_str(&verify(&sha256(&alice), "json").stdout).unwrap();
    assert_eq!(json["accepted"], true);
    assert_eq!(
        format!("spki:{}", json["chain"][0]["spki"].as_str().unwrap()),
        pin
    );
    let digits = sha256(&alice)[7..].replace(':', "").to_lowercase();
    assert_eq!(json["chain"][0]["sha256"], digits);
    let other = spki(&self_signed("alice", Key::P256));
    let refused = verify(&other, "json");
    let json: Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(
        (refused.code(), &json["reason"]),
        (1, &"not_allowed".into())
    );
    assert_eq!(json["chain"][0]["subject"], "CN=alice,O=Tests");
}

/// The holder of a pinned key can sign itself any name: a route must not go by that alone either.
#[test]
fn rules_of_routes_pin_too() {
    let pki = Pki::new();
    let key = &self_signed("worker", Key::P256);
    let site = format!("client-auth = \"pinned\"\nallow = [\"{}\"]\n", spki(key));
    let route =
        |rule: &str| format!("{site}[[route]]\nprefix = \"/admin\"\nallow = [\"{rule}\"]\n");
    let finished = places::serve(&pki).config(&route("cn:admin")).finish();
    assert_eq!(finished.code(), 78);
    let complaint = finished.stderr;
    assert!(complaint.contains("route /admin"), "{complaint}");
    assert!(complaint.contains("pins nothing"), "{complaint}");
    let pinning = route(&format!("{} and cn:admin", spki(key)));
    places::serve(&pki).config(&pinning).start();
}
