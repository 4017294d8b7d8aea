//! Server names of no site, and texts that are no names.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::support::certgate::Certgate;
use crate::support::client::{self, Client};
use crate::support::pki::Pki;
use crate::support::places;
use crate::support::sites::visit;

const MARK: &[u8] = b"mark.example";

fn gate(pki: &Pki, unknown: &str) -> Certgate {
    places::serve(pki)
        .argument(format!("--unknown-sni={unknown}"))
        .content("html", "content")
        .config("root = \"DIR/html\"\n[[site]]\nnames = [\"a.example\"]\n")
        .start()
}

fn versions(pki: &Pki) -> [Client; 2] {
    let client = client::with(&pki.client);
    [client.clone().tls12(), client.tls13()]
}

#[test]
fn are_the_default_sites() {
    let pki = Pki::new();
    let gate = gate(&pki, "default");
    for client in versions(&pki) {
        for name in ["", "unknown.example", "a.example"] {
            assert_eq!(
                visit(&gate, &client, name).unwrap().response.text(),
                "content",
                "{name}"
            );
        }
    }
    assert_eq!(gate.count("refused"), 0);
}

#[test]
fn or_refused() {
    let pki = Pki::new();
    let gate = gate(&pki, "refuse");
    let mut refused = 0;
    for client in versions(&pki) {
        assert_eq!(
            visit(&gate, &client, "a.example").unwrap().response.status,
            200
        );
        for (name, detail) in [
            ("", "the client sent no server name"),
            ("unknown.example", "no site has the server name"),
            ("sub.a.example", "no site has the server name"),
        ] {
            let words = visit(&gate, &client, name).err().expect("refused");
            assert!(words.contains("unrecognized name"), "{words}");
            refused += 1;
            let line = gate.log_line(|line| {
                line["event"] == "refused" && line["sni"].as_str().unwrap_or_default() == name
            });
            assert_eq!(line["reason"], "unknown_name");
            assert_eq!(line["detail"], detail);
        }
    }
    gate.counts(
        "certgate_refusals_total{reason=\"unknown_name\"}",
        f64::from(refused),
    );
    gate.counts(
        "certgate_handshakes_total{result=\"refused\"}",
        f64::from(refused),
    );
}

/// No certificate is shown to them, and no ticket helps.
#[test]
fn refused_clients_learn_nothing() {
    let pki = Pki::new();
    let gate = gate(&pki, "refuse");
    for version in ["-tls1_2", "-tls1_3"] {
        let output = Command::new("openssl")
            .args([
                "s_client",
                "-connect",
                &gate.address.to_string(),
                "-servername",
                "x.example",
                version,
            ])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("no peer certificate available"), "{text}");
        assert!(complaint.contains("unrecognized name"), "{complaint}");
    }
    for client in versions(&pki) {
        let ticket = visit(&gate, &client, "a.example").unwrap().ticket();
        let words = visit(&gate, &client.session(ticket), "b.example")
            .err()
            .expect("refused");
        assert!(words.contains("unrecognized name"), "{words}");
    }
}

/// A ClientHello with these bytes for a server name.
fn hello(client: &Client, name: &[u8]) -> Vec<u8> {
    let mut hello = client
        .clone()
        .sni(std::str::from_utf8(MARK).unwrap())
        .hello();
    let at = hello.windows(MARK.len()).position(|w| w == MARK).unwrap();
    hello.splice(at..at + MARK.len(), name.iter().copied());
    // Behind the header of the record and of the message, version and random.
    let session = 5 + 4 + 2 + 32;
    let ciphers = session + 1 + usize::from(hello[session]);
    let count = u16::from_be_bytes([hello[ciphers], hello[ciphers + 1]]);
    let compression = ciphers + 2 + usize::from(count);
    let extensions = compression + 1 + usize::from(hello[compression]);
    let more = name.len() as i32 - MARK.len() as i32;
    // Name, list of names, extension, all extensions, message (its last two bytes of three), record.
    for length in [at - 2, at - 5, at - 7, extensions, 7, 3] {
        let old = u16::from_be_bytes([hello[length], hello[length + 1]]);
        let new = u16::try_from(i32::from(old) + more).unwrap();
        hello[length..length + 2].copy_from_slice(&new.to_be_bytes());
    }
    hello
}

/// Type of the first record that comes back, and of an alert its number; `None` for no answer at all.
fn answer(gate: &Certgate, hello: &[u8]) -> Option<(u8, u8)> {
    let mut tcp = client::dial(gate.address);
    tcp.write_all(hello).unwrap();
    tcp.shutdown(std::net::Shutdown::Write).unwrap();
    let mut bytes = Vec::new();
    tcp.read_to_end(&mut bytes).ok()?;
    Some((*bytes.first()?, *bytes.get(6)?))
}

#[test]
fn whatever_the_bytes_are() {
    const HANDSHAKE: u8 = 22;
    const ALERT: u8 = 21;
    const UNRECOGNIZED_NAME: u8 = 112;
    let pki = Pki::new();
    let [default, refuse] = ["default", "refuse"].map(|unknown| gate(&pki, unknown));
    let long = [b'x'; 255];
    let longer = [b'x'; 300];
    let longest = [b'x'; 12_000];
    let names: [(&[u8], bool); 12] = [
        (b"other.example", true),
        (b"*.example", true),
        (b"..", true),
        (b" a.example", true),
        (b"a.example\n{\"event\":\"ready\"}", true),
        (b"a.example/../b", true),
        (&long, true),
        // What AWS-LC takes for no name at all.
        (b"a.example\0.other", false),
        (b"\0", false),
        (b"", false),
        (&longer, false),
        (&longest, false),
    ];
    for client in versions(&pki) {
        for (name, is_name) in names {
            let hello = hello(&client, name);
            let shown = String::from_utf8_lossy(name).into_owned();
            let (kind, number) = answer(&default, &hello).expect(&shown);
            assert_eq!(kind == HANDSHAKE, is_name, "{shown:?} {kind} {number}");
            let (kind, number) = answer(&refuse, &hello).expect(&shown);
            assert_eq!(kind, ALERT, "{shown:?}");
            assert!(
                !is_name || number == UNRECOGNIZED_NAME,
                "{shown:?}: {number}"
            );
        }
        // Not UTF-8 is a name of no site.
        for gate in [&default, &refuse] {
            let (kind, _) = answer(gate, &hello(&client, b"a.exampl\xe9")).unwrap();
            assert_eq!(kind == HANDSHAKE, std::ptr::eq(gate, &default));
        }
        for gate in [&default, &refuse] {
            assert_eq!(
                visit(gate, &client, "a.example").unwrap().response.text(),
                "content"
            );
        }
    }
    assert_eq!(default.count("ready"), 1);
    let log = refuse.log_text();
    assert!(log.lines().all(|line| line.starts_with('{')), "{log}");
}
