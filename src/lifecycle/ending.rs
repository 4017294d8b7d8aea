//! What brings one connection to its end from this side, whatever the cause.
//!
//! The process closes, or the connection's own time is over. Both are told here, by who keeps the
//! [register](crate::gateway) of open connections; whoever serves the connection looks here and nowhere else.

use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

/// How near a connection's end is. It only comes nearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// It goes on.
    Open,
    /// The process closes: no more requests. What isn't made of requests goes on.
    Closing,
    /// What let the connection in doesn't hold any more: what is in flight is brought to its end, and what
    /// isn't made of requests ends now.
    Over,
    /// It had its time for that.
    Cut,
}

/// One connection's. One task waits at a time.
pub struct Ending {
    stage: AtomicU8,
    waker: Mutex<Option<Waker>>,
    /// Dropped with the connection: that it is gone.
    guard: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Ending {
    /// Open.
    pub fn new() -> Self {
        Self {
            stage: AtomicU8::new(Stage::Open as u8),
            waker: Mutex::default(),
            guard: OnceLock::new(),
        }
    }

    /// Drops this with the connection. Only the first one is taken.
    pub fn keep(&self, guard: Box<dyn Any + Send + Sync>) {
        let _ = self.guard.set(guard);
    }

    /// Tells the connection. Whether that is news.
    pub fn tell(&self, stage: Stage) -> bool {
        let before = self.stage.fetch_max(stage as u8, Ordering::SeqCst);
        let news = before < stage as u8;
        if news {
            let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
            let waiting = waker.take();
            drop(waker);
            if let Some(waiting) = waiting {
                waiting.wake();
            }
        }
        news
    }

    /// Whether it is so far.
    pub fn is(&self, stage: Stage) -> bool {
        self.stage.load(Ordering::SeqCst) >= stage as u8
    }

    /// Returns once it is so far.
    pub fn poll(&self, stage: Stage, context: &mut Context<'_>) -> Poll<()> {
        if self.is(stage) {
            return Poll::Ready(());
        }
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        drop(waker);
        // It may have been told before there was anybody to wake.
        match self.is(stage) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// Returns once it is so far.
    pub async fn reaches(&self, stage: Stage) {
        poll_fn(|context| self.poll(stage, context)).await;
    }
}

impl Default for Ending {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ending").field(&self.stage).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn who_waits_is_woken_at_its_stage_and_not_before() {
        let ending = Arc::new(Ending::new());
        let waiting = ending.clone();
        let waiter = tokio::spawn(async move { waiting.reaches(Stage::Over).await });
        tokio::task::yield_now().await;
        assert!(ending.tell(Stage::Closing));
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        assert!(ending.tell(Stage::Cut), "one beyond is fine, too");
        let woken = tokio::time::timeout(Duration::from_secs(20), waiter).await;
        woken.expect("woken").unwrap();
    }

    #[test]
    fn an_end_is_told_once_and_never_taken_back() {
        let ending = Ending::new();
        assert!(ending.tell(Stage::Over));
        assert!(!ending.tell(Stage::Over) && !ending.tell(Stage::Closing));
        assert!(ending.is(Stage::Over) && !ending.is(Stage::Cut));
    }
}
