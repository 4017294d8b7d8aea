//! The process that serves shows no secret in /proc, and is the process that was started.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::certgate::{self, Certgate};
use crate::support::client;
use crate::support::pki::Pki;

/// The entries of a file of NUL-terminated strings.
fn entries(gate: &Certgate, file: &str) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{}/{file}", gate.pid())).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

#[track_caller]
fn assert_clean(gate: &Certgate, pki: &Pki) {
    let variables = entries(gate, "environ");
    let mut names: Vec<&str> = variables
        .iter()
        .filter_map(|entry| entry.split('=').next())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["PATH", "SSL_CERT_FILE", "SSL_SERVER_KEY_FILE"]);
    assert!(variables.iter().any(|entry| entry == "PATH=/nowhere:/else"));
    assert_eq!(gate.event("ready")["pid"], gate.pid());
    let key = pki.server.key_pem();
    for file in ["environ", "cmdline"] {
        let text = entries(gate, file).join("\n");
        assert!(!text.contains("PRIVATE"), "{file}");
        for line in key.lines() {
            assert!(!text.contains(line), "{file}");
        }
    }
    // Threads have their own view of the same pages, and no file with the key stays open.
    for descriptor in fs::read_dir(format!("/proc/{}/fd", gate.pid())).unwrap() {
        let target = fs::read_link(descriptor.unwrap().path()).unwrap_or_default();
        assert!(!target.starts_with(gate.certs_dir()), "{target:?}");
    }
    let response = client::with(&pki.client).get(gate.address, "/");
    assert_eq!(response.unwrap().status, 200);
}

#[test]
fn whole_values() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .environment("PATH", "/nowhere:/else")
        .environment("SSL_SERVER_KEY_FILE", "not one of ours")
        .environment("SSL_CERT_FILE", "not one of ours")
        .start();
    assert_clean(&gate, &pki);
}

#[test]
fn split_values() {
    let pki = Pki::new();
    let mut builder = certgate::bare(&["serve"])
        .ports()
        .environment("PATH", "/nowhere:/else")
        .environment("SSL_SERVER_KEY_FILE", "not one of ours")
        .environment("SSL_CERT_FILE", "not one of ours");
    for (variable, value) in [
        ("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem()),
        ("SSL_SERVER_KEY", pki.server.key_pem()),
        ("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem()),
    ] {
        for (number, part) in value.as_bytes().chunks(60).enumerate() {
            let part = std::str::from_utf8(part).unwrap();
            builder = builder.environment(&format!("{variable}_{}", number + 1), part);
        }
    }
    assert_clean(&builder.start(), &pki);
}

#[test]
fn arguments_survive() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki)
        .argument("--drain-timeout=7s")
        .arguments(&["--log-level", "debug"])
        .start();
    let arguments = entries(&gate, "cmdline");
    assert_eq!(arguments[0], env!("CARGO_BIN_EXE_certgate"));
    assert_eq!(
        arguments[1..4],
        ["serve", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"]
    );
    assert_eq!(
        arguments[5..],
        ["--drain-timeout=7s", "--log-level", "debug"]
    );
}

#[test]
fn a_key_under_another_name_too() {
    let pki = Pki::new();
    // Secrets are kept in either form.
    for key in [pki.server.key_pem(), STANDARD.encode(pki.server.key_pem())] {
        let gate = certgate::serve(&pki)
            .environment("PATH", "/nowhere:/else")
            .environment("SSL_SERVER_KEY_FILE", "not one of ours")
            .environment("SSL_CERT_FILE", "not one of ours")
            .environment("SSL_SERVER_KEY_OLD", key)
            .start();
        assert_clean(&gate, &pki);
    }
}

#[test]
fn no_core_dump_can_hold_a_key() {
    let gate = certgate::serve(&Pki::new()).start();
    let limits = fs::read_to_string(format!("/proc/{}/limits", gate.pid())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let words: Vec<_> = core.unwrap().split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{limits}");
}
