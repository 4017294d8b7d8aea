//! While one client's handshake waits for an OCSP responder, all others go on; and nobody asks twice.

use std::thread;
use std::time::{Duration, Instant};

use openssl::ssl::SslVersion;

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Client};
use crate::support::eventually;
use crate::support::ocsp_answers::Status;
use crate::support::pki::{self, Identity, Pki};
use crate::support::refusals::{Seen, refusal};
use crate::support::responder::{Reply, Responder, answer};

const VERSIONS: [SslVersion; 2] = [SslVersion::TLS1_2, SslVersion::TLS1_3];

/// One worker, so that who holds it up holds up all.
fn serve(pki: &Pki, timeout: &str) -> Certgate {
    certgate::serve(pki)
        .arguments(&["--ocsp=leaf", "--workers=1", timeout])
        .start()
}

fn named(name: &str, pki: &Pki, responder: &Responder) -> Identity {
    pki::client(name)
        .asked_at(&responder.url())
        .signed_by(&pki.ca)
}

fn get(client: &Client, gate: &Certgate) -> u16 {
    client.get(gate.address, "/").unwrap().status
}

#[test]
fn others_go_on_while_one_waits() {
    let pki = Pki::new();
    let responder = Responder::start();
    let gate = serve(&pki, "--ocsp-timeout=9s");
    let known = named("known", &pki, &responder);
    responder.tells(&known, &pki.ca, Status::Good);
    assert_eq!(get(&client::with(&known), &gate), 200);
    for version in VERSIONS {
        let before = responder.asked();
        let slow = named("slow", &pki, &responder);
        responder.says(&slow, Reply::Silence);
        let client = client::with(&slow).version(version);
        thread::scope(|scope| {
            let waiting = [(); 3].map(|()| scope.spawn(|| get(&client, &gate)));
            responder.wait_for(before + 1);
            for version in VERSIONS {
                assert_eq!(get(&client::with(&known).version(version), &gate), 200);
                let new = named("new", &pki, &responder);
                responder.tells(&new, &pki.ca, Status::Good);
                assert_eq!(get(&client::with(&new).version(version), &gate), 200);
            }
            assert!(waiting.iter().all(|thread| !thread.is_finished()));
            responder.tells(&slow, &pki.ca, Status::Good);
            for thread in waiting {
                assert_eq!(thread.join().unwrap(), 200);
            }
        });
        // Three connections, one question; and two of the new ones.
        assert_eq!(responder.asked(), before + 3);
    }
}

/// However many wait for one responder, another one is asked at once.
#[test]
fn a_dead_responder_is_in_no_other_ones_way() {
    let pki = Pki::new();
    let (dead, alive) = (Responder::start(), Responder::start());
    let gate = serve(&pki, "--ocsp-timeout=9s");
    let known = named("known", &pki, &alive);
    alive.tells(&known, &pki.ca, Status::Good);
    let waiting: Vec<_> = (0..80).map(|_| named("waiting", &pki, &dead)).collect();
    for identity in &waiting {
        dead.says(identity, Reply::Silence);
    }
    thread::scope(|scope| {
        for identity in &waiting {
            scope.spawn(|| client::with(identity).get(gate.address, "/"));
        }
        // So many and no more at a time.
        dead.wait_for(64);
        assert_eq!(get(&client::with(&known), &gate), 200);
        assert_eq!(dead.asked(), 64);
        for identity in &waiting {
            dead.says(identity, Reply::Raw(Vec::new()));
        }
    });
    assert_eq!(dead.asked(), 80);
}

/// Waiting is nothing but that.
#[test]
fn who_waits_costs_nothing() {
    let pki = Pki::new();
    let responder = Responder::start();
    let gate = serve(&pki, "--ocsp-timeout=2s");
    for version in VERSIONS {
        let slow = named("slow", &pki, &responder);
        responder.says(&slow, Reply::Silence);
        let (begun, before) = (Instant::now(), cpu(&gate));
        let words = client::with(&slow).version(version).refusal(gate.address);
        assert!(words.contains("certificate unknown"), "{words}");
        let (took, spent) = (begun.elapsed(), cpu(&gate) - before);
        assert!(took >= Duration::from_secs(2), "{took:?}");
        assert!(spent < Duration::from_millis(500), "{spent:?} in {took:?}");
    }
}

/// User and system time, of all threads.
fn cpu(gate: &Certgate) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", gate.pid())).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    // Fields 14 and 15 of proc(5), in ticks of 10 ms.
    let ticks: u64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(|f| f.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}

#[test]
fn the_answer_is_for_the_next_one_even_if_nobody_waits_any_more() {
    let pki = Pki::new();
    let responder = Responder::start();
    let gate = serve(&pki, "--ocsp-timeout=9s");
    let slow = named("slow", &pki, &responder);
    responder.says(&slow, Reply::Silence);
    let client = client::with(&slow).tls12();
    // It goes away in the middle: its socket is shut down while its thread waits.
    let tcp = client::dial(gate.address);
    let handle = tcp.try_clone().unwrap();
    thread::scope(|scope| {
        let gone = scope.spawn(|| client.connect_over(tcp).map(drop));
        responder.wait_for(1);
        handle.shutdown(std::net::Shutdown::Both).unwrap();
        assert!(gone.join().unwrap().is_err());
    });
    responder.tells(&slow, &pki.ca, Status::Good);
    let good = "certgate_ocsp_answers_total{result=\"good\"}";
    gate.counts(good, 1.0);
    assert_eq!(get(&client, &gate), 200);
    assert_eq!(responder.asked(), 1);
}

/// The handshake's time is the limit, whatever the responder's is; and the operator was told.
#[test]
fn no_longer_than_the_handshake_may_take() {
    let pki = Pki::new();
    let responder = Responder::start();
    let gate = certgate::serve(&pki)
        .arguments(&[
            "--ocsp=leaf",
            "--ocsp-policy=soft",
            "--ocsp-timeout=30s",
            "--handshake-timeout=1s",
        ])
        .start();
    gate.log_line(|line| {
        let text = line["message"].as_str().unwrap();
        text.starts_with("warning: --ocsp-timeout: no shorter than handshake-timeout")
    });
    let slow = named("slow", &pki, &responder);
    responder.says(&slow, Reply::Silence);
    for version in VERSIONS {
        let case = refusal("slow", "", "timeout", "no handshake within");
        Seen::default().handshake(&gate, case, &client::with(&slow).version(version));
    }
}

/// A responder that fails is asked again, but not by every client.
#[test]
fn a_failure_is_known_for_a_while() {
    let pki = Pki::new();
    let responder = Responder::start();
    let gate = serve(&pki, "--ocsp-timeout=9s");
    let alice = named("alice", &pki, &responder);
    let refused = Instant::now();
    for _ in 0..10 {
        client::with(&alice).refusal(gate.address);
    }
    let asked = responder.asked();
    assert!(asked == 1 || refused.elapsed().as_secs() >= 5, "{asked}");
    responder.says(&alice, Reply::Body(answer(&alice, &pki.ca).der()));
    eventually("the next question", || {
        client::with(&alice).get(gate.address, "/").ok()
    });
    assert!(refused.elapsed().as_secs() >= 4);
    assert_eq!(responder.asked(), asked + 1);
}
