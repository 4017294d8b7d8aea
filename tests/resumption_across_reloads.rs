//! A ticket from before a reload is worth what a full handshake would get now, and a ticket of one site
//! nothing at another.

use openssl::ssl::SslSession;

use crate::support::certgate::Certgate;
use crate::support::client::{self, Client};
use crate::support::pki::{self, Identity, Pki};
use crate::support::places::{self, CLIENT_CA};
use crate::support::sites::{self, visit};

fn versions(client: Client) -> [Client; 2] {
    [client.clone().tls12(), client.tls13()]
}

/// One with its ticket, in each version.
#[track_caller]
fn returning(gate: &Certgate, client: &Client, host: &str) -> [(Client, SslSession); 2] {
    versions(client.clone()).map(|client| {
        let ticket = visit(gate, &client, host).unwrap().ticket();
        let again = visit(gate, &client.clone().session(ticket.clone()), host);
        assert!(
            again.unwrap().resumed,
            "it resumes, as long as nothing changes"
        );
        (client, ticket)
    })
}

/// Nobody gets in with these, nor does anybody who found them and has no certificate.
#[track_caller]
fn all_are_refused(gate: &Certgate, returning: &[(Client, SslSession)], alert: &str) {
    for (client, ticket) in returning {
        let refused = visit(gate, &client.clone().session(ticket.clone()), "localhost");
        let words = refused.err().expect("refused");
        assert!(words.contains(alert), "{words}");
    }
    for (thief, (_, ticket)) in versions(client::anonymous()).into_iter().zip(returning) {
        let refused = visit(gate, &thief.session(ticket.clone()), "localhost");
        let words = refused.err().expect("refused");
        let alerts = ["handshake failure", "certificate required"];
        assert!(alerts.iter().any(|alert| words.contains(alert)), "{words}");
    }
}

#[track_caller]
fn all_resume(gate: &Certgate, returning: &[(Client, SslSession)]) {
    for (client, ticket) in returning {
        let visit = visit(gate, &client.clone().session(ticket.clone()), "localhost").unwrap();
        assert!(visit.resumed);
        assert_eq!(visit.response.status, 200);
    }
}

#[test]
fn not_under_another_ca() {
    let pki = Pki::new();
    let gate = places::serve(&pki).start();
    let before = returning(&gate, &client::with(&pki.client), "localhost");
    // One of the same name is another one all the same.
    let other = pki::authority("Test CA").self_signed();
    gate.replace(CLIENT_CA, &other.certificate_pem());
    gate.reload();
    for (client, ticket) in &before {
        visit(&gate, &client.clone().session(ticket.clone()), "localhost")
            .err()
            .expect("refused");
    }
    let entirely = pki::authority("Other CA").self_signed();
    gate.replace(CLIENT_CA, &entirely.certificate_pem());
    gate.reload();
    all_are_refused(&gate, &before, "unknown ca");
    // Back again: what a full handshake gets, a ticket may get.
    gate.replace(CLIENT_CA, &pki.ca.certificate_pem());
    gate.reload();
    all_resume(&gate, &before);
}

#[test]
fn further_beside_another_ca() {
    let pki = Pki::new();
    let gate = places::serve(&pki).start();
    let before = returning(&gate, &client::with(&pki.client), "localhost");
    let other = pki::authority("Other CA").self_signed();
    let both = other.certificate_pem() + &pki.ca.certificate_pem();
    gate.replace(CLIENT_CA, &both);
    gate.reload();
    all_resume(&gate, &before);
}

#[test]
fn further_after_a_reload_of_something_else() {
    let pki = Pki::new();
    let gate = places::serve(&pki).config("").start();
    let mut returning = returning(&gate, &client::with(&pki.client), "localhost");
    for _ in 0..3 {
        let server = pki::server().signed_by(&pki.ca);
        gate.replace_server(&server);
        gate.configure("header-timeout = \"30s\"");
        gate.reload();
        places::until_shown(&gate, &client::with(&pki.client), &server);
        for (client, ticket) in &mut returning {
            let again = visit(&gate, &client.clone().session(ticket.clone()), "localhost").unwrap();
            assert!(again.resumed);
            // In TLS 1.2 the old one still holds.
            if let Some(new) = again.new_ticket() {
                *ticket = new;
            }
        }
    }
}

/// From a mode that lets in anybody to one that doesn't.
fn tightened_from(mode: &str) {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .config(&format!("client-auth = \"{mode}\""))
        .start();
    let anonymous = returning(&gate, &client::anonymous(), "localhost");
    gate.configure("client-auth = \"required\"");
    gate.reload();
    for (client, ticket) in &anonymous {
        let refused = visit(&gate, &client.clone().session(ticket.clone()), "localhost");
        let words = refused.err().expect("refused");
        let alerts = ["handshake failure", "certificate required"];
        assert!(alerts.iter().any(|alert| words.contains(alert)), "{words}");
    }
    // It stands in nobody's way, either.
    for (client, (_, ticket)) in versions(client::with(&pki.client))
        .into_iter()
        .zip(&anonymous)
    {
        let visit = visit(&gate, &client.session(ticket.clone()), "localhost").unwrap();
        assert!(!visit.resumed);
        assert_eq!(visit.response.status, 200);
    }
    assert_eq!(
        gate.metric("certgate_refusals_total{reason=\"no_certificate\"}"),
        2.0
    );
}

#[test]
fn not_without_a_certificate_when_it_is_no_longer_optional() {
    tightened_from("optional");
}

#[test]
fn not_without_a_certificate_when_it_is_no_longer_off() {
    tightened_from("off");
}

/// The page for refused clients needs handshakes that go on; that must not be a way in.
#[test]
fn not_past_the_page() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .config("client-auth = \"optional\"")
        .start();
    let anonymous = returning(&gate, &client::anonymous(), "localhost");
    gate.configure("refusal = \"page\"");
    gate.reload();
    for (client, ticket) in &anonymous {
        let visit = visit(&gate, &client.clone().session(ticket.clone()), "localhost").unwrap();
        assert!(!visit.resumed);
        assert_eq!(visit.response.status, 403);
    }
}

#[test]
fn not_with_a_chain_that_has_become_too_long() {
    let pki = Pki::new();
    let gate = places::serve(&pki).config("").start();
    let intermediate = pki::authority("Intermediate").signed_by(&pki.ca);
    let below = client::with(&pki::client("below").signed_by(&intermediate));
    let (long, short) = (
        returning(&gate, &below, "localhost"),
        returning(&gate, &client::with(&pki.client), "localhost"),
    );
    gate.configure("verify-depth = 0");
    gate.reload();
    all_are_refused(&gate, &long, "unknown ca");
    all_resume(&gate, &short);
}

#[test]
fn not_when_tickets_are_off_or_older_than_they_may_be_now() {
    let pki = Pki::new();
    for toml in ["tls-tickets = \"off\"", "tls-session-timeout = \"1s\""] {
        let gate = places::serve(&pki).config("").start();
        let before = returning(&gate, &client::with(&pki.client), "localhost");
        gate.configure(toml);
        gate.reload();
        std::thread::sleep(std::time::Duration::from_millis(2100));
        for (client, ticket) in &before {
            let visit = visit(&gate, &client.clone().session(ticket.clone()), "localhost").unwrap();
            assert!(!visit.resumed, "{toml}");
        }
    }
}

const SITES: &str = r#"
root = "DIR/content"
[[site]]
names = ["a.example"]
[[site]]
names = ["same.example"]
[[site]]
names = ["ca.example"]
client-ca = "DIR/other.pem"
[[site]]
names = ["off.example"]
client-auth = "off"
[[site]]
names = ["optional.example"]
client-auth = "optional"
[[site]]
names = ["depth.example"]
verify-depth = 0
"#;

struct World {
    pki: Pki,
    other: Identity,
    gate: Certgate,
}

impl World {
    fn new() -> Self {
        let pki = Pki::new();
        let other = pki::authority("Other CA").self_signed();
        let gate = places::serve(&pki)
            .content("content", "content")
            .authority("other", &other)
            .config(SITES)
            .start();
        Self { pki, other, gate }
    }

    /// All who have been at a site, by its name, with a ticket of each version.
    fn guests(&self) -> Vec<(&'static str, Client, SslSession)> {
        let alice = client::with(&self.pki.client);
        let bob = client::with(&pki::client("bob").signed_by(&self.other));
        let nobody = client::anonymous();
        let guests = [
            ("localhost", &alice),
            ("a.example", &alice),
            ("same.example", &alice),
            ("ca.example", &bob),
            ("off.example", &nobody),
            ("off.example", &alice),
            ("optional.example", &alice),
            ("optional.example", &nobody),
            ("depth.example", &alice),
        ];
        let tickets = guests.into_iter().flat_map(|(site, client)| {
            returning(&self.gate, client, site).map(|(client, ticket)| (site, client, ticket))
        });
        tickets.collect()
    }
}

const NAMES: [&str; 7] = [
    "localhost",
    "a.example",
    "same.example",
    "ca.example",
    "off.example",
    "optional.example",
    "depth.example",
];

#[test]
fn a_ticket_is_for_its_site_alone() {
    let world = World::new();
    let mut refused = 0;
    for (home, client, ticket) in world.guests() {
        for away in NAMES {
            let plain = visit(&world.gate, &client, away).map(|visit| visit.response.status);
            let tried = visit(&world.gate, &client.clone().session(ticket.clone()), away);
            let resumed = tried.as_ref().is_ok_and(|visit| visit.resumed);
            assert_eq!(resumed, away == home, "a ticket of {home} at {away}");
            refused += u32::from(plain.is_err());
            let tried = tried.map(|visit| visit.response.status);
            assert_eq!(tried, plain, "a ticket of {home} changes nothing at {away}");
        }
    }
    assert!(refused > 20, "only {refused} were refused");
}

/// A site's tickets are those of its first name: with another one, they are nobody's.
#[test]
fn a_ticket_ends_with_its_site() {
    let world = World::new();
    let alice = client::with(&world.pki.client);
    let tickets = returning(&world.gate, &alice, "same.example");
    let expect = |resumed: bool, what: &str| {
        for (client, ticket) in &tickets {
            let client = client.clone().session(ticket.clone());
            let visit = visit(&world.gate, &client, "same.example").unwrap();
            assert_eq!(visit.resumed, resumed, "{what}");
            assert_eq!(visit.response.status, 200, "{what}");
        }
    };
    world
        .gate
        .configure(&SITES.replace("\"same.example\"", "\"same.example\", \"b.example\""));
    world.gate.reload();
    expect(true, "one more name");
    world
        .gate
        .configure(&SITES.replace("same.example", "renamed.example"));
    world.gate.reload();
    // The default site has the same CA.
    expect(false, "renamed: that name is the default site's now");
    world.gate.configure("root = \"DIR/content\"");
    world.gate.reload();
    expect(false, "no sites at all");
    world.gate.configure(&SITES.replace(
        "[\"same.example\"]",
        "[\"same.example\"]\nclient-ca = \"DIR/other.pem\"",
    ));
    world.gate.reload();
    for (client, ticket) in &tickets {
        let client = client.clone().session(ticket.clone());
        let words = visit(&world.gate, &client, "same.example")
            .err()
            .expect("refused");
        assert!(words.contains("unknown ca"), "{words}");
    }
    world.gate.configure(SITES);
    world.gate.reload();
    expect(true, "as it was");
}

/// The connection's name counts, whatever is asked for over it.
#[test]
fn a_resumed_client_stays_at_its_site() {
    let world = World::new();
    for (home, client, ticket) in world.guests() {
        let client = client.session(ticket).sni(home);
        let mut connection = client.connect(world.gate.address).unwrap();
        for host in NAMES {
            let status = sites::ask(&mut connection, "/", host).unwrap().status;
            assert_eq!(
                status,
                if host == home { 200 } else { 421 },
                "{host} at {home}"
            );
        }
        assert!(connection.resumed());
    }
}
