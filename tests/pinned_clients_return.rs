//! A ticket of a pinned client is worth what its certificate would get now, and nothing at a site of another
//! kind.

use openssl::ssl::SslSession;

use crate::pinned_clients::spki;
use crate::support::certgate::Certgate;
use crate::support::client::{self, Client};
use crate::support::pki::{self, Identity, Pki};
use crate::support::places;
use crate::support::returning::returning;
use crate::support::sites::visit;

fn pinned(identities: &[&Identity]) -> String {
    let pins: Vec<_> = identities
        .iter()
        .map(|one| format!("{:?}", spki(one)))
        .collect();
    format!("client-auth = \"pinned\"\nallow = [{}]\n", pins.join(","))
}

#[test]
fn not_without_the_pin() {
    let pki = Pki::new();
    let [alice, bob] = ["alice", "bob"].map(|name| pki::client(name).self_signed());
    let gate = places::serve(&pki).config(&pinned(&[&alice, &bob])).start();
    let [alices, bobs] = [&alice, &bob].map(|one| returning(&gate, one));
    gate.configure(&pinned(&[&bob]));
    gate.reload();
    alices.are_refused(&gate, "access denied");
    bobs.resume(&gate);
    // What would leave no rule at all changes nothing.
    gate.configure("client-auth = \"pinned\"\nallow = []\n");
    assert_eq!(gate.hang_up(), "failed");
    bobs.resume(&gate);
    gate.configure(&pinned(&[&alice]));
    gate.reload();
    bobs.are_refused(&gate, "access denied");
    alices.resume(&gate);
}

#[test]
fn from_a_pin_to_a_ca_and_back() {
    let pki = Pki::new();
    let alice = pki::client("alice").self_signed();
    let gate = places::serve(&pki).config(&pinned(&[&alice])).start();
    let alices = returning(&gate, &alice);
    gate.configure("client-auth = \"required\"\n");
    gate.reload();
    alices.are_refused(&gate, "unknown ca");
    let of_ca = returning(&gate, &pki.client);
    gate.configure(&pinned(&[&alice]));
    gate.reload();
    of_ca.are_refused(&gate, "access denied");
    alices.resume(&gate);
    // Whom the CA vouches for can be pinned as well as anybody.
    gate.configure(&pinned(&[&pki.client]));
    gate.reload();
    of_ca.resume(&gate);
    alices.are_refused(&gate, "access denied");
}

fn versions(identity: &Identity) -> [Client; 2] {
    let client = client::with(identity);
    [client.clone().tls12(), client.tls13()]
}

fn ticket(gate: &Certgate, client: &Client, host: &str) -> SslSession {
    let ticket = visit(gate, client, host).unwrap().ticket();
    let again = visit(gate, &client.clone().session(ticket.clone()), host);
    assert!(again.unwrap().resumed, "at {host}");
    ticket
}

#[track_caller]
fn refused(gate: &Certgate, client: &Client, host: &str, alert: &str) {
    let words = visit(gate, client, host).err().expect("refused");
    assert!(words.contains(alert), "{words}");
}

/// Under one address: the first site with a CA, p.example with pins.
#[test]
fn sites_of_both_kinds_keep_to_themselves() {
    let pki = Pki::new();
    let alice = pki::client("alice").self_signed();
    let both = pki::client("both").signed_by(&pki.ca);
    let site = format!(
        "ocsp = \"off\"\n[[site]]\nnames = [\"p.example\"]\n{}",
        pinned(&[&alice, &both])
    );
    let gate = places::serve(&pki).config(&site).start();
    for client in versions(&alice) {
        refused(&gate, &client, "localhost", "unknown ca");
        let ticket = ticket(&gate, &client, "p.example");
        let again = client.session(ticket);
        refused(&gate, &again, "localhost", "unknown ca");
        assert!(visit(&gate, &again, "p.example").unwrap().resumed);
    }
    for client in versions(&pki.client) {
        refused(&gate, &client, "p.example", "access denied");
        let ticket = ticket(&gate, &client, "localhost");
        let again = client.session(ticket);
        refused(&gate, &again, "p.example", "access denied");
        assert!(visit(&gate, &again, "localhost").unwrap().resumed);
    }
    // Welcome at both, and yet by a full handshake at each.
    for client in versions(&both) {
        for [from, to] in [["localhost", "p.example"], ["p.example", "localhost"]] {
            let ticket = ticket(&gate, &client, from);
            let there = visit(&gate, &client.clone().session(ticket), to).unwrap();
            assert_eq!((there.response.status, there.resumed), (200, false), "{to}");
        }
    }
}

/// Another gate, which shares the secret but not the pin.
#[test]
fn of_a_fleet_each_looks_for_itself() {
    let pki = Pki::new();
    let [alice, bob] = ["alice", "bob"].map(|name| pki::client(name).self_signed());
    let secret = openssl::base64::encode_block(&[7; 48]);
    let gate = |who: &[&Identity]| {
        let gate = places::serve(&pki).config(&pinned(who));
        gate.environment("CERTGATE_TICKET_SECRET", &secret).start()
    };
    let [one, same, other] = [&[&alice, &bob][..], &[&bob, &alice], &[&bob]].map(gate);
    for client in versions(&alice) {
        let ticket = ticket(&one, &client, "localhost");
        let again = client.session(ticket);
        assert!(visit(&same, &again, "localhost").unwrap().resumed);
        refused(&other, &again, "localhost", "access denied");
    }
}
