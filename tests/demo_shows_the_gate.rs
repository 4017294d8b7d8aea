//! `certgate demo`: a newcomer sees who gets in and who doesn't, and can try it.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use openssl::pkey::PKey;
use openssl::x509::X509;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client;
use crate::support::pki::Identity;

fn demo() -> Builder {
    let builder = certgate::bare(&["demo", "--listen=127.0.0.1:0"]);
    let temporary = builder.directory().to_owned();
    builder.environment("TMPDIR", temporary)
}

/// Started, and all that it has to say has been said.
fn shown(builder: Builder) -> (Certgate, Vec<String>) {
    let gate = builder.start_until(|line| line.as_str().is_some_and(|l| l.contains("Ctrl-C")));
    let lines = gate.lines().into_iter();
    let lines = lines.map(|line| line.as_str().unwrap_or_default().to_owned());
    let lines = lines.collect();
    (gate, lines)
}

fn line<'a>(lines: &'a [String], begin: &str) -> &'a str {
    let mut found = lines.iter().filter(|line| line.trim().starts_with(begin));
    let line = found
        .next()
        .unwrap_or_else(|| panic!("no {begin:?} in {lines:#?}"));
    line.trim()
}

fn address(lines: &[String]) -> SocketAddr {
    let line = line(lines, "certgate demo: ");
    let address = line["certgate demo: ".len()..].split(',').next().unwrap();
    address.parse().unwrap()
}

#[test]
fn says_what_became_of_each_kind_of_request() {
    let (_gate, lines) = shown(demo());
    for (who, outcome) in [
        ("with the client certificate", "let in: HTTP/1.1 200 OK"),
        (
            "without a certificate",
            "refused: the server sent the alert certificate_required",
        ),
        ("with a certificate of another CA", "refused: "),
    ] {
        let line = line(&lines, &format!("a request {who}"));
        assert!(line.contains(outcome), "{line}");
    }
    // The third outcome is an alert as well, and no other failure.
    let stranger = line(&lines, "a request with a certificate of another CA");
    assert!(stranger.contains("alert"), "{stranger}");
}

#[test]
fn its_curl_lines_work() {
    let (gate, lines) = shown(demo());
    let curl = line(&lines, "curl --cacert");
    let words: Vec<&str> = curl.split(' ').collect();
    let option = |name: &str| {
        let at = words.iter().position(|word| *word == name).unwrap();
        PathBuf::from(words[at + 1])
    };
    let (ca, certificate, key) = (option("--cacert"), option("--cert"), option("--key"));
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let read = |path: &PathBuf| fs::read(path).unwrap();
    let identity = Identity {
        certificate: X509::from_pem(&read(&certificate)).unwrap(),
        key: PKey::private_key_from_pem(&read(&key)).unwrap(),
        chain: Vec::new(),
    };
    let url = *words.last().unwrap();
    let address = address(&lines);
    assert_eq!(url, format!("https://localhost:{}/", address.port()));

    let mut connection = client::with(&identity).connect(address).unwrap();
    let response = connection.get("/").unwrap();
    assert_eq!(response.status, 200);
    assert!(response.text().contains("certgate"));
    // What --cacert names is what signed the server's certificate, and its name is the URL's.
    let ca = X509::from_pem(&read(&ca)).unwrap();
    let server = connection.stream.ssl().peer_certificate().unwrap();
    assert!(server.verify(&ca.public_key().unwrap()).unwrap());
    let names = server.subject_alt_names().unwrap();
    assert!(names.iter().any(|name| name.dnsname() == Some("localhost")));
    connection.close();

    let refusal = client::anonymous().refusal(address);
    assert!(refusal.contains("certificate required"), "{refusal}");
    let seen = |word: &str| {
        gate.log_line(|line| line.as_str().is_some_and(|l| l.contains(word)));
    };
    seen("event=\"request\"");
    seen("event=\"refused\"");
    let metrics = line(&lines, "curl http://");
    let admin = metrics["curl http://".len()..]
        .strip_suffix("/metrics")
        .unwrap();
    let response = crate::support::http::plain_get(admin.parse().unwrap(), "/metrics");
    assert!(response.text().contains("certgate_refusals_total"));
}

#[test]
fn leaves_nothing_behind() {
    for signal in ["INT", "TERM"] {
        let (mut gate, lines) = shown(demo());
        let entries = || fs::read_dir(gate.directory()).unwrap().count();
        assert_eq!(entries(), 1);
        gate.signal(signal);
        assert_eq!(gate.exit_code(), Some(0), "{signal}");
        let entries = fs::read_dir(gate.directory()).unwrap().count();
        assert_eq!(entries, 0, "the certificates are removed");
        gate.log_line(|line| line.as_str().is_some_and(|l| l.ends_with(" is removed")));
        assert!(std::net::TcpStream::connect(address(&lines)).is_err());
    }
}

#[test]
fn a_port_in_use_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let builder = certgate::bare(&["demo"]).argument(format!("--listen={address}"));
    let temporary = builder.directory().to_owned();
    let finished = builder.environment("TMPDIR", temporary).finish();
    assert_eq!(finished.code(), 78);
    let says = format!("error: --listen {address}: can't be bound");
    assert!(finished.stderr.contains(&says), "{}", finished.stderr);
    assert!(finished.stderr.contains("--listen"), "{}", finished.stderr);
    assert_eq!(finished.stdout, "");
    assert_eq!(fs::read_dir(finished.directory()).unwrap().count(), 0);
}
