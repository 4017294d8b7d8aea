//! How the run went, second by second: operations, errors, latencies.
//!
//! Takes the runs, hands on figures. What one step of a curve covers is decided in
//! [`super::spans`].

use super::chart::{Axis, Chart, Curve, Shape};
use super::runs::letter;
use super::scale::Domain;
use super::spans::{MOST_POINTS, Span, parts, spans};
use crate::bench::result::BenchResult;
use crate::bench::units;

/// The figures of this section; empty without a timeline.
pub fn figures(runs: &[BenchResult]) -> String {
    let timelines = runs.iter().map(|run| &run.timeline);
    let longest = timelines.clone().map(Vec::len).max().unwrap_or(0);
    let draw = Draw {
        runs: timelines.map(|seconds| spans(seconds)).collect(),
        every: longest.div_ceil(MOST_POINTS),
    };
    if draw.runs.iter().all(Vec::is_empty) {
        return String::new();
    }
    let operations = draw.rate(&OPERATIONS, asked(runs));
    let errors = match draw.all().any(|span| span.errors > 0.0) {
        true => draw.rate(&ERRORS, None),
        false => "<p class=\"note full\">No errors in any second.</p>\n".to_owned(),
    };
    operations + &errors + &draw.latencies()
}

/// The rate that was asked for, if all runs were asked for the same one.
fn asked(runs: &[BenchResult]) -> Option<f64> {
    let first = runs.first()?.plan.rate?;
    let same = runs.iter().all(|run| run.plan.rate == Some(first));
    (same && first.is_finite()).then_some(first)
}

/// Something that is counted a second.
struct Rate {
    id: &'static str,
    title: &'static str,
    axis: &'static str,
    of: fn(&Span) -> f64,
    /// How the curve of a single run looks.
    style: usize,
}

const OPERATIONS: Rate = Rate {
    id: "operations",
    title: "Operations over time",
    axis: "operations/s",
    of: |span| span.operations,
    style: 0,
};
const ERRORS: Rate = Rate {
    id: "errors-time",
    title: "Errors over time",
    axis: "errors/s",
    of: |span| span.errors,
    style: 1,
};

/// A latency over time; `None` where nothing succeeded.
type OverTime = fn(&Span) -> Option<f64>;

/// The name, the style for a single run, and the value.
const LATENCIES: [(&str, usize, OverTime); 2] =
    [("p99", 1, |span| span.p99), ("p50", 0, |span| span.p50)];

struct Draw {
    /// The steps of each run.
    runs: Vec<Vec<Span>>,
    /// How many seconds a step covers.
    every: usize,
}

impl Draw {
    fn rate(&self, rate: &Rate, asked: Option<f64>) -> String {
        let highest = self.all().map(rate.of).chain(asked).fold(0.0, f64::max);
        let description = self.in_words(|spans| {
            let sum: f64 = spans
                .iter()
                .map(|span| (rate.of)(span) * (span.to - span.from))
                .sum();
            let mean = sum / spans.last().map_or(f64::NAN, |span| span.to);
            let most = spans.iter().map(rate.of).fold(0.0, f64::max);
            let (mean, most) = (units::per_second(mean), units::per_second(most));
            format!("on average {mean}, at most {most}")
        });
        let mut curves = self.curves("", rate.style, |span| Some((rate.of)(span)));
        for curve in &mut curves {
            curve.filled = self.runs.len() == 1;
        }
        let chart = Chart {
            mark: asked.map(|rate| (rate, format!("asked for: {}", units::per_second(rate)))),
            ..self.chart(rate.id, rate.title, description, curves)
        };
        let y = Axis {
            name: rate.axis,
            domain: Domain::FromZero(highest),
            label: units::short,
        };
        Chart { y, ..chart }.figure()
    }

    /// Both in one figure for one run; for several a figure each, or the curves would be too many.
    fn latencies(&self) -> String {
        if self.all().all(|span| span.p99.is_none()) {
            return String::new();
        }
        if self.runs.len() > 1 {
            let each = LATENCIES.iter().rev().map(|(name, style, of)| {
                let curves = self.curves(name, *style, of);
                let (id, title) = (format!("time-{name}"), format!("{name} over time"));
                let chart = self.chart(&id, &title, self.range(*of), curves);
                Chart {
                    shape: Shape::Half,
                    ..chart
                }
                .figure()
            });
            return each.collect();
        }
        let curves = LATENCIES
            .iter()
            .flat_map(|(name, style, of)| self.curves(name, *style, of));
        let ranges = LATENCIES.map(|(name, _, of)| format!("{name} {}", self.range(of)));
        let title = "p50 and p99 over time";
        self.chart("time-latency", title, ranges.join(" "), curves.collect())
            .figure()
    }

    /// A strip over the time, with latencies from bottom to top: the same scale for p50 and p99,
    /// so that they can be held against each other.
    fn chart(&self, id: &str, title: &str, description: String, curves: Vec<Curve>) -> Chart {
        let latencies = || self.all().flat_map(|span| [span.p50, span.p99]).flatten();
        let least = latencies().fold(f64::INFINITY, f64::min);
        let end = self.all().map(|span| span.to).fold(0.0, f64::max);
        let note = match self.every {
            0 | 1 => String::new(),
            every => {
                format!(
                    "Each step covers up to {every} s: the mean rate, the middle p50, the worst p99."
                )
            }
        };
        Chart {
            id: id.to_owned(),
            title: title.to_owned(),
            description,
            note,
            x: Axis {
                name: "since the start of measuring",
                domain: Domain::Until(end),
                label: |seconds| units::short(seconds) + " s",
            },
            y: Axis {
                name: "latency, logarithmic",
                domain: Domain::Log(least, latencies().fold(0.0, f64::max)),
                label: units::short_micros,
            },
            curves,
            mark: None,
            shape: Shape::Strip,
        }
    }

    /// One curve a run. Several runs have their own tags and styles.
    fn curves(&self, tag: &str, style: usize, of: impl Fn(&Span) -> Option<f64>) -> Vec<Curve> {
        let several = self.runs.len() > 1;
        let each = self.runs.iter().enumerate().map(|(index, spans)| {
            let parts = parts(spans, &of);
            Curve {
                style: if several { index } else { style },
                tag: if several {
                    letter(index)
                } else {
                    tag.to_owned()
                },
                tag_at: parts
                    .last()
                    .and_then(|part| part.last())
                    .copied()
                    .unwrap_or_default(),
                parts,
                ..Curve::default()
            }
        });
        // A run without points would only have a tag, beside nothing.
        each.filter(|curve| !curve.parts.is_empty()).collect()
    }

    fn range(&self, of: OverTime) -> String {
        self.in_words(|spans| {
            let values = || spans.iter().filter_map(of);
            match values().reduce(f64::min).zip(values().reduce(f64::max)) {
                Some((least, most)) => {
                    format!(
                        "between {} and {}",
                        units::micros(least),
                        units::micros(most)
                    )
                }
                None => "nothing succeeded".to_owned(),
            }
        })
    }

    fn in_words(&self, of: impl Fn(&Vec<Span>) -> String) -> String {
        let each = self
            .runs
            .iter()
            .enumerate()
            .map(|(index, spans)| match self.runs.len() {
                1 => format!("{}.", of(spans)),
                _ => format!("{}: {}.", letter(index), of(spans)),
            });
        each.collect::<Vec<_>>().join(" ")
    }

    fn all(&self) -> impl Iterator<Item = &Span> {
        self.runs.iter().flatten()
    }
}
