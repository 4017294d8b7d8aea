//! At most one line in a while, for what one cause may bring about thousands of times.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines.
const PAUSE: Duration = Duration::from_secs(10);

/// Lets one line through, and counts the others.
#[derive(Default)]
pub struct Throttle(Mutex<State>);

#[derive(Default)]
struct State {
    last: Option<Instant>,
    held_back: u64,
}

impl Throttle {
    /// Whether to write a line at `now`; if so, how many were held back since the last one.
    pub fn pass(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state
            .last
            .is_some_and(|last| now.duration_since(last) < PAUSE)
        {
            state.held_back += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.held_back))
    }
}

/// The same for many causes, of which it knows a bounded number: while they are more, the others are silent.
pub struct ThrottleEach<Cause> {
    last: Mutex<Last<Cause>>,
    pause: Duration,
    limit: usize,
}

struct Last<Cause> {
    lines: HashMap<Cause, Instant>,
    /// When it was last looked which of them are over.
    swept: Option<Instant>,
}

impl<Cause: Eq + Hash> ThrottleEach<Cause> {
    /// One line in a `pause` of each of `limit` causes.
    pub fn new(pause: Duration, limit: usize) -> Self {
        let last = Last {
            lines: HashMap::new(),
            swept: None,
        };
        Self {
            last: Mutex::new(last),
            pause,
            limit,
        }
    }

    /// Whether to write a line at `now`.
    pub fn pass(&self, cause: Cause, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |since: &Instant| now.duration_since(*since) >= self.pause;
        if let Some(line) = last.lines.get_mut(&cause) {
            let passes = is_over(line);
            if passes {
                *line = now;
            }
            return passes;
        }
        if last.lines.len() >= self.limit {
            // Not at each cause that comes: a look at all of them takes a while.
            if last
                .swept
                .is_some_and(|swept| now.duration_since(swept) < PAUSE)
            {
                return false;
            }
            last.swept = Some(now);
            last.lines.retain(|_, line| !is_over(line));
            if last.lines.len() >= self.limit {
                return false;
            }
        }
        last.lines.insert(cause, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_line_and_their_number_has_a_bound() {
        let pause = Duration::from_secs(600);
        let throttle = ThrottleEach::new(pause, 2);
        let start = Instant::now();
        assert!(throttle.pass("a", start) && throttle.pass("b", start));
        assert!(!throttle.pass("a", start + pause / 2));
        assert!(!throttle.pass("c", start + pause / 2), "full");
        assert!(throttle.pass("b", start + pause));
        assert!(throttle.pass("c", start + pause), "a is over");
        assert!(!throttle.pass("a", start + pause), "full again");
    }

    #[test]
    fn one_line_in_a_while_and_a_count_of_the_others() {
        let throttle = Throttle::default();
        let start = Instant::now();
        assert_eq!(throttle.pass(start), Some(0));
        for _ in 0..7 {
            assert_eq!(throttle.pass(start + PAUSE / 2), None);
        }
        assert_eq!(throttle.pass(start + PAUSE), Some(7));
        assert_eq!(throttle.pass(start + PAUSE), None);
        assert_eq!(throttle.pass(start + PAUSE * 2), Some(1));
    }
}
