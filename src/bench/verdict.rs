//! Whether a run was one, and if not, why, in words that say what to do.

use super::result::{BenchResult, ErrorCount};
use super::run::Outcome;

/// What a run that showed nothing is blamed on, one line a cause; empty for one that did.
pub fn faults(outcome: &Outcome) -> Vec<String> {
    let result = &outcome.result;
    if result.totals.operations == 0 {
        return nothing_succeeded(result);
    }
    if result.plan.mode == "resumed" && result.totals.resumed == 0 {
        let handshakes = result.totals.handshakes;
        return vec![match outcome.offered {
            0 => format!(
                "none of {handshakes} handshakes was resumed: the server gave no session tickets. Is resumption off there?"
            ),
            offered => format!(
                "none of {handshakes} handshakes was resumed: the server gave tickets and refused all {offered} that were offered"
            ),
        }];
    }
    Vec::new()
}

fn nothing_succeeded(result: &BenchResult) -> Vec<String> {
    if result.errors.is_empty() {
        return vec![match result.interrupted {
            true => "stopped before anything was measured".to_owned(),
            false => "no operation ended in the measured time: give more --duration".to_owned(),
        }];
    }
    let has_certificate = result
        .plan
        .settings
        .iter()
        .any(|s| s.starts_with("--cert "));
    let lines = result.errors.iter().map(|error| {
        let advice = advice(error, has_certificate);
        let separator = if advice.is_empty() { "" } else { ". " };
        format!(
            "{} times: {}{separator}{advice}",
            error.count, error.example
        )
    });
    let mut faults = vec!["no operation succeeded".to_owned()];
    faults.extend(lines);
    faults
}

/// What to do about it; may be empty.
fn advice(error: &ErrorCount, has_certificate: bool) -> &'static str {
    match (error.kind.as_str(), error.alert.as_deref()) {
        ("refused", _) => "Is the server running, and is it this port?",
        ("not_tls", _) => {
            "Is it the TLS port? Does the server expect a PROXY header (--proxy-protocol)?"
        }
        ("untrusted", _) => {
            "Give the CA that signed it with --ca FILE, or --insecure to not look; --sni NAME if it is for another name"
        }
        ("alert", Some("certificate_required")) => {
            "The server wants a client certificate: give --cert and --key"
        }
        ("alert", Some("protocol_version")) => "It doesn't speak that version: see --tls-version",
        ("alert", Some("unrecognized_name")) => "It has no site of that name: see --sni",
        ("alert", Some("no_application_protocol")) => "It doesn't speak that HTTP: see --http",
        ("alert", Some("handshake_failure" | "bad_certificate" | "access_denied"))
            if !has_certificate =>
        {
            "The server may want a client certificate: give --cert and --key"
        }
        ("alert", Some("handshake_failure" | "insufficient_security" | "illegal_parameter")) => {
            "Client and server may have no version, cipher or group in common: see --tls-version, --tls-ciphers, --tls-groups"
        }
        ("alert", Some(_)) if has_certificate => "The server refused the client certificate",
        ("alert", Some(_)) => "Does the server want a client certificate? Give --cert and --key",
        ("http_400" | "http_403" | "http_495" | "http_496", _) if !has_certificate => {
            "Does the server want a client certificate? Give --cert and --key"
        }
        ("http_404", _) => "Is the path right?",
        ("connect_timeout" | "handshake_timeout" | "request_timeout", _) => {
            "It took longer than --timeout"
        }
        ("close_timeout", _) => {
            "The handshake was done, but the server didn't close after close_notify; give --payload to have something to wait for"
        }
        ("client_limit", _) => {
            "Too many open files (ulimit -n), no local port left (more --source addresses), or an address that isn't of this machine"
        }
        ("no_http2", _) => "Leave --http 2 away",
        ("reset" | "closed", _) => {
            "Does the server expect a PROXY header (--proxy-protocol) or another protocol, or is it at a limit?"
        }
        ("http2_goaway", _) => {
            "The server ends connections after so many requests (nginx: keepalive_requests) or after a time, or it stops or reloads; others send such a request again, bench doesn't"
        }
        ("wrong_echo", _) => "Mode tunnel needs a server that sends back what it gets",
        _ => "",
    }
}
