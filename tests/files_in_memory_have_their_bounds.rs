//! Files that are kept in memory take no more of it than they are granted, whoever asks for how many.

use std::fs::File;

use crate::support::certgate::{self, Builder};
use crate::support::client;
use crate::support::duplex::{self, Options};
use crate::support::http2;
use crate::support::pki::Pki;

/// The largest that is kept.
const SIZE: u64 = 1 << 20;
/// KiB: what is granted at most, on machines with 512 MiB or more.
const GRANTED: u64 = 64 * 1024;

/// Files with holes instead of content, `/0` and so on: on disk they take nothing.
fn files(mut builder: Builder, count: usize) -> Builder {
    builder = builder.file("index.html", "");
    for number in 0..count {
        let path = builder.directory().join("html").join(number.to_string());
        File::create(path).unwrap().set_len(SIZE).unwrap();
    }
    builder
}

#[test]
fn after_many_files() {
    let pki = Pki::new();
    let count = 250;
    let gate = files(certgate::serve(&pki), count).start();
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    for number in 0..count {
        let response = connection.get(&format!("/{number}")).unwrap();
        assert_eq!((response.status, response.body.len() as u64), (200, SIZE));
    }
    let peak = gate.peak_memory();
    assert!(peak < GRANTED + 48 * 1024, "{peak} KiB");
}

/// Each answer is of another file, and none of them is taken to its end: what these hold counts.
#[test]
fn while_slow_readers_hold_many() {
    const STREAMS: usize = 120;
    const CONNECTIONS: usize = 4;
    let pki = Pki::new();
    let gate = files(certgate::serve(&pki), STREAMS * CONNECTIONS).start();
    let mut held = Vec::new();
    for connection in 0..CONNECTIONS {
        let options = Options {
            alpn: b"\x02h2",
            ..duplex::with(&pki.client)
        };
        let mut client = http2::connect_with_window(options, gate.address, Some(1));
        duplex::block_on(async {
            for stream in 0..STREAMS {
                client.0.ready().await.unwrap();
                let path = format!("/{}", connection * STREAMS + stream);
                held.push(client.0.send_request(http2::get(&path)).await.unwrap());
            }
        });
    }
    assert_eq!(held.len(), STREAMS * CONNECTIONS);
    let peak = gate.peak_memory();
    // Those that found no room hold two chunks each.
    assert!(peak < GRANTED + 120 * 1024, "{peak} KiB");
}
