//! The timeline in steps that can be drawn.
//!
//! Takes the seconds of a run, hands on spans. Rates are over the seconds as they were, so that a
//! last one that was cut short doesn't look like a slump; long runs are gathered into fewer steps.

use crate::bench::result::Second;

/// More points than this can't be told apart.
pub const MOST_POINTS: usize = 300;
/// The rate over a shorter rest says nothing.
const SHORTEST_REST: f64 = 0.25;

/// A stretch of time that is drawn as one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Where it begins, in seconds.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Operations a second.
    pub operations: f64,
    /// Failures a second.
    pub errors: f64,
    /// The median; `None` where nothing succeeded: a gap, not a latency of zero.
    pub p50: Option<f64>,
    /// As `p50`.
    pub p99: Option<f64>,
}

/// Seconds gathered until there are few enough. Of the gathered medians the middle one counts,
/// of the p99 the worst.
pub fn spans(timeline: &[Second]) -> Vec<Span> {
    let every = timeline.len().div_ceil(MOST_POINTS).max(1);
    let mut from = 0.0;
    let mut spans = Vec::new();
    for seconds in timeline.chunks(every) {
        let to = seconds.last().map_or(from, |second| second.at);
        let width = to - from;
        // Times come from files that others wrote: they may go backwards, or nowhere.
        if !width.is_finite() || width <= 0.0 || (width < SHORTEST_REST && !spans.is_empty()) {
            continue;
        }
        let sum =
            |of: fn(&Second) -> u64| seconds.iter().map(|s| of(s) as f64).sum::<f64>() / width;
        let alive = seconds.iter().filter(|second| second.p99 > 0);
        let mut medians: Vec<_> = alive.clone().map(|second| second.p50 as f64).collect();
        medians.sort_by(f64::total_cmp);
        spans.push(Span {
            from,
            to,
            operations: sum(|second| second.operations),
            errors: sum(|second| second.errors),
            p50: medians.get(medians.len() / 2).copied(),
            p99: alive.map(|second| second.p99 as f64).reduce(f64::max),
        });
        from = to;
    }
    spans
}

/// The steps of a curve, broken where there is no value.
pub fn parts(spans: &[Span], of: impl Fn(&Span) -> Option<f64>) -> Vec<Vec<(f64, f64)>> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    for span in spans {
        match of(span) {
            Some(value) => part.extend([(span.from, value), (span.to, value)]),
            None if !part.is_empty() => parts.push(std::mem::take(&mut part)),
            None => {}
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(at: f64, operations: u64, p99: u64) -> Second {
        Second {
            at,
            operations,
            errors: 1,
            p50: p99 / 2,
            p99,
        }
    }

    #[test]
    fn a_short_last_second_is_no_slump() {
        let spans = spans(&[second(1.0, 100, 8), second(1.5, 50, 8), second(1.6, 1, 8)]);
        let rates: Vec<_> = spans.iter().map(|span| span.operations).collect();
        assert_eq!(rates, [100.0, 100.0]);
    }

    #[test]
    fn one_short_second_is_still_shown() {
        assert_eq!(spans(&[second(0.1, 10, 8)])[0].operations, 100.0);
        assert!(spans(&[second(0.0, 10, 8)]).is_empty());
        assert!(spans(&[second(f64::NAN, 10, 8)]).is_empty());
    }

    #[test]
    fn a_second_without_success_is_a_gap() {
        let spans = spans(&[second(1.0, 9, 8), second(2.0, 0, 0), second(3.0, 9, 8)]);
        assert_eq!(parts(&spans, |span| span.p99).len(), 2);
        assert_eq!(parts(&spans, |span| Some(span.errors)).len(), 1);
    }

    #[test]
    fn an_hour_is_gathered() {
        let hour: Vec<_> = (1..=3600)
            .map(|n| second(f64::from(n), 100, n as u64))
            .collect();
        let spans = spans(&hour);
        assert_eq!(spans.len(), MOST_POINTS);
        assert_eq!(spans[0].p99, Some(12.0));
        assert!(spans.iter().all(|span| span.operations == 100.0));
    }
}
