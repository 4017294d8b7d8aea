//! A timer that is true to the microsecond: tokio's rounds to milliseconds, which would be more than
//! a whole request takes.

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

/// One timerfd(2). To tokio it is a pipe: something to wait for and then to read from.
pub struct Alarm(Receiver);

impl Alarm {
    /// Needs a tokio runtime around it.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Receiver::from_file_unchecked(File::from(timer)).map(Self)
    }

    /// Returns at this moment, or at once if it is past.
    pub async fn wait_until(&mut self, moment: Instant) -> io::Result<()> {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        let spec = Itimerspec {
            it_interval: timespec(Duration::ZERO),
            it_value: timespec(left),
        };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &spec)?;
        // A timer gives 8 bytes, how often it went off. Having room for more, tokio knows that
        // nothing is left, and doesn't try a second time.
        self.0.read(&mut [0; 16]).await.map(|_| ())
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        // 2^63 seconds are more than any run.
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
