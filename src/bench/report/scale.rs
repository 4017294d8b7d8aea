//! Scales: from a value to a place on an axis, and the ticks along it.
//!
//! Takes what an axis spans ([`Domain`]) and where it is drawn, hands on coordinates that never
//! leave that place, whatever the value: a chart can't draw outside of its frame.

/// What an axis spans, independent of the size at which it is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// From zero to a round number above this value.
    FromZero(f64),
    /// From zero to exactly this value: time.
    Until(f64),
    /// Logarithmic, out to the next 1, 2 or 5 on both sides.
    Log(f64, f64),
    /// Percentiles as HdrHistogram draws them: p90, p99, p99.9 … at equal distances, as deep as
    /// this many samples reach.
    Nines(u64),
}

/// A domain laid along an axis.
#[derive(Debug, Clone)]
pub struct Scale {
    log: bool,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    ticks: Vec<f64>,
}

impl Scale {
    /// Lays `domain` from coordinate `from` to `to` with ticks about `apart` units from each other.
    pub fn new(domain: Domain, from: f64, to: f64, apart: f64) -> Self {
        let most = ((to - from).abs() / apart).floor().max(2.0);
        let (log, low, high, ticks) = match domain {
            Domain::FromZero(high) => {
                let high = finite_or_one(high);
                let step = round_step(high / most);
                let steps = (high / step - 1e-9).ceil();
                (false, 0.0, steps * step, linear_ticks(steps * step, step))
            }
            Domain::Until(high) => {
                let high = finite_or_one(high);
                (
                    false,
                    0.0,
                    high,
                    linear_ticks(high, round_step(high / most)),
                )
            }
            Domain::Log(low, high) => {
                let (low, high) = log_bounds(low, high);
                (true, low, high, log_ticks(low, high, most))
            }
            Domain::Nines(samples) => {
                // Twice, because the slowest sample stands in the middle of its share.
                let deepest = (samples as f64 * 2.0).max(20.0);
                (true, 1.0, deepest, nines(deepest))
            }
        };
        Scale {
            log,
            low,
            high,
            from,
            to,
            ticks,
        }
    }

    /// The coordinate of `value`; that of the nearest end when it lies outside.
    pub fn at(&self, value: f64) -> f64 {
        let part = match self.log {
            true => (value.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        };
        let part = if part.is_nan() {
            0.0
        } else {
            part.clamp(0.0, 1.0)
        };
        self.from + part * (self.to - self.from)
    }

    /// The values to mark, ascending, all within the domain.
    pub fn ticks(&self) -> &[f64] {
        &self.ticks
    }
}

/// Where the share `part` (0 … 1) of the samples lies on a [`Domain::Nines`] axis.
pub fn nine(part: f64) -> f64 {
    1.0 / (1.0 - part).max(f64::MIN_POSITIVE)
}

/// The name of a tick of a [`Domain::Nines`] axis: `p50`, `p99.9`.
pub fn nine_name(tick: f64) -> String {
    let decimals = (tick.log10().round() as usize).saturating_sub(2);
    format!("p{:.decimals$}", 100.0 * (1.0 - 1.0 / tick))
}

/// The 1, 2 or 5 at or below `low` and at or above `high`, never the same; zero counts as one.
pub fn log_bounds(low: f64, high: f64) -> (f64, f64) {
    let low = finite_or_one(low).clamp(1e-3, 1e20);
    let high = finite_or_one(high).clamp(low, 1e20);
    let below = round_numbers(low).filter(|n| *n <= low * 1.000_001).last();
    let below = below.unwrap_or(low);
    let mut above = round_numbers(high).filter(|n| *n >= high * 0.999_999);
    let above = match above.next() {
        Some(n) if n > below * 1.1 => n,
        _ => above.next().unwrap_or(below * 10.0),
    };
    (below, above)
}

/// The round numbers of the decades around `value`, ascending.
fn round_numbers(value: f64) -> impl Iterator<Item = f64> {
    let decade = value.log10().floor() as i32;
    (decade - 1..=decade + 2).flat_map(|d| [1.0, 2.0, 5.0].map(|n| n * 10f64.powi(d)))
}

/// 1, 2 or 5 times a power of ten, at or above `least`.
fn round_step(least: f64) -> f64 {
    let least = least.max(f64::MIN_POSITIVE * 1e10);
    let step = round_numbers(least).find(|n| *n >= least * 0.999_999);
    step.unwrap_or(least)
}

fn linear_ticks(high: f64, step: f64) -> Vec<f64> {
    let last = (high / step + 1e-6).floor() as u32;
    (0..=last.min(50)).map(|n| f64::from(n) * step).collect()
}

/// 1, 2, 5 of each decade; only the decades where those would be too many; every second, third …
/// decade where these would.
fn log_ticks(low: f64, high: f64, most: f64) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let of_all = |numbers: &[f64], every: usize| -> Vec<f64> {
        let all = (first..=last).step_by(every);
        all.flat_map(|d| numbers.iter().map(move |n| n * 10f64.powi(d)))
            .filter(|n| *n >= low * 0.999_999 && *n <= high * 1.000_001)
            .collect()
    };
    let all = of_all(&[1.0, 2.0, 5.0], 1);
    if all.len() as f64 <= most.max(3.0) {
        return all;
    }
    let every = ((high / low).log10() / most).ceil().max(1.0) as usize;
    let decades = of_all(&[1.0], every);
    // Within one decade there may be fewer than two powers of ten.
    if decades.len() < 2 { all } else { decades }
}

fn nines(deepest: f64) -> Vec<f64> {
    let mut ticks = vec![2.0];
    let mut tick = 10.0;
    while tick <= deepest {
        ticks.push(tick);
        tick *= 10.0;
    }
    ticks
}

fn finite_or_one(value: f64) -> f64 {
    if value.is_finite() && value > 0.0 {
        value
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_ends_at_a_round_number() {
        let scale = Scale::new(Domain::FromZero(4621.0), 300.0, 0.0, 60.0);
        assert_eq!(scale.ticks(), [0.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0]);
        assert_eq!(scale.at(0.0), 300.0);
        assert_eq!(scale.at(5000.0), 0.0);
        assert_eq!(scale.at(2500.0), 150.0);
    }

    #[test]
    fn time_ends_where_it_ended() {
        let scale = Scale::new(Domain::Until(9.4), 0.0, 94.0, 20.0);
        assert_eq!(scale.ticks(), [0.0, 5.0]);
        assert_eq!(scale.at(9.4), 94.0);
    }

    #[test]
    fn a_log_axis_has_its_ticks_at_1_2_and_5() {
        let scale = Scale::new(Domain::Log(130.0, 4_200.0), 0.0, 500.0, 80.0);
        assert_eq!(scale.ticks(), [100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0]);
        let wide = Scale::new(Domain::Log(3.0, 3e9), 0.0, 300.0, 60.0);
        assert!(wide.ticks().len() <= 6, "{:?}", wide.ticks());
    }

    #[test]
    fn a_log_axis_over_one_value_still_spans_something() {
        for value in [0.0, 1.0, 5.0, 999.0, 1e19, f64::NAN] {
            let (low, high) = log_bounds(value, value);
            assert!(low > 0.0 && high > low * 1.1, "{value}: {low} {high}");
            let scale = Scale::new(Domain::Log(value, value), 0.0, 300.0, 60.0);
            assert!(scale.ticks().len() >= 2, "{value}: {:?}", scale.ticks());
        }
    }

    #[test]
    fn nines_lie_at_equal_distances() {
        let scale = Scale::new(Domain::Nines(5_000), 0.0, 400.0, 60.0);
        let names: Vec<_> = scale.ticks().iter().map(|t| nine_name(*t)).collect();
        assert_eq!(names, ["p50", "p90", "p99", "p99.9", "p99.99"]);
        for (part, at) in [(0.0, 0.0), (0.9, 100.0), (0.99, 200.0), (0.999, 300.0)] {
            assert!((scale.at(nine(part)) - at).abs() < 1e-6, "{part}");
        }
        assert_eq!(scale.at(nine(1.0)), 400.0);
    }

    #[test]
    fn nothing_leaves_the_axis_and_ticks_ascend() {
        let odd = [f64::NAN, f64::INFINITY, -1e9, -0.0, 1e-12, 1.0, 1e9, 1e300];
        let domains = odd.into_iter().flat_map(|a| {
            [Domain::FromZero(a), Domain::Until(a)]
                .into_iter()
                .chain(odd.map(move |b| Domain::Log(a, b)))
        });
        let nines = [0, 1, 10, u64::MAX].map(Domain::Nines);
        for domain in domains.chain(nines) {
            let scale = Scale::new(domain, 40.0, 340.0, 60.0);
            assert!(!scale.ticks().is_empty(), "{domain:?}");
            assert!(scale.ticks().is_sorted(), "{domain:?}");
            for value in odd.iter().chain(scale.ticks()) {
                let at = scale.at(*value);
                assert!((40.0..=340.0).contains(&at), "{domain:?} {value} {at}");
            }
        }
    }
}
