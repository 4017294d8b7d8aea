//! From what was recorded to the [`BenchResult`], with the warnings that belong to it.

use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;

use super::failure::Failure;
use super::pace::Pace;
use super::plan::{Extent, Mode, Plan};
use super::recorder::{self, PHASES, Recorder};
use super::result::{
    BenchResult, ClientCost, ErrorCount, FORMAT, Latency, Phase, PlanSummary, Second, ServerCost,
};
use super::run::Labels;
use super::supervise::{Costs, End, Snapshot};

/// From this share of its cores on, this side is at its limit.
const BUSY: f64 = 0.85;
/// A machine with less idle time than this has none to give.
const NO_IDLE: f64 = 0.05;
/// Operations that end so much after the end of the measured part make its rates doubtful.
const LATE: f64 = 0.05;
/// Neighbouring buckets of a histogram that is to be drawn differ by this factor at least.
const DRAWN_STEP: f64 = 1.02;

/// A run that is over.
pub struct Measured<'a> {
    /// What was asked for.
    pub plan: &'a Plan,
    /// Its timetable.
    pub pace: &'a Pace,
    /// What it is called.
    pub labels: Labels,
    /// When the measured part began.
    pub began: SystemTime,
    /// All threads' recorders in one.
    pub recorder: Recorder,
    /// Of the measured part.
    pub costs: Costs,
    /// Of the server, before the first connection, in bytes.
    pub memory_before: u64,
}

/// The result of a run.
pub fn result(mut measured: Measured<'_>) -> BenchResult {
    let (plan, end) = (measured.plan, measured.costs.end);
    if end == End::Complete {
        let overdue = measured.pace.overdue();
        if overdue > 0 {
            measured.recorder.totals.errors += overdue;
            recorder::tally(&mut measured.recorder.failures, &Failure::Overdue, overdue);
        }
    }
    let seconds = measured_seconds(&measured);
    let recorder = &measured.recorder;
    let mut totals = recorder.totals.clone();
    let mut errors = recorder.failures.clone();
    if totals.operations == 0 && totals.errors == 0 {
        // Nothing but these can say why there was nothing to measure.
        errors = recorder.early_failures.clone();
        totals.errors = errors.iter().map(|error| error.count).sum();
    }
    errors.sort_by_key(|error| std::cmp::Reverse(error.count));
    let mut negotiated: Vec<_> = recorder
        .negotiated
        .iter()
        .map(|(agreed, count)| agreed.counted(*count))
        .collect();
    negotiated.sort_by_key(|entry| std::cmp::Reverse(entry.count));
    let client = client_cost(&measured, totals.operations, seconds);
    BenchResult {
        format: FORMAT,
        certgate: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: humantime::format_rfc3339_seconds(measured.began).to_string(),
        label: measured.labels.label.clone(),
        plan: plan_summary(plan, &measured.labels),
        measured_seconds: seconds,
        interrupted: end == End::Interrupted,
        latencies: latencies(recorder),
        negotiated,
        timeline: timeline(recorder, seconds),
        server: server_cost(&measured, totals.operations),
        warnings: warnings(&measured, &client, &errors, seconds),
        totals,
        errors,
        client,
    }
}

fn measured_seconds(measured: &Measured<'_>) -> f64 {
    let Some(from) = &measured.costs.from else {
        return 0.0;
    };
    let by_clock = measured.costs.until.at.duration_since(from.at);
    let by_plan = match (measured.plan.extent, measured.recorder.last_end) {
        (Extent::Time(time), _) if measured.plan.mode != Mode::Idle => time,
        (Extent::Count(_), Some(last)) => last.duration_since(measured.pace.measure_from),
        _ => by_clock,
    };
    match measured.costs.end {
        End::Complete => by_plan,
        End::Interrupted | End::GaveUp => by_clock,
    }
    .as_secs_f64()
}

fn plan_summary(plan: &Plan, labels: &Labels) -> PlanSummary {
    let (duration, count) = match plan.extent {
        Extent::Time(time) => (Some(time.as_secs_f64()), None),
        Extent::Count(count) => (None, Some(count)),
    };
    PlanSummary {
        targets: plan
            .targets
            .iter()
            .map(|target| target.url.clone())
            .collect(),
        mode: plan.mode.to_string(),
        operation: plan.operation(),
        connections: plan.connections,
        rate: plan.rate,
        duration_seconds: duration,
        count,
        warm_up_seconds: plan.warm_up.as_secs_f64(),
        ramp_seconds: plan.ramp.as_secs_f64(),
        settings: labels.settings.clone(),
    }
}

fn latencies(recorder: &Recorder) -> Vec<Latency> {
    PHASES
        .iter()
        .zip(recorder.histograms())
        .filter(|(_, histogram)| !histogram.is_empty())
        .map(|(phase, histogram)| latency(*phase, histogram))
        .collect()
}

fn latency(phase: Phase, histogram: &Histogram<u64>) -> Latency {
    let quantile = |quantile| histogram.value_at_quantile(quantile).min(histogram.max());
    Latency {
        phase,
        count: histogram.len(),
        min: histogram.min(),
        mean: histogram.mean(),
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        p99_9: quantile(0.999),
        max: histogram.max(),
        histogram: drawn(histogram),
    }
}

/// Fewer buckets than were recorded: a page and a JSON file need no three digits of each bar.
fn drawn(histogram: &Histogram<u64>) -> Vec<(u64, u64)> {
    let mut buckets: Vec<(u64, u64)> = Vec::new();
    let mut bound = 0.0;
    for recorded in histogram.iter_recorded() {
        let (value, count) = (
            recorded.value_iterated_to(),
            recorded.count_since_last_iteration(),
        );
        match buckets.last_mut() {
            Some(last) if value as f64 <= bound => *last = (value, last.1 + count),
            _ => {
                buckets.push((value, count));
                bound = value as f64 * DRAWN_STEP;
            }
        }
    }
    buckets
}

fn timeline(recorder: &Recorder, seconds: f64) -> Vec<Second> {
    let numbered = recorder.seconds.iter().enumerate();
    numbered
        .map(|(number, second)| {
            let (p50, p99) = second.percentiles();
            Second {
                at: ((number + 1) as f64).min(seconds.max(number as f64)),
                operations: second.operations,
                errors: second.errors,
                p50,
                p99,
            }
        })
        .collect()
}

fn per_operation(time: Duration, operations: u64) -> f64 {
    match operations {
        0 => 0.0,
        operations => time.as_secs_f64() * 1e6 / operations as f64,
    }
}

fn client_cost(measured: &Measured<'_>, operations: u64, seconds: f64) -> ClientCost {
    let until = &measured.costs.until;
    let from = measured.costs.from.as_ref();
    let cpu = from.map_or(Duration::ZERO, |from| {
        until.own_cpu.saturating_sub(from.own_cpu)
    });
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = available.min(measured.plan.threads) as f64;
    ClientCost {
        cpu_seconds: cpu.as_secs_f64(),
        cpu_micros_per_operation: per_operation(cpu, operations),
        cores,
        bottleneck: seconds > 0.0 && cpu.as_secs_f64() / seconds >= BUSY * cores,
    }
}

fn server_cost(measured: &Measured<'_>, operations: u64) -> Option<ServerCost> {
    if measured.plan.server_pids.is_empty() {
        return None;
    }
    let until = &measured.costs.until.server;
    let from = measured.costs.from.as_ref();
    let from = from.map(|from| from.server.cpu).unwrap_or(until.cpu);
    let user = until.cpu.user.saturating_sub(from.user);
    let system = until.cpu.system.saturating_sub(from.system);
    let grown = until.memory as f64 - measured.memory_before as f64;
    Some(ServerCost {
        pids: until.pids.clone(),
        user_seconds: user.as_secs_f64(),
        system_seconds: system.as_secs_f64(),
        cpu_micros_per_operation: per_operation(user + system, operations),
        memory_before: measured.memory_before,
        memory_during: until.memory,
        memory_per_connection: grown / f64::from(measured.plan.connections),
    })
}

fn warnings(
    measured: &Measured<'_>,
    client: &ClientCost,
    errors: &[ErrorCount],
    seconds: f64,
) -> Vec<String> {
    let (plan, recorder) = (measured.plan, &measured.recorder);
    let mut warnings = Vec::new();
    match measured.costs.end {
        End::Complete => {}
        End::Interrupted => warnings.push("stopped before its end".to_owned()),
        End::GaveUp => warnings.push(
            "no operation succeeded in the warm-up, so nothing was measured; the errors are those of the warm-up".to_owned(),
        ),
    }
    if client.bottleneck {
        warnings.push(format!(
            "the client was the bottleneck: it used {:.2} of its {} cores, so throughput says more about it than about the server. Use more --threads on another machine, or compare CPU per operation (--server-pid)",
            client.cpu_seconds / seconds, client.cores
        ));
    } else if let Some(idle) = idle_share(measured).filter(|idle| *idle < NO_IDLE) {
        warnings.push(format!(
            "this machine had only {:.0} % of its CPU time idle: if the server runs here, the two held each other up, and CPU per operation (--server-pid) says more than throughput",
            idle * 100.0
        ));
    }
    if plan.rate.is_some() && errors.iter().any(|error| error.kind == "overdue") {
        warnings.push(
            "the rate could not be kept: all connections were busy. Give more --connections, or a lower --rate".to_owned(),
        );
    }
    if let (Some(last), Some(end)) = (recorder.last_end, measured.pace.measure_until) {
        let late = last.saturating_duration_since(end).as_secs_f64();
        if plan.mode != Mode::Idle && late > LATE * seconds {
            warnings.push(format!(
                "operations that were under way when time was up took up to {late:.1} s more; they are counted"
            ));
        }
    }
    if measured
        .plan
        .server_pids
        .iter()
        .any(|pid| !super::processes::exists(*pid))
    {
        warnings.push("a process of --server-pid is gone; its cost is not known".to_owned());
    }
    warnings
}

fn idle_share(measured: &Measured<'_>) -> Option<f64> {
    let ticks = |snapshot: &Snapshot| snapshot.machine;
    let (idle_from, all_from) = measured.costs.from.as_ref().and_then(ticks)?;
    let (idle_until, all_until) = ticks(&measured.costs.until)?;
    let all = all_until.checked_sub(all_from).filter(|all| *all > 0)?;
    Some(idle_until.saturating_sub(idle_from) as f64 / all as f64)
}
