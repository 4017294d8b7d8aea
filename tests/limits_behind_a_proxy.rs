//! Limits by address are those of the client that the PROXY header names, not of the proxy.

use std::io::Write;

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Client, Connection, dial};
use crate::support::pki::{self, Pki};
use crate::support::proxy_header;

/// A connection of this address, and the status of its first request, if it comes so far.
fn visit(gate: &Certgate, source: &str, client: &Client) -> Option<(Connection, u16)> {
    let mut tcp = dial(gate.address);
    let source = format!("{source}:4711");
    tcp.write_all(&proxy_header::v2(&source, "192.0.2.200:443", &[]))
        .unwrap();
    let mut connection = client.connect_over(tcp).ok()?;
    let status = connection.get("/").ok()?.status;
    Some((connection, status))
}

#[test]
fn each_kind_of_limit() {
    let pki = Pki::new();
    let alice = client::with(&pki.client);
    let stranger = pki::client("alice").signed_by(&pki::authority("Other").self_signed());
    let stranger = client::with(&stranger);
    for (limit, over) in [
        ("--max-connections-per-address=1", None),
        ("--limit-connections=address:1/h:1", None),
        ("--limit-failed-handshakes=address:1/h:1", None),
        ("--limit-requests=address:1/h:1", Some(429)),
    ] {
        let gate = certgate::serve(&pki)
            .arguments(&["--proxy-protocol=required", "--trusted-proxies=127.0.0.1"])
            .argument(limit)
            .file("index.html", "x")
            .start();
        let status = |visit: &Option<(Connection, u16)>| visit.as_ref().map(|(_, status)| *status);
        if limit.contains("failed") {
            assert!(visit(&gate, "198.51.100.1", &stranger).is_none());
            gate.counts("certgate_refusals_total{reason=\"unknown_ca\"}", 1.0);
        } else {
            let first = visit(&gate, "198.51.100.1", &alice);
            assert_eq!(status(&first), Some(200), "{limit}");
            // It stays open, for the bound on those that are.
            let second = visit(&gate, "198.51.100.1", &alice);
            assert_eq!(status(&second), over, "{limit}");
        }
        let other = visit(&gate, "198.51.100.2", &alice);
        assert_eq!(status(&other), Some(200), "{limit}: another client");
        if limit.contains("failed") {
            let again = visit(&gate, "198.51.100.1", &alice);
            assert_eq!(status(&again), over, "{limit}");
        }
    }
}
