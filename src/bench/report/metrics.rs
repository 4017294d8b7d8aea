//! The figures that runs are compared by, and how they compare.
//!
//! Takes the runs, hands on one [`Metric`] a figure with a value for each run. The tiles, the
//! tables of the page and the table for terminals are all made of these, so they can't disagree.

use super::runs::{latency, phases};
use crate::bench::result::{BenchResult, Latency, Phase, ServerCost};
use crate::bench::units;

/// One figure of all runs.
#[derive(Debug, Clone)]
pub struct Metric {
    /// What it is.
    pub name: String,
    /// Which direction is good.
    pub better: Better,
    /// How a value is written.
    pub write: fn(f64) -> String,
    /// One for each run; `None` where it has none.
    pub values: Vec<Option<f64>>,
}

/// Which direction of a figure is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More of it.
    More,
    /// Less of it.
    Less,
    /// It only describes.
    Neither,
}

/// How a run compares to the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// `None`: neither, or not enough to tell.
    pub good: Option<bool>,
    /// In words: `1.24× better`.
    pub text: String,
}

/// What differs by less is called the same: runs of the same thing differ by more.
const SAME: f64 = 0.01;

impl Metric {
    fn of(
        name: impl Into<String>,
        better: Better,
        write: fn(f64) -> String,
        runs: &[BenchResult],
        value: impl Fn(&BenchResult) -> Option<f64>,
    ) -> Self {
        let finite = |run| value(run).filter(|value| value.is_finite());
        let values = runs.iter().map(finite).collect();
        Metric {
            name: name.into(),
            better,
            write,
            values,
        }
    }

    /// The value of the `index`th run as it is shown.
    pub fn text(&self, index: usize) -> String {
        let value = self.values.get(index).copied().flatten();
        value.map_or_else(|| units::NONE.to_owned(), self.write)
    }

    /// How the `index`th run compares to the first; `None` for the first, and without values.
    pub fn verdict(&self, index: usize) -> Option<Verdict> {
        let first = self.values.first().copied().flatten()?;
        let value = self
            .values
            .get(index)
            .copied()
            .flatten()
            .filter(|_| index > 0)?;
        if value == first || (value / first - 1.0).abs() < SAME {
            return Some(Verdict {
                good: None,
                text: "same".to_owned(),
            });
        }
        let good = match self.better {
            Better::More => Some(value > first),
            Better::Less => Some(value < first),
            Better::Neither => None,
        };
        let word = match good {
            Some(true) => "better",
            Some(false) => "worse",
            None => "",
        };
        // Over nothing there is no ratio; what got worse still did.
        let factor = if first > 0.0 {
            units::factor(value / first)
        } else {
            String::new()
        };
        let text = format!("{factor} {word}").trim().to_owned();
        (!text.is_empty()).then_some(Verdict { good, text })
    }

    fn known(&self) -> bool {
        self.values.iter().any(Option::is_some)
    }
}

/// What most readers came for.
pub fn headline(runs: &[BenchResult]) -> Vec<Metric> {
    let mut metrics = vec![
        operations(runs),
        handshakes(runs),
        resumed(runs),
        requests(runs),
    ];
    metrics.extend(overall(runs, "p50", |l| l.p50 as f64));
    metrics.extend(overall(runs, "p99", |l| l.p99 as f64));
    metrics.extend([errors(runs), error_share(runs), server_cpu(runs)]);
    metrics.retain(Metric::known);
    metrics
}

/// Successful operations a second.
pub fn operations(runs: &[BenchResult]) -> Metric {
    rate("operations", runs, |run| Some(run.totals.operations))
}

/// Completed handshakes a second.
pub fn handshakes(runs: &[BenchResult]) -> Metric {
    rate("handshakes", runs, |run| Some(run.totals.handshakes))
}

/// Answered requests a second, for runs that ask for any.
pub fn requests(runs: &[BenchResult]) -> Metric {
    let asks = |run: &BenchResult| matches!(run.plan.mode.as_str(), "requests" | "tunnel");
    rate("requests", runs, |run| {
        (asks(run) || run.totals.requests > 0).then_some(run.totals.requests)
    })
}

/// Which part of the handshakes was resumed.
pub fn resumed(runs: &[BenchResult]) -> Metric {
    Metric::of("resumed", Better::Neither, units::share, runs, |run| {
        part(run.totals.resumed, run.totals.handshakes)
    })
}

/// A figure of the operation as a whole, or of the longest phase that any run has.
pub fn overall(runs: &[BenchResult], name: &str, of: fn(&Latency) -> f64) -> Option<Metric> {
    let phase = *phases(runs).first()?;
    let name = match phase {
        Phase::Whole => name.to_owned(),
        _ => format!("{name}, {}", phase.name()),
    };
    Some(Metric::of(name, Better::Less, units::micros, runs, |run| {
        latency(run, phase).map(of)
    }))
}

/// Failed operations. Only described: more of them may be due to a longer run.
pub fn errors(runs: &[BenchResult]) -> Metric {
    Metric::of("errors", Better::Neither, units::amount, runs, |run| {
        Some(run.totals.errors as f64)
    })
}

/// Which part of the operations failed.
pub fn error_share(runs: &[BenchResult]) -> Metric {
    Metric::of("error share", Better::Less, units::share, runs, |run| {
        part(
            run.totals.errors,
            run.totals.operations.saturating_add(run.totals.errors),
        )
    })
}

/// Microseconds of the server's CPU an operation.
pub fn server_cpu(runs: &[BenchResult]) -> Metric {
    server(
        "server CPU/operation",
        Better::Less,
        units::micros,
        runs,
        |s| s.cpu_micros_per_operation,
    )
}

/// The latencies of one phase.
pub fn latencies(runs: &[BenchResult], phase: Phase) -> Vec<Metric> {
    type Column = (&'static str, fn(&Latency) -> f64);
    let columns: [Column; 7] = [
        ("min", |l| l.min as f64),
        ("mean", |l| l.mean),
        ("p50", |l| l.p50 as f64),
        ("p90", |l| l.p90 as f64),
        ("p99", |l| l.p99 as f64),
        ("p99.9", |l| l.p99_9 as f64),
        ("max", |l| l.max as f64),
    ];
    let samples = Metric::of("samples", Better::Neither, units::amount, runs, |run| {
        latency(run, phase).map(|l| l.count as f64)
    });
    let each = columns.map(|(name, of)| {
        Metric::of(name, Better::Less, units::micros, runs, |run| {
            latency(run, phase).map(of)
        })
    });
    std::iter::once(samples).chain(each).collect()
}

/// What was moved, and what measuring and serving cost.
pub fn costs(runs: &[BenchResult]) -> Vec<Metric> {
    use Better::{Less, Neither};
    let bytes_rate = |bytes| units::bytes(bytes) + "/s";
    // The times and sizes depend on how long a run was; what can be better is the cost of one.
    let mut metrics = vec![
        Metric::of("received", Neither, bytes_rate, runs, |run| {
            over(run.totals.bytes_received, run)
        }),
        Metric::of("sent", Neither, bytes_rate, runs, |run| {
            over(run.totals.bytes_sent, run)
        }),
        Metric::of(
            "client CPU/operation",
            Neither,
            units::micros,
            runs,
            |run| (run.totals.operations > 0).then_some(run.client.cpu_micros_per_operation),
        ),
        Metric::of("client CPU time", Neither, units::seconds, runs, |run| {
            Some(run.client.cpu_seconds)
        }),
        Metric::of("client cores", Neither, units::amount, runs, |run| {
            Some(run.client.cores)
        }),
        Metric::of("client cores in use", Neither, units::share, runs, |run| {
            Some(run.client.cpu_seconds / run.measured_seconds / run.client.cores)
        }),
        server_cpu(runs),
        server("server user time", Neither, units::seconds, runs, |s| {
            s.user_seconds
        }),
        server("server system time", Neither, units::seconds, runs, |s| {
            s.system_seconds
        }),
        server("server memory before", Neither, units::bytes, runs, |s| {
            s.memory_before as f64
        }),
        server(
            "server memory at the end",
            Neither,
            units::bytes,
            runs,
            |s| s.memory_during as f64,
        ),
        server("server memory/connection", Less, units::bytes, runs, |s| {
            s.memory_per_connection
        }),
    ];
    metrics.retain(Metric::known);
    metrics
}

fn rate(what: &str, runs: &[BenchResult], of: impl Fn(&BenchResult) -> Option<u64>) -> Metric {
    Metric::of(
        format!("{what}/s"),
        Better::More,
        units::number,
        runs,
        |run| over(of(run)?, run),
    )
}

fn server(
    name: &str,
    better: Better,
    write: fn(f64) -> String,
    runs: &[BenchResult],
    of: fn(&ServerCost) -> f64,
) -> Metric {
    Metric::of(name, better, write, runs, |run| run.server.as_ref().map(of))
}

/// A count over the time of the run; `None` over no time.
fn over(count: u64, run: &BenchResult) -> Option<f64> {
    (run.measured_seconds > 0.0).then(|| count as f64 / run.measured_seconds)
}

fn part(of: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| of as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(better: Better, values: &[f64]) -> Metric {
        let values = values.iter().copied().map(Some).collect();
        Metric {
            name: String::new(),
            better,
            write: units::number,
            values,
        }
    }

    fn verdict(better: Better, first: f64, second: f64) -> Option<(Option<bool>, String)> {
        metric(better, &[first, second])
            .verdict(1)
            .map(|v| (v.good, v.text))
    }

    #[test]
    fn better_depends_on_the_figure() {
        let says = |good, text: &str| Some((good, text.to_owned()));
        assert_eq!(
            verdict(Better::More, 100.0, 124.0),
            says(Some(true), "1.24× better")
        );
        assert_eq!(
            verdict(Better::Less, 100.0, 124.0),
            says(Some(false), "1.24× worse")
        );
        assert_eq!(
            verdict(Better::Less, 100.0, 50.0),
            says(Some(true), "0.50× better")
        );
        assert_eq!(verdict(Better::Neither, 100.0, 50.0), says(None, "0.50×"));
        assert_eq!(verdict(Better::More, 1000.0, 1004.0), says(None, "same"));
    }

    #[test]
    fn over_nothing_there_is_no_ratio() {
        let says = |good, text: &str| Some((good, text.to_owned()));
        assert_eq!(verdict(Better::Less, 0.0, 0.1), says(Some(false), "worse"));
        assert_eq!(verdict(Better::Less, 0.0, 0.0), says(None, "same"));
        assert_eq!(verdict(Better::Neither, 0.0, 5.0), None);
    }

    #[test]
    fn the_first_is_compared_to_nothing() {
        assert_eq!(metric(Better::More, &[1.0, 2.0]).verdict(0), None);
        assert_eq!(metric(Better::More, &[1.0, 2.0]).verdict(7), None);
        assert_eq!(metric(Better::More, &[]).verdict(0), None);
    }
}
