//! A start without the server of a revocation list: with the last good one, or without any, as `--crl-policy`
//! says; and what is on the disk isn't believed blindly.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::crl;
use crate::support::crl_server::{CrlServer, Says};
use crate::support::pki::{self, Pki};
use crate::support::places;
use crate::support::returning::{admitted, refused, returning, until_admitted, until_refused};
use crate::support::upstream;

const REVOKED: &str = "alert certificate revoked";
const UNKNOWN: &str = "alert certificate unknown";

fn gate(pki: &Pki, url: &str) -> Builder {
    places::serve(pki)
        .argument(format!("--crl={url}"))
        .argument("--crl-refresh=1s")
}

fn cache(builder: &Builder) -> PathBuf {
    builder.certs_dir().join("crl-cache")
}

/// What one process has kept of the server's list, for the next start.
fn kept(pki: &Pki, server: &CrlServer) -> Vec<(String, Vec<u8>)> {
    let gate = gate(pki, &server.url()).start();
    let files = fs::read_dir(gate.cert_file("crl-cache")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let files = files.map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read(&path).unwrap())
    });
    files.collect()
}

fn with_kept(builder: Builder, kept: &[(String, Vec<u8>)]) -> Builder {
    let cache = cache(&builder);
    fs::create_dir_all(&cache).unwrap();
    for (name, bytes) in kept {
        fs::write(cache.join(name), bytes).unwrap();
    }
    builder
}

#[track_caller]
fn says_that_it_is_missing(gate: &Certgate) {
    let line = gate.log_line(|line| {
        line["event"] == "finding"
            && line["found"]
                .as_str()
                .unwrap()
                .contains("no revocation list from")
    });
    assert_eq!(line["level"], "WARN", "{line}");
    gate.log_line(|line| line["event"] == "fetch_failed");
}

#[test]
fn without_a_server_strict_refuses_until_it_is_there() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let address = upstream::nobody();
    let begun = Instant::now();
    let gate = gate(&pki, &format!("http://{address}/ca.crl")).start();
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    says_that_it_is_missing(&gate);
    refused(&gate, &pki.client, UNKNOWN);
    gate.counts("certgate_refusals_total{reason=\"crl_missing\"}", 2.0);
    let list = crl::of(&pki.ca).revoking(&bob).pem();
    let server = CrlServer::at(address, Says::List(list.into()));
    until_admitted(&gate, &pki.client);
    refused(&gate, &bob, REVOKED);
    drop(server);
}

#[test]
fn a_server_that_stalls_delays_the_start_by_ten_seconds_at_most() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let server = CrlServer::start(Says::Silence);
    let begun = Instant::now();
    let gate = gate(&pki, &server.url())
        .argument("--crl-policy=soft")
        .start();
    let took = begun.elapsed();
    assert!(
        took > Duration::from_secs(9) && took < Duration::from_secs(15),
        "{took:?}"
    );
    says_that_it_is_missing(&gate);
    admitted(&gate, &pki.client);
    let bobs = returning(&gate, &bob);
    let counted = gate.metric("certgate_revocation_unknown_total{reason=\"crl_missing\"}");
    assert_eq!(counted, 6.0, "two, and bob's four");
    server.publishes(crl::of(&pki.ca).revoking(&bob).pem());
    until_refused(&gate, &bob, REVOKED);
    bobs.are_refused(&gate, REVOKED);
    admitted(&gate, &pki.client);
}

/// ECS gives 30 seconds; a first start as PID 1 must hear it, too.
#[test]
fn sigterm_while_the_first_start_waits() {
    let pki = Pki::new();
    let server = CrlServer::start(Says::Silence);
    let mut gate = gate(&pki, &server.url()).spawn();
    server.first();
    let begun = Instant::now();
    gate.signal("TERM");
    assert_eq!(gate.exit_code(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn sigterm_while_a_fetch_is_under_way() {
    let pki = Pki::new();
    let server = CrlServer::list(crl::of(&pki.ca).pem());
    let mut gate = gate(&pki, &server.url()).start();
    server.says(Says::Silence);
    server.wait_for(1);
    let begun = Instant::now();
    gate.signal("TERM");
    assert_eq!(gate.exit_code(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_restart_goes_on_with_the_last_good_one() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let server = CrlServer::list(crl::of(&pki.ca).revoking(&bob).pem());
    let kept = kept(&pki, &server);
    assert_eq!(kept.len(), 1);
    for dead in [Says::Raw(String::new()), Says::Silence] {
        server.says(dead);
        let begun = Instant::now();
        let gate = with_kept(gate(&pki, &server.url()), &kept).start();
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
        refused(&gate, &bob, REVOKED);
        admitted(&gate, &pki.client);
        let complaints = gate.lines().into_iter().filter(|line| {
            let found = line["found"].as_str().unwrap_or_default();
            found.contains("revocation")
        });
        assert_eq!(complaints.count(), 0);
    }
}

/// One whose time is over is no reason not to ask first.
#[test]
fn a_restart_with_one_that_is_over_asks_first() {
    let pki = Pki::new();
    let server = CrlServer::list(crl::of(&pki.ca).until(-60).pem());
    let kept = kept(&pki, &server);
    assert_eq!(kept.len(), 1, "better than none");
    server.publishes(crl::of(&pki.ca).from(-60).pem());
    let gate = with_kept(gate(&pki, &server.url()), &kept).start();
    admitted(&gate, &pki.client);
    assert_eq!(
        gate.metric("certgate_refusals_total{reason=\"crl_expired\"}"),
        0.0
    );
}

#[test]
fn a_garbled_one_is_none() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let server = CrlServer::list(crl::of(&pki.ca).revoking(&bob).pem());
    let kept = kept(&pki, &server);
    let (name, good) = kept[0].clone();
    let forged = crl::of(&pki.ca).signed_by(&Pki::new().ca);
    let half = good[..good.len() / 2].to_vec();
    server.says(Says::Raw(String::new()));
    for bad in [b"garbage".to_vec(), Vec::new(), half, forged.into_bytes()] {
        let gate = with_kept(gate(&pki, &server.url()), &[(name.clone(), bad)]).start();
        gate.log_line(|line| line["event"] == "kept_unreadable" && line["level"] == "WARN");
        refused(&gate, &pki.client, UNKNOWN);
    }
}

/// Of another URL, the file of one is nobody's.
#[test]
fn each_url_has_a_file_of_its_own() {
    let pki = Pki::new();
    let server = CrlServer::list(crl::of(&pki.ca).pem());
    let kept = kept(&pki, &server);
    server.says(Says::Raw(String::new()));
    for other in ["other.crl", "ca.crl?v=2", "ca.crl/"] {
        let gate = with_kept(gate(&pki, &server.path(other)), &kept).start();
        says_that_it_is_missing(&gate);
        refused(&gate, &pki.client, UNKNOWN);
    }
    let gate = with_kept(gate(&pki, &server.url()), &kept).start();
    admitted(&gate, &pki.client);
}

#[test]
fn check_fetches_nothing_and_says_so() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let server = CrlServer::list(crl::of(&pki.ca).revoking(&bob).pem());
    let kept = kept(&pki, &server);
    let asked = server.requests().len();
    let check = |with: &[(String, Vec<u8>)]| {
        let builder = certgate::bare(&["check"])
            .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
            .environment("SSL_SERVER_KEY", pki.server.key_pem())
            .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
            .argument(format!("--crl={}", server.path("ca.crl")))
            .ports();
        with_kept(builder, with).finish()
    };
    for (with, says) in [
        (&[][..], "not fetched by check, and none is kept of it"),
        (&kept[..], "  revoked   1"),
        (&[(kept[0].0.clone(), b"x".to_vec())], "can't be used"),
    ] {
        let finished = check(with);
        assert_eq!(finished.code(), 0, "{}", finished.stdout);
        assert!(
            finished.stdout.contains(says),
            "{says}\n{}",
            finished.stdout
        );
        assert!(
            finished.stdout.contains(&server.url()),
            "{}",
            finished.stdout
        );
        assert!(
            !finished.stdout.contains("will be refused"),
            "{}",
            finished.stdout
        );
    }
    assert_eq!(server.requests().len(), asked);
}
