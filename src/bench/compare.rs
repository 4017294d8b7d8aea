//! Several runs side by side, each held against the first.

use std::path::Path;

use super::result::{BenchResult, FORMAT, Phase};
use super::text::phase_name;

/// A file that is no result.
#[derive(Debug, thiserror::Error)]
pub enum CompareFault {
    /// Not readable.
    #[error("can't be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// Not what `--format json` writes.
    #[error("not a result of `certgate bench --format json`: {0}")]
    NoResult(#[from] serde_json::Error),
    /// Written by another version.
    #[error("a result of format {0}; this certgate reads format {FORMAT}")]
    OtherFormat(u32),
}

/// Reads what `--format json` wrote.
pub fn read(path: &Path) -> Result<BenchResult, CompareFault> {
    let result: BenchResult = serde_json::from_slice(&std::fs::read(path)?)?;
    match result.format {
        FORMAT => Ok(result),
        other => Err(CompareFault::OtherFormat(other)),
    }
}

/// A row a figure, a column a run; ratios are against the first run.
pub fn table(results: &[BenchResult]) -> String {
    let mut rows: Vec<(String, Vec<Option<f64>>)> = Vec::new();
    let mut row = |name: String, of: &dyn Fn(&BenchResult) -> Option<f64>| {
        let values: Vec<_> = results.iter().map(of).collect();
        if values.iter().any(Option::is_some) {
            rows.push((name, values));
        }
    };
    let rate = |count: u64, r: &BenchResult| {
        (count > 0 && r.measured_seconds > 0.0).then(|| count as f64 / r.measured_seconds)
    };
    row("operations/s".to_owned(), &|r| rate(r.totals.operations, r));
    row("handshakes/s".to_owned(), &|r| rate(r.totals.handshakes, r));
    row("requests/s".to_owned(), &|r| rate(r.totals.requests, r));
    row("MB/s received".to_owned(), &|r| {
        Some(rate(r.totals.bytes_received, r)? / 1e6)
    });
    row("errors".to_owned(), &|r| Some(r.totals.errors as f64));
    for phase in [
        Phase::Connect,
        Phase::Handshake,
        Phase::FirstByte,
        Phase::Whole,
    ] {
        let of = |r: &BenchResult| r.latencies.iter().find(|l| l.phase == phase).cloned();
        let name = phase_name(phase);
        row(format!("{name} p50 µs"), &|r| Some(of(r)?.p50 as f64));
        row(format!("{name} p99 µs"), &|r| Some(of(r)?.p99 as f64));
    }
    row("client CPU µs/op".to_owned(), &|r| {
        Some(r.client.cpu_micros_per_operation).filter(|micros| *micros > 0.0)
    });
    row("server CPU µs/op".to_owned(), &|r| {
        Some(r.server.as_ref()?.cpu_micros_per_operation)
    });
    row("server KiB/connection".to_owned(), &|r| {
        Some(r.server.as_ref()?.memory_per_connection / 1024.0)
    });
    let labels = results.iter().map(|result| result.label.clone());
    let mut lines = vec![std::iter::once(String::new()).chain(labels).collect()];
    for (name, values) in rows {
        let first = values[0];
        let cells = values
            .iter()
            .enumerate()
            .map(|(index, value)| cell(*value, first, index));
        lines.push(std::iter::once(name).chain(cells).collect());
    }
    aligned(&lines)
}

fn cell(value: Option<f64>, first: Option<f64>, index: usize) -> String {
    let Some(value) = value else {
        return "-".to_owned();
    };
    let text = if value.abs() < 100.0 && value.fract() != 0.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.0}")
    };
    match first {
        Some(first) if index > 0 && first > 0.0 => format!("{text} ({:.2}x)", value / first),
        _ => text,
    }
}

fn aligned(lines: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let lengths = lines.iter().map(|line| line[column].chars().count());
        lengths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let cells =
            line.iter()
                .zip(&widths)
                .enumerate()
                .map(|(index, (cell, width))| match index {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text += "\n";
    }
    text
}
