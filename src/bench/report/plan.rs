//! What was asked for, and what a reader must know before believing the figures.
//!
//! Takes the runs, hands on the table of the plans and the list of warnings.

use super::escape::html as escaped;
use super::runs::letter;
use super::tables::{Cell, run_heads, table};
use crate::bench::result::{BenchResult, PlanSummary};
use crate::bench::units;

/// One line about a plan: `full handshake, one GET, close; 64 connections, closed loop`.
pub fn sentence(plan: &PlanSummary) -> String {
    let connections = units::count(plan.connections.into());
    format!(
        "{}; {connections} connections, {}, {}.",
        plan.operation,
        load(plan),
        length(plan)
    )
}

/// All that was asked for. Where the runs differ, the row says so.
pub fn asked(runs: &[BenchResult]) -> String {
    let rows = fields(runs).into_iter().map(|(name, values)| {
        let differs = if differ(&values) { " (differs)" } else { "" };
        std::iter::once(Cell::Text(format!("{name}{differs}")))
            .chain(values)
            .collect()
    });
    table(
        "Targets, load and settings",
        &run_heads(runs),
        rows.collect(),
    )
}

/// The warnings, before anything else on the page; nothing without any.
pub fn warnings(runs: &[BenchResult]) -> String {
    let mut found = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let name = if runs.len() > 1 {
            format!("{}: ", letter(index))
        } else {
            String::new()
        };
        found.extend(of_run(run).into_iter().map(|text| name.clone() + &text));
    }
    if let Some(text) = differences(runs) {
        found.push(text);
    }
    if found.is_empty() {
        return String::new();
    }
    let items: String = found
        .iter()
        .map(|text| format!("<li>{}</li>\n", escaped(text)))
        .collect();
    format!(
        "<section class=\"warnings\" aria-labelledby=\"warnings\">\n\
         <h2 id=\"warnings\">Before you believe the figures</h2>\n<ul>\n{items}</ul>\n</section>\n"
    )
}

/// What the fields say, unless a warning of the run says it already.
fn of_run(run: &BenchResult) -> Vec<String> {
    let said = |word: &str| {
        run.warnings
            .iter()
            .any(|text| text.to_lowercase().contains(word))
    };
    let mut found = Vec::new();
    if run.client.bottleneck && !said("bottleneck") {
        found.push(
            "The client was the bottleneck: the figures say more about it than about the server."
                .to_owned(),
        );
    }
    if run.interrupted && !said("interrupt") {
        let time = units::seconds(run.measured_seconds);
        found.push(format!(
            "The run was interrupted after {time}, before its end."
        ));
    }
    let (failed, done) = (run.totals.errors, run.totals.operations);
    if done == 0 && failed == 0 {
        found.push("No operation ended while it was measured.".to_owned());
    } else if done == 0 {
        found.push(format!(
            "No operation succeeded: all {} failed.",
            units::count(failed)
        ));
    } else if failed > 0 {
        let all = units::count(done.saturating_add(failed));
        let failed = units::count(failed);
        found.push(format!(
            "{failed} of {all} operations failed; they are in none of the latencies and rates."
        ));
    }
    found.extend(run.warnings.iter().cloned());
    found
}

/// Ratios between runs of different plans may say more about the plans than about the servers.
fn differences(runs: &[BenchResult]) -> Option<String> {
    let fields = fields(runs).into_iter();
    let names: Vec<_> = fields
        .filter(|(name, values)| *name != "Targets" && differ(values))
        .map(|f| f.0)
        .collect();
    let names = names.join(", ").to_lowercase();
    (!names.is_empty())
        .then(|| format!("The runs were not asked for the same. They differ in: {names}."))
}

fn differ(values: &[Cell]) -> bool {
    values.windows(2).any(|pair| pair[0] != pair[1])
}

/// The rows of the plan, with a value for each run.
fn fields(runs: &[BenchResult]) -> Vec<(&'static str, Vec<Cell>)> {
    type Row = (&'static str, fn(&PlanSummary) -> Cell);
    let of: [Row; 9] = [
        ("Targets", |plan| Cell::List(plan.targets.clone())),
        ("Mode", |plan| Cell::Quote(plan.mode.clone())),
        ("One operation", |plan| Cell::Quote(plan.operation.clone())),
        ("Connections", |plan| {
            Cell::Quote(units::count(plan.connections.into()))
        }),
        ("Load", |plan| Cell::Quote(load(plan))),
        ("Length", |plan| Cell::Quote(length(plan))),
        ("Warm-up, left out", |plan| {
            Cell::Quote(units::seconds(plan.warm_up_seconds))
        }),
        ("Ramp, left out", |plan| {
            Cell::Quote(units::seconds(plan.ramp_seconds))
        }),
        ("Other settings", |plan| match plan.settings.as_slice() {
            [] => Cell::Quote("none".to_owned()),
            settings => Cell::List(settings.to_vec()),
        }),
    ];
    of.map(|(name, of)| (name, runs.iter().map(|run| of(&run.plan)).collect()))
        .into()
}

fn load(plan: &PlanSummary) -> String {
    match plan.rate {
        Some(rate) => format!("open loop at {}", units::per_second(rate)),
        None => "closed loop".to_owned(),
    }
}

fn length(plan: &PlanSummary) -> String {
    let count = plan
        .count
        .map(|count| format!("{} operations", units::count(count)));
    let time = plan.duration_seconds.map(units::seconds);
    match (count, time) {
        (Some(count), Some(time)) => format!("{count} or {time}"),
        (Some(length), None) | (None, Some(length)) => length,
        (None, None) => "until stopped".to_owned(),
    }
}
