//! The headline figures, each in a tile.
//!
//! Takes the runs, hands on a list: one large figure a tile for one run, a line a run for several.

use super::escape::html as escaped;
use super::metrics::{self, Metric};
use super::runs::{letter, swatch};
use super::tables::verdict;
use crate::bench::result::{BenchResult, Latency};
use crate::bench::units;

/// The tiles; figures that no run has are left out.
pub fn tiles(runs: &[BenchResult]) -> String {
    /// The figure, and what is said below it for one run.
    type Tile = (Option<Metric>, fn(&BenchResult) -> String);
    let of: [Tile; 8] = [
        (Some(metrics::operations(runs)), operations),
        (Some(metrics::handshakes(runs)), |run| {
            counted(run.totals.handshakes, "completed")
        }),
        (Some(metrics::resumed(runs)), resumed),
        (Some(metrics::requests(runs)), |run| {
            counted(run.totals.requests, "answered")
        }),
        (metrics::overall(runs, "p50", |l| l.p50 as f64), |run| {
            beside(run, "p90", |l| l.p90)
        }),
        (metrics::overall(runs, "p99", |l| l.p99 as f64), |run| {
            beside(run, "max", |l| l.max)
        }),
        (Some(metrics::errors(runs)), errors),
        (Some(metrics::server_cpu(runs)), server),
    ];
    let known = of
        .iter()
        .filter_map(|(metric, detail)| Some((metric.as_ref()?, detail)));
    let known = known.filter(|(metric, _)| metric.values.iter().any(Option::is_some));
    let tiles: String = match runs {
        [run] => known
            .map(|(metric, detail)| one(metric, &detail(run), run))
            .collect(),
        // A share can be held against that of a longer run, a count can't.
        _ => known
            .map(|(metric, _)| match metric.name.as_str() {
                "errors" => several(&metrics::error_share(runs)),
                _ => several(metric),
            })
            .collect(),
    };
    format!("<ul class=\"tiles\">\n{tiles}</ul>\n")
}

fn one(metric: &Metric, detail: &str, run: &BenchResult) -> String {
    let class = match metric.name == "errors" && run.totals.errors > 0 {
        true => "tile alarm",
        false => "tile",
    };
    format!(
        "<li class=\"{class}\"><span class=\"what\">{}</span> <strong>{}</strong> <span class=\"soft\">{}</span></li>\n",
        escaped(&metric.name),
        escaped(&metric.text(0)),
        escaped(detail),
    )
}

fn several(metric: &Metric) -> String {
    let runs = (0..metric.values.len()).map(|run| {
        format!(
            "<span class=\"run\">{}<b>{}</b> <span class=\"amount\">{}</span> {}</span>\n",
            swatch(run),
            letter(run),
            escaped(&metric.text(run)),
            metric
                .verdict(run)
                .as_ref()
                .map(verdict)
                .unwrap_or_default(),
        )
    });
    let runs: String = runs.collect();
    format!(
        "<li class=\"tile\"><span class=\"what\">{}</span>\n{runs}</li>\n",
        escaped(&metric.name)
    )
}

fn operations(run: &BenchResult) -> String {
    let time = units::seconds(run.measured_seconds);
    format!("{} in {time}", units::count(run.totals.operations))
}

fn counted(count: u64, what: &str) -> String {
    format!("{} {what}", units::count(count))
}

fn resumed(run: &BenchResult) -> String {
    let (some, all) = (run.totals.resumed, run.totals.handshakes);
    format!("{} of {} handshakes", units::count(some), units::count(all))
}

fn beside(run: &BenchResult, name: &str, of: fn(&Latency) -> u64) -> String {
    let phases = super::runs::phases(std::slice::from_ref(run));
    let latency = phases
        .first()
        .and_then(|phase| super::runs::latency(run, *phase));
    latency.map_or_else(String::new, |l| {
        format!("{name} {}", units::micros(of(l) as f64))
    })
}

fn errors(run: &BenchResult) -> String {
    let share = metrics::error_share(std::slice::from_ref(run));
    match share.values.first().copied().flatten() {
        Some(_) => format!("{} of all operations", share.text(0)),
        None => "nothing was tried".to_owned(),
    }
}

fn server(run: &BenchResult) -> String {
    let Some(server) = &run.server else {
        return String::new();
    };
    let (user, system) = (
        units::seconds(server.user_seconds),
        units::seconds(server.system_seconds),
    );
    format!("{user} user, {system} system")
}
