//! Revocation lists in files that are replaced while certgate runs: by itself, for full handshakes and tickets; and
//! which site has which.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::certgate::Certgate;
use crate::support::client;
use crate::support::crl;
use crate::support::endings::ends_in_order;
use crate::support::eventually;
use crate::support::pki::{self, Identity, Pki};
use crate::support::places;
use crate::support::returning::{admitted, refused, returning, until_admitted, until_refused};

const REVOKED: &str = "alert certificate revoked";
const USUAL: &str = "client_crl.pem";

/// Puts a list in the place of the one at this path.
type Replace = fn(&Path, &str);

fn in_place(path: &Path, list: &str) {
    fs::write(path, list).unwrap();
}

/// A directory for each version, and a link to it that is swapped.
fn by_link(path: &Path, list: &str) {
    let directory = path.parent().unwrap();
    let version = fs::read_dir(directory).unwrap().count();
    let name = format!("..{version}");
    fs::create_dir(directory.join(&name)).unwrap();
    fs::write(directory.join(&name).join("list.pem"), list).unwrap();
    symlink(&name, directory.join("..new")).unwrap();
    fs::rename(directory.join("..new"), directory.join("..data")).unwrap();
    if !path.is_symlink() {
        symlink("..data/list.pem", path).unwrap();
    }
}

#[track_caller]
fn takes_effect(replace: Replace) {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let builder = places::serve(&pki).watching();
    let directory = builder.directory().join("lists");
    fs::create_dir(&directory).unwrap();
    let path = directory.join("list.pem");
    replace(&path, &crl::of(&pki.ca).pem());
    let gate = builder
        .argument(format!("--crl={}", path.display()))
        .start();
    let (alices, bobs) = (returning(&gate, &pki.client), returning(&gate, &bob));
    let mut open = client::with(&bob).connect(gate.address).unwrap();
    open.get("/").unwrap();
    replace(&path, &crl::of(&pki.ca).revoking(&bob).from(-60).pem());
    until_refused(&gate, &bob, REVOKED);
    bobs.are_refused(&gate, REVOKED);
    alices.resume(&gate);
    ends_in_order(&mut open);

    let failed = gate.reloads()[1];
    replace(
        &path,
        "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
    );
    eventually("the failed reload", || {
        (gate.reloads()[1] > failed).then_some(())
    });
    bobs.are_refused(&gate, REVOKED);
    alices.resume(&gate);
    assert_eq!(gate.metric("certgate_last_reload_successful"), 0.0);

    replace(&path, &crl::of(&pki.ca).from(-30).pem());
    until_admitted(&gate, &bob);
    bobs.resume(&gate);
}

#[test]
fn renamed_over() {
    takes_effect(places::rename_over);
}

#[test]
fn in_its_place() {
    takes_effect(in_place);
}

#[test]
fn behind_a_link() {
    takes_effect(by_link);
}

#[test]
fn the_usual_one_appears_and_must_not_disappear() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let gate = places::serve(&pki).watching().start();
    let (alices, bobs) = (returning(&gate, &pki.client), returning(&gate, &bob));
    gate.replace(USUAL, &crl::of(&pki.ca).revoking(&bob).pem());
    until_refused(&gate, &bob, REVOKED);
    bobs.are_refused(&gate, REVOKED);
    alices.resume(&gate);
    // Gone, perhaps for a moment only: nobody comes in by that.
    fs::remove_file(gate.cert_file(USUAL)).unwrap();
    let line = gate.event("reload_failed");
    assert_eq!(line["cause"], "files");
    let line = gate.log_line(|line| line["event"] == "finding" && line["level"] == "ERROR");
    assert!(line["place"].as_str().unwrap().ends_with(USUAL), "{line}");
    bobs.are_refused(&gate, REVOKED);
    gate.replace(USUAL, &crl::of(&pki.ca).pem());
    until_admitted(&gate, &bob);
    bobs.resume(&gate);
}

const SITES: &str = r#"
root = "DIR/content"
[[site]]
names = ["same.example"]
[[site]]
names = ["ca.example"]
client-ca = "DIR/other.pem"
[[site]]
names = ["both.example"]
client-ca = "DIR/other.pem"
crl = ["DIR/other.crl"]
[[site]]
names = ["lists.example"]
crl = ["DIR/own.crl"]
"#;

#[track_caller]
fn is(gate: &Certgate, identity: &Identity, host: &str, expected: &str) {
    for client in [
        client::with(identity).tls12(),
        client::with(identity).tls13(),
    ] {
        let client = client.sni(host);
        let found = client.get(gate.address, "/").err().unwrap_or_default();
        assert!(found.contains(expected), "{host}: {found}, not {expected}");
        assert_eq!(found.is_empty(), expected.is_empty(), "{host}: {found}");
    }
}

/// Lists are of a CA: who has another one has none of the default's.
#[test]
fn each_site_has_its_own() {
    let pki = Pki::new();
    let other = pki::authority("Other CA").self_signed();
    let [bob, carol] = ["bob", "carol"].map(|name| pki::client(name).signed_by(&pki.ca));
    let [dora, eve] = ["dora", "eve"].map(|name| pki::client(name).signed_by(&other));
    let builder = places::serve(&pki)
        .content("content", "content")
        .authority("other", &other)
        .config(SITES);
    let write = |name: &str, list: String| {
        fs::write(builder.directory().join(name), list).unwrap();
    };
    write("other.crl", crl::of(&other).revoking(&eve).pem());
    write("own.crl", crl::of(&pki.ca).revoking(&carol).pem());
    write(
        &format!("certs/{USUAL}"),
        crl::of(&pki.ca).revoking(&bob).pem(),
    );
    let gate = builder.start();
    for (identity, host, expected) in [
        (&pki.client, "localhost", ""),
        (&bob, "localhost", REVOKED),
        (&carol, "localhost", ""),
        (&bob, "same.example", REVOKED),
        (&carol, "same.example", ""),
        (&dora, "ca.example", ""),
        (&eve, "ca.example", ""),
        (&dora, "both.example", ""),
        (&eve, "both.example", REVOKED),
        (&bob, "lists.example", ""),
        (&carol, "lists.example", REVOKED),
    ] {
        is(&gate, identity, host, expected);
    }
    // And so it is after a reload of one of them.
    let path = gate.directory().join("other.crl");
    places::rename_over(&path, &crl::of(&other).revoking(&dora).from(-60).pem());
    gate.reload();
    is(&gate, &dora, "both.example", REVOKED);
    is(&gate, &eve, "both.example", "");
    is(&gate, &dora, "ca.example", "");
    is(&gate, &bob, "same.example", REVOKED);
}

/// The list is of the client CA; a new CA with the old one's list alone lets in nobody.
#[test]
fn with_the_ca_its_list() {
    let pki = Pki::new();
    let other = pki::authority("Other CA").self_signed();
    let dora = pki::client("dora").signed_by(&other);
    let gate = places::serve(&pki).start();
    gate.replace(USUAL, &crl::of(&pki.ca).pem());
    gate.reload();
    admitted(&gate, &pki.client);
    gate.replace(places::CLIENT_CA, &other.certificate_pem());
    gate.reload();
    refused(&gate, &dora, "alert certificate unknown");
    gate.replace(USUAL, &crl::of(&other).pem());
    gate.reload();
    admitted(&gate, &dora);
}
