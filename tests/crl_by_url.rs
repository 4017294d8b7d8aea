//! A revocation list by URL: fetched before the first connection, again and again, and in effect by itself for
//! full handshakes and for tickets; open connections end.

use std::time::{Duration, Instant};

use crate::support::certgate::{self, Builder};
use crate::support::client;
use crate::support::crl;
use crate::support::crl_server::{CrlServer, Says};
use crate::support::endings::ends_in_order;
use crate::support::eventually;
use crate::support::pki::{self, Pki};
use crate::support::returning::{admitted, refused, returning, until_refused};

fn gate(pki: &Pki, server: &CrlServer) -> Builder {
    certgate::serve(pki)
        .argument(format!("--crl={}", server.url()))
        .argument("--crl-refresh=1s")
}

const REVOKED: &str = "alert certificate revoked";

#[test]
fn it_decides_from_the_first_connection_on() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let server = CrlServer::list(crl::of(&pki.ca).revoking(&bob).pem());
    let gate = gate(&pki, &server).start();
    refused(&gate, &bob, REVOKED);
    admitted(&gate, &pki.client);
    // What didn't change doesn't come again.
    eventually("304", || (server.not_modified() >= 2).then_some(()));
    assert_eq!(gate.metric(&server.metric("new")), 1.0);
    assert!(gate.metric(&server.metric("unchanged")) >= 1.0);
    assert_eq!(gate.count("crls_taken"), 0, "nothing to take");
    let next = format!(
        "certgate_fetch_next_update_seconds{{source=\"{}\"}}",
        server.url()
    );
    assert!(gate.metric(&next) > 1.7e9);
}

#[test]
fn a_new_one_takes_effect_by_itself_for_tickets_too() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let server = CrlServer::list(crl::of(&pki.ca).pem());
    let gate = gate(&pki, &server).start();
    let (alices, bobs) = (returning(&gate, &pki.client), returning(&gate, &bob));
    let mut open = client::with(&bob).connect(gate.address).unwrap();
    assert_eq!(open.get("/").unwrap().status, 200);
    let published = Instant::now();
    server.publishes(crl::of(&pki.ca).from(-60).revoking(&bob).pem());
    until_refused(&gate, &bob, REVOKED);
    // One second until it is asked, half a one until it is seen.
    assert!(
        published.elapsed() < Duration::from_secs(5),
        "{:?}",
        published.elapsed()
    );
    bobs.are_refused(&gate, REVOKED);
    alices.resume(&gate);
    ends_in_order(&mut open);
    assert_eq!(gate.reloads(), [0.0, 0.0]);
    gate.event("crls_taken");
    // And back.
    server.publishes(crl::of(&pki.ca).from(-30).pem());
    eventually("bob again", || {
        client::with(&bob).get(gate.address, "/").ok()
    });
    bobs.resume(&gate);
}

/// Strict: nobody is let in on the word of a list whose time is over, with a ticket or without.
#[test]
fn a_server_that_is_gone_for_good() {
    let pki = Pki::new();
    let server = CrlServer::list(crl::of(&pki.ca).until(8).pem());
    let gate = gate(&pki, &server).start();
    let alices = returning(&gate, &pki.client);
    server.says(Says::Raw(String::new()));
    until_refused(&gate, &pki.client, "alert certificate unknown");
    alices.are_refused(&gate, "alert certificate unknown");
    let reasons =
        |name: &str| gate.metric(&format!("certgate_refusals_total{{reason=\"{name}\"}}"));
    eventually("five refusals", || {
        (reasons("crl_expired") >= 5.0).then_some(())
    });
    assert_eq!(reasons("crl_missing"), 0.0);
    assert!(gate.metric(&server.metric("bad_http")) >= 1.0);
    // It comes back.
    server.publishes(crl::of(&pki.ca).from(-60).pem());
    eventually("alice again", || {
        client::with(&pki.client).get(gate.address, "/").ok()
    });
    alices.resume(&gate);
}

/// As two sites have it: asked for once.
#[test]
fn several_sites_share_one() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let server = CrlServer::list(crl::of(&pki.ca).revoking(&bob).pem());
    let url = server.url();
    let gate = crate::support::places::serve(&pki)
        .content("content", "content")
        .config(&format!(
            "root = \"DIR/content\"\ncrl = [\"{url}\"]\n[[site]]\nnames = [\"a.example\"]\n[[site]]\nnames = [\"b.example\"]\ncrl = [\"{url}\"]\n"
        ))
        .start();
    for name in ["localhost", "a.example", "b.example"] {
        let words = client::with(&bob).sni(name).refusal(gate.address);
        assert!(words.contains(REVOKED), "{name}: {words}");
    }
    assert_eq!(server.requests().len(), 1, "{:?}", server.requests());
    let head = &server.requests()[0];
    assert!(head.starts_with("GET /ca.crl HTTP/1.1\r\n"), "{head}");
}

/// Fetching, reading and swapping a long one holds up nobody.
#[test]
fn a_long_one_is_in_nobodys_way() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let long = |from| {
        let list = crl::of(&pki.ca).from(from).of_nobody(100_000);
        if from == -60 {
            list.revoking(&bob)
        } else {
            list
        }
        .pem()
    };
    let (first, second) = (long(-120), long(-60));
    let server = CrlServer::list(first);
    let gate = gate(&pki, &server).start();
    let client = client::with(&pki.client);
    let measure = |until: &dyn Fn() -> bool| {
        let mut all: Vec<Duration> = Vec::new();
        while !until() {
            let begun = Instant::now();
            assert_eq!(client.get(gate.address, "/").unwrap().status, 200);
            all.push(begun.elapsed());
        }
        all.sort();
        all
    };
    let begun = Instant::now();
    let idle = measure(&|| begun.elapsed() > Duration::from_secs(1));
    server.publishes(second);
    let taken = || gate.count("crls_taken") > 0;
    let busy = measure(&|| taken() || begun.elapsed() > crate::support::PATIENCE);
    assert!(taken());
    let show = |all: &[Duration]| (all.len(), all[all.len() / 2], all[all.len() - 1]);
    let line = gate.event("crls_taken");
    eprintln!(
        "idle {:?}, meanwhile {:?}; {line}",
        show(&idle),
        show(&busy)
    );
    assert!(
        busy[busy.len() - 1] < Duration::from_secs(1),
        "{:?}",
        show(&busy)
    );
    refused(&gate, &bob, REVOKED);
}
