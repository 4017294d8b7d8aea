//! Whatever a refused client writes into its certificate or its server name, its log line stays one
//! line and does nothing to a terminal.

use serde_json::Value;

use crate::support::certgate;
use crate::support::client;
use crate::support::pki::{self, Pki};

/// A line's end, a forged line, escape sequences in both codings, text that runs backwards.
const NASTY: &str = "a\r\n{\"event\":\"ready\"}\u{1b}[2J\u{9b}2J\u{85}\u{202e}\u{7}\u{7f}b";

#[track_caller]
fn refuse_the_nasty(format: &str) -> Vec<Value> {
    let pki = Pki::new();
    let stranger = pki::client(NASTY).signed_by(&pki::authority(NASTY).self_signed());
    let gate = certgate::serve(&pki)
        .argument(format!("--log-format={format}"))
        .start();
    client::with(&stranger).sni(NASTY).refusal(gate.address);
    gate.log_line(|line| line.to_string().contains("refused"));
    let mut log = gate.whole_log();
    // Findings come first.
    log.retain(|line| certgate::field(line, "event").as_deref() != Some("finding"));
    assert_eq!(log.len(), 4, "ready, refused, draining, stopped: {log:#?}");
    log
}

fn is_harmless(text: &str) -> bool {
    !text
        .chars()
        .any(|c| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c))
}

#[test]
fn in_json() {
    let log = refuse_the_nasty("json");
    assert_eq!(log[1]["event"], "refused");
    for field in ["subject", "issuer", "sni", "detail"] {
        let text = log[1][field].as_str().unwrap();
        assert!(is_harmless(text), "{field}: {text:?}");
    }
    for field in ["subject", "issuer", "sni"] {
        let text = log[1][field].as_str().unwrap();
        assert!(text.contains("\\0D\\0A{"), "{field}: {text:?}");
        assert!(text.contains("\\1B[2J\\C2\\9B2J"), "{field}: {text:?}");
    }
}

#[test]
fn in_text() {
    let log = refuse_the_nasty("text");
    let line = log[1].as_str().unwrap();
    assert_eq!(
        certgate::field(&log[1], "event").as_deref(),
        Some("refused")
    );
    assert!(is_harmless(line), "{line:?}");
}

/// Anybody can ask for the refusal page, and the path is in the request's line.
#[test]
fn with_a_page() {
    let gate = certgate::serve(&Pki::new())
        .argument("--refusal=page")
        .start();
    let mut connection = client::anonymous().connect(gate.address).unwrap();
    let request = "GET /a\u{9b}2J\u{202e}b HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(connection.request(request).unwrap().status, 403);
    let line = gate.event("request");
    assert_eq!(line["path"], "/a\\C2\\9B2J\\E2\\80\\AEb");
}
