//! One line for each request: who asked what, over which TLS, and what came of it.

use std::io::Write;

use openssl::hash::MessageDigest;
use serde_json::Value;

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::eventually;
use crate::support::http;
use crate::support::pki::{self, Pki};

fn requests(gate: &Certgate) -> Vec<Value> {
    let lines = gate.lines().into_iter();
    lines.filter(|line| line["event"] == "request").collect()
}

/// Waits until so many requests are logged.
fn logged(gate: &Certgate, count: usize) -> Vec<Value> {
    eventually("the lines", || {
        Some(requests(gate)).filter(|lines| lines.len() >= count)
    })
}

#[test]
fn says_who_and_what() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("a.txt", "0123456789").start();
    let certificate = &pki.client.certificate;
    let serial = certificate.serial_number().to_bn().unwrap();
    let serial = serial.to_hex_str().unwrap().to_string();
    let digest = certificate.digest(MessageDigest::sha256()).unwrap();
    let fingerprint: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    for (number, client, version) in [
        (1, client::with(&pki.client).tls13(), "TLSv1.3"),
        (2, client::with(&pki.client).tls12(), "TLSv1.2"),
    ] {
        let mut connection = client.sni("example.test").connect(gate.address).unwrap();
        let address = connection.stream.get_ref().local_addr().unwrap();
        let cipher = connection.stream.ssl().current_cipher().unwrap().name();
        connection.get("/a.txt?token=hunter2&x=1").unwrap();
        connection.close();
        let line = logged(&gate, number).pop().unwrap();
        for (field, value) in [
            ("event", "request"),
            ("level", "INFO"),
            ("client", &address.to_string()),
            ("subject", "CN=alice,O=Tests"),
            ("method", "GET"),
            ("path", "/a.txt"),
            ("http", "HTTP/1.1"),
            ("sni", "example.test"),
            ("tls", version),
            ("cipher", cipher),
        ] {
            assert_eq!(line[field], value, "{field}: {line}");
        }
        let hex = |field: &str| line[field].as_str().unwrap().replace(':', "");
        assert!(hex("serial").eq_ignore_ascii_case(&serial), "{line}");
        assert!(
            hex("fingerprint").eq_ignore_ascii_case(&fingerprint),
            "{line}"
        );
        assert_eq!((&line["status"], &line["bytes"]), (&200.into(), &10.into()));
        assert_eq!(
            (&line["resumed"], &line["complete"]),
            (&false.into(), &true.into())
        );
        assert!(line["ms"].as_f64().unwrap() >= 0.0);
    }
    assert!(
        !gate.log_text().contains("hunter2"),
        "queries may hold secrets"
    );
}

#[test]
fn has_one_line_a_request() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("a.txt", "0123456789").start();
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    let asked = [
        ("GET /a.txt", "", 200, 10),
        ("HEAD /a.txt", "", 200, 0),
        ("GET /nothing", "", 404, -1),
        ("POST /a.txt", "Content-Length: 0\r\n", 405, -1),
        ("GET /a.txt", "Range: bytes=0-3\r\n", 206, 4),
        ("GET /a.txt", "If-None-Match: *\r\n", 304, 0),
    ];
    for (line, header, status, _) in asked {
        let request = format!("{line} HTTP/1.1\r\nHost: a\r\n{header}\r\n");
        assert_eq!(connection.request(&request).unwrap().status, status);
    }
    connection.close();
    let lines = logged(&gate, asked.len());
    assert_eq!(lines.len(), asked.len());
    for (line, (request, _, status, bytes)) in lines.iter().zip(asked) {
        let (method, path) = request.split_once(' ').unwrap();
        assert_eq!(
            (&line["method"], &line["path"]),
            (&method.into(), &path.into())
        );
        assert_eq!(line["status"], status);
        assert!(bytes < 0 || line["bytes"] == bytes, "{line}");
        assert_eq!(line["complete"], true, "{line}");
    }
    assert_eq!(gate.metric("certgate_requests_total{status=\"200\"}"), 2.0);
    assert_eq!(gate.metric("certgate_requests_total{status=\"404\"}"), 1.0);
}

#[test]
fn says_when_a_connection_was_resumed() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).file("a.txt", "x").start();
    for client in [
        client::with(&pki.client).tls12(),
        client::with(&pki.client).tls13(),
    ] {
        let before = requests(&gate).len();
        let mut first = client.connect(gate.address).unwrap();
        first.get("/a.txt").unwrap();
        let ticket = first.ticket().expect("a ticket");
        first.close();
        let mut second = client.session(ticket).connect(gate.address).unwrap();
        second.get("/a.txt").unwrap();
        assert!(second.resumed());
        second.close();
        let lines = logged(&gate, before + 2);
        assert_eq!(lines[before]["resumed"], false);
        let line = &lines[before + 1];
        assert_eq!(line["resumed"], true);
        assert_eq!(line["subject"], "CN=alice,O=Tests");
    }
}

#[test]
fn names_nobody_where_nobody_is_known() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--client-auth=optional")
        .start();
    client::anonymous().get(gate.address, "/").unwrap();
    let line = gate.event("request");
    for field in ["subject", "serial", "fingerprint"] {
        assert!(line[field].is_null(), "{line}");
    }
}

#[test]
fn says_when_the_client_hung_up() {
    let pki = Pki::new();
    let large = vec![7; 48 << 20];
    let gate = certgate::serve(&pki).file("large.bin", &large).start();
    let mut connection = client::with(&pki.client).connect(gate.address).unwrap();
    connection
        .write_all(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    assert_eq!(
        http::read_response(&mut connection, true).unwrap().status,
        200
    );
    drop(connection);
    let line = gate.event("request");
    assert_eq!(
        (&line["status"], &line["complete"]),
        (&200.into(), &false.into())
    );
    assert!(line["bytes"].as_u64().unwrap() < large.len() as u64);
    assert_eq!(requests(&gate).len(), 1);
}

#[test]
fn can_be_turned_off() {
    let pki = Pki::new();
    let mut gate = certgate::serve(&pki).argument("--access-log=off").start();
    client::with(&pki.client).get(gate.address, "/").unwrap();
    client::anonymous().refusal(gate.address);
    gate.event("refused");
    assert_eq!(gate.metric("certgate_requests_total{status=\"200\"}"), 1.0);
    gate.signal("TERM");
    assert_eq!(gate.exit_code(), Some(0));
    gate.event("stopped");
    assert_eq!(requests(&gate).len(), 0, "{}", gate.log_text());
}

/// Whatever a client writes into its path or has in its certificate, it can't make a line of its own.
#[test]
fn as_text_is_one_clean_line_a_request() {
    let pki = Pki::new();
    let evil =
        pki::client("eve\n2026-01-01 INFO forged\u{1b}[31m\r\u{7f}\u{85}").signed_by(&pki.ca);
    let gate = certgate::serve(&pki)
        .file("a.txt", "x")
        .argument("--log-format=text")
        .start();
    let targets: [&[u8]; 12] = [
        b"/a%0aINFO%20forged",
        b"/a%0d%0aforged",
        b"/a%1b[31m",
        b"/%00",
        b"/a\"b",
        b"/a\\nforged",
        "/\u{85}forged".as_bytes(),
        "/\u{2028}forged".as_bytes(),
        "/\u{202e}forged".as_bytes(),
        "/\u{9b}31mforged".as_bytes(),
        b"/\x1b[31mforged",
        b"/\xff\xfe",
    ];
    let mut answered = 0;
    for target in targets {
        let mut connection = client::with(&evil).connect(gate.address).unwrap();
        let rest = b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        connection
            .write_all(&[b"GET ", target, rest].concat())
            .unwrap();
        let response = http::read_response(&mut connection, false).unwrap();
        assert!((400..500).contains(&response.status));
        // What isn't HTTP at all is answered before there is a request to log.
        answered += usize::from(
            !response
                .headers
                .iter()
                .all(|(n, _)| !n.eq_ignore_ascii_case("server")),
        );
        connection.close();
    }
    let of_requests = |gate: &Certgate| -> Vec<String> {
        let lines = gate.lines().into_iter();
        let lines = lines.filter_map(|line| line.as_str().map(str::to_owned));
        lines
            .filter(|line| line.contains("event=\"request\""))
            .collect()
    };
    eventually("all lines", || {
        (of_requests(&gate).len() >= answered).then_some(())
    });
    assert!(answered >= 9, "{answered}");
    assert_eq!(of_requests(&gate).len(), answered);
    for line in gate.lines() {
        let line = line.as_str().expect("text").to_owned();
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(
            line.contains(" INFO ") || line.contains(" WARN "),
            "{line:?}"
        );
        assert!(line.contains("event="), "{line:?}");
        assert!(
            !line.contains('\u{2028}') && !line.contains('\u{202e}'),
            "{line:?}"
        );
    }
}
