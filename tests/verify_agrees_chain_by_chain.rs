//! Crafted chains, each held against the real gate in both versions of TLS and against `certgate verify`: the same
//! verdict for the same reason, and the one that the table expects.

mod chains;

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;

use self::chains::World;
use crate::support::certgate::{self, Certgate};
use crate::support::client::{Client, dial};
use crate::support::craft::Made;
use crate::support::places;

/// One chain.
pub struct Row {
    name: &'static str,
    /// Whose settings decide.
    site: &'static str,
    made: Made,
    /// The reason; empty if it is let in.
    reason: &'static str,
}

/// What was said of it: reason, depth and detail.
#[derive(Debug, Default, PartialEq)]
struct Said {
    reason: String,
    depth: Option<u64>,
    detail: String,
}

impl Said {
    fn of(line: &Value) -> Self {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        Self {
            reason: text("reason"),
            depth: line["depth"].as_u64(),
            detail: text("detail"),
        }
    }
}

fn refusals(gate: &Certgate, from: SocketAddr) -> Vec<Value> {
    let from = from.to_string();
    let is_meant = |line: &Value| line["event"] == "refused" && line["client"] == from;
    gate.lines().into_iter().filter(is_meant).collect()
}

/// By the log of a handshake, the default being that nothing was said.
#[track_caller]
fn live(gate: &Certgate, client: &Client, name: &str) -> Said {
    let tcp = dial(gate.address);
    let from = tcp.local_addr().unwrap();
    // The kernel gives a port to one connection after another: those lines are of others.
    let earlier = refusals(gate, from).len();
    let answer = client.connect_over(tcp).and_then(|mut connection| {
        let response = connection.get("/")?;
        connection.close();
        Ok(response)
    });
    match answer {
        Ok(response) => {
            // Whose content it is doesn't matter: a Host of another site is misdirected, but admitted.
            assert!(
                matches!(response.status, 200 | 421),
                "{name}: {}",
                response.status
            );
            Said::default()
        }
        Err(words) => {
            let what = format!("the refusal of {name} ({words})");
            Said::of(&crate::support::eventually(&what, || {
                refusals(gate, from).into_iter().nth(earlier)
            }))
        }
    }
}

fn offline(gate: &Certgate, file: &Path, site: &str) -> (Said, i32) {
    let config = gate.directory().join("certgate.toml");
    let finished = certgate::bare(&["verify", "--format=json"])
        .argument(format!("--config={}", config.display()))
        .argument(format!("--certs-dir={}", gate.certs_dir().display()))
        .argument(format!("--site={site}"))
        .argument(file.display().to_string())
        .finish();
    let report: Value = match serde_json::from_str(&finished.stdout) {
        Ok(report) => report,
        Err(_) => panic!("{}: {}", file.display(), finished.stderr),
    };
    assert_eq!(report["accepted"], report["reason"].is_null());
    (Said::of(&report), finished.code())
}

#[test]
fn as_the_table_has_it() {
    let world = World::new();
    let rows = world.rows();
    let mut names: Vec<_> = rows.iter().map(|row| row.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "each chain is one of its own");
    assert!(rows.len() >= 150, "{} chains", rows.len());
    let gate = world.write(places::serve(&world.pki())).start();
    let mut wrong = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let file = gate.directory().join(format!("row-{number}.pem"));
        std::fs::write(&file, row.made.pem()).unwrap();
        let site = format!("{}.example", row.site);
        let (said, code) = offline(&gate, &file, &site);
        assert_eq!(code, i32::from(!said.reason.is_empty()), "{}", row.name);
        let client = row
            .made
            .client()
            .unwrap_or_else(|e| panic!("{}: {e}", row.name));
        let client = client.sni(&site);
        for client in [client.clone().tls12(), client.tls13()] {
            let live = live(&gate, &client, row.name);
            // What libssl finds itself before it shows the chain, it says in words of its own.
            let is_libssls = live.depth.is_none() && !live.reason.is_empty();
            let agrees = match is_libssls {
                true => live.reason == said.reason,
                false => live == said,
            };
            if !agrees || said.reason != row.reason {
                wrong.push(format!(
                    "{}: expected {:?}, live {live:?}, verify {said:?}",
                    row.name, row.reason
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
