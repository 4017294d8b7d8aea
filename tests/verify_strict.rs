//! `--verify-strict on` refuses chains that break RFC 5280 without harm, and says how; by a reload too, and whoever
//! has a ticket from before.

use crate::support::certgate::Certgate;
use crate::support::client::Client;
use crate::support::craft::{self, AKI, Made};
use crate::support::pki::{self, Pki};
use crate::support::places;
use crate::support::sites::visit;

struct World {
    pki: Pki,
    clean: Made,
    loose: Made,
}

fn world() -> World {
    let root = craft::authority("Root").self_signed();
    let ca = root.identity();
    let clean = craft::client("clean").signed_by(&root);
    World {
        pki: Pki {
            server: pki::server().signed_by(&ca),
            client: clean.identity(),
            ca,
        },
        clean,
        loose: craft::client("loose")
            .with(AKI, false, &[])
            .signed_by(&root),
    }
}

fn versions(made: &Made) -> [Client; 2] {
    let client = made.client().unwrap();
    [client.clone().tls12(), client.tls13()]
}

#[track_caller]
fn is_refused(gate: &Certgate, client: &Client, host: &str, count: f64) {
    let words = visit(gate, client, host).err().expect("refused");
    assert!(words.contains("bad certificate"), "{words}");
    gate.counts(
        "certgate_refusals_total{reason=\"invalid_certificate\"}",
        count,
    );
}

#[test]
fn a_reload_makes_it_strict_and_old_tickets_don_t_help() {
    let world = world();
    let gate = places::serve(&world.pki)
        .config("verify-strict = \"off\"\n")
        .start();
    let tickets = |made: &Made| {
        versions(made).map(|client| {
            let ticket = visit(&gate, &client, "localhost").unwrap().ticket();
            client.session(ticket)
        })
    };
    let (clean, loose) = (tickets(&world.clean), tickets(&world.loose));
    for client in clean.iter().chain(&loose) {
        assert!(visit(&gate, client, "localhost").unwrap().resumed);
    }
    gate.configure("verify-strict = \"on\"\n");
    gate.reload();
    is_refused(&gate, &loose[0], "localhost", 1.0);
    is_refused(&gate, &loose[1], "localhost", 2.0);
    let serial = world.loose.identity().serial();
    let line = gate.log_line(|line| line["event"] == "refused" && line["serial"] == serial);
    let words = "certificate 0: it has no authorityKeyIdentifier with a keyIdentifier (RFC 5280 section 4.2.1.1)";
    assert_eq!(line["detail"], words);
    assert_eq!(line["depth"], 0);
    for client in &clean {
        assert!(visit(&gate, client, "localhost").unwrap().resumed);
    }
    gate.configure("verify-strict = \"off\"\n");
    gate.reload();
    for client in &loose {
        assert!(
            visit(&gate, client, "localhost").unwrap().resumed,
            "as before"
        );
    }
}

#[test]
fn each_site_is_as_strict_as_it_says() {
    let world = world();
    let gate = places::serve(&world.pki)
        .config("verify-strict = \"on\"\n[[site]]\nnames = [\"loose.example\"]\nverify-strict = \"off\"\n")
        .start();
    for (number, client) in versions(&world.loose).iter().enumerate() {
        let there = visit(&gate, client, "loose.example").unwrap();
        assert_eq!(there.response.status, 200);
        let returning = client.clone().session(there.ticket());
        is_refused(&gate, &returning, "localhost", (number + 1) as f64);
    }
}
