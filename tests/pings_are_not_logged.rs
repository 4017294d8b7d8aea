//! A load balancer's health check, a connection closed before its first byte, is counted and not logged.

use std::net::{Shutdown, TcpStream};

use tokio::net::TcpSocket;

use crate::support::certgate::{self, Certgate};
use crate::support::pki::Pki;

/// Waits until all are counted, and sees that nothing else came of them.
#[track_caller]
fn only_counted(gate: Certgate, pings: u32) {
    gate.counts("certgate_tcp_pings_total", f64::from(pings));
    let handshakes = ["full", "resumed", "refused"];
    for result in handshakes {
        let metric = format!("certgate_handshakes_total{{result=\"{result}\"}}");
        assert_eq!(gate.metric(&metric), 0.0, "{result}");
    }
    let metrics = gate.admin("/metrics").text();
    for line in metrics.lines() {
        if line.starts_with("certgate_refusals_total") {
            assert!(line.ends_with(" 0"), "{line}");
        }
    }
    for line in gate.whole_log() {
        assert!(line.get("client").is_none(), "{line}");
    }
}

#[test]
fn connect_and_close() {
    let gate = certgate::serve(&Pki::new()).start();
    for _ in 0..10 {
        drop(TcpStream::connect(gate.address).unwrap());
    }
    only_counted(gate, 10);
}

#[test]
fn connect_and_close_one_direction() {
    let gate = certgate::serve(&Pki::new()).start();
    let stream = TcpStream::connect(gate.address).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    only_counted(gate, 1);
}

#[test]
fn connect_and_reset() {
    let gate = certgate::serve(&Pki::new()).start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for _ in 0..10 {
            let socket = TcpSocket::new_v4().unwrap();
            // Closing such a socket sends a reset.
            socket.set_zero_linger().unwrap();
            drop(socket.connect(gate.address).await.unwrap());
        }
    });
    only_counted(gate, 10);
}
