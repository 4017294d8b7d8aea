//! A PROXY header names the client: to logs, headers for upstreams, rules. What follows it is TLS, however
//! both arrive.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Client, Connection, dial};
use crate::support::http;
use crate::support::pki::Pki;
use crate::support::proxy_header::{self as header, LOCAL, PROXY};
use crate::support::upstream;

const DESTINATION: &str = "192.0.2.200:443";

fn required(pki: &Pki) -> Builder {
    certgate::serve(pki).argument("--proxy-protocol=required")
}

/// TLS behind these bytes.
#[track_caller]
fn behind(gate: &Certgate, header: &[u8], client: &Client) -> Connection {
    let mut tcp = dial(gate.address);
    tcp.write_all(header).unwrap();
    client.connect_over(tcp).unwrap()
}

/// One request behind these bytes, and its log line, which must name this client.
#[track_caller]
fn visit(gate: &Certgate, header: &[u8], client: &Client, is: &str) -> Value {
    let mut connection = behind(gate, header, client);
    assert_eq!(connection.get("/").unwrap().status, 200);
    connection.close();
    let proxy = connection.local().to_string();
    let of = |line: &Value| line["proxy"] == proxy || line["client"] == proxy;
    let line = gate.log_line(|line| line["event"] == "request" && of(line));
    assert_eq!(line["client"], is, "{line}");
    line
}

#[test]
fn both_versions_and_families_name_the_client() {
    let pki = Pki::new();
    let gate = required(&pki).start();
    let client = client::with(&pki.client);
    for source in ["203.0.113.7:4711", "[2001:db8::7]:4712"] {
        let destination = match source.starts_with('[') {
            true => "[2001:db8::1]:443",
            false => DESTINATION,
        };
        for header in [
            header::v1(source, destination),
            header::v2(source, destination, &[]),
            header::checked(source, destination, &[header::tlv(1, b"h2")]),
            header::checked(source, destination, &[header::tlv(4, &[0; 9000])]),
        ] {
            for client in [client.clone().tls12(), client.clone().tls13()] {
                let line = visit(&gate, &header, &client, source);
                assert_eq!(line["vpce"], Value::Null);
                assert_eq!(line["subject"], "CN=alice,O=Tests");
            }
        }
    }
    assert_eq!(
        gate.metric("certgate_proxy_headers_total{kind=\"v1\"}"),
        4.0
    );
    assert_eq!(
        gate.metric("certgate_proxy_headers_total{kind=\"v2\"}"),
        12.0
    );
}

/// The proxy's own connection, and those of which it says nothing that can be, are the peer's.
#[test]
fn what_names_no_client_leaves_the_peer() {
    let pki = Pki::new();
    let gate = required(&pki).start();
    let client = client::with(&pki.client);
    let (_, udp) = header::ends("203.0.113.7:1", DESTINATION);
    let mut unix = vec![0; 216];
    unix[..8].copy_from_slice(b"/run/app");
    for (name, header) in [
        ("UNKNOWN", b"PROXY UNKNOWN\r\n".to_vec()),
        (
            "UNKNOWN and more",
            b"PROXY UNKNOWN 203.0.113.7 a b c\r\n".to_vec(),
        ),
        ("LOCAL", header::raw(LOCAL, 0, &[])),
        ("LOCAL with addresses", header::raw(LOCAL, 0x11, &udp)),
        (
            "LOCAL with what is nothing",
            header::raw(LOCAL, 0xff, &[9; 77]),
        ),
        ("AF_UNSPEC", header::raw(PROXY, 0, &[])),
        ("AF_UNSPEC with addresses", header::raw(PROXY, 0, &udp)),
        ("UDP", header::raw(PROXY, 0x12, &udp)),
        ("AF_UNIX", header::raw(PROXY, 0x31, &unix)),
        ("AF_UNIX, datagrams", header::raw(PROXY, 0x32, &unix)),
    ] {
        let mut connection = behind(&gate, &header, &client);
        assert_eq!(connection.get("/").unwrap().status, 200, "{name}");
        let peer = connection.local().to_string();
        gate.log_line(|line| line["event"] == "request" && line["client"] == peer);
    }
    assert_eq!(
        gate.metric("certgate_proxy_headers_total{kind=\"local\"}"),
        3.0
    );
}

/// Byte by byte, in two pieces at each place, and together with the ClientHello.
#[test]
fn pieces_make_no_difference() {
    let pki = Pki::new();
    let gate = required(&pki).start();
    let client = client::with(&pki.client);
    let source = "203.0.113.7:4711";
    for header in [
        header::v1(source, DESTINATION),
        header::checked(source, DESTINATION, &[header::vpce("vpce-0a")]),
    ] {
        for cut in 1..header.len() {
            let mut tcp = dial(gate.address);
            tcp.set_nodelay(true).unwrap();
            let (first, rest) = header.split_at(cut);
            tcp.write_all(first).unwrap();
            // Enough for the kernel to hand over what is there, often enough.
            std::thread::yield_now();
            tcp.write_all(rest).unwrap();
            let connection = client.connect_over(tcp);
            assert!(connection.is_ok(), "cut at {cut}");
        }
        let mut tcp = dial(gate.address);
        tcp.set_nodelay(true).unwrap();
        for byte in &header {
            tcp.write_all(&[*byte]).unwrap();
            std::thread::yield_now();
        }
        let mut connection = client.connect_over(tcp).unwrap();
        assert_eq!(connection.get("/").unwrap().status, 200);
        together(&gate, &header, &client);
    }
}

/// In one segment with the ClientHello, which must not be lost.
#[track_caller]
fn together(gate: &Certgate, header: &[u8], client: &Client) {
    struct Joined {
        tcp: TcpStream,
        first: Vec<u8>,
    }
    impl Read for Joined {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.tcp.read(buffer)
        }
    }
    impl Write for Joined {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let all = [&std::mem::take(&mut self.first), bytes].concat();
            self.tcp.write_all(&all)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let joined = Joined {
        tcp: dial(gate.address),
        first: header.to_vec(),
    };
    let mut stream = openssl::ssl::SslStream::new(client.ssl().0, joined).unwrap();
    stream.connect().unwrap();
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(http::exchange(&mut stream, request).unwrap().status, 200);
}

/// Upstreams learn of the client, not of the proxy, and of nothing that the client made up.
#[test]
fn upstreams_learn_of_the_client() {
    let pki = Pki::new();
    let (address, heads) = upstream::echo();
    let gate = required(&pki)
        .argument(format!("--upstream=http://{address}"))
        .start();
    let header = header::v2("203.0.113.7:4711", DESTINATION, &[]);
    let mut connection = behind(&gate, &header, &client::with(&pki.client));
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n";
    connection.request(request).unwrap();
    let head = heads.recv().unwrap().to_lowercase();
    assert!(head.contains("x-forwarded-for: 203.0.113.7\r\n"), "{head}");
    assert!(head.contains("x-real-ip: 203.0.113.7\r\n"), "{head}");
    assert!(
        !head.contains("198.51.100.1") && !head.contains("127.0.0.1\r"),
        "{head}"
    );
    // A proxy that listens for both families: one client has one address, in the log, too.
    let header = header::v2("[::ffff:203.0.113.9]:4711", "[::1]:443", &[]);
    behind(&gate, &header, &client::with(&pki.client))
        .request(request)
        .unwrap();
    let line = gate.log_line(|line| {
        line["event"] == "request" && line["client"].to_string().contains("203.0.113.9")
    });
    assert_eq!(line["client"], "203.0.113.9:4711", "{line}");
}

/// The log says who was refused behind the proxy.
#[test]
fn refusals_name_the_client() {
    let pki = Pki::new();
    let gate = required(&pki).start();
    let header = header::v2(
        "203.0.113.7:4711",
        DESTINATION,
        &[header::vpce("vpce-0a1b")],
    );
    let mut tcp = dial(gate.address);
    tcp.write_all(&header).unwrap();
    let proxy = tcp.local_addr().unwrap().to_string();
    let refused = client::anonymous().tls12().connect_over(tcp);
    assert!(refused.is_err());
    let line = gate.event("refused");
    assert_eq!(line["reason"], "no_certificate");
    assert_eq!(
        (&line["client"], &line["proxy"], &line["vpce"]),
        (
            &"203.0.113.7:4711".into(),
            &proxy.into(),
            &"vpce-0a1b".into()
        )
    );
}

/// Only one header is the proxy's. What looks like another one is the client's.
#[test]
fn a_second_header_is_no_tls() {
    let pki = Pki::new();
    let gate = required(&pki).start();
    let first = header::v1("203.0.113.7:4711", DESTINATION);
    for second in [
        header::v1("198.51.100.1:1", DESTINATION),
        header::v2("198.51.100.1:1", DESTINATION, &[]),
    ] {
        let mut tcp = dial(gate.address);
        tcp.write_all(&[&first[..], &second].concat()).unwrap();
        let _ = tcp.read_to_end(&mut Vec::new());
    }
    gate.counts("certgate_refusals_total{reason=\"not_tls\"}", 2.0);
    for line in gate.whole_log() {
        assert!(!line.to_string().contains("198.51.100.1"), "{line}");
    }
}

fn pings(gate: &Certgate) -> f64 {
    gate.metric("certgate_tcp_pings_total")
}

/// Health checks of load balancers: nothing, or a header and nothing.
#[test]
fn pings_are_counted_and_not_logged() {
    let pki = Pki::new();
    for mode in ["required", "auto"] {
        let gate = certgate::serve(&pki)
            .argument(format!("--proxy-protocol={mode}"))
            .argument("--trusted-proxies=127.0.0.0/8")
            .start();
        for header in [
            vec![],
            header::raw(LOCAL, 0, &[]),
            header::raw(LOCAL, 0, &header::tlv(4, &[0; 20])),
            header::v1("203.0.113.7:4711", DESTINATION),
            header::v2("203.0.113.7:4711", DESTINATION, &[]),
        ] {
            let before = pings(&gate);
            let mut tcp = dial(gate.address);
            tcp.write_all(&header).unwrap();
            tcp.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(tcp.read_to_end(&mut Vec::new()).unwrap(), 0);
            gate.counts("certgate_tcp_pings_total", before + 1.0);
        }
        for result in ["full", "resumed", "refused"] {
            let metric = format!("certgate_handshakes_total{{result=\"{result}\"}}");
            assert_eq!(gate.metric(&metric), 0.0, "{result}");
        }
        for line in gate.whole_log() {
            assert!(line.get("client").is_none(), "{line}");
        }
    }
}

/// Before load balancers take a task into service they ask the admin port, with a header or without.
#[test]
fn the_admin_port_takes_both() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let ask = |pieces: &[&[u8]]| {
        let mut tcp = dial(gate.admin);
        tcp.set_nodelay(true).unwrap();
        for piece in pieces {
            tcp.write_all(piece).unwrap();
            std::thread::yield_now();
        }
        let mut answer = String::new();
        let _ = tcp.read_to_string(&mut answer);
        answer
    };
    for header in [
        vec![],
        header::raw(LOCAL, 0, &[]),
        header::v1("203.0.113.7:4711", DESTINATION),
        header::checked(
            "203.0.113.7:4711",
            DESTINATION,
            &[header::vpce("vpce-0a1b")],
        ),
    ] {
        let together = [&header, &request[..]].concat();
        assert!(ask(&[&together]).starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(ask(&[&header, request]).starts_with("HTTP/1.1 200 OK\r\n"));
        let bytes: Vec<&[u8]> = together.chunks(1).collect();
        assert!(ask(&bytes).starts_with("HTTP/1.1 200 OK\r\n"));
    }
    // Methods that begin like a header.
    for method in ["POST", "PROPFIND", "P"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert!(
            ask(&[request.as_bytes()]).starts_with("HTTP/1.1 405 "),
            "{method}"
        );
    }
    assert_eq!(ask(&[&header::raw(0x2f, 0, &[]), request]), "");
}

/// With the setting off, a header is no TLS.
#[test]
fn off_is_off() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).start();
    let mut tcp = dial(gate.address);
    tcp.write_all(&header::v1("203.0.113.7:4711", DESTINATION))
        .unwrap();
    let _ = tcp.read_to_end(&mut Vec::new());
    let line = gate.event("refused");
    assert_eq!(line["reason"], "not_tls", "{line}");
    let client: SocketAddr = line["client"].as_str().unwrap().parse().unwrap();
    assert!(client.ip().is_loopback());
}
