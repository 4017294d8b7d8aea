//! A tunnel carries every byte both ways, ends each direction by itself, and tells a broken end from an
//! orderly one. Nobody without a certificate causes a connection behind the gate.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use openssl::ssl::{ShutdownState, SslVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Client};
use crate::support::content::{self, Blocks, LARGE, Summing};
use crate::support::http2::Raw;
use crate::support::pki::{self, Pki};
use crate::support::{PATIENCE, duplex, upstream};

fn tunnel(upstream: SocketAddr) -> (Pki, Certgate) {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).argument(format!("--upstream=tcp://{upstream}"));
    (pki, gate.start())
}

fn versions(pki: &Pki) -> [Client; 2] {
    [
        client::with(&pki.client).tls12(),
        client::with(&pki.client).tls13(),
    ]
}

/// Hands each connection to the test.
fn handing_over() -> (SocketAddr, mpsc::Receiver<TcpStream>) {
    let (sender, receiver) = mpsc::channel();
    let address = upstream::tcp(move |stream| {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = sender.send(stream);
    });
    (address, receiver)
}

fn accepted(streams: &mpsc::Receiver<TcpStream>) -> TcpStream {
    streams.recv_timeout(PATIENCE).unwrap()
}

#[track_caller]
fn assert_arrives(mut from: impl Write, mut to: impl Read, bytes: &[u8]) {
    from.write_all(bytes).unwrap();
    let mut arrived = vec![0; bytes.len()];
    to.read_exact(&mut arrived).unwrap();
    assert_eq!(arrived, bytes);
}

#[test]
fn both_ways_and_the_server_may_speak_first() {
    let (address, streams) = handing_over();
    let (pki, gate) = tunnel(address);
    for client in versions(&pki) {
        let mut client = client.connect(gate.address).unwrap();
        let mut server = accepted(&streams);
        assert_arrives(&mut server, &mut client, b"220 ready\r\n");
        assert_arrives(&mut client, &mut server, b"\0\xff\r\n\r\n");
        assert_arrives(&mut server, &mut client, b"GET / HTTP/1.1\r\n\r\n");
        client.stream.shutdown().unwrap();
        assert_eq!(server.read(&mut [0]).unwrap(), 0);
        drop(server);
        client.close();
    }
    let line = gate.log_line(|line| line["event"] == "tunnel" && line["tls"] == "TLSv1.3");
    assert_eq!((&line["received"], &line["sent"]), (&6.into(), &29.into()));
    assert_eq!(
        (&line["result"], &line["upstream"]),
        (&"closed".into(), &address.to_string().into())
    );
    assert_eq!(line["subject"], "CN=alice,O=Tests");
    gate.log_line(|line| line["event"] == "tunnel" && line["tls"] == "TLSv1.2");
    assert_eq!(
        gate.metric("certgate_tunnels_total{result=\"closed\"}"),
        2.0
    );
    assert_eq!(
        gate.metric("certgate_tunnel_bytes_total{direction=\"sent\"}"),
        58.0
    );
}

#[test]
fn the_client_ends_first_and_still_receives() {
    let (address, streams) = handing_over();
    let (pki, gate) = tunnel(address);
    for client in versions(&pki) {
        let mut client = client.connect(gate.address).unwrap();
        let mut server = accepted(&streams);
        client.write_all(b"last words").unwrap();
        client.stream.shutdown().unwrap();
        let mut words = String::new();
        server.read_to_string(&mut words).unwrap();
        assert_eq!(words, "last words");
        let length = 1024 * 1024;
        let writer = std::thread::spawn(move || content::write(&mut server, length));
        assert_eq!(content::read(&mut client).unwrap(), content::sum(length));
        writer.join().unwrap().unwrap();
        assert!(
            client
                .stream
                .get_shutdown()
                .contains(ShutdownState::RECEIVED)
        );
    }
}

#[test]
fn the_upstream_ends_first_and_still_receives() {
    let (address, streams) = handing_over();
    let (pki, gate) = tunnel(address);
    for client in versions(&pki) {
        let mut client = client.connect(gate.address).unwrap();
        let mut server = accepted(&streams);
        server.write_all(b"last words").unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        let mut words = String::new();
        client.read_to_string(&mut words).unwrap();
        assert_eq!(words, "last words");
        // It was close_notify that said so, not the end of TCP.
        assert!(
            client
                .stream
                .get_shutdown()
                .contains(ShutdownState::RECEIVED)
        );
        let length = 1024 * 1024;
        let reader = std::thread::spawn(move || content::read(&mut server));
        content::write(&mut client, length).unwrap();
        client.stream.shutdown().unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), content::sum(length));
    }
}

#[test]
fn a_hundred_megabytes_each_way_at_once() {
    let (address, streams) = handing_over();
    let (pki, gate) = tunnel(address);
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let options = duplex::Options {
            version: Some(version),
            ..duplex::with(&pki.client)
        };
        let stream = duplex::block_on(options.connect(gate.address)).unwrap();
        let server = accepted(&streams);
        let (mut reader, mut writer) = (server.try_clone().unwrap(), server);
        let reader = std::thread::spawn(move || content::read(&mut reader));
        let writer = std::thread::spawn(move || {
            content::write(&mut writer, LARGE).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let (mut from_gate, mut to_gate) = tokio::io::split(stream);
        let sending = duplex::runtime().spawn(async move {
            let mut blocks = Blocks::new(LARGE);
            while let Some(block) = blocks.next() {
                to_gate.write_all(block).await.unwrap();
            }
            to_gate.shutdown().await.unwrap();
        });
        let arrived = duplex::block_on(async {
            let (mut buffer, mut summing) = (vec![0; 64 * 1024], Summing::default());
            while let Ok(read @ 1..) = from_gate.read(&mut buffer).await {
                summing.add(&buffer[..read]);
            }
            sending.await.unwrap();
            summing.sum()
        });
        let sum = content::sum(LARGE);
        assert_eq!(arrived, sum);
        assert_eq!(reader.join().unwrap().unwrap(), sum);
        writer.join().unwrap();
    }
    let peak = gate.peak_memory();
    assert!(peak < 64 * 1024, "{peak} KiB");
    let line = gate.event("tunnel");
    assert_eq!(
        (&line["received"], &line["sent"]),
        (&LARGE.into(), &LARGE.into())
    );
}

#[test]
fn an_upstream_that_is_down_closes_the_connection_in_order() {
    let address = upstream::nobody();
    let (pki, gate) = tunnel(address);
    for client in versions(&pki) {
        let mut client = client.connect(gate.address).unwrap();
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
        assert!(
            client
                .stream
                .get_shutdown()
                .contains(ShutdownState::RECEIVED)
        );
    }
    let line = gate.event("upstream_failed");
    assert_eq!(
        (&line["reason"], &line["upstream"]),
        (&"unreachable".into(), &address.to_string().into())
    );
    let failures = || gate.metric("certgate_upstream_failures_total{reason=\"unreachable\"}");
    assert_eq!(failures(), 2.0);
}

#[test]
fn a_client_that_breaks_off_resets_the_upstream() {
    let (address, streams) = handing_over();
    let (pki, gate) = tunnel(address);
    for client in versions(&pki) {
        let mut client = client.connect(gate.address).unwrap();
        let mut server = accepted(&streams);
        assert_arrives(&mut client, &mut server, b"half a");
        // FIN without close_notify: anybody on the way could have sent it.
        drop(client);
        let end = server.read(&mut [0]);
        assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    }
    let line = gate.event("tunnel");
    assert_eq!(line["result"], "broken");
    assert!(line["error"].is_string());
    assert_eq!(
        gate.metric("certgate_tunnels_total{result=\"broken\"}"),
        2.0
    );
}

#[test]
fn an_upstream_that_breaks_off_is_no_orderly_end_for_the_client() {
    let (address, streams) = handing_over();
    let (pki, gate) = tunnel(address);
    for client in versions(&pki) {
        let mut client = client.connect(gate.address).unwrap();
        let mut server = accepted(&streams);
        assert_arrives(&mut server, &mut client, b"half a");
        // What is unread when a socket is closed makes the kernel reset the connection.
        client.write_all(b"unread").unwrap();
        server.peek(&mut [0]).unwrap();
        drop(server);
        // However it ends: close_notify didn't say so.
        let _ = client.read(&mut [0]);
        assert!(
            !client
                .stream
                .get_shutdown()
                .contains(ShutdownState::RECEIVED)
        );
    }
    assert_eq!(gate.event("tunnel")["result"], "broken");
}

#[test]
fn nobody_without_a_certificate_causes_a_connection() {
    let pki = Pki::new();
    let namesake = pki::client("alice").signed_by(&pki::authority("Test CA").self_signed());
    let other = pki::client("alice").signed_by(&pki::authority("Other CA").self_signed());
    let expired = pki::Recipe {
        not_after: -60,
        ..pki::client("alice")
    };
    let expired = expired.signed_by(&pki.ca);
    for (scheme, refusal) in [
        ("tcp", "alert"),
        ("http", "alert"),
        ("http", "page"),
        ("h2c", "alert"),
        ("h2c", "page"),
    ] {
        let (address, count) = upstream::counting();
        let gate = certgate::serve(&pki)
            .argument(format!("--upstream={scheme}://{address}"))
            .argument(format!("--refusal={refusal}"))
            .argument("--upstream-timeout=5s")
            .start();
        for client in [
            client::anonymous(),
            client::with(&namesake),
            client::with(&other),
            client::with(&expired),
        ] {
            ask(&client.clone().tls12(), gate.address);
            ask(&client.clone().tls13(), gate.address);
            ask(&client.alpn(b"\x02h2"), gate.address);
        }
        assert_eq!(count.load(Ordering::SeqCst), 0, "{scheme} {refusal}");
    }
}

/// Asks for something, in the language that was agreed on, and waits until that is settled: by an
/// alert, a page, or an answer that shouldn't be.
fn ask(client: &Client, address: SocketAddr) {
    let Ok(mut connection) = client.connect(address) else {
        return;
    };
    if connection.stream.ssl().selected_alpn_protocol() == Some(b"h2") {
        let mut frames = Raw::new(connection);
        let fields = [
            ":method",
            "GET",
            ":scheme",
            "https",
            ":path",
            "/",
            ":authority",
            "app",
        ];
        let fields: Vec<_> = fields.chunks(2).map(|field| (field[0], field[1])).collect();
        frames.headers(1, &fields, true);
        frames.verdict(1);
    } else {
        let request = b"GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n";
        let _ = connection.write_all(request);
        let _ = connection.read_to_end(&mut Vec::new());
    }
}
