//! A reload judges open connections anew: those whose clients wouldn't be let in any more end, all others go on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::support::certgate::Certgate;
use crate::support::client::{self, Connection};
use crate::support::crl;
use crate::support::endings::*;
use crate::support::eventually;
use crate::support::http2_client;
use crate::support::ocsp_answers::Status;
use crate::support::pki::{self, Identity, Pki};
use crate::support::places::{self, CLIENT_CA};
use crate::support::responder::Responder;

const CRL: &str = "client_crl.pem";

struct World {
    pki: Pki,
    bob: Identity,
    gate: Certgate,
}

fn world(toml: &str, flags: &[&str]) -> World {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let builder = places::serve(&pki)
        .arguments(flags)
        .content("content", "x")
        .config(&with_root(toml));
    std::fs::write(builder.certs_dir().join(CRL), crl::of(&pki.ca).pem()).unwrap();
    let gate = builder.start();
    World { pki, bob, gate }
}

fn with_root(toml: &str) -> String {
    format!("root = \"DIR/content\"\n{toml}")
}

impl World {
    /// One that was used, resumed if that is asked for.
    #[track_caller]
    fn open(&self, who: &Identity) -> [Connection; 3] {
        let client = client::with(who);
        let mut full = client.connect(self.gate.address).unwrap();
        goes_on(&mut full);
        let resuming = |client: client::Client| {
            let mut first = client.connect(self.gate.address).unwrap();
            goes_on(&mut first);
            let client = client.session(first.ticket().unwrap());
            first.close();
            let mut resumed = client.connect(self.gate.address).unwrap();
            goes_on(&mut resumed);
            assert!(resumed.resumed());
            resumed
        };
        let resumed = [client.clone().tls12(), client.tls13()].map(resuming);
        let [tls12, tls13] = resumed;
        [full, tls12, tls13]
    }

    fn revoke_bob(&self) {
        let list = crl::of(&self.pki.ca).revoking(&self.bob).from(-60);
        self.gate.replace(CRL, &list.pem());
        self.gate.reload();
    }

    fn configure(&self, toml: &str) {
        self.gate.configure(&with_root(toml));
        self.gate.reload();
    }
}

#[track_caller]
fn all_end(mut connections: impl AsMut<[Connection]>) {
    connections.as_mut().iter_mut().for_each(ends_in_order);
}

#[track_caller]
fn all_go_on(connections: &mut impl AsMut<[Connection]>) {
    connections.as_mut().iter_mut().for_each(goes_on);
}

#[test]
fn revoked_by_a_new_list() {
    let world = world("", &[]);
    let (mut alice, bob) = (world.open(&world.pki.client), world.open(&world.bob));
    let http2 = http2_client::connect(&client::with(&world.bob), world.gate.address);
    world.revoke_bob();
    all_end(bob);
    http2.until_closed();
    let line = closed(&world.gate, "revocation");
    assert_eq!(line["subject"], "CN=bob,O=Tests");
    assert!(
        line["detail"].as_str().unwrap().contains("revoked"),
        "{line}"
    );
    assert_eq!(closed_for(&world.gate, "revocation"), 4.0);
    for _ in 0..3 {
        all_go_on(&mut alice);
        world.gate.reload();
    }
    assert_eq!(world.gate.count("connection_closed"), 4);
}

#[test]
fn of_a_ca_that_was_replaced() {
    let world = world("", &["--crl-check=leaf"]);
    let alice = world.open(&world.pki.client);
    let other = pki::authority("Other CA").self_signed();
    let carol = pki::client("carol").signed_by(&other);
    let both = other.certificate_pem() + &world.pki.ca.certificate_pem();
    let lists = crl::of(&world.pki.ca).pem() + &crl::of(&other).pem();
    world.gate.replace(CRL, &lists);
    world.gate.replace(CLIENT_CA, &both);
    world.gate.reload();
    let mut carols = world.open(&carol);
    world.gate.replace(CLIENT_CA, &other.certificate_pem());
    world.gate.reload();
    all_end(alice);
    closed(&world.gate, "revocation");
    all_go_on(&mut carols);
}

#[test]
fn by_a_rule() {
    let world = world("", &[]);
    let (mut alice, bob) = (world.open(&world.pki.client), world.open(&world.bob));
    world.configure("deny = [\"cn:bob\"]");
    all_end(bob);
    let line = closed(&world.gate, "rules");
    assert!(
        line["detail"].as_str().unwrap().contains("cn:bob"),
        "{line}"
    );
    all_go_on(&mut alice);
    world.configure("allow = [\"cn:nobody\"]");
    all_end(alice);
    assert_eq!(closed_for(&world.gate, "rules"), 6.0);
}

#[test]
fn without_a_certificate_when_one_is_needed() {
    let world = world("client-auth = \"optional\"", &[]);
    let mut nobody = client::anonymous().connect(world.gate.address).unwrap();
    goes_on(&mut nobody);
    let mut alice = world.open(&world.pki.client);
    world.configure("client-auth = \"optional\"\nverify-depth = 1");
    goes_on(&mut nobody);
    world.configure("client-auth = \"required\"");
    ends_in_order(&mut nobody);
    closed(&world.gate, "rules");
    all_go_on(&mut alice);
    // Nobody asks for a certificate, so nobody's is looked at.
    world.configure("client-auth = \"off\"");
    all_go_on(&mut alice);
}

#[test]
fn of_a_site_that_is_gone() {
    const SITE: &str = "[[site]]\nnames = [\"a.example\"]\n";
    let world = world(SITE, &[]);
    let at_site = client::with(&world.pki.client).sni("a.example");
    let mut inside = at_site.connect(world.gate.address).unwrap();
    let ask = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
    assert_eq!(inside.request(ask).unwrap().status, 200);
    let mut elsewhere = world.open(&world.pki.client);
    world.configure(&format!("[[site]]\nnames = [\"b.example\"]\n{SITE}"));
    assert_eq!(inside.request(ask).unwrap().status, 200, "it has moved");
    world.configure("");
    ends_in_order(&mut inside);
    closed(&world.gate, "rules");
    all_go_on(&mut elsewhere);
}

#[test]
fn known_to_be_revoked_by_its_responder() {
    let pki = Pki::new();
    let responder = Responder::start();
    let bob = pki::client("bob")
        .asked_at(&responder.url())
        .signed_by(&pki.ca);
    responder.tells(&bob, &pki.ca, Status::Good);
    let gate = places::serve(&pki).content("content", "x");
    let gate = gate.config(&with_root("")).start();
    let mut open = client::with(&bob).connect(gate.address).unwrap();
    goes_on(&mut open);
    responder.tells(&bob, &pki.ca, Status::Revoked);
    gate.configure(&with_root("ocsp = \"leaf\""));
    gate.reload();
    // Nobody is asked about those who are inside.
    goes_on(&mut open);
    client::with(&bob).refusal(gate.address);
    gate.reload();
    ends_in_order(&mut open);
    closed(&gate, "revocation");
}

#[test]
fn only_for_what_is_asked_for() {
    for (on, ended) in [
        ("none", None),
        ("expiry,rules", Some("rules")),
        ("revocation", Some("revocation")),
    ] {
        let flag = format!("--close-on={on}");
        let world = world("", &[&flag]);
        let mut bob = world.open(&world.bob);
        world.revoke_bob();
        if ended != Some("revocation") {
            all_go_on(&mut bob);
            world.configure("deny = [\"cn:bob\"]");
        }
        match ended {
            Some(reason) => {
                all_end(bob);
                assert_eq!(closed_for(&world.gate, reason), 3.0, "{on}");
            }
            None => all_go_on(&mut bob),
        }
    }
}

/// It is a setting like others: what it says now counts for those who are inside.
#[test]
fn as_soon_as_that_is_asked_for() {
    let world = world("close-on = [\"none\"]", &[]);
    let mut bob = world.open(&world.bob);
    world.revoke_bob();
    all_go_on(&mut bob);
    world.configure("");
    all_end(bob);
}

/// A handshake that began before a reload and ended after it.
#[test]
fn whose_handshake_was_under_way() {
    let world = world("", &[]);
    let tcp = client::dial(world.gate.address);
    world
        .gate
        .counts("certgate_connections_accepted_total", 1.0);
    world.revoke_bob();
    // It is let in by what was asked for when it began, and not for long.
    let mut open = client::with(&world.bob).connect_over(tcp).unwrap();
    ends_in_order(&mut open);
    closed(&world.gate, "revocation");
}

#[test]
fn after_the_request_in_flight() {
    let upstream = holding();
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .config(&format!("upstream = \"http://{}\"", upstream.address))
        .start();
    let mut alice = client::with(&pki.client).connect(gate.address).unwrap();
    begin(&mut alice, &upstream);
    let toml = format!(
        "upstream = \"http://{}\"\ndeny = [\"cn:alice\"]",
        upstream.address
    );
    gate.configure(&toml);
    gate.reload();
    closed(&gate, "rules");
    upstream.answer();
    is_the_last_answer(&mut alice);
}

/// Whoever is still let in doesn't lose a request, however often the others are looked through.
#[test]
fn and_nobody_else_notices() {
    let world = world("", &[]);
    let end = AtomicBool::new(false);
    let (world, end) = (&world, &end);
    thread::scope(|scope| {
        let staying: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(move || {
                    let client = client::with(&world.pki.client);
                    let mut open = client.connect(world.gate.address).unwrap();
                    let mut requests = 0;
                    while !end.load(Ordering::Relaxed) {
                        goes_on(&mut open);
                        requests += 1;
                    }
                    requests
                })
            })
            .collect();
        let ended = scope.spawn(move || {
            for round in 0..6 {
                let bob = world.open(&world.bob);
                match round % 2 {
                    0 => world.revoke_bob(),
                    _ => world.configure("deny = [\"cn:bob\"]"),
                }
                all_end(bob);
                world
                    .gate
                    .replace(CRL, &crl::of(&world.pki.ca).from(-30).pem());
                world.configure("");
            }
        });
        let ended = ended.join();
        end.store(true, Ordering::Relaxed);
        ended.unwrap();
        for requests in staying {
            assert!(requests.join().unwrap() > 0);
        }
    });
    assert_eq!(world.gate.count("connection_closed"), 18);
}

/// Who has shown no certificate was let in by that being enough; it may be so no longer, or be told otherwise.
#[test]
fn when_clients_are_told_in_another_way() {
    const HEADER: &str = "client-auth = \"header\"\ntrusted-proxies = [\"127.0.0.1\"]\n";
    const OPEN_ROUTE: &str = "[[route]]\npath = \"/open\"\nclient-auth = \"off\"\n";
    for (before, after) in [
        ("client-auth = \"off\"\n", HEADER.to_owned()),
        ("client-auth = \"optional\"\n", HEADER.to_owned()),
        ("client-auth = \"off\"\n", OPEN_ROUTE.to_owned()),
        (
            "client-auth = \"optional\"\n",
            "client-auth = \"required\"\n".to_owned(),
        ),
    ] {
        let world = world(before, &[]);
        let mut nobody = client::anonymous().connect(world.gate.address).unwrap();
        goes_on(&mut nobody);
        world.gate.configure(&with_root(&after));
        world.gate.reload();
        eventually(&after, || nobody.get("/").is_err().then_some(()));
    }
    // Certificates are as good without being asked for.
    let world = world("client-auth = \"required\"\n", &[]);
    let [mut shown, ..] = world.open(&world.pki.client);
    world.gate.configure(&with_root("client-auth = \"off\"\n"));
    world.gate.reload();
    goes_on(&mut shown);
    world.gate.configure(&with_root(HEADER));
    world.gate.reload();
    eventually("the header", || shown.get("/").is_err().then_some(()));
}
