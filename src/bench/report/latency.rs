//! How latencies are distributed: percentile curves and histograms.
//!
//! Takes the runs, hands on figures. One run shows its phases over each other; several runs are
//! laid over each other, a figure a phase.

use super::chart::{Axis, Chart, Curve, Dot, Shape};
use super::histogram;
use super::runs::{PHASES, letter, phase_id, phases};
use super::scale::{Domain, nine, nine_name};
use crate::bench::result::{BenchResult, Latency, Phase};
use crate::bench::units;

/// The figures of this section.
pub fn figures(runs: &[BenchResult]) -> String {
    let phases = phases(runs);
    let mut figures = String::new();
    match runs {
        [run] => figures += &percentiles("percentiles", "all phases", true, of_phases(run)),
        _ => {
            for phase in &phases {
                let id = format!("percentiles-{}", phase_id(*phase));
                // The whole operation, which is what most readers came for, is shown large.
                let full = phases.len() == 1 || *phase == Phase::Whole;
                figures += &percentiles(&id, phase.name(), full, of_runs(runs, *phase));
            }
        }
    }
    for phase in &phases {
        figures += &histogram::figure(*phase, &of_runs(runs, *phase));
    }
    figures
}

/// A distribution, and how it is told from the others.
pub(super) struct Drawn<'a> {
    /// Its colour and dashes.
    pub style: usize,
    /// What stands beside it; empty if it is alone.
    pub tag: String,
    /// What is drawn.
    pub latency: &'a Latency,
    /// Whether its percentiles are written beside its curve; more than one would be illegible.
    pub with_values: bool,
}

/// The phases of one run; the longest, which the others are parts of, first.
fn of_phases(run: &BenchResult) -> Vec<Drawn<'_>> {
    let found = PHASES.iter().enumerate().filter_map(|(style, phase)| {
        let latency = super::runs::latency(run, *phase)?;
        Some(Drawn {
            style,
            tag: phase_id(*phase).replace('-', " "),
            latency,
            with_values: false,
        })
    });
    let mut found: Vec<_> = found.collect();
    if let Some(first) = found.first_mut() {
        first.with_values = true;
    }
    found
}

/// One phase of all runs that had it.
fn of_runs(runs: &[BenchResult], phase: Phase) -> Vec<Drawn<'_>> {
    let found = runs.iter().enumerate().filter_map(|(style, run)| {
        let latency = super::runs::latency(run, phase)?;
        let tag = if runs.len() > 1 {
            letter(style)
        } else {
            String::new()
        };
        Some(Drawn {
            style,
            tag,
            latency,
            with_values: false,
        })
    });
    found.collect()
}

fn percentiles(id: &str, what: &str, full: bool, drawn: Vec<Drawn<'_>>) -> String {
    let all = || drawn.iter().map(|d| d.latency);
    let low = all().map(|l| l.min).min().unwrap_or(1) as f64;
    let high = all().map(|l| l.max).max().unwrap_or(1) as f64;
    let samples = all().map(|l| l.count).max().unwrap_or(1);
    let description = drawn.iter().map(|d| {
        let name = if d.tag.is_empty() { what } else { &d.tag };
        format!("{name}: {}. ", in_words(d.latency))
    });
    let chart = Chart {
        id: id.to_owned(),
        title: format!("Latency by percentile: {}", what),
        description: description.collect::<String>().trim_end().to_owned(),
        note: String::new(),
        x: Axis {
            name: "share that was at least this fast",
            domain: Domain::Nines(samples),
            label: nine_name,
        },
        y: Axis {
            name: "latency, logarithmic",
            domain: Domain::Log(low, high),
            label: units::short_micros,
        },
        curves: drawn.iter().map(curve).collect(),
        mark: None,
        shape: if full { Shape::Large } else { Shape::Half },
    };
    chart.figure()
}

fn curve(drawn: &Drawn<'_>) -> Curve {
    let latency = drawn.latency;
    let points = points(latency);
    let reach = 1.0 - 0.5 / latency.count.max(1) as f64;
    let named = [
        ("p50", 0.5, latency.p50),
        ("p90", 0.9, latency.p90),
        ("p99", 0.99, latency.p99),
        ("p99.9", 0.999, latency.p99_9),
        ("max", reach, latency.max),
    ];
    let dots = named
        .iter()
        .filter(|(name, part, _)| *part < reach || *name == "max");
    let dots = dots.map(|(name, part, value)| {
        let text = format!("{name} {}", units::micros(*value as f64));
        let hint = format!("{} {text}", drawn.tag).trim_start().to_owned();
        let label = if drawn.with_values {
            text
        } else {
            String::new()
        };
        Dot {
            at: (nine(*part), (*value).max(1) as f64),
            hint,
            label,
        }
    });
    Curve {
        style: drawn.style,
        tag: drawn.tag.clone(),
        tag_at: points.last().copied().unwrap_or_default(),
        parts: vec![points],
        filled: false,
        dots: dots.collect(),
    }
}

/// The curve: each bucket from its first sample to its last. A sample stands in the middle of its
/// share, so that the slowest of all isn't infinitely far out.
fn points(latency: &Latency) -> Vec<(f64, f64)> {
    let all: u64 = latency
        .histogram
        .iter()
        .fold(0, |sum, (_, n)| sum.saturating_add(*n));
    let mut before = 0u64;
    let mut points = vec![(1.0, latency.min.max(1) as f64)];
    for (value, samples) in latency.histogram.iter().filter(|(_, samples)| *samples > 0) {
        let after = before.saturating_add(*samples);
        for rank in [before as f64 + 0.5, after as f64 - 0.5] {
            // A bucket's bound may lie above the slowest sample.
            let value = (*value)
                .clamp(latency.min, latency.max.max(latency.min))
                .max(1);
            points.push((nine(rank / all as f64), value as f64));
        }
        before = after;
    }
    points
}

fn in_words(latency: &Latency) -> String {
    let micros = |value: u64| units::micros(value as f64);
    format!(
        "median {}, p90 {}, p99 {}, p99.9 {}, slowest {} of {}",
        micros(latency.p50),
        micros(latency.p90),
        micros(latency.p99),
        micros(latency.p99_9),
        micros(latency.max),
        units::count(latency.count),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(histogram: Vec<(u64, u64)>) -> Latency {
        let count = histogram.iter().map(|(_, n)| n).sum();
        let (min, max) = (histogram[0].0, histogram[histogram.len() - 1].0);
        Latency {
            phase: Phase::Whole,
            count,
            min,
            mean: 1.0,
            p50: min,
            p90: min,
            p99: max,
            p99_9: max,
            max,
            histogram,
        }
    }

    #[test]
    fn the_curve_rises_to_the_slowest_sample() {
        let points = points(&latency(vec![(100, 90), (200, 9), (900, 1)]));
        assert!(
            points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1),
            "{points:?}"
        );
        let (x, y) = points[points.len() - 1];
        assert!((x - 200.0).abs() < 1e-6);
        assert_eq!(y, 900.0);
        // p90 lies where the bucket of the ninetieth sample ends.
        assert!(
            points
                .iter()
                .any(|(x, y)| (x - nine(0.895)).abs() < 1e-9 && *y == 100.0)
        );
    }

    #[test]
    fn a_single_sample_is_a_median_and_a_maximum() {
        let one = latency(vec![(100, 1)]);
        assert_eq!(points(&one), [(1.0, 100.0), (2.0, 100.0), (2.0, 100.0)]);
        let drawn = Drawn {
            style: 0,
            tag: String::new(),
            latency: &one,
            with_values: true,
        };
        let names: Vec<_> = curve(&drawn)
            .dots
            .into_iter()
            .map(|dot| dot.label)
            .collect();
        assert_eq!(names, ["max 100 µs"]);
    }

    #[test]
    fn a_bucket_that_ends_above_the_maximum_is_drawn_at_it() {
        let mut rough = latency(vec![(100, 5), (1023, 5)]);
        rough.max = 1000;
        assert_eq!(points(&rough).last().map(|p| p.1), Some(1000.0));
    }
}
