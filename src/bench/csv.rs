//! One line a run, for spreadsheets (RFC 4180).

use super::result::{BenchResult, Phase};

const PHASES: [Phase; 4] = [
    Phase::Connect,
    Phase::Handshake,
    Phase::FirstByte,
    Phase::Whole,
];

/// The head line and a line for each result. Latencies are microseconds; what a run didn't measure
/// is empty.
pub fn table(results: &[BenchResult]) -> String {
    let columns = |result: Option<&BenchResult>| -> Vec<(String, String)> { columns(result) };
    let head: Vec<_> = columns(None).into_iter().map(|(name, _)| name).collect();
    let mut lines = vec![head.join(",")];
    for result in results {
        let values = columns(Some(result));
        let values: Vec<_> = values
            .into_iter()
            .map(|(_, value)| quoted(&value))
            .collect();
        lines.push(values.join(","));
    }
    lines.join("\r\n") + "\r\n"
}

/// Name and value of each column; without a result the values are empty.
fn columns(result: Option<&BenchResult>) -> Vec<(String, String)> {
    let mut columns = Vec::new();
    let mut column = |name: &str, value: &dyn Fn(&BenchResult) -> String| {
        columns.push((name.to_owned(), result.map(value).unwrap_or_default()));
    };
    let rate = |count: u64, seconds: f64| match seconds > 0.0 {
        true => format!("{:.3}", count as f64 / seconds),
        false => "0".to_owned(),
    };
    column("label", &|r| r.label.clone());
    column("started_at", &|r| r.started_at.clone());
    column("mode", &|r| r.plan.mode.clone());
    column("targets", &|r| r.plan.targets.join(" "));
    column("connections", &|r| r.plan.connections.to_string());
    column("rate", &|r| {
        r.plan.rate.map_or(String::new(), |rate| rate.to_string())
    });
    column("measured_seconds", &|r| {
        format!("{:.3}", r.measured_seconds)
    });
    column("interrupted", &|r| r.interrupted.to_string());
    column("operations", &|r| r.totals.operations.to_string());
    column("errors", &|r| r.totals.errors.to_string());
    column("handshakes", &|r| r.totals.handshakes.to_string());
    column("resumed", &|r| r.totals.resumed.to_string());
    column("requests", &|r| r.totals.requests.to_string());
    column("bytes_received", &|r| r.totals.bytes_received.to_string());
    column("bytes_sent", &|r| r.totals.bytes_sent.to_string());
    column("operations_per_second", &|r| {
        rate(r.totals.operations, r.measured_seconds)
    });
    column("handshakes_per_second", &|r| {
        rate(r.totals.handshakes, r.measured_seconds)
    });
    column("requests_per_second", &|r| {
        rate(r.totals.requests, r.measured_seconds)
    });
    for phase in PHASES {
        let name = phase.name().replace(' ', "_");
        let latency = |r: &BenchResult| r.latencies.iter().find(|l| l.phase == phase).cloned();
        let value = |r: &BenchResult, of: &dyn Fn(&super::result::Latency) -> u64| {
            latency(r).map_or(String::new(), |latency| of(&latency).to_string())
        };
        column(&format!("{name}_p50"), &|r| value(r, &|l| l.p50));
        column(&format!("{name}_p90"), &|r| value(r, &|l| l.p90));
        column(&format!("{name}_p99"), &|r| value(r, &|l| l.p99));
        column(&format!("{name}_p99_9"), &|r| value(r, &|l| l.p99_9));
        column(&format!("{name}_max"), &|r| value(r, &|l| l.max));
    }
    column("client_cpu_us_per_operation", &|r| {
        format!("{:.2}", r.client.cpu_micros_per_operation)
    });
    column("client_bottleneck", &|r| r.client.bottleneck.to_string());
    column("server_cpu_us_per_operation", &|r| {
        let server = r.server.as_ref();
        server.map_or(String::new(), |s| {
            format!("{:.2}", s.cpu_micros_per_operation)
        })
    });
    column("server_bytes_per_connection", &|r| {
        let server = r.server.as_ref();
        server.map_or(String::new(), |s| format!("{:.0}", s.memory_per_connection))
    });
    columns
}

fn quoted(value: &str) -> String {
    match value.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", value.replace('"', "\"\"")),
        false => value.to_owned(),
    }
}
