//! `--partial-chain` and `--any-purpose` let in whom they are about, and nobody without them; and say so.

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::pki::{self, Identity, Pki, Purpose, Recipe};
use crate::support::refusals::{Seen, at, refusal};

#[track_caller]
fn admitted(gate: &Certgate, identity: &Identity) {
    for client in [
        client::with(identity).tls12(),
        client::with(identity).tls13(),
    ] {
        assert_eq!(client.get(gate.address, "/").unwrap().status, 200);
    }
}

fn warns(gate: &Certgate, place: &str) {
    let line = gate.event("finding");
    assert!(line["place"].as_str().unwrap().contains(place), "{line}");
    assert_eq!(line["level"], "WARN");
}

#[test]
fn an_intermediate_without_its_root() {
    let pki = Pki::new();
    let intermediate = pki::authority("Intermediate CA").signed_by(&pki.ca);
    let alone = Identity {
        chain: Vec::new(),
        ..intermediate.clone()
    };
    let alice = pki::client("alice").signed_by(&alone);
    let gate =
        || certgate::serve(&pki).environment("SSL_CLIENT_CERTIFICATE", alone.certificate_pem());
    let finished = gate().finish();
    assert_eq!(finished.code(), 78);
    assert!(
        finished.stderr.contains("--partial-chain on"),
        "{}",
        finished.stderr
    );

    // Beside a root that lets others in, it is a warning, and still no anchor.
    let other = pki::authority("Other CA").self_signed();
    let both = other.certificate_pem() + &alone.certificate_pem();
    let beside = gate().environment("SSL_CLIENT_CERTIFICATE", both).start();
    let no_root = refusal("no root", "alert unknown ca", "unknown_ca", "unable to get");
    Seen::default().handshake(&beside, at(1, no_root), &client::with(&alice));

    let gate = gate().argument("--partial-chain=on").start();
    warns(&gate, "--partial-chain");
    admitted(&gate, &alice);
    let unknown = refusal(
        "of the root",
        "alert unknown ca",
        "unknown_ca",
        "unable to get",
    );
    Seen::default().handshake(&gate, at(0, unknown), &client::with(&pki.client));
}

#[test]
fn a_certificate_for_servers() {
    let pki = Pki::new();
    let server = Recipe {
        purpose: Purpose::Server,
        ..pki::client("server")
    };
    let server = server.signed_by(&pki.ca);
    let below = pki::client("below a leaf").signed_by(&pki.client);
    let gate = certgate::serve(&pki).start();
    let wrong = refusal(
        "server",
        "alert unsupported certificate",
        "wrong_purpose",
        "purpose",
    );
    Seen::default().handshake(&gate, at(0, wrong), &client::with(&server));

    let gate = certgate::serve(&pki).argument("--any-purpose=on").start();
    warns(&gate, "--any-purpose");
    admitted(&gate, &server);
    admitted(&gate, &pki.client);
    let no_ca = refusal("no CA", "alert unknown ca", "wrong_purpose", "invalid CA");
    let below = Identity {
        chain: vec![pki.client.certificate.clone()],
        ..below
    };
    Seen::default().handshake(&gate, at(1, no_ca), &client::with(&below));
}
