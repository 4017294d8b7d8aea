//! Whatever environments, templates and copy-and-paste do to a PEM, certgate serves with it.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::certgate::{self, Builder};
use crate::support::client;
use crate::support::pki::{self, Pki};

const VARIABLES: [&str; 3] = [
    "SSL_SERVER_CERTIFICATE",
    "SSL_SERVER_KEY",
    "SSL_CLIENT_CERTIFICATE",
];

type Mangling = (&'static str, fn(&str) -> String);

const MANGLINGS: [Mangling; 24] = [
    ("literal \\n", |pem| pem.replace('\n', "\\n")),
    ("literal \\n, escaped twice", |pem| {
        pem.replace('\n', "\\\\n")
    }),
    ("literal \\r\\n", |pem| pem.replace('\n', "\\r\\n")),
    ("newlines to spaces", |pem| pem.replace('\n', " ")),
    ("newlines to tabs", |pem| pem.replace('\n', "\t")),
    ("newlines gone", |pem| pem.replace('\n', "")),
    ("CRLF", |pem| pem.replace('\n', "\r\n")),
    ("CR alone", |pem| pem.replace('\n', "\r")),
    ("no final newline", |pem| pem.trim_end().to_owned()),
    ("leading blanks", |pem| format!("  \n\t {pem}")),
    ("indented as in YAML", |pem| {
        format!("    {}", pem.replace('\n', "\n    "))
    }),
    ("blanks at the ends of lines", |pem| {
        pem.replace('\n', "  \n")
    }),
    ("an empty line after each line", |pem| {
        pem.replace('\n', "\n\n")
    }),
    ("double quotes", |pem| format!("\"{pem}\"")),
    ("single quotes", |pem| format!("'{}'", pem.trim_end())),
    ("a JSON string", |pem| {
        serde_json::Value::from(pem).to_string()
    }),
    ("a byte-order mark", |pem| format!("\u{feff}{pem}")),
    ("text around it", |pem| {
        format!("Bag Attributes\n  friendlyName: it\n{pem}# the end\n")
    }),
    ("percent-encoding", |pem| {
        let encoded: String = pem.bytes().map(percent).collect();
        encoded
    }),
    ("base64", |pem| STANDARD.encode(pem)),
    ("base64 in lines", |pem| {
        let text = STANDARD.encode(pem).into_bytes();
        let lines: Vec<_> = text.chunks(76).map(String::from_utf8_lossy).collect();
        lines.join("\n")
    }),
    ("base64 for URLs, without padding", |pem| {
        URL_SAFE_NO_PAD.encode(pem)
    }),
    ("gzip and base64", |pem| STANDARD.encode(zipped(pem))),
    ("base64 of literal \\n, quoted", |pem| {
        format!("\"{}\"", STANDARD.encode(pem.replace('\n', "\\n")))
    }),
];

fn percent(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

fn zipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A server certificate with an intermediate, so that two blocks are in one variable.
fn chained() -> Pki {
    let pki = Pki::new();
    let intermediate = pki::authority("Intermediate CA").signed_by(&pki.ca);
    Pki {
        server: pki::server().signed_by(&intermediate),
        ..pki
    }
}

fn values(pki: &Pki) -> [String; 3] {
    [
        pki.server.certificate_pem(),
        pki.server.key_pem(),
        pki.ca.certificate_pem(),
    ]
}

fn empty() -> Builder {
    certgate::bare(&["serve"]).ports()
}

/// Serves, with the very certificates and key that were meant.
#[track_caller]
fn assert_serves(name: &str, builder: Builder, pki: &Pki) {
    let gate = builder.start();
    let mut connection = client::with(&pki.client)
        .connect(gate.address)
        .unwrap_or_else(|words| panic!("{name}: {words}"));
    assert_eq!(connection.get("/").unwrap().status, 200, "{name}");
    let ssl = connection.stream.ssl();
    let chain = ssl.peer_cert_chain().unwrap();
    assert_eq!(chain.len(), 2, "{name}: leaf and intermediate");
    let leaf = ssl.peer_certificate().unwrap().to_der().unwrap();
    assert_eq!(leaf, pki.server.certificate.to_der().unwrap(), "{name}");
    let files = ["server_cert.cer", "server_key.key", "client_cert.pem"];
    for (file, expected) in files.iter().zip(values(pki)) {
        let written = std::fs::read_to_string(gate.certs_dir().join(file)).unwrap();
        assert_eq!(written, expected, "{name}: {file}");
    }
}

#[test]
fn in_every_way() {
    let pki = chained();
    for (name, mangle) in MANGLINGS {
        let pairs = VARIABLES.into_iter().zip(values(&pki));
        let builder = pairs.fold(empty(), |builder, (variable, value)| {
            builder.environment(variable, mangle(&value))
        });
        assert_serves(name, builder, &pki);
    }
}

#[test]
fn each_in_its_own_way() {
    let pki = chained();
    let [certificate, key, ca] = values(&pki);
    let builder = empty()
        .environment(VARIABLES[0], STANDARD.encode(zipped(&certificate)))
        .environment(VARIABLES[1], key.replace('\n', "\\n"))
        .environment(VARIABLES[2], ca.replace('\n', " "));
    assert_serves("mixed", builder, &pki);
}

#[test]
fn split_over_numbered_variables() {
    let pki = chained();
    let whole: fn(&str) -> String = str::to_owned;
    let escaped: fn(&str) -> String = |pem| pem.replace('\n', "\\n");
    let encoded: fn(&str) -> String = |pem| STANDARD.encode(pem);
    let packed: fn(&str) -> String = |pem| STANDARD.encode(zipped(pem));
    for (name, mangle, cut) in [
        ("one byte, and the last newline", whole, 1),
        ("in BEGIN", whole, 5),
        ("after BEGIN's blank", whole, 11),
        ("at a line's end", whole, 27),
        ("after a line's end", whole, 28),
        ("in the body", whole, 97),
        ("in the middle of an escape", escaped, 28),
        ("in base64", encoded, 41),
        ("in gzip and base64", packed, 3),
    ] {
        let pairs = VARIABLES.into_iter().zip(values(&pki));
        let builder = pairs.fold(empty(), |builder, (variable, value)| {
            let value = mangle(&value);
            let (first, rest) = value.split_at(cut);
            // Another cut of the same kind at the other end.
            let (second, third) = rest.split_at(rest.len() - cut);
            [third, first, second]
                .iter()
                .zip([3, 1, 2])
                .fold(builder, |builder, (part, number)| {
                    builder.environment(&format!("{variable}_{number}"), part)
                })
        });
        assert_serves(name, builder, &pki);
    }
}
