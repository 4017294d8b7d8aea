//! A client that asks for much over HTTP/2 and takes next to nothing holds two chunks an answer, no more.

use crate::support::duplex::{self, Options};
use crate::support::pki::Pki;
use crate::support::{certgate, http2};

/// Answers under way; certgate allows 128 on a connection.
const STREAMS: usize = 120;
const CONNECTIONS: usize = 6;
/// KiB. Two chunks each (the one that waits to be sent, and hyper's next) are 90 MiB here; one more,
/// read ahead, is 135.
const LIMIT: u64 = 130 * 1024;

#[test]
fn over_many_streams() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .file("large", vec![7; 4 << 20])
        .start();
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let options = Options {
            alpn: b"\x02h2",
            ..duplex::with(&pki.client)
        };
        let mut client = http2::connect_with_window(options, gate.address, Some(1));
        duplex::block_on(async {
            for _ in 0..STREAMS {
                client.0.ready().await.unwrap();
                // The header is there, so the first chunk was read.
                held.push(client.0.send_request(http2::get("/large")).await.unwrap());
            }
        });
    }
    assert_eq!(held.len(), STREAMS * CONNECTIONS);
    let peak = gate.peak_memory();
    assert!(peak < LIMIT, "{peak} KiB");
}
