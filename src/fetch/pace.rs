//! When to fetch again.

use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;

/// The bounds of the pauses between two fetches of the same.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// After a success, at least, unless what came ends before.
    pub least: Duration,
    /// After a success, at most.
    pub most: Duration,
    /// After the first failure; twice as long after each further one.
    pub retry: Duration,
    /// After many failures.
    pub retry_most: Duration,
}

impl Pace {
    /// After a success: half of what is left of its life, so that there is time for failures.
    pub fn after_success(&self, left: Option<Duration>) -> Duration {
        let Some(left) = left else {
            return spread(self.most);
        };
        let pause = (left / 2).clamp(self.least, self.most.max(self.least));
        // What ends sooner is needed anew then; but nobody is asked all the time.
        spread(pause).min(left).max(self.retry)
    }

    /// After so many failures in a row.
    pub fn after_failures(&self, failures: u32) -> Duration {
        let doubled = 2u32.saturating_pow(failures.saturating_sub(1).min(20));
        spread(self.retry.saturating_mul(doubled).min(self.retry_most))
    }
}

/// Up to a tenth less, at random: many gateways that started together shouldn't ask together.
fn spread(pause: Duration) -> Duration {
    let mut random = [0; 1];
    if rand_bytes(&mut random).is_err() {
        // What stays in the thread's error queue would fail a connection's read.
        drop(ErrorStack::get());
    }
    pause.mul_f64(1.0 - f64::from(random[0]) / 2560.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        least: Duration::from_secs(60),
        most: Duration::from_secs(3600),
        retry: Duration::from_secs(1),
        retry_most: Duration::from_secs(300),
    };

    #[track_caller]
    fn about(pause: Duration, seconds: u64) {
        let expected = Duration::from_secs(seconds);
        assert!(
            pause <= expected && pause >= expected.mul_f64(0.9),
            "{pause:?}"
        );
    }

    #[test]
    fn at_half_of_its_life_within_bounds() {
        let after = |seconds| PACE.after_success(Some(Duration::from_secs(seconds)));
        about(after(1000), 500);
        about(after(100), 60);
        about(after(1_000_000), 3600);
        about(PACE.after_success(None), 3600);
        about(after(20), 20);
        assert_eq!(after(0), Duration::from_secs(1));
    }

    #[test]
    fn failures_make_it_slower() {
        let pauses: Vec<_> = (1..=5).map(|n| PACE.after_failures(n)).collect();
        for (pause, seconds) in pauses.into_iter().zip([1, 2, 4, 8, 16]) {
            about(pause, seconds);
        }
        about(PACE.after_failures(10), 300);
        about(PACE.after_failures(u32::MAX), 300);
    }

    #[test]
    fn gateways_do_not_ask_together() {
        let first = PACE.after_success(None);
        assert!((0..100).any(|_| PACE.after_success(None) != first));
    }
}
