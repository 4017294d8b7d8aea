//! Reload and revocation lists by URL: what is added is fetched before it takes effect, what is removed is asked for
//! no more, what fails changes nothing; and lists follow a replaced CA.

use std::time::Duration;

use crate::support::certgate::{Builder, Certgate};
use crate::support::client;
use crate::support::crl;
use crate::support::crl_server::{CrlServer, Says};
use crate::support::eventually;
use crate::support::pki::{self, Identity, Pki};
use crate::support::places::{self, CLIENT_CA};
use crate::support::returning::{admitted, refused, returning, until_admitted, until_refused};

const REVOKED: &str = "alert certificate revoked";

fn toml(urls: &[&str]) -> String {
    format!("root = \"DIR/content\"\ncrl-refresh = \"1s\"\ncrl = {urls:?}\n")
}

fn gate(pki: &Pki, toml: &str) -> Builder {
    places::serve(pki)
        .content("content", "content")
        .config(toml)
}

fn world() -> (Pki, Identity, CrlServer) {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let server = CrlServer::list(crl::of(&pki.ca).revoking(&bob).pem());
    (pki, bob, server)
}

#[test]
fn added_and_removed() {
    let (pki, bob, server) = world();
    let gate = gate(&pki, &toml(&[])).start();
    let (alices, bobs) = (returning(&gate, &pki.client), returning(&gate, &bob));
    gate.configure(&toml(&[&server.url()]));
    gate.reload();
    bobs.are_refused(&gate, REVOKED);
    alices.resume(&gate);
    server.wait_for(1);
    gate.configure(&toml(&[]));
    gate.reload();
    admitted(&gate, &bob);
    no_more_requests(&server);
    let gauge = "certgate_fetch_next_update_seconds{";
    eventually("the end of its metric", || {
        (!gate.admin("/metrics").text().contains(gauge)).then_some(())
    });
}

/// Of what was asked for once in a second at least.
#[track_caller]
fn no_more_requests(server: &CrlServer) {
    // One may be under way.
    std::thread::sleep(Duration::from_millis(200));
    let before = server.requests().len();
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(server.requests().len(), before);
}

/// As when a fetch hangs at the moment at which nobody wants it any more.
#[test]
fn removed_while_a_fetch_is_under_way() {
    let (pki, _, server) = world();
    let gate = gate(&pki, &toml(&[&server.url()])).start();
    server.says(Says::Silence);
    server.wait_for(1);
    gate.configure(&toml(&[]));
    gate.reload();
    server.publishes(crl::of(&pki.ca).from(-60).pem());
    no_more_requests(&server);
    assert_eq!(gate.metric(&server.metric("new")), 1.0, "it was given up");
}

#[test]
fn one_that_is_not_there_fails_the_reload_and_nothing_else() {
    let (pki, bob, server) = world();
    let dead = CrlServer::start(Says::Raw(String::new()));
    let gate = gate(&pki, &toml(&[&server.url()])).start();
    gate.configure(&toml(&[&server.url(), &dead.url()]));
    assert_eq!(gate.hang_up(), "failed");
    gate.log_line(|line| {
        line["level"] == "ERROR"
            && line["found"]
                .as_str()
                .is_some_and(|f| f.contains(&dead.url()))
    });
    refused(&gate, &bob, REVOKED);
    admitted(&gate, &pki.client);
    no_more_requests(&dead);
    // Lists go on taking effect, those of the old.
    let carol = pki::client("carol").signed_by(&pki.ca);
    server.publishes(
        crl::of(&pki.ca)
            .revoking(&bob)
            .revoking(&carol)
            .from(-60)
            .pem(),
    );
    until_refused(&gate, &carol, REVOKED);
    is_at_rest(&gate);
    dead.publishes(crl::of(&pki.ca).pem());
    gate.reload();
}

/// Neither the processor nor the log tells of a loop.
#[track_caller]
fn is_at_rest(gate: &Certgate) {
    let taken = gate.count("crls_taken") + gate.count("crls_not_taken");
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", gate.pid())).unwrap();
        let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = ticks();
    std::thread::sleep(Duration::from_secs(2));
    // Of 200.
    assert!(ticks() - before < 20, "{}", ticks() - before);
    assert_eq!(
        gate.count("crls_taken") + gate.count("crls_not_taken"),
        taken
    );
}

/// A list that comes while a reload fails takes effect all the same.
#[test]
fn a_failed_reload_loses_no_list() {
    let (pki, bob, server) = world();
    let carol = pki::client("carol").signed_by(&pki.ca);
    let gate = gate(&pki, &toml(&[&server.url()])).start();
    let broken = toml(&[&server.url()]).replace("DIR/content", "DIR/absent");
    gate.configure(&broken);
    server.publishes(
        crl::of(&pki.ca)
            .revoking(&bob)
            .revoking(&carol)
            .from(-60)
            .pem(),
    );
    let fetched = server.metric("new");
    // It is fetched, and most likely not yet looked at.
    eventually("the new list", || {
        gate.signal("HUP");
        (gate.metric(&fetched) == 2.0).then_some(())
    });
    assert_eq!(gate.hang_up(), "failed");
    until_refused(&gate, &carol, REVOKED);
    assert_eq!(gate.reloads()[0], 0.0);
    is_at_rest(&gate);
}

/// The CA that a failed reload named verifies nothing.
#[test]
fn lists_are_held_against_the_ca_in_use() {
    let (pki, bob, server) = world();
    let other = pki::authority("Other CA").self_signed();
    let gate = gate(&pki, &toml(&[&server.url()])).start();
    gate.replace(CLIENT_CA, &other.certificate_pem());
    gate.configure(&toml(&[&server.url()]).replace("DIR/content", "DIR/absent"));
    assert_eq!(gate.hang_up(), "failed");
    server.publishes(crl::of(&pki.ca).from(-60).signed_by(&other));
    eventually("the refusal of the list", || {
        (gate.metric(&server.metric("invalid")) > 0.0).then_some(())
    });
    refused(&gate, &bob, REVOKED);
    admitted(&gate, &pki.client);
}

#[test]
fn a_replaced_ca_gets_its_lists_at_once() {
    let (pki, _, server) = world();
    let other = pki::authority("Other CA").self_signed();
    let [dora, eve] = ["dora", "eve"].map(|name| pki::client(name).signed_by(&other));
    // An hour until it would be asked by itself.
    let hourly = toml(&[&server.url()]).replace("1s", "1h");
    let gate = gate(&pki, &hourly).start();
    // Older than the one of the old CA.
    server.publishes(crl::of(&other).revoking(&eve).from(-9000).pem());
    gate.replace(CLIENT_CA, &other.certificate_pem());
    gate.reload();
    until_admitted(&gate, &dora);
    refused(&gate, &eve, REVOKED);
    refused(&gate, &pki.client, "alert unknown ca");
    assert_eq!(server.requests().len(), 2);
}

/// Also one of the same name: the lists of its old key are worth nothing, and are not asked for by their ETag.
#[test]
fn a_renewed_ca_gets_its_lists_at_once() {
    let (pki, _, server) = world();
    let renewed = pki::authority("Test CA").self_signed();
    let dora = pki::client("dora").signed_by(&renewed);
    let hourly = toml(&[&server.url()]).replace("1s", "1h");
    let gate = gate(&pki, &hourly).start();
    gate.replace(CLIENT_CA, &renewed.certificate_pem());
    gate.reload();
    // The old one, still.
    eventually("the refusal of the list", || {
        (gate.metric(&server.metric("invalid")) > 0.0).then_some(())
    });
    refused(&gate, &dora, "alert certificate unknown");
    server.publishes(crl::of(&renewed).from(-9000).pem());
    until_admitted(&gate, &dora);
    assert_eq!(server.not_modified(), 0);
}

/// How often is a setting like others.
#[test]
fn another_refresh_takes_effect() {
    let (pki, bob, server) = world();
    let hourly = toml(&[&server.url()]).replace("1s", "1h");
    let gate = gate(&pki, &hourly).start();
    gate.configure(&toml(&[&server.url()]));
    gate.reload();
    server.wait_for(3);
    refused(&gate, &bob, REVOKED);
}

/// A slow disk is in no signal's way.
#[test]
fn sigterm_while_a_reload_reads() {
    let (pki, _, server) = world();
    let mut gate = gate(&pki, &toml(&[&server.url()])).start();
    let fifo = gate.cert_file("client_crl.pem");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    gate.signal("HUP");
    // It opens what nobody writes to: nothing tells.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(
        client::with(&pki.client)
            .get(gate.address, "/")
            .unwrap()
            .status,
        200
    );
    let begun = std::time::Instant::now();
    gate.signal("TERM");
    assert_eq!(gate.exit_code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5));
}
