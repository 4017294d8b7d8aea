//! CPU time instead of time on the wall: what others do on the machine is not in it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What this thread has used so far.
pub fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// What it costs to do something so many times.
#[allow(dead_code, reason = "not every bench repeats")]
pub fn of<T>(count: u64, mut step: impl FnMut() -> T) -> Duration {
    let begun = now();
    for _ in 0..count {
        std::hint::black_box(step());
    }
    now() - begun
}
