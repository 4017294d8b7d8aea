//! A tunnel's upstream is told whose bytes follow: first, whole, and nothing of it by the client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;

use openssl::ssl::SslSession;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Client, Connection, dial};
use crate::support::pki::{self, Key, Pki, Recipe};
use crate::support::proxy_header::{self as header, Read as Header};
use crate::support::{PATIENCE, places, upstream};

/// Hands each connection to the test.
fn upstream() -> (SocketAddr, mpsc::Receiver<TcpStream>) {
    let (sender, receiver) = mpsc::channel();
    let address = upstream::tcp(move |stream| {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = sender.send(stream);
    });
    (address, receiver)
}

fn announcing(builder: Builder, upstream: SocketAddr, version: &str) -> Builder {
    builder
        .argument(format!("--upstream=tcp://{upstream}"))
        .argument(format!("--upstream-proxy-protocol={version}"))
}

/// Sends a word, and hands out the header that came before it.
#[track_caller]
fn header_of(client: &mut Connection, streams: &mpsc::Receiver<TcpStream>) -> Header {
    client.write_all(b"hello").unwrap();
    let mut server = streams.recv_timeout(PATIENCE).unwrap();
    let header = header::read(&mut server);
    let mut word = [0; 5];
    server.read_exact(&mut word).unwrap();
    assert_eq!(&word, b"hello");
    // Both ways, as without a header.
    server.write_all(b"220\r\n").unwrap();
    client.read_exact(&mut word).unwrap();
    assert_eq!(&word, b"220\r\n");
    header
}

/// Flags, verify, and the parts of the TLV about TLS.
#[track_caller]
fn tls(header: &Header) -> (u8, u32, Vec<(u8, Vec<u8>)>) {
    let (fixed, parts) = header.one(0x20).split_at(5);
    let verify = u32::from_be_bytes(fixed[1..].try_into().unwrap());
    (fixed[0], verify, header::tlvs(parts))
}

#[track_caller]
fn part(parts: &[(u8, Vec<u8>)], kind: u8) -> String {
    let mut values = parts.iter().filter(|(one, _)| *one == kind);
    let (_, value) = values
        .next()
        .unwrap_or_else(|| panic!("no {kind:#x}: {parts:?}"));
    assert!(values.next().is_none());
    String::from_utf8(value.clone()).unwrap()
}

#[test]
fn version_1_is_a_line() {
    let pki = Pki::new();
    let (address, streams) = upstream();
    let gate = announcing(certgate::serve(&pki), address, "v1").start();
    let mut client = client::with(&pki.client).connect(gate.address).unwrap();
    // A client's own comes after, and is the client's.
    let own = "PROXY TCP4 198.51.100.1 198.51.100.2 1 2\r\n";
    client.write_all(own.as_bytes()).unwrap();
    let (from, to) = (client.local(), gate.address);
    let line = format!(
        "PROXY TCP4 {} {} {} {}\r\n{own}",
        from.ip(),
        to.ip(),
        from.port(),
        to.port()
    );
    let mut received = vec![0; line.len()];
    streams
        .recv_timeout(PATIENCE)
        .unwrap()
        .read_exact(&mut received)
        .unwrap();
    assert_eq!(String::from_utf8(received).unwrap(), line);
}

/// It doesn't wait for the client's first byte: a server may speak first.
#[test]
fn it_is_sent_before_the_client_speaks() {
    let pki = Pki::new();
    let (address, streams) = upstream();
    let gate = announcing(certgate::serve(&pki), address, "v2").start();
    let client = client::with(&pki.client).connect(gate.address).unwrap();
    let header = header::read(&mut streams.recv_timeout(PATIENCE).unwrap());
    let (family, ends) = header::ends(&client.local().to_string(), &gate.address.to_string());
    assert_eq!((header.command, header.family), (0x21, family));
    assert_eq!(header.addresses, ends);
    let kinds: Vec<_> = header.tlvs.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [3], "addresses and a checksum, and no more");
}

#[track_caller]
fn about_alice(header: &Header, client: &Connection, version: &str, flags: u8) {
    assert_eq!(header.one(2), b"db.example");
    let (found, verify, parts) = tls(header);
    assert_eq!((found, verify), (flags, 0));
    assert_eq!(part(&parts, 0x21), version);
    assert_eq!(part(&parts, 0x22), "alice");
    assert_eq!(part(&parts, 0x23), client.cipher());
    assert_eq!(part(&parts, 0x24), "ecdsa-with-SHA256");
    assert_eq!(part(&parts, 0x25), "EC256");
    assert_eq!(part(&parts, 0x26), group_name(client));
}

fn group_name(client: &Connection) -> &'static str {
    match client.group() {
        29 => "x25519",
        0x11ec => "X25519MLKEM768",
        23 => "secp256r1",
        other => panic!("group {other}"),
    }
}

#[test]
fn the_tls_connection_full_and_resumed() {
    let pki = Pki::new();
    let (address, streams) = upstream();
    let gate = announcing(certgate::serve(&pki), address, "v2-tls").start();
    let client = client::with(&pki.client).sni("db.example");
    for (client, version) in [
        (client.clone().tls12(), "TLSv1.2"),
        (client.tls13(), "TLSv1.3"),
    ] {
        let mut first = client.connect(gate.address).unwrap();
        let header = header_of(&mut first, &streams);
        about_alice(&header, &first, version, 0x07);
        assert_eq!(header.all(0x28).len(), 0);
        first.close();
        let ticket: SslSession = first.ticket().unwrap();
        let mut again = client.session(ticket).connect(gate.address).unwrap();
        let header = header_of(&mut again, &streams);
        assert!(again.resumed());
        // It was shown in another connection.
        about_alice(&header, &again, version, 0x05);
    }
}

#[test]
fn the_whole_certificate() {
    let pki = Pki::new();
    let intermediate = pki::authority("Intermediate").signed_by(&pki.ca);
    let bob = pki::client("bob").signed_by(&intermediate);
    let (address, streams) = upstream();
    let gate = announcing(certgate::serve(&pki), address, "v2-tls-cert").start();
    let mut client = client::with(&bob).connect(gate.address).unwrap();
    let header = header_of(&mut client, &streams);
    // No name was asked for.
    assert_eq!(header.all(2).len(), 0);
    let (flags, verify, parts) = tls(&header);
    assert_eq!((flags, verify), (0x07, 0));
    let certificates: Vec<_> = parts.iter().filter(|(kind, _)| *kind == 0x28).collect();
    assert_eq!(certificates.len(), 1);
    assert_eq!(certificates[0].1, bob.certificate.to_der().unwrap());
    assert_eq!(part(&parts[..parts.len() - 1], 0x22), "bob");
}

#[test]
fn who_has_no_certificate_is_not_verified() {
    let pki = Pki::new();
    let (address, streams) = upstream();
    let builder = certgate::serve(&pki).argument("--client-auth=optional");
    let gate = announcing(builder, address, "v2-tls-cert").start();
    let mut client = client::anonymous().connect(gate.address).unwrap();
    let (flags, verify, parts) = tls(&header_of(&mut client, &streams));
    assert_eq!(flags, 0x01);
    assert_ne!(verify, 0);
    let kinds: Vec<_> = parts.iter().map(|(kind, _)| *kind).collect();
    assert!(
        !kinds.contains(&0x22) && !kinds.contains(&0x28),
        "{kinds:?}"
    );
}

/// Of the certificate that the client was shown, of several.
#[test]
fn the_algorithms_of_the_certificate_that_was_shown() {
    let pki = Pki::new();
    let rsa = Recipe {
        key: Key::Rsa(2048),
        ..pki::server()
    };
    let (address, streams) = upstream();
    let builder = places::serve(&pki)
        .identity("ec", &pki.server)
        .identity("rsa", &rsa.signed_by(&pki.ca));
    let gate = builder.config(&format!(
        "certificate = [\"DIR/rsa.cer\", \"DIR/ec.cer\"]\ncertificate-key = [\"DIR/rsa.key\", \"DIR/ec.key\"]\n\
         upstream = [\"tcp://{address}\"]\nupstream-proxy-protocol = \"v2-tls\"\n"
    ));
    let gate = gate.start();
    for (suite, key) in [("RSA", "RSA2048"), ("ECDSA", "EC256")] {
        let suite = format!("ECDHE-{suite}-AES128-GCM-SHA256");
        let client = client::with(&pki.client).tls12().ciphers(&suite);
        let mut client = client.connect(gate.address).unwrap();
        let (_, _, parts) = tls(&header_of(&mut client, &streams));
        assert_eq!(
            (part(&parts, 0x23), part(&parts, 0x25)),
            (suite, key.to_owned())
        );
        assert_eq!(part(&parts, 0x24), "ecdsa-with-SHA256", "the CA's");
    }
}

/// What a proxy said of the client is passed on; what it said of its own TLS is not.
#[test]
fn what_came_in_goes_out() {
    let pki = Pki::new();
    let (address, streams) = upstream();
    let builder = certgate::serve(&pki).argument("--proxy-protocol=required");
    let gate = announcing(builder, address, "v2-tls").start();
    let (source, destination) = ("[2001:db8::7]:4711", "[2001:db8::1]:443");
    let made_up = [&[7, 0, 0, 0, 0][..], &header::tlv(0x22, b"root")].concat();
    let tlvs = [
        header::tlv(2, b"made-up.example"),
        header::vpce("vpce-0a1b"),
        header::tlv(5, b"one of many"),
        header::tlv(0x20, &made_up),
        header::tlv(0xe1, b"whatever"),
    ];
    let mut tcp = dial(gate.address);
    tcp.write_all(&header::v2(source, destination, &tlvs))
        .unwrap();
    let client = client::with(&pki.client).sni("db.example");
    let mut client = client.connect_over(tcp).unwrap();
    let header = header_of(&mut client, &streams);
    let ends = header::ends(source, destination);
    assert_eq!((header.family, &header.addresses), (ends.0, &ends.1));
    assert_eq!(header.one(0xea), b"\x01vpce-0a1b");
    assert_eq!(header.one(5), b"one of many");
    assert_eq!(header.all(0xe1).len(), 0);
    about_alice(&header, &client, "TLSv1.3", 0x07);
    client.close();
    let line = gate.event("tunnel");
    assert_eq!(
        (&line["client"], &line["vpce"]),
        (&source.into(), &"vpce-0a1b".into())
    );
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    [&[tag, 0x83], &length[5..], content].concat()
}

fn short(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}

fn named(name: &[u8]) -> Recipe {
    let pair = [&[6, 3, 0x55, 4, 3][..], &short(0x0c, name)].concat();
    Recipe {
        subject: Some(short(0x30, &short(0x31, &short(0x30, &pair)))),
        ..pki::client("nobody")
    }
}

/// Nothing is opened for a client that can't be told of, and nothing of it is left out.
#[track_caller]
fn is_not_told_of(gate: &Certgate, client: &Client, reason: &str, detail: &str) {
    let mut connection = client.connect(gate.address).unwrap();
    let mut answer = Vec::new();
    let _ = connection.write_all(b"hello");
    let _ = connection.read_to_end(&mut answer);
    assert_eq!(answer, b"");
    let from = connection.local().to_string();
    let line =
        gate.log_line(|line| line["client"] == from && line["event"] == "proxy_header_unwritable");
    assert_eq!(line["reason"], reason, "{line}");
    assert!(line["detail"].as_str().unwrap().contains(detail), "{line}");
    let metric = format!("certgate_identity_unwritable_total{{reason=\"{reason}\"}}");
    assert!(gate.metric(&metric) >= 1.0);
}

#[test]
fn what_can_not_be_said_opens_no_tunnel() {
    let pki = Pki::new();
    let (address, connections) = upstream::counting();
    // A ticket couldn't hold so large a certificate either.
    let builder = certgate::serve(&pki).argument("--tls-tickets=off");
    let gate = announcing(builder, address, "v2-tls-cert").start();
    let many: Vec<u8> = (0..700).flat_map(|_| short(0x82, &[b'a'; 95])).collect();
    let large = Recipe {
        alternative_names: Some(der(0x30, &many)),
        ..pki::client("large")
    };
    let large = large.signed_by(&pki.ca);
    assert!(large.certificate.to_der().unwrap().len() > 65_536);
    is_not_told_of(
        &gate,
        &client::with(&large),
        "too_large",
        "more than the 65535",
    );
    for name in [&b"alice\0.example"[..], b"alice\r\nPROXY", b"\x1b[2J"] {
        let odd = named(name).signed_by(&pki.ca);
        is_not_told_of(
            &gate,
            &client::with(&odd),
            "unsayable",
            "control characters",
        );
    }
    let odd = client::with(&pki.client).sni("db\nexample");
    is_not_told_of(&gate, &odd, "unsayable", "a server name that isn't one");
    assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[test]
fn a_name_is_written_as_it_is() {
    let pki = Pki::new();
    let (address, streams) = upstream();
    let gate = announcing(certgate::serve(&pki), address, "v2-tls").start();
    for name in ["Zoë, \"the\" \\ one; CN=root", "日本"] {
        let identity = named(name.as_bytes()).signed_by(&pki.ca);
        let mut client = client::with(&identity).connect(gate.address).unwrap();
        let (_, _, parts) = tls(&header_of(&mut client, &streams));
        assert_eq!(part(&parts, 0x22), name);
    }
}

#[test]
fn only_tunnels_can_be_announced() {
    let pki = Pki::new();
    for (upstream, found) in [
        (
            Some("http://127.0.0.1:1"),
            "v2, with an upstream that speaks HTTP",
        ),
        (
            Some("h2c://127.0.0.1:1"),
            "v2, with an upstream that speaks HTTP",
        ),
        (None, "v2, without an upstream"),
    ] {
        let builder = certgate::serve(&pki).argument("--upstream-proxy-protocol=v2");
        let finished = match upstream {
            Some(upstream) => builder.argument(format!("--upstream={upstream}")).finish(),
            None => builder.finish(),
        };
        assert_eq!(finished.code(), 78);
        assert!(finished.stderr.contains(found), "{}", finished.stderr);
        assert!(finished.stderr.contains("tcp://"), "{}", finished.stderr);
    }
}

/// It goes with the upstreams: a site with its own has its own.
#[test]
fn each_site_has_its_own() {
    let pki = Pki::new();
    let (first, firsts) = upstream();
    let (second, seconds) = upstream();
    let gate = places::serve(&pki).config(&format!(
        "upstream = [\"tcp://{first}\"]\nupstream-proxy-protocol = \"v2\"\n\
         [[site]]\nnames = [\"plain.example\"]\nupstream = [\"tcp://{second}\"]\n\
         [[site]]\nnames = [\"same.example\"]\nclient-auth = \"optional\"\n"
    ));
    let gate = gate.start();
    let client = client::with(&pki.client);
    let mut plain = client
        .clone()
        .sni("plain.example")
        .connect(gate.address)
        .unwrap();
    plain.write_all(b"hello").unwrap();
    let mut word = [0; 5];
    seconds
        .recv_timeout(PATIENCE)
        .unwrap()
        .read_exact(&mut word)
        .unwrap();
    assert_eq!(&word, b"hello");
    for name in ["same.example", "other.example"] {
        let mut other = client.clone().sni(name).connect(gate.address).unwrap();
        header_of(&mut other, &firsts);
    }
}
