//! What must be seen of one refusal: the client's alert, one log line, one count.

use std::net::SocketAddr;

use serde_json::Value;

use super::certgate::Certgate;
use super::client::Client;

/// One way of being refused.
#[derive(Clone, Copy)]
pub struct Refusal {
    pub name: &'static str,
    /// What the client sees; empty if it sees the connection end.
    pub alert: &'static str,
    pub reason: &'static str,
    /// Part of what OpenSSL says.
    pub detail: &'static str,
    /// Which certificate is at fault, for a chain that is.
    pub depth: Option<u64>,
}

/// Shorthand for a table's row.
pub fn refusal(
    name: &'static str,
    alert: &'static str,
    reason: &'static str,
    detail: &'static str,
) -> Refusal {
    Refusal {
        name,
        alert,
        reason,
        detail,
        depth: None,
    }
}

/// The same, with the fault of a chain.
pub fn at(depth: u64, refusal: Refusal) -> Refusal {
    Refusal {
        depth: Some(depth),
        ..refusal
    }
}

/// The addresses that were refused so far.
#[derive(Default)]
pub struct Seen(Vec<String>);

impl Seen {
    /// A handshake that fails with the alert. Hands out the log line.
    #[track_caller]
    pub fn handshake(&mut self, gate: &Certgate, refusal: Refusal, client: &Client) -> Value {
        self.counted_once(gate, refusal, || {
            let (from, result) = client.attempt(gate.address);
            let words = result.expect_err(refusal.name);
            assert!(words.contains(refusal.alert), "{}: {words}", refusal.name);
            from
        })
    }

    /// Runs `attempt`, which tells the address that it came from; checks what is logged and counted.
    #[track_caller]
    pub fn counted_once(
        &mut self,
        gate: &Certgate,
        refusal: Refusal,
        attempt: impl FnOnce() -> SocketAddr,
    ) -> Value {
        let name = refusal.name;
        let before = counts(gate);
        let from = attempt().to_string();
        let line = gate.log_line(|line| line["event"] == "refused" && line["client"] == from);
        assert_eq!(line["reason"], refusal.reason, "{name}: {line}");
        assert_eq!(line["depth"].as_u64(), refusal.depth, "{name}: {line}");
        let words = line["detail"].as_str().unwrap();
        assert!(words.contains(refusal.detail), "{name}: {line}");
        let expected = before.into_iter().map(|(metric, count)| {
            let counted = metric.contains(&format!("\"{}\"", refusal.reason))
                || metric.contains("\"refused\"");
            (metric, count + u64::from(counted))
        });
        assert_eq!(counts(gate), expected.collect::<Vec<_>>(), "{name}");
        self.0.push(from);
        line
    }

    /// Ends the gate. It must have refused these clients and no other, and have said nothing else of
    /// them than one line each.
    #[track_caller]
    pub fn with_one_line_each(self, gate: Certgate) {
        let log = gate.whole_log();
        let clients = log.iter().filter_map(|line| line["client"].as_str());
        let mut clients: Vec<_> = clients.collect();
        let mut seen = self.0;
        clients.sort_unstable();
        seen.sort_unstable();
        assert_eq!(clients, seen);
    }
}

/// All refusals by reason and handshakes by result.
fn counts(gate: &Certgate) -> Vec<(String, u64)> {
    let text = gate.admin("/metrics").text();
    let counts = text.lines().filter_map(|line| {
        let (metric, value) = line.rsplit_once(' ')?;
        let wanted = metric.starts_with("certgate_refusals_total{")
            || metric.starts_with("certgate_handshakes_total{");
        wanted.then(|| (metric.to_owned(), value.parse().unwrap()))
    });
    counts.collect()
}
