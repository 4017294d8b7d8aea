//! What isn't a PROXY header is refused with its reason, however it arrives: all at once, or byte by byte.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use crate::support::certgate;
use crate::support::client::{self, dial};
use crate::support::pki::Pki;
use crate::support::proxy_header::{self as header, LOCAL, PROXY, SIGNATURE};
use crate::support::refusals::{Seen, refusal};

const SOURCE: &str = "203.0.113.7:4711";
const DESTINATION: &str = "192.0.2.200:443";

const MISSING: &str = "proxy_header_missing";
const MALFORMED: &str = "proxy_header_malformed";

type Row = (&'static str, Vec<u8>, &'static str, &'static str);

fn row(
    name: &'static str,
    bytes: impl AsRef<[u8]>,
    reason: &'static str,
    detail: &'static str,
) -> Row {
    (name, bytes.as_ref().to_vec(), reason, detail)
}

fn lines() -> Vec<Row> {
    let fields = |name, line: &str| row(name, line, MALFORMED, "not PROXY, TCP4, TCP6 or UNKNOWN");
    let address = |name, line: &str| row(name, line, MALFORMED, "an address");
    let port = |name, line: &str| row(name, line, MALFORMED, "a port");
    let end = |name, line: &str| row(name, line, MALFORMED, "a CR or an LF");
    vec![
        fields("nothing after the word", "PROXY\r\n"),
        fields("one space and nothing", "PROXY \r\n"),
        fields("no space", "PROXYTCP4 1.2.3.4 1.2.3.5 1 2\r\n"),
        fields("lower case", "PROXY tcp4 1.2.3.4 1.2.3.5 1 2\r\n"),
        fields("UDP", "PROXY UDP4 1.2.3.4 1.2.3.5 1 2\r\n"),
        fields("no family", "PROXY TCP 1.2.3.4 1.2.3.5 1 2\r\n"),
        fields("more than UNKNOWN", "PROXY UNKNOWNS\r\n"),
        fields("two spaces", "PROXY TCP4  1.2.3.4 1.2.3.5 1 2\r\n"),
        fields("a tab", "PROXY TCP4\t1.2.3.4 1.2.3.5 1 2\r\n"),
        fields("a space at the end", "PROXY TCP4 1.2.3.4 1.2.3.5 1 2 \r\n"),
        fields("a field too many", "PROXY TCP4 1.2.3.4 1.2.3.5 1 2 3\r\n"),
        fields("a port too few", "PROXY TCP4 1.2.3.4 1.2.3.5 1\r\n"),
        row(
            "bytes that are no text",
            b"PROXY TCP4 1.2.3.\xff 1.2.3.5 1 2\r\n",
            MALFORMED,
            "not PROXY",
        ),
        row(
            "a NUL",
            b"PROXY TCP4 1.2.3.4\0 1.2.3.5 1 2\r\n",
            MALFORMED,
            "an address",
        ),
        address("IPv6 as TCP4", "PROXY TCP4 2001:db8::1 1.2.3.5 1 2\r\n"),
        address("IPv4 as TCP6", "PROXY TCP6 1.2.3.4 1.2.3.5 1 2\r\n"),
        address("two families", "PROXY TCP4 1.2.3.4 2001:db8::1 1 2\r\n"),
        address("a leading zero", "PROXY TCP4 01.2.3.4 1.2.3.5 1 2\r\n"),
        address("256", "PROXY TCP4 256.2.3.4 1.2.3.5 1 2\r\n"),
        address("three numbers", "PROXY TCP4 1.2.3 1.2.3.5 1 2\r\n"),
        address("a name", "PROXY TCP4 localhost 1.2.3.5 1 2\r\n"),
        address("a zone", "PROXY TCP6 fe80::1%eth0 2001:db8::1 1 2\r\n"),
        address("brackets", "PROXY TCP6 [2001:db8::2] 2001:db8::1 1 2\r\n"),
        address("two gaps", "PROXY TCP6 2001::db8::2 2001:db8::1 1 2\r\n"),
        port("65536", "PROXY TCP4 1.2.3.4 1.2.3.5 65536 2\r\n"),
        port("a sign", "PROXY TCP4 1.2.3.4 1.2.3.5 +1 2\r\n"),
        port("below zero", "PROXY TCP4 1.2.3.4 1.2.3.5 -1 2\r\n"),
        port(
            "a port with a zero before it",
            "PROXY TCP4 1.2.3.4 1.2.3.5 1 0443\r\n",
        ),
        port("hex", "PROXY TCP4 1.2.3.4 1.2.3.5 0x1 2\r\n"),
        port("no port", "PROXY TCP4 1.2.3.4 1.2.3.5  2\r\n"),
        end("an LF alone", "PROXY TCP4 1.2.3.4 1.2.3.5 1 2\n"),
        end("a CR alone", "PROXY TCP4 1.2.3.4 1.2.3.5 1 2\rX"),
        end("an LF in UNKNOWN", "PROXY UNKNOWN a\nb\r\n"),
        row(
            "no end",
            format!("PROXY UNKNOWN {}", "a".repeat(93)),
            MALFORMED,
            "within 107 bytes",
        ),
        row(
            "an end too late",
            format!("PROXY UNKNOWN {}\r\n", "a".repeat(92)),
            MALFORMED,
            "within 107 bytes",
        ),
    ]
}

fn binaries() -> Vec<Row> {
    let (family, ends) = header::ends(SOURCE, DESTINATION);
    let with = |tlvs: &[u8]| header::raw(PROXY, family, &[&ends, tlvs].concat());
    let tlv = |kind, value: &[u8]| with(&header::tlv(kind, value));
    let mut wrong = header::checked(SOURCE, DESTINATION, &[header::vpce("vpce-0a1b")]);
    // The client's address.
    wrong[16] ^= 1;
    let mut huge = header::raw(LOCAL, 0, &[]);
    huge[14..16].copy_from_slice(&[0xff, 0xff]);
    let malformed = |name, bytes: Vec<u8>, detail| row(name, bytes, MALFORMED, detail);
    vec![
        malformed(
            "version 1 in binary",
            header::raw(0x11, family, &ends),
            "the version is 1",
        ),
        malformed(
            "version 3",
            header::raw(0x31, family, &ends),
            "the version is 3",
        ),
        malformed(
            "version 0",
            header::raw(0x01, family, &ends),
            "the version is 0",
        ),
        malformed("command 2", header::raw(0x22, family, &ends), "command 2"),
        malformed("command 15", header::raw(0x2f, family, &ends), "command 15"),
        malformed("family 4", header::raw(PROXY, 0x41, &ends), "family 4"),
        malformed("family 15", header::raw(PROXY, 0xf1, &ends), "family 15"),
        malformed(
            "transport 3",
            header::raw(PROXY, 0x13, &ends),
            "transport protocol 3",
        ),
        malformed(
            "no addresses",
            header::raw(PROXY, 0x11, &[]),
            "0 bytes, too few",
        ),
        malformed(
            "a byte too few",
            header::raw(PROXY, 0x11, &ends[..11]),
            "11 bytes, too few",
        ),
        malformed(
            "addresses of IPv4 as IPv6",
            header::raw(PROXY, 0x21, &ends),
            "12 bytes, too few",
        ),
        malformed(
            "half a path",
            header::raw(PROXY, 0x31, &[0; 108]),
            "108 bytes, too few",
        ),
        malformed("a type alone", with(&[4]), "a TLV goes beyond the end"),
        malformed("half a length", with(&[4, 0]), "a TLV goes beyond the end"),
        malformed(
            "a value too short",
            with(&[4, 0, 2, 0]),
            "a TLV goes beyond the end",
        ),
        malformed(
            "a length of 65535",
            with(&[4, 0xff, 0xff, 0]),
            "a TLV goes beyond the end",
        ),
        malformed(
            "after a good one",
            with(&[4, 0, 1, 0, 9]),
            "a TLV goes beyond the end",
        ),
        malformed(
            "another address than the checksum's",
            wrong,
            "the CRC32C is wrong",
        ),
        malformed(
            "a checksum of zeroes",
            tlv(3, &[0; 4]),
            "the CRC32C is wrong",
        ),
        malformed(
            "a checksum of 3 bytes",
            tlv(3, &[0; 3]),
            "isn't 4 bytes long",
        ),
        malformed(
            "two checksums",
            with(&header::tlv(3, &[0; 4]).repeat(2)),
            "two TLVs of a type",
        ),
        malformed("a long unique id", tlv(5, &[7; 129]), "more than 128 bytes"),
        malformed(
            "two unique ids",
            with(&header::tlv(5, b"x").repeat(2)),
            "two TLVs of a type",
        ),
        malformed(
            "two endpoints",
            with(&header::vpce("vpce-0a").repeat(2)),
            "not one VPC endpoint id",
        ),
        malformed(
            "an endpoint without id",
            with(&header::vpce("")),
            "not one VPC endpoint id",
        ),
        malformed(
            "an endpoint with a line of its own",
            with(&header::vpce("vpce-0a\nx")),
            "not one VPC endpoint id",
        ),
        malformed(
            "an endless endpoint",
            with(&header::vpce(&"a".repeat(65))),
            "not one VPC endpoint id",
        ),
        malformed("64 KiB", huge, "more than 16384"),
    ]
}

fn others() -> Vec<Row> {
    let hello = client::anonymous().hello();
    vec![
        row("TLS", hello, MISSING, "the first bytes are TLS"),
        row(
            "HTTP",
            "GET / HTTP/1.1\r\n\r\n",
            MISSING,
            "the first bytes are text",
        ),
        row(
            "HTTP that begins alike",
            "PROPFIND / HTTP/1.1\r\n\r\n",
            MISSING,
            "text",
        ),
        row(
            "lower case",
            "proxy TCP4 1.2.3.4 1.2.3.5 1 2\r\n",
            MISSING,
            "something else",
        ),
        row(
            "a space first",
            " PROXY TCP4 1.2.3.4 1.2.3.5 1 2\r\n",
            MISSING,
            "something else",
        ),
        row(
            "a signature with a wrong end",
            b"\r\n\r\n\0\r\nQUIT\r",
            MISSING,
            "something else",
        ),
        row(
            "empty lines",
            "\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            MISSING,
            "something else",
        ),
        row("NULs", [0; 40], MISSING, "something else"),
    ]
}

/// Streams that end before their header does.
fn cut() -> Vec<Row> {
    let whole = header::v2(SOURCE, DESTINATION, &[header::vpce("vpce-0a1b")]);
    let line = header::v1(SOURCE, DESTINATION);
    let ended = "the connection ended after";
    let cut = |bytes: &[u8], length: usize| row("cut", &bytes[..length], MALFORMED, ended);
    vec![
        cut(&whole, 1),
        cut(SIGNATURE, 12),
        cut(&whole, 13),
        cut(&whole, 15),
        cut(&whole, 16),
        cut(&whole, whole.len() - 1),
        cut(&line, 1),
        cut(&line, 5),
        cut(&line, line.len() - 1),
    ]
}

#[test]
fn every_fault_has_its_reason() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--proxy-protocol=required")
        .start();
    let mut seen = Seen::default();
    let rows = [lines(), binaries(), others(), cut()].concat();
    assert!(rows.len() >= 80, "{}", rows.len());
    for (name, bytes, reason, detail) in &rows {
        for piece in [bytes.len(), 1] {
            seen.counted_once(&gate, refusal(name, "", reason, detail), || {
                let mut tcp = dial(gate.address);
                tcp.set_nodelay(true).unwrap();
                for piece in bytes.chunks(piece) {
                    // It may have seen enough.
                    if tcp.write_all(piece).is_err() {
                        break;
                    }
                }
                let from = tcp.local_addr().unwrap();
                let _ = tcp.shutdown(Shutdown::Write);
                let mut answer = Vec::new();
                let _ = tcp.read_to_end(&mut answer);
                assert_eq!(answer, b"", "{name}");
                from
            });
        }
    }
    seen.with_one_line_each(gate);
}

/// One byte now and then doesn't hold a connection for longer than a handshake may take.
#[test]
fn slow_headers_end_with_the_handshake_timeout() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--proxy-protocol=required")
        .argument("--handshake-timeout=600ms")
        .start();
    let header = header::v2(SOURCE, DESTINATION, &[header::tlv(4, &[0; 10_000])]);
    let mut seen = Seen::default();
    for bytes in [&header[..], &header::v1(SOURCE, DESTINATION), b""] {
        let slow = refusal("slow", "", "proxy_header_timeout", "no whole PROXY header");
        let start = Instant::now();
        seen.counted_once(&gate, slow, || {
            let mut tcp = dial(gate.address);
            let from = tcp.local_addr().unwrap();
            // 44 bytes of a line at this pace take more than twice the time.
            tcp.set_read_timeout(Some(Duration::from_millis(30)))
                .unwrap();
            let mut bytes = bytes.iter();
            loop {
                if let Some(byte) = bytes.next() {
                    let _ = tcp.write_all(&[*byte]);
                }
                match tcp.read(&mut [0]) {
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    _ => return from,
                }
            }
        });
        assert!(start.elapsed() >= Duration::from_millis(550));
    }
    seen.with_one_line_each(gate);
}
