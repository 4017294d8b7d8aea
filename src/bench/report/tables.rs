//! The tables of the page.
//!
//! Takes the runs, hands on `<table>`s with captions and headers. Wide ones scroll by themselves,
//! so that the page doesn't.

use super::escape::html as escaped;
use super::metrics::{self, Metric};
use super::runs::{letter, phases};
use crate::bench::result::BenchResult;
use crate::bench::units;

/// A cell, by how it is set.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words: left, and wrapped.
    Text(String),
    /// A figure: right, on one line.
    Figure(String),
    /// A figure and how it compares, which has its own column of text.
    Compared(String, Option<metrics::Verdict>),
    /// What someone else wrote, as it came.
    Quote(String),
    /// Several of those.
    List(Vec<String>),
}

/// The head of a column.
#[derive(Debug, Clone)]
pub enum Head {
    /// Over the names of the rows, which need none.
    Nothing,
    /// What the column holds.
    Name(String),
    /// The run whose figures these are.
    Run(usize, String),
}

/// The columns of a table that has one a run.
pub fn run_heads(runs: &[BenchResult]) -> Vec<Head> {
    let of_runs = runs
        .iter()
        .enumerate()
        .map(|(index, run)| match runs.len() {
            1 => Head::Name("Value".to_owned()),
            _ => Head::Run(index, run.label.clone()),
        });
    std::iter::once(Head::Nothing).chain(of_runs).collect()
}

/// Latencies by phase: a row a phase for one run; several runs side by side.
pub fn latencies(runs: &[BenchResult]) -> String {
    let phases = phases(runs);
    if runs.len() > 1 {
        let each = phases.iter().map(|phase| {
            let caption = format!("Latencies: {}", phase.name());
            side_by_side(&caption, runs, &metrics::latencies(runs, *phase))
        });
        return each.collect();
    }
    let by_phase: Vec<_> = phases
        .iter()
        .map(|p| (p.name(), metrics::latencies(runs, *p)))
        .collect();
    let Some((_, columns)) = by_phase.first() else {
        return String::new();
    };
    let names = columns.iter().map(|metric| metric.name.as_str());
    let head = heads(std::iter::once("Phase").chain(names));
    let rows = by_phase.iter().map(|(name, metrics)| {
        let figures = metrics.iter().map(|metric| Cell::Figure(metric.text(0)));
        std::iter::once(Cell::Text((*name).to_owned()))
            .chain(figures)
            .collect()
    });
    table("Latencies by phase", &head, rows.collect())
}

/// Metrics as rows, runs as columns; for several runs with the ratio to the first.
pub fn side_by_side(caption: &str, runs: &[BenchResult], metrics: &[Metric]) -> String {
    let rows = metrics.iter().map(|metric| {
        let figures =
            (0..runs.len()).map(|run| Cell::Compared(metric.text(run), metric.verdict(run)));
        std::iter::once(Cell::Text(metric.name.clone()))
            .chain(figures)
            .collect()
    });
    table(caption, &run_heads(runs), rows.collect())
}

/// Failures by kind.
pub fn errors(runs: &[BenchResult]) -> String {
    let rows = of_each(
        runs,
        |run| &run.errors,
        |error, run| {
            let all = run
                .totals
                .operations
                .saturating_add(run.totals.errors)
                .max(1);
            vec![
                Cell::Text(error.kind.replace('_', " ")),
                Cell::Text(
                    error
                        .alert
                        .clone()
                        .unwrap_or_else(|| units::NONE.to_owned()),
                ),
                Cell::Figure(units::count(error.count)),
                Cell::Figure(units::share(error.count as f64 / all as f64)),
                Cell::Quote(error.example.clone()),
            ]
        },
    );
    if rows.is_empty() {
        return "<p>No operation failed.</p>\n".to_owned();
    }
    let head = ["Kind", "Alert", "Count", "Of all", "For example"];
    table("Errors by kind", &with_run(runs, &head), rows)
}

/// What connections agreed on.
pub fn negotiated(runs: &[BenchResult]) -> String {
    let rows = of_each(
        runs,
        |run| &run.negotiated,
        |agreed, run| {
            let all = run
                .negotiated
                .iter()
                .fold(0u64, |sum, n| sum.saturating_add(n.count))
                .max(1);
            let or_none = |text: &str| match text {
                "" => Cell::Text(units::NONE.to_owned()),
                text => Cell::Text(text.to_owned()),
            };
            vec![
                or_none(&agreed.version),
                or_none(&agreed.cipher),
                or_none(&agreed.group),
                or_none(&agreed.alpn),
                Cell::Text(if agreed.resumed { "resumed" } else { "full" }.to_owned()),
                Cell::Figure(units::count(agreed.count)),
                Cell::Figure(units::share(agreed.count as f64 / all as f64)),
            ]
        },
    );
    if rows.is_empty() {
        return "<p>No handshake was completed.</p>\n".to_owned();
    }
    let head = [
        "Version",
        "Cipher",
        "Group",
        "ALPN",
        "Handshake",
        "Count",
        "Share",
    ];
    table(
        "Version, cipher, group and protocol of the connections",
        &with_run(runs, &head),
        rows,
    )
}

/// A table; the first cell of each row names it.
pub fn table(caption: &str, heads: &[Head], rows: Vec<Vec<Cell>>) -> String {
    let first = rows.first().map(Vec::as_slice).unwrap_or_default();
    let head: String = heads
        .iter()
        .enumerate()
        .map(|(n, head)| th(head, first.get(n)))
        .collect();
    let rows: String = rows.iter().map(|cells| row(cells)).collect();
    let caption = escaped(caption);
    // With few columns there is room for the ratio beside the figure; a single one is best kept
    // near to its name.
    let class = match heads {
        [Head::Nothing, Head::Name(_)] => " class=\"single\"",
        [Head::Nothing, ..] if heads.len() < 6 => " class=\"few\"",
        _ => "",
    };
    // Focusable, so that it can be scrolled with the keyboard too.
    format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\">\n<table{class}>\n\
         <caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
}

/// The head of a column whose cells are like `below`.
fn th(head: &Head, below: Option<&Cell>) -> String {
    let class = match (head, below) {
        (Head::Run(1.., _), Some(Cell::Compared(..))) => " class=\"figure compared\"",
        (_, Some(Cell::Figure(_) | Cell::Compared(..))) => " class=\"figure\"",
        _ => "",
    };
    match head {
        Head::Nothing => "<td></td>".to_owned(),
        Head::Name(name) => format!("<th scope=\"col\"{class}>{}</th>", escaped(name)),
        Head::Run(index, label) => format!(
            "<th scope=\"col\"{class}>{} <span class=\"of\">{}</span></th>",
            letter(*index),
            escaped(label)
        ),
    }
}

fn row(cells: &[Cell]) -> String {
    let cells = cells.iter().enumerate().map(|(column, cell)| match cell {
        Cell::Text(text) if column == 0 => format!("<th scope=\"row\">{}</th>", escaped(text)),
        Cell::Text(text) => format!("<td>{}</td>", escaped(text)),
        Cell::Figure(text) => format!("<td class=\"figure\">{}</td>", escaped(text)),
        Cell::Quote(text) => format!("<td class=\"quote\">{}</td>", escaped(text)),
        Cell::List(texts) => {
            let items = texts
                .iter()
                .map(|text| format!("<code>{}</code>", escaped(text)));
            format!(
                "<td class=\"quote\">{}</td>",
                items.collect::<Vec<_>>().join(" ")
            )
        }
        Cell::Compared(text, found) => {
            let found = found
                .as_ref()
                .map_or_else(String::new, |found| format!(" {}", verdict(found)));
            let class = if column > 1 {
                "figure compared"
            } else {
                "figure"
            };
            format!(
                "<td class=\"{class}\"><span>{}</span>{found}</td>",
                escaped(text)
            )
        }
    });
    format!("<tr>{}</tr>\n", cells.collect::<String>())
}

/// A verdict in its colour; the word says it as well.
pub fn verdict(verdict: &metrics::Verdict) -> String {
    let class = match verdict.good {
        Some(true) => "verdict good",
        Some(false) => "verdict bad",
        None => "verdict",
    };
    format!("<span class=\"{class}\">{}</span>", escaped(&verdict.text))
}

/// The rows of all runs, with the run's letter in front where there are several.
fn of_each<'a, T: 'a>(
    runs: &'a [BenchResult],
    of: fn(&'a BenchResult) -> &'a Vec<T>,
    row: impl Fn(&'a T, &'a BenchResult) -> Vec<Cell>,
) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        for item in of(run) {
            let mut cells = row(item, run);
            if runs.len() > 1 {
                cells.insert(0, Cell::Text(letter(index)));
            }
            rows.push(cells);
        }
    }
    rows
}

fn with_run(runs: &[BenchResult], head: &[&str]) -> Vec<Head> {
    let run = (runs.len() > 1).then_some("Run");
    heads(run.into_iter().chain(head.iter().copied()))
}

fn heads<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Head> {
    names.map(|name| Head::Name(name.to_owned())).collect()
}
