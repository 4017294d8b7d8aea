//! The histogram of a phase: how many operations took how long.
//!
//! Takes one distribution a run, hands on a figure. The fine buckets of the recording are
//! gathered into bins of equal width on the logarithmic axis, the same for all runs.

use super::chart::{Axis, Chart, Curve, Shape};
use super::latency::Drawn;
use super::runs::phase_id;
use super::scale::Domain;
use crate::bench::result::{Latency, Phase};
use crate::bench::units;

/// Bins over the whole width, about as many as can be told apart.
const BINS: i32 = 72;
/// Narrower bins would show the grain of the recording instead of the server's.
const NARROWEST: f64 = 1.03;

/// The figure of one phase.
pub(super) fn figure(phase: Phase, drawn: &[Drawn<'_>]) -> String {
    let edges = edges(drawn.iter().map(|d| d.latency));
    let shares: Vec<_> = drawn.iter().map(|d| shares(&edges, d.latency)).collect();
    let highest = shares.iter().flatten().copied().fold(0.0, f64::max);
    let (low, high) = (edges[0], edges[edges.len() - 1]);
    let description = drawn.iter().map(|d| {
        let l = d.latency;
        let micros = |value: u64| units::micros(value as f64);
        let (p50, p99) = (micros(l.p50), micros(l.p99));
        format!(
            "{} half within {p50}, 99 of 100 within {p99}, all within {}. ",
            d.tag,
            micros(l.max)
        )
    });
    let curves = drawn.iter().zip(&shares).map(|(d, shares)| Curve {
        style: d.style,
        tag: d.tag.clone(),
        tag_at: peak(&edges, shares),
        parts: vec![steps(&edges, shares)],
        filled: drawn.len() == 1,
        dots: Vec::new(),
    });
    let chart = Chart {
        id: format!("histogram-{}", phase_id(phase)),
        title: format!("Histogram: {}", phase.name()),
        description: description.collect::<String>().trim().to_owned(),
        note: String::new(),
        x: Axis {
            name: "latency, logarithmic",
            domain: Domain::Log(low, high),
            label: units::short_micros,
        },
        y: Axis {
            name: "share of the samples",
            domain: Domain::FromZero(highest * 100.0),
            label: |percent| units::short(percent) + " %",
        },
        curves: curves.collect(),
        mark: None,
        shape: Shape::Half,
    };
    chart.figure()
}

/// Where one bin ends and the next begins. Times are whole microseconds, so no bin is narrower.
fn edges<'a>(latencies: impl Iterator<Item = &'a Latency> + Clone) -> Vec<f64> {
    let values = latencies.flat_map(|l| l.histogram.iter().map(|(value, _)| *value as f64));
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let (low, high) = match low.is_finite() {
        true => (low.max(1.0), values.fold(1.0, f64::max)),
        false => (1.0, 1.0),
    };
    let factor = (high / low).powf(1.0 / f64::from(BINS)).max(NARROWEST);
    let mut edges = vec![low - 0.5];
    while let Some(last) = edges.last().copied().filter(|last| *last <= high) {
        edges.push((last * factor).max(last + 1.0));
    }
    edges
}

/// The share of the samples in each bin.
fn shares(edges: &[f64], latency: &Latency) -> Vec<f64> {
    let mut bins = vec![0.0; edges.len() - 1];
    let mut all = 0.0;
    for (value, samples) in &latency.histogram {
        let after = edges.partition_point(|edge| *edge <= *value as f64);
        // What took less than a microsecond lies before the first edge.
        let last = bins.len() - 1;
        bins[after.saturating_sub(1).min(last)] += *samples as f64;
        all += *samples as f64;
    }
    bins.iter()
        .map(|n| if all > 0.0 { n / all } else { 0.0 })
        .collect()
}

fn steps(edges: &[f64], shares: &[f64]) -> Vec<(f64, f64)> {
    let tops = edges.windows(2).zip(shares);
    let tops = tops.flat_map(|(edge, share)| edge.iter().map(move |x| (*x, share * 100.0)));
    let (first, last) = ((edges[0], 0.0), (edges[edges.len() - 1], 0.0));
    std::iter::once(first).chain(tops).chain([last]).collect()
}

fn peak(edges: &[f64], shares: &[f64]) -> (f64, f64) {
    let highest = shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    highest.map_or((edges[0], 0.0), |(bin, share)| {
        (edges[bin + 1], share * 100.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(histogram: Vec<(u64, u64)>) -> Latency {
        Latency {
            phase: Phase::Whole,
            count: 1,
            min: 1,
            mean: 1.0,
            p50: 1,
            p90: 1,
            p99: 1,
            p99_9: 1,
            max: 1,
            histogram,
        }
    }

    #[test]
    fn each_sample_is_in_one_bin() {
        for histogram in [
            vec![(0, 3)],
            vec![(1, 1)],
            vec![(0, 1), (1, 1), (2, 5), (1_000, 2)],
            vec![(100, 50), (101, 25), (60_000_000, 1)],
            vec![(1, 1), (u64::MAX, u64::MAX)],
        ] {
            let latency = latency(histogram);
            let edges = edges([&latency].into_iter());
            assert!(edges.is_sorted_by(|a, b| a < b), "{edges:?}");
            assert!(edges.len() < 120, "{}", edges.len());
            let sum: f64 = shares(&edges, &latency).iter().sum();
            assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        }
    }

    #[test]
    fn no_samples_are_no_shares() {
        let none = latency(Vec::new());
        let edges = edges([&none].into_iter());
        assert_eq!(shares(&edges, &none).iter().sum::<f64>(), 0.0);
    }

    #[test]
    fn the_outline_begins_and_ends_at_zero() {
        let points = steps(&[1.0, 2.0, 4.0], &[0.25, 0.75]);
        assert_eq!(
            points,
            [
                (1.0, 0.0),
                (1.0, 25.0),
                (2.0, 25.0),
                (2.0, 75.0),
                (4.0, 75.0),
                (4.0, 0.0)
            ]
        );
    }
}
