//! The table for people.

use std::fmt::{self, Write};

use super::result::{BenchResult, Latency};
use super::units;

/// The whole result as text, its last line ended.
pub fn table(result: &BenchResult) -> String {
    let mut text = String::new();
    // Writing to a String can't fail.
    let _ = write(&mut text, result);
    text
}

fn write(out: &mut String, result: &BenchResult) -> fmt::Result {
    let plan = &result.plan;
    writeln!(out, "{}", result.label)?;
    if result.label != plan.targets.join(" ") {
        writeln!(out, "{}", plan.targets.join(" "))?;
    }
    writeln!(out, "{}: {}", plan.mode, plan.operation)?;
    write!(out, "{} connections", plan.connections)?;
    match plan.rate {
        Some(rate) => write!(out, ", {rate}/s asked for")?,
        None => write!(out, ", one operation after the other")?,
    }
    write!(out, ", measured {:.2} s", result.measured_seconds)?;
    let left_out = plan.warm_up_seconds + plan.ramp_seconds;
    if left_out > 0.0 {
        write!(out, " after {left_out} s of warm-up and ramp")?;
    }
    writeln!(out, "\n")?;
    rates(out, result)?;
    latencies(out, &result.latencies)?;
    errors(out, result)?;
    negotiated(out, result)?;
    costs(out, result)?;
    for warning in &result.warnings {
        writeln!(out, "\nwarning: {warning}")?;
    }
    Ok(())
}

fn rates(out: &mut String, result: &BenchResult) -> fmt::Result {
    let (totals, seconds) = (&result.totals, result.measured_seconds);
    let mut row = |name: &str, count: u64| {
        let rate = if seconds > 0.0 {
            count as f64 / seconds
        } else {
            0.0
        };
        writeln!(out, "{name:<20}{:>14}{:>16}/s", count, format!("{rate:.1}"))
    };
    row("operations", totals.operations)?;
    row("handshakes", totals.handshakes)?;
    row("requests", totals.requests)?;
    row("bytes received", totals.bytes_received)?;
    row("bytes sent", totals.bytes_sent)?;
    row("errors", totals.errors)?;
    if totals.handshakes > 0 {
        let share = totals.resumed as f64 / totals.handshakes as f64 * 100.0;
        writeln!(
            out,
            "{:<20}{:>14}{share:>14.1} %",
            "resumed", totals.resumed
        )?;
    }
    writeln!(out)
}

fn latencies(out: &mut String, latencies: &[Latency]) -> fmt::Result {
    if latencies.is_empty() {
        return Ok(());
    }
    write!(out, "{:<12}", "latency")?;
    for name in ["mean", "p50", "p90", "p99", "p99.9", "max"] {
        write!(out, "{name:>12}")?;
    }
    writeln!(out)?;
    for latency in latencies {
        write!(out, "{:<12}", latency.phase.name())?;
        let Latency {
            p50,
            p90,
            p99,
            p99_9,
            max,
            ..
        } = *latency;
        for micros in [latency.mean.round() as u64, p50, p90, p99, p99_9, max] {
            write!(out, "{:>12}", units::micros(micros as f64))?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

fn errors(out: &mut String, result: &BenchResult) -> fmt::Result {
    for error in &result.errors {
        let alert = error
            .alert
            .as_ref()
            .map_or(String::new(), |alert| format!(" {alert}"));
        let kind = format!("{}{alert}", error.kind);
        writeln!(
            out,
            "error   {:>10}  {kind}: {}",
            error.count, error.example
        )?;
    }
    if !result.errors.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

fn negotiated(out: &mut String, result: &BenchResult) -> fmt::Result {
    for entry in &result.negotiated {
        let parts = [&entry.version, &entry.cipher, &entry.group, &entry.alpn];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let parts: Vec<&str> = parts.into_iter().map(String::as_str).collect();
        let resumed = if entry.resumed { "resumed" } else { "full" };
        writeln!(
            out,
            "agreed  {:>10}  {} {resumed}",
            entry.count,
            parts.join(" ")
        )?;
    }
    Ok(())
}

fn costs(out: &mut String, result: &BenchResult) -> fmt::Result {
    let client = &result.client;
    let seconds = result.measured_seconds;
    let used = if seconds > 0.0 {
        client.cpu_seconds / seconds
    } else {
        0.0
    };
    writeln!(
        out,
        "client  {:>10.1}  CPU µs per operation; {used:.2} of {} cores used",
        client.cpu_micros_per_operation, client.cores
    )?;
    let Some(server) = &result.server else {
        return Ok(());
    };
    writeln!(
        out,
        "server  {:>10.1}  CPU µs per operation; {:.2} s user, {:.2} s system, {} process{}",
        server.cpu_micros_per_operation,
        server.user_seconds,
        server.system_seconds,
        server.pids.len(),
        if server.pids.len() == 1 { "" } else { "es" },
    )?;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    writeln!(
        out,
        "server  {:>10.1}  KiB of memory per connection; {:.1} MiB before, {:.1} MiB with them",
        server.memory_per_connection / 1024.0,
        mib(server.memory_before),
        mib(server.memory_during),
    )
}
