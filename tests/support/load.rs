//! `certgate bench` as a child process, and what it said.

use std::net::SocketAddr;

use ::certgate::bench::result::{BenchResult, Latency, Phase};

use super::certgate::{self, Builder, Finished};
use super::pki::{Identity, Pki};

/// `certgate bench` with its client certificate and CA in files.
pub fn bench(pki: &Pki, url: &str, arguments: &str) -> Builder {
    with(pki, &[&pki.client], url, arguments)
}

/// The same with these certificates; none is fine.
pub fn with(pki: &Pki, identities: &[&Identity], url: &str, arguments: &str) -> Builder {
    let mut builder = certgate::bare(&["bench", url]);
    let place = |name: String, content: String| {
        let file = builder.directory().join(name);
        std::fs::write(&file, content).unwrap();
        file.display().to_string()
    };
    let mut flags = vec![
        "--ca".to_owned(),
        place("ca.pem".into(), pki.ca.certificate_pem()),
    ];
    for (number, identity) in identities.iter().enumerate() {
        let certificate = place(format!("{number}.pem"), identity.certificate_pem());
        let key = place(format!("{number}.key"), identity.key_pem());
        flags.extend(["--cert".into(), certificate, "--key".into(), key]);
    }
    flags.extend(arguments.split_whitespace().map(str::to_owned));
    for flag in flags {
        builder = builder.argument(flag);
    }
    builder
}

/// Runs it with `--format json`, which must end well.
#[track_caller]
pub fn result(builder: Builder) -> BenchResult {
    let finished = builder.argument("--format=json").finish();
    assert_eq!(finished.code(), 0, "{}{}", finished.stdout, finished.stderr);
    parsed(&finished)
}

/// Runs it with `--format json`, which must end with 1; and what it said about that.
#[track_caller]
pub fn failure(builder: Builder) -> (BenchResult, String) {
    let finished = builder.argument("--format=json").finish();
    assert_eq!(finished.code(), 1, "{}{}", finished.stdout, finished.stderr);
    (parsed(&finished), finished.stderr)
}

#[track_caller]
fn parsed(finished: &Finished) -> BenchResult {
    match serde_json::from_str(&finished.stdout) {
        Ok(result) => result,
        Err(error) => panic!("{error}: {}\n{}", finished.stdout, finished.stderr),
    }
}

#[track_caller]
pub fn latency(result: &BenchResult, phase: Phase) -> &Latency {
    result.latencies.iter().find(|l| l.phase == phase).unwrap()
}

pub fn https(address: SocketAddr) -> String {
    format!("https://{address}/")
}

pub fn tls(address: SocketAddr) -> String {
    format!("tls://{address}")
}
