//! How far the run is: counters that threads raise and the terminal shows.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::pace::Pace;
use super::plan::{Extent, Mode, Plan};

/// What one thread has done so far, warm-up included. On a cache line of its own, so that threads
/// don't slow each other.
#[derive(Default)]
#[repr(align(128))]
pub struct Counters {
    /// Successes.
    pub operations: AtomicU64,
    /// Failures.
    pub errors: AtomicU64,
}

/// The sums over all threads: successes and failures.
pub fn sums(counters: &[Counters]) -> (u64, u64) {
    counters
        .iter()
        .fold((0, 0), |(operations, errors), thread| {
            (
                operations + thread.operations.load(Ordering::Relaxed),
                errors + thread.errors.load(Ordering::Relaxed),
            )
        })
}

/// The line on the terminal; nothing where stderr is none.
pub struct ProgressLine {
    bar: ProgressBar,
    extent: Extent,
    held: bool,
    before: (u64, Instant),
}

impl ProgressLine {
    /// Shows the line.
    pub fn start(plan: &Plan) -> Self {
        let target = match std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr_with_hz(4),
            false => ProgressDrawTarget::hidden(),
        };
        let whole = match plan.extent {
            Extent::Time(time) => (plan.ramp + plan.warm_up + time).as_millis() as u64,
            Extent::Count(count) => count,
        };
        let bar = ProgressBar::with_draw_target(Some(whole), target);
        // Wrong templates only: this one is constant.
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            extent: plan.extent,
            held: plan.mode == Mode::Idle,
            before: (0, Instant::now()),
        }
    }

    /// Brings the line up to date.
    pub fn show(&mut self, pace: &Pace, counters: &[Counters]) {
        if self.bar.is_hidden() {
            return;
        }
        let (now, (operations, errors)) = (Instant::now(), sums(counters));
        let (last_operations, last) = self.before;
        let seconds = now.duration_since(last).as_secs_f64().max(0.001);
        let rate = (operations - last_operations) as f64 / seconds;
        self.before = (operations, now);
        let elapsed = now.saturating_duration_since(pace.start);
        let phase = if now < pace.measure_from {
            "warming up, "
        } else {
            ""
        };
        let left = match self.extent {
            Extent::Time(_) => {
                self.bar.set_position(elapsed.as_millis() as u64);
                let left = pace
                    .measure_until
                    .map(|end| end.saturating_duration_since(now));
                format!(", {} left", seconds_text(left.unwrap_or_default()))
            }
            Extent::Count(count) => {
                self.bar.set_position((operations + errors).min(count));
                format!(", {} of {count}", operations + errors)
            }
        };
        let rate = match self.held {
            true => format!("{operations} connections open"),
            false => format!("{rate:.0}/s"),
        };
        let elapsed = seconds_text(elapsed);
        self.bar
            .set_message(format!("{phase}{rate}, {errors} errors, {elapsed}{left}"));
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn seconds_text(duration: Duration) -> String {
    format!("{:.0} s", duration.as_secs_f64())
}
