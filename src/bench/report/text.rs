//! Runs side by side for a terminal.
//!
//! Takes the runs, hands on plain text without control characters. Labels stand in a list above
//! the table, which has only letters for them: so no label makes it wider.

use std::fmt::Write as _;

use super::escape::visible;
use super::metrics::{self, Metric};
use super::runs::{letter, phases, when};
use crate::bench::result::BenchResult;

/// Runs a block: what fits beside each other into a hundred columns.
const ABREAST: usize = 4;

/// The whole comparison.
pub fn comparison(runs: &[BenchResult]) -> String {
    if runs.is_empty() {
        return "No runs to compare.\n".to_owned();
    }
    let mut text = String::new();
    for (index, run) in runs.iter().enumerate() {
        let (label, time) = (visible(&run.label), visible(&when(&run.started_at)));
        // Writing to a String can't fail.
        let _ = writeln!(text, "{}  {label}  ({time})", letter(index));
    }
    let indices: Vec<usize> = (0..runs.len()).collect();
    for block in indices.chunks(ABREAST) {
        text.push('\n');
        text.push_str(&table(&sections(runs), block));
    }
    text
}

/// Headings and metrics.
fn sections(runs: &[BenchResult]) -> Vec<(String, Vec<Metric>)> {
    let mut sections = vec![(String::new(), metrics::headline(runs))];
    for phase in phases(runs) {
        sections.push((phase.name().to_owned(), metrics::latencies(runs, phase)));
    }
    sections.push(("Traffic and cost".to_owned(), metrics::costs(runs)));
    sections
}

fn table(sections: &[(String, Vec<Metric>)], block: &[usize]) -> String {
    let metrics = || sections.iter().flat_map(|(_, metrics)| metrics);
    let name_width = widest(metrics().map(|metric| metric.name.clone())) + 2;
    let columns = block.iter().map(|run| {
        let values = widest(
            metrics()
                .map(|metric| metric.text(*run))
                .chain([letter(*run)]),
        );
        (
            *run,
            values,
            widest(metrics().map(|metric| verdict(metric, *run))),
        )
    });
    let columns: Vec<_> = columns.collect();
    let mut lines = vec![row("", name_width, &columns, |run| {
        (letter(run), String::new())
    })];
    for (heading, metrics) in sections {
        if !heading.is_empty() {
            lines.extend([String::new(), heading.clone()]);
        }
        lines.extend(metrics.iter().map(|metric| {
            let name = format!("  {}", metric.name);
            row(&name, name_width, &columns, |run| {
                (metric.text(run), verdict(metric, run))
            })
        }));
    }
    lines.join("\n") + "\n"
}

fn row(
    name: &str,
    width: usize,
    columns: &[(usize, usize, usize)],
    of: impl Fn(usize) -> (String, String),
) -> String {
    let mut line = format!("{name:width$}");
    for (run, values, verdicts) in columns {
        let (value, verdict) = of(*run);
        let _ = write!(line, "  {value:>values$} {verdict:verdicts$}");
    }
    line.trim_end().to_owned()
}

fn verdict(metric: &Metric, run: usize) -> String {
    metric
        .verdict(run)
        .map_or_else(String::new, |verdict| verdict.text)
}

fn widest(texts: impl Iterator<Item = String>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}
