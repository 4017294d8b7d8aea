//! `certgate bench --rate` keeps its timetable, and measures from when an operation was due.

use std::io::{Read, Write};
use std::sync::Mutex;
use std::time::Duration;

use ::certgate::bench::result::Phase;
use openssl::ssl::{SslAcceptor, SslMethod};

use crate::support::load::{self, bench, https, latency};
use crate::support::pki::Pki;
use crate::support::{certgate, upstream};

#[test]
fn the_rate_is_kept() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("index.html", "content").start();
    let arguments = "--mode requests --rate 200 --connections 4 --duration 2s --warm-up 200ms";
    let result = load::result(bench(&pki, &https(gate.address), arguments));
    let done = result.totals.operations + result.totals.errors;
    assert!((399..=401).contains(&done), "{done}");
    assert_eq!(result.timeline.len(), 2);
}

#[test]
fn a_count_is_exact_at_a_rate_too() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("index.html", "content").start();
    let arguments =
        "--mode requests --rate 100 --connections 4 --count 33 --warm-up 200ms --ramp 200ms";
    let result = load::result(bench(&pki, &https(gate.address), arguments));
    assert_eq!(result.totals.operations, 33);
}

/// A server that answers one request at a time, and sleeps 500 ms over the tenth.
fn stalling(pki: &Pki) -> std::net::SocketAddr {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    acceptor.set_certificate(&pki.server.certificate).unwrap();
    acceptor.set_private_key(&pki.server.key).unwrap();
    let acceptor = acceptor.build();
    let served = Mutex::new(0);
    upstream::tcp(move |stream| {
        let Ok(mut tls) = acceptor.accept(stream) else {
            return;
        };
        while let Ok(1..) = tls.read(&mut [0; 1024]) {
            let mut served = served.lock().unwrap();
            *served += 1;
            if *served == 10 {
                std::thread::sleep(Duration::from_millis(500));
            }
            drop(served);
            let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    })
}

#[test]
fn a_server_that_stalls_delays_all_that_were_due() {
    let pki = Pki::new();
    let arguments = "--mode requests --rate 100 --connections 1 --duration 1s --warm-up 0s";
    let server = stalling(&pki);
    let result = load::result(bench(&pki, &https(server), arguments));
    let whole = latency(&result, Phase::Whole);
    // 50 were due in the stall: the one that was asked waited 500 ms, the others for it, 250 ms
    // on average. The answers themselves came at once.
    assert!(whole.p90 > 200_000, "{whole:?}");
    assert!(latency(&result, Phase::FirstByte).p90 < 100_000);
}
