//! When operations begin, and which of them are measured.
//!
//! The closed loop begins one when the one before it has ended. The open loop has a timetable: an
//! operation that begins late is measured from when it was due, so that a server that stalls
//! can't hide by keeping the client from asking (coordinated omission).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::plan::{Extent, Mode, Plan};

/// The timetable of a run; one for all threads.
pub struct Pace {
    /// The first operation.
    pub start: Instant,
    /// The first measured one: ramp and warm-up are over.
    pub measure_from: Instant,
    /// No operation is due from here on; `None` if the count decides.
    pub measure_until: Option<Instant>,
    count: Option<u64>,
    rate: Option<f64>,
    ramp: Duration,
    workers: u32,
    next: AtomicU64,
}

/// An operation that is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// When it was to begin: in the open loop by the timetable, else now.
    pub due: Instant,
    /// Whether it is measured.
    pub measured: bool,
}

impl Pace {
    /// The timetable of `plan`, beginning at `start`.
    pub fn new(plan: &Plan, start: Instant) -> Self {
        let measure_from = match plan.mode {
            // Opening is what is measured there.
            Mode::Storm | Mode::Idle => start,
            _ => start + plan.ramp + plan.warm_up,
        };
        let (measure_until, count) = match plan.extent {
            Extent::Time(time) => (Some(measure_from + time), None),
            Extent::Count(count) => (None, Some(count)),
        };
        Self {
            start,
            measure_from,
            measure_until,
            count,
            rate: plan.rate,
            ramp: plan.ramp,
            workers: plan.connections * plan.streams,
            next: AtomicU64::new(0),
        }
    }

    /// Whether there is a timetable.
    pub fn is_open(&self) -> bool {
        self.rate.is_some()
    }

    /// When this worker of the closed loop begins.
    pub fn joins(&self, worker: u32) -> Instant {
        match self.rate {
            Some(_) => self.start,
            None => {
                self.start
                    + self
                        .ramp
                        .mul_f64(f64::from(worker) / f64::from(self.workers))
            }
        }
    }

    /// The next operation; in the open loop it may be due in the future, and must be waited for.
    /// `None` when there is nothing more to do.
    pub fn next(&self) -> Option<Turn> {
        let now = Instant::now();
        match self.rate {
            Some(rate) => self.next_of_timetable(rate, now),
            None => self.next_of_loop(now),
        }
    }

    fn next_of_loop(&self, now: Instant) -> Option<Turn> {
        if self.measure_until.is_some_and(|end| now >= end) {
            return None;
        }
        let measured = now >= self.measure_from;
        if let Some(count) = self.count
            && measured
            && self.next.fetch_add(1, Ordering::Relaxed) >= count
        {
            return None;
        }
        Some(Turn { due: now, measured })
    }

    fn next_of_timetable(&self, rate: f64, now: Instant) -> Option<Turn> {
        // When all connections happen to be busy as time is up, the last few may still begin late.
        let grace = |end: Instant| end + end.duration_since(self.measure_from) / 100;
        if self.measure_until.is_some_and(|end| now >= grace(end)) {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if self
            .count
            .is_some_and(|count| number >= self.first_measured(rate) + count)
        {
            return None;
        }
        let due = self.start + self.offset(rate, number);
        if self.measure_until.is_some_and(|end| due >= end) {
            return None;
        }
        Some(Turn {
            due,
            measured: number >= self.first_measured(rate),
        })
    }

    /// When operation `number` is due after the start. In the ramp the rate grows evenly, so that
    /// half as many are due as would be at the full rate.
    fn offset(&self, rate: f64, number: u64) -> Duration {
        let (number, ramp) = (number as f64, self.ramp.as_secs_f64());
        let in_ramp = rate * ramp / 2.0;
        Duration::from_secs_f64(if number < in_ramp {
            (2.0 * number * ramp / rate).sqrt()
        } else {
            ramp + (number - in_ramp) / rate
        })
    }

    /// The number of the first operation that is due at or after `measure_from`.
    fn first_measured(&self, rate: f64) -> u64 {
        self.due_before(rate, self.measure_from)
    }

    fn due_before(&self, rate: f64, moment: Instant) -> u64 {
        let flat = moment.saturating_duration_since(self.start + self.ramp);
        (rate * self.ramp.as_secs_f64() / 2.0 + rate * flat.as_secs_f64()).ceil() as u64
    }

    /// How many operations were due by the timetable, but nobody was free to begin them.
    pub fn overdue(&self) -> u64 {
        let (Some(rate), Some(end)) = (self.rate, self.measure_until) else {
            return 0;
        };
        let begun = self.next.load(Ordering::Relaxed);
        let due = self.due_before(rate, end);
        due.saturating_sub(begun.max(self.first_measured(rate)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(rate: Option<f64>, extent: Extent) -> Pace {
        let start = Instant::now();
        let (measure_until, count) = match extent {
            Extent::Time(time) => (Some(start + time), None),
            Extent::Count(count) => (None, Some(count)),
        };
        Pace {
            start,
            measure_from: start,
            measure_until,
            count,
            rate,
            ramp: Duration::ZERO,
            workers: 1,
            next: AtomicU64::new(0),
        }
    }

    #[test]
    fn a_count_is_exact() {
        for rate in [None, Some(1e6)] {
            let pace = pace(rate, Extent::Count(3));
            assert_eq!(std::iter::from_fn(|| pace.next()).count(), 3);
        }
    }

    #[test]
    fn the_timetable_is_even_after_a_growing_ramp() {
        let mut pace = pace(Some(100.0), Extent::Time(Duration::from_secs(1)));
        assert_eq!(std::iter::from_fn(|| pace.next()).count(), 100);
        assert_eq!(pace.overdue(), 0);
        pace.ramp = Duration::from_secs(1);
        let at = |number| pace.offset(100.0, number).as_secs_f64();
        assert_eq!((at(0), at(50), at(150)), (0.0, 1.0, 2.0));
        assert!((at(1) - at(0)) > (at(49) - at(48)));
    }

    #[test]
    fn what_nobody_began_is_overdue() {
        let pace = pace(Some(100.0), Extent::Time(Duration::from_secs(1)));
        assert!(pace.next().is_some());
        assert_eq!(pace.overdue(), 99);
    }
}
