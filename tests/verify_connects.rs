//! `certgate verify --connect` says of a live server what its log says, by what a client can see.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::certgate::{self, Certgate, Finished};
use crate::support::pki::{self, Identity, Key, Pki, Purpose, Recipe};
use crate::support::{crl, places, upstream};

/// Files of a client, and what is asked with them.
struct Asker {
    directory: TempDir,
}

impl Asker {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        Self { directory }
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn run(&self, server: &str, identity: &Identity, more: &[&str]) -> Finished {
        let certificate = self.write("client.pem", &identity.certificate_pem());
        let key = self.write("client.key", &identity.key_pem());
        certgate::bare(&["verify"])
            .argument(format!("--connect={server}"))
            .argument(format!("--cert={}", certificate.display()))
            .argument(format!("--key={}", key.display()))
            .arguments(more)
            .finish()
    }

    /// The report; its verdict is the exit code's.
    #[track_caller]
    fn ask(&self, server: SocketAddr, identity: &Identity, more: &[&str]) -> Value {
        let more = [more, &["--format=json"]].concat();
        let finished = self.run(&server.to_string(), identity, &more);
        let report: Value = serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|_| panic!("{}{}", finished.stdout, finished.stderr));
        let code = match report["accepted"].as_bool() {
            Some(true) => 0,
            Some(false) => 1,
            None => 78,
        };
        assert_eq!(finished.code(), code, "{report:#}");
        report
    }
}

const VERSIONS: [&str; 2] = ["--tls-version=1.2", "--tls-version=1.3"];

fn text<'a>(report: &'a Value, name: &str) -> &'a str {
    report[name].as_str().unwrap_or_default()
}

/// One try in each version: the alert, and that the log's reason is one of those that are said.
#[track_caller]
fn is_refused(gate: &Certgate, identity: &Identity, alert: &str, reason: &str, more: &[&str]) {
    let asker = Asker::new();
    for version in VERSIONS {
        let metric = format!("certgate_refusals_total{{reason=\"{reason}\"}}");
        let before = gate.metric(&metric);
        let report = asker.ask(gate.address, identity, &[more, &[version]].concat());
        assert_eq!(text(&report, "alert"), alert, "{version}: {report:#}");
        assert_eq!(report["accepted"], false);
        let reasons = report["reasons"].as_array().unwrap();
        assert!(reasons.contains(&reason.into()), "{report:#}");
        assert!(report["advice"].is_string() && report["detail"].is_string());
        gate.counts(&metric, before + 1.0);
    }
}

#[test]
fn each_alert_of_certgate_is_explained() {
    let pki = Pki::new();
    let ca = &pki.ca;
    let revoked = pki::client("revoked").signed_by(ca);
    let builder = places::serve(&pki).config(
        "deny = [\"cn:mallory\"]\ncrl = [\"DIR/list.pem\"]\nunknown-sni = \"refuse\"\ntls-protocols = [\"TLSv1.2\", \"TLSv1.3\"]\n\
         [[site]]\nnames = [\"a.example\"]\n[[site]]\nnames = [\"p.example\"]\nrefusal = \"page\"\n",
    );
    let list = crl::of(ca).revoking(&revoked).pem();
    std::fs::write(builder.directory().join("list.pem"), list).unwrap();
    let gate = builder.start();
    let alice = || pki::client("alice");
    let aged = |not_before, not_after| Recipe {
        not_before,
        not_after,
        ..alice()
    };
    let at_a = &["--sni=a.example"];
    for (identity, alert, reason) in [
        (
            alice().signed_by(&pki::authority("Other").self_signed()),
            "unknown_ca",
            "unknown_ca",
        ),
        (
            aged(-7200, -60).signed_by(ca),
            "certificate_expired",
            "expired",
        ),
        (
            aged(3600, 7200).signed_by(ca),
            "certificate_expired",
            "not_yet_valid",
        ),
        (
            Recipe {
                purpose: Purpose::Server,
                ..alice()
            }
            .signed_by(ca),
            "unsupported_certificate",
            "wrong_purpose",
        ),
        (
            Recipe {
                key: Key::Rsa(1024),
                ..alice()
            }
            .signed_by(ca),
            "bad_certificate",
            "weak_certificate",
        ),
        (
            alice().signed_by(ca).with_a_broken_signature(),
            "decrypt_error",
            "bad_signature",
        ),
        (revoked, "certificate_revoked", "revoked"),
        (
            pki::client("mallory").signed_by(ca),
            "access_denied",
            "denied",
        ),
    ] {
        is_refused(&gate, &identity, alert, reason, at_a);
    }
    is_refused(
        &gate,
        &pki.client,
        "unrecognized_name",
        "unknown_name",
        &["--sni=b.example"],
    );
    is_refused(&gate, &pki.client, "unrecognized_name", "unknown_name", &[]);
    let asker = Asker::new();
    let old = asker.ask(
        gate.address,
        &pki.client,
        &["--sni=a.example", "--tls-version=1.1"],
    );
    assert_eq!(text(&old, "alert"), "protocol_version");
    assert_eq!(old["reasons"][0], "protocol_mismatch");
    // A page instead of the alert.
    let stranger = alice().self_signed();
    let page = asker.ask(gate.address, &stranger, &["--sni=p.example"]);
    assert_eq!(
        (&page["accepted"], &page["http_status"]),
        (&false.into(), &403.into())
    );
    assert!(
        text(&page, "detail").contains("certgate's page"),
        "{page:#}"
    );
    for version in VERSIONS {
        let fine = asker.ask(gate.address, &pki.client, &["--sni=a.example", version]);
        assert_eq!(
            (&fine["accepted"], &fine["http_status"]),
            (&true.into(), &200.into())
        );
        assert_eq!(fine["tls"]["version"], format!("TLSv{}", &version[14..]));
        assert_eq!(fine["tls"]["alpn"], "http/1.1");
        assert!(fine["tls"]["group"].is_string() && fine["tls"]["cipher"].is_string());
    }
}

#[test]
fn what_the_server_shows_and_asks_for() {
    let pki = Pki::new();
    let intermediate = pki::authority("Intermediate").signed_by(&pki.ca);
    let gate = certgate::serve(&pki).start();
    let asker = Asker::new();
    let alice = pki::client("alice").signed_by(&intermediate);
    let alone = Identity {
        chain: Vec::new(),
        ..alice.clone()
    };
    let report = asker.ask(gate.address, &alone, &[]);
    assert_eq!(
        report["authorities"],
        serde_json::json!(["CN=Test CA,O=Tests"])
    );
    assert_eq!(report["issuer_is_among"], false);
    assert!(
        report["doubts"]
            .to_string()
            .contains("no intermediates are sent"),
        "{report:#}"
    );
    assert_eq!(text(&report, "alert"), "unknown_ca");
    let file = asker.write("intermediate.pem", &intermediate.certificate_pem());
    let with = format!("--intermediates={}", file.display());
    let report = asker.ask(gate.address, &alone, &[&with]);
    assert_eq!(report["issuer_is_among"], true, "{report:#}");
    assert_eq!(
        (&report["accepted"], &report["doubts"]),
        (&true.into(), &serde_json::json!([]))
    );
    // The server's own chain, against the right CA and another one; by its name and by another one.
    let right = asker.write("ca.pem", &pki.ca.certificate_pem());
    let wrong = asker.write(
        "wrong.pem",
        &pki::authority("Other").self_signed().certificate_pem(),
    );
    let [right, wrong] = [right, wrong].map(|path| format!("--server-ca={}", path.display()));
    for (more, verified, fault) in [
        (vec![], Value::Null, ""),
        (vec![&*right], true.into(), ""),
        (vec![&*wrong], false.into(), "issuer"),
        (
            vec![&*right, "--sni=other.example"],
            false.into(),
            "hostname mismatch",
        ),
    ] {
        let report = asker.ask(gate.address, &alice, &more);
        assert_eq!(report["accepted"], true);
        assert_eq!(report["server_verified"], verified, "{report:#}");
        let said = text(&report, "server_fault").to_lowercase();
        assert!(
            said.contains(fault) && said.is_empty() == fault.is_empty(),
            "{said}"
        );
        assert_eq!(
            report["doubts"].as_array().unwrap().is_empty(),
            fault.is_empty()
        );
        let chain = report["server_chain"].as_array().unwrap();
        assert_eq!(chain[0]["subject"], "CN=localhost,O=Tests");
        assert_eq!(chain[0]["names"][0], "DNS:localhost");
    }
    let open = certgate::serve(&pki).argument("--client-auth=off").start();
    let report = asker.ask(open.address, &alice, &[]);
    assert_eq!(report["certificate_requested"], false);
    assert!(
        report["doubts"]
            .to_string()
            .contains("asked for no certificate"),
        "{report:#}"
    );
    let words = asker.run(&gate.address.to_string(), &alice, &[]);
    for part in [
        "the issuer is among them",
        "issued by CN=Test CA,O=Tests",
        "accepted: the server answered with HTTP status 200",
    ] {
        assert!(words.stdout.contains(part), "{part}: {}", words.stdout);
    }
}

#[test]
fn tunnels_are_asked_for_nothing() {
    let pki = Pki::new();
    let (echo, _) = upstream::echo();
    let gate = certgate::serve(&pki)
        .argument(format!("--upstream=tcp://{echo}"))
        .start();
    let asker = Asker::new();
    let stranger = pki::client("alice").self_signed();
    for more in [&[][..], &["--no-request"]] {
        let report = asker.ask(gate.address, &pki.client, more);
        assert_eq!(report["accepted"], true);
        assert_eq!(report["http_status"], Value::Null);
        assert!(
            text(&report, "detail").contains("no alert came within"),
            "{report:#}"
        );
        for version in VERSIONS {
            let report = asker.ask(gate.address, &stranger, &[more, &[version]].concat());
            assert_eq!(text(&report, "alert"), "unknown_ca", "{report:#}");
        }
    }
}

/// One that answers and doesn't close is read as far as it goes; one that says nothing is not waited for.
#[test]
fn upstreams_that_do_not_end() {
    let pki = Pki::new();
    let asker = Asker::new();
    for (answer, status) in [
        (
            &b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"[..],
            200.into(),
        ),
        (b"", Value::Null),
    ] {
        let server = upstream::tcp(move |mut stream| {
            upstream::read_head(&mut stream);
            let _ = stream.write_all(answer);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let gate = certgate::serve(&pki)
            .argument(format!("--upstream=tcp://{server}"))
            .start();
        let more = ["--request=/x?y", "--timeout=1s"];
        let report = asker.ask(gate.address, &pki.client, &more);
        assert_eq!(
            (&report["accepted"], &report["http_status"]),
            (&true.into(), &status)
        );
    }
}

/// A server of OpenSSL, on a port of the kernel's choice; ended when dropped.
struct Peer {
    child: Child,
    address: SocketAddr,
}

impl Peer {
    fn start(directory: &Path, pki: &Pki, more: &[&str]) -> Self {
        let file = |name: &str, content: String| {
            let path = directory.join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let mut child = Command::new("openssl")
            .args([
                "s_server",
                "-accept",
                "127.0.0.1:0",
                "-verify_return_error",
                "-CAfile",
            ])
            .arg(file("s_ca.pem", pki.ca.certificate_pem()))
            .arg("-cert")
            .arg(file("s.pem", pki.server.certificate_pem()))
            .arg("-key")
            .arg(file("s.key", pki.server.key_pem()))
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let accepting =
            lines.find_map(|line| line.unwrap().strip_prefix("ACCEPT ").map(str::to_owned));
        let address = accepting.expect("a port").parse().unwrap();
        // It stops when nobody reads what it prints.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn openssl_is_understood() {
    let pki = Pki::new();
    let asker = Asker::new();
    let expired = Recipe {
        not_before: -7200,
        not_after: -60,
        ..pki::client("expired")
    };
    let expired = expired.signed_by(&pki.ca);
    let stranger = pki::client("alice").signed_by(&pki::authority("Other").self_signed());
    let peer = Peer::start(asker.directory.path(), &pki, &["-Verify", "2", "-www"]);
    for version in VERSIONS {
        for (identity, alert) in [
            (&stranger, "unknown_ca"),
            (&expired, "certificate_expired"),
            (&pki.client, ""),
        ] {
            let more = ["--request=/", version];
            let report = asker.ask(peer.address, identity, &more);
            assert_eq!(text(&report, "alert"), alert, "{version}: {report:#}");
            assert_eq!(report["certificate_requested"], true);
            match alert {
                "" => assert_eq!(report["http_status"], 200, "{report:#}"),
                _ => assert_eq!(report["accepted"], false),
            }
            let is_expired = alert == "certificate_expired";
            let doubts = report["doubts"].to_string();
            assert_eq!(doubts.contains("the certificate expired on"), is_expired);
        }
    }
}

#[test]
fn what_is_no_verdict() {
    let pki = Pki::new();
    let asker = Asker::new();
    let nobody = upstream::nobody();
    let report = asker.ask(nobody, &pki.client, &[]);
    assert_eq!(report["accepted"], Value::Null);
    assert!(
        text(&report, "detail").contains("nobody listens"),
        "{report:#}"
    );
    for (answer, words) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "not with TLS"),
        (b"", "closed the connection during the handshake"),
    ] {
        let plain = upstream::tcp(move |mut stream| {
            let _ = stream.read(&mut [0; 1]);
            let _ = stream.write_all(answer);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let report = asker.ask(plain, &pki.client, &[]);
        assert!(text(&report, "detail").contains(words), "{report:#}");
        assert_eq!(report["accepted"], Value::Null);
    }
    // Nothing but the port answers.
    let silent = TcpListener::bind("[::1]:0").unwrap();
    let server = silent.local_addr().unwrap();
    let report = asker.ask(server, &pki.client, &["--timeout=300ms"]);
    assert_eq!(report["address"], server.to_string());
    assert!(
        text(&report, "detail").contains("timed out during the handshake"),
        "{report:#}"
    );
    let mismatch = Identity {
        key: Key::P256.generate(),
        ..pki.client.clone()
    };
    let finished = asker.run(&nobody.to_string(), &mismatch, &[]);
    assert_eq!(finished.code(), 78);
    assert!(
        finished
            .stderr
            .contains("doesn't belong to the certificate"),
        "{}",
        finished.stderr
    );
    assert_eq!(finished.stdout, "");
}

#[test]
fn options_of_the_two_kinds_do_not_mix() {
    let pki = Pki::new();
    let asker = Asker::new();
    for (more, words) in [
        (&["--ca=ca.pem"][..], "--ca <FILE>"),
        (&["client.pem"], "[CERTIFICATE]"),
        (&["--at=2027-01-01T00:00:00Z"], "--at <TIME>"),
        (&["--site=a.example"], "--site <NAME>"),
        (&["--allow=cn:a"], "--allow is a setting of the gateway"),
        (&["--config=a.toml"], "--config is a setting of the gateway"),
        (&["--request=/", "--no-request"], "--no-request"),
        (&["--timeout=0s"], "more than no time"),
    ] {
        let finished = asker.run("127.0.0.1:1", &pki.client, more);
        assert_eq!(finished.code(), 2, "{more:?}: {}", finished.stderr);
        assert!(
            finished.stderr.contains(words),
            "{more:?}: {}",
            finished.stderr
        );
    }
    for arguments in [
        &["verify", "--connect=127.0.0.1:1"][..],
        &["verify", "client.pem", "--sni=a"],
        &["verify", "--connect=https://a", "--cert=a", "--key=a"],
    ] {
        let finished = certgate::bare(arguments).finish();
        assert_eq!(finished.code(), 2, "{}", finished.stderr);
    }
}
