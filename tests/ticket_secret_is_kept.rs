//! The ticket secret is in its file and nowhere else; a bad one is named and not shown.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client;
use crate::support::pki::Pki;

const VARIABLE: &str = "CERTGATE_TICKET_SECRET";
const ONE: &str = "a3f1c2d4e5b60718293a4b5c6d7e8f90a1b2c3d4e5f60718";
const OTHER: &str = "Q2VydGdhdGVUaWNrZXRTZWNyZXRzQXJlRnVu+/0123456789==";

fn both() -> String {
    format!("{ONE} {OTHER}")
}

fn check(pki: &Pki, arguments: &[&str]) -> Builder {
    certgate::bare(&["check"])
        .arguments(arguments)
        .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
        .environment("SSL_SERVER_KEY", pki.server.key_pem())
        .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
        .ports()
}

/// In pieces, too.
#[track_caller]
fn assert_hidden(text: &str) {
    for secret in [ONE, OTHER] {
        for piece in secret.as_bytes().windows(10) {
            let piece = std::str::from_utf8(piece).unwrap();
            assert!(!text.contains(piece), "{text}");
        }
    }
}

fn process_file(gate: &Certgate, name: &str) -> String {
    let bytes = fs::read(format!("/proc/{}/{name}", gate.pid())).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn in_its_file_and_nowhere_else() {
    let pki = Pki::new();
    for umask in ["umask 000", "umask 022", "umask 077"] {
        let gate = certgate::serve(&pki)
            .environment(VARIABLE, both())
            .argument("--log-level=debug")
            .after(umask)
            .start();
        let file = gate.certs_dir().join("ticket_secret");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{umask}");
        assert_eq!(
            fs::read_to_string(file).unwrap(),
            format!("{ONE}\n{OTHER}\n")
        );
        for name in ["environ", "cmdline"] {
            let text = process_file(&gate, name);
            assert_hidden(&text);
            assert!(!text.contains(VARIABLE), "{name}");
        }
        let answer = client::with(&pki.client).get(gate.address, "/");
        assert_eq!(answer.unwrap().status, 200);
        assert_hidden(&gate.admin("/metrics").text());
        let log: String = gate.whole_log().iter().map(Value::to_string).collect();
        assert!(log.contains("\"ready\""));
        assert_hidden(&log);
    }
}

/// Only the demo makes its certificates itself; it has no use for the secret, and drops it.
#[test]
fn the_demo_drops_it() {
    let builder = certgate::bare(&["demo", "--listen=127.0.0.1:0"]).environment(VARIABLE, both());
    let temporary = builder.directory().to_owned();
    let gate = builder
        .environment("TMPDIR", temporary)
        .start_until(|line| line.as_str().is_some_and(|l| l.contains("Ctrl-C")));
    let environment = process_file(&gate, "environ");
    assert_hidden(&environment);
    assert!(environment.contains("TMPDIR"), "{environment}");
    assert_eq!(fs::read_dir(gate.directory()).unwrap().count(), 1);

    let finished = certgate::bare(&["demo", "--listen=127.0.0.1:0"])
        .environment(VARIABLE, "too-short")
        .finish();
    assert_eq!(finished.code(), 78, "{}", finished.stderr);
    assert!(finished.stderr.contains("a secret of 9 characters"));
}

#[test]
fn check_says_how_many_and_whence() {
    let pki = Pki::new();
    let with_file = |secrets: &str| {
        let builder = check(&pki, &[]);
        fs::create_dir(builder.certs_dir()).unwrap();
        fs::write(builder.certs_dir().join("ticket_secret"), secrets).unwrap();
        builder
    };
    let builder = with_file(ONE);
    let file = builder.certs_dir().join("ticket_secret");
    for (builder, says) in [
        (check(&pki, &[]), "random, this process alone".to_owned()),
        (
            check(&pki, &[]).environment(VARIABLE, both()),
            "2 secrets from CERTGATE_TICKET_SECRET".to_owned(),
        ),
        (builder, format!("1 secret from {}", file.display())),
        // The variable wins.
        (
            with_file(ONE).environment(VARIABLE, both()),
            "2 secrets from CERTGATE_TICKET_SECRET".to_owned(),
        ),
    ] {
        let finished = builder.finish();
        assert_eq!(finished.code(), 0, "{}", finished.stdout);
        let line = format!("\nticket secret: {says}\n");
        assert!(finished.stdout.contains(&line), "{}", finished.stdout);
        assert_hidden(&(finished.stdout + &finished.stderr));
    }
    let json = check(&pki, &["--format=json"]).environment(VARIABLE, both());
    let text = json.finish().stdout;
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        report["ticket_secret"],
        "2 secrets from CERTGATE_TICKET_SECRET"
    );
    assert_hidden(&text);
}

#[test]
fn a_bad_one_is_named_and_not_shown() {
    let pki = Pki::new();
    let five = (0..5).map(|n| format!("{ONE}{n} ")).collect::<String>();
    for (value, says) in [
        ("", "set, but empty"),
        (" \n", "set, but empty"),
        (
            &ONE[..31],
            "a secret of 31 characters; expected 1 to 4 secrets of 32 characters or more, alike on all tasks, blanks or newlines between. Make one with `openssl rand -hex 32`.",
        ),
        (
            &format!("{ONE} {}", &OTHER[..12]),
            "secret 2 of 2 of 12 characters",
        ),
        (
            &format!("{ONE} {OTHER} {ONE}"),
            "secret 3 of 3 is the same as secret 1",
        ),
        (&five, "5 secrets"),
        (&format!("\"{ONE}\""), "a secret has quotes"),
        (
            &format!("{ONE}\\n{OTHER}"),
            "a secret has quotes, a backslash",
        ),
    ] {
        for command in ["serve", "check"] {
            let builder = match command {
                "serve" => certgate::serve(&pki),
                _ => check(&pki, &[]),
            };
            let finished = builder.environment(VARIABLE, value).finish();
            assert_eq!(finished.code(), 78, "{value:?}");
            let output = finished.stdout.clone() + &finished.stderr;
            let line = format!("error: {VARIABLE}: {says}");
            assert!(output.contains(&line), "{line}\nis not in\n{output}");
            assert_hidden(&output);
            // Nothing was written.
            assert!(!finished.certs_dir().exists());
        }
    }
    let binary = std::ffi::OsStr::from_bytes(&[0xff; 40]);
    let finished = certgate::serve(&pki).environment(VARIABLE, binary).finish();
    assert!(finished.stderr.contains("bytes that are not UTF-8 text"));
}

#[test]
fn in_a_file_it_is_held_to_the_same() {
    let pki = Pki::new();
    for (content, says) in [
        ("\n", "set, but empty"),
        (&ONE[..20], "a secret of 20 characters"),
    ] {
        let builder = certgate::serve(&pki);
        fs::create_dir(builder.certs_dir()).unwrap();
        let file = builder.certs_dir().join("ticket_secret");
        fs::write(&file, content).unwrap();
        let finished = builder.finish();
        assert_eq!(finished.code(), 78);
        let line = format!("error: {}: {says}", file.display());
        assert!(finished.stderr.contains(&line), "{}", finished.stderr);
        assert_hidden(&finished.stderr);
    }
}

#[test]
fn a_name_that_is_nearly_right_is_an_error() {
    let pki = Pki::new();
    for name in ["CERTGATE_TICKET_SECRETS", "CERTGATE_TICKET_SECRET_1"] {
        let finished = certgate::serve(&pki).environment(name, ONE).finish();
        assert_eq!(finished.code(), 78);
        let says = format!("error: {name}: no setting has this name");
        assert!(finished.stderr.contains(&says), "{}", finished.stderr);
        assert!(
            finished
                .stderr
                .contains("Did you mean CERTGATE_TICKET_SECRET?")
        );
        assert_hidden(&finished.stderr);
    }
}

#[test]
fn without_tickets_it_is_warned_about() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .environment(VARIABLE, ONE)
        .argument("--tls-tickets=off")
        .start();
    let words = "a ticket secret that isn't used: tls-tickets is off";
    let warning = gate.log_line(|line| line["found"] == words);
    assert_eq!(warning["level"], "WARN");
    for (client, old) in [
        (client::with(&pki.client).tls12(), true),
        (client::with(&pki.client).tls13(), false),
    ] {
        let mut connection = client.connect(gate.address).unwrap();
        assert_eq!(connection.get("/").unwrap().status, 200);
        connection.close();
        // TLS 1.2 has a session all the same, with an id that is good for nothing.
        if let Some(session) = connection.ticket() {
            assert!(old, "a ticket");
            let again = client
                .clone()
                .session(session)
                .connect(gate.address)
                .unwrap();
            assert!(!again.resumed());
        }
    }
    assert_hidden(&gate.log_text());
    let finished = check(&pki, &["--tls-tickets=off"])
        .environment(VARIABLE, ONE)
        .finish();
    assert_eq!(finished.code(), 0);
    for line in [
        "ticket secret: none used, --tls-tickets is off\n",
        "warning: CERTGATE_TICKET_SECRET: a ticket secret that isn't used: tls-tickets is off.",
        "ok: ready to serve (",
    ] {
        assert!(finished.stdout.contains(line), "{}", finished.stdout);
    }
}
