//! What ends an HTTP/1.1 connection from this side, and how soon its client's next request will be there.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

use super::in_flight::Progress;
use crate::lifecycle::ending::{Ending, Stage};
use crate::telemetry::events::timeouts::Timeout;

/// A client that has sent so many requests in a row, each so soon after the last, will send another.
const HOT: u32 = 8;
const SOON: Duration = Duration::from_millis(10);
/// How often it is looked at whether it did.
const LOOK: Duration = Duration::from_secs(1);
/// When the process closes, a request may be on its way. So long is waited for the first one of a connection,
pub const FIRST: Duration = Duration::from_secs(3);
/// and so long after the last one for the next, as its client wasn't told that there would be none
/// (nginx: `keepalive_min_timeout`).
const NEXT: Duration = Duration::from_secs(1);

/// What ends a connection from this side: it is told to end, or the client takes too long.
pub struct End<'a> {
    ending: &'a Ending,
    closed: bool,
    /// Since when it is known that the process closes.
    last_call: Option<Instant>,
    limit: Duration,
    /// Isn't set at each request: when it rings, it is found out how much is left.
    sleep: Pin<&'a mut Sleep>,
    /// When the client last came further.
    since: Instant,
    progress: Progress,
    /// How many requests in a row have come soon after the last.
    soon: u32,
    /// How far a hot client was at the last look.
    looked_at: Option<Progress>,
}

impl<'a> End<'a> {
    /// Counts from now; `sleep` sleeps for `limit`.
    pub fn new(
        ending: &'a Ending,
        limit: Duration,
        sleep: Pin<&'a mut Sleep>,
        progress: Progress,
    ) -> Self {
        Self {
            ending,
            closed: false,
            last_call: None,
            limit,
            sleep,
            since: Instant::now(),
            progress,
            soon: 0,
            looked_at: None,
        }
    }

    /// How far the client is now.
    pub fn note(&mut self, progress: Progress) {
        if self.progress == progress {
            return;
        }
        let now = Instant::now();
        if self.progress.requests != progress.requests {
            let soon = now.duration_since(self.since) < SOON;
            self.soon = if soon { self.soon.saturating_add(1) } else { 0 };
        }
        self.progress = progress;
        self.since = now;
        if self.last_call.is_some() {
            self.count_anew();
        }
    }

    /// Whether the next request is so near that a pause isn't worth its trouble.
    pub fn is_hot(&mut self, context: &mut Context<'_>) -> bool {
        if self.soon >= HOT && self.looked_at.is_none() {
            self.looked_at = Some(self.progress);
            self.sleep.set(tokio::time::sleep(LOOK.min(self.limit)));
            // It rings only if it has been asked.
            let _ = self.poll_late(context);
        }
        self.looked_at.is_some()
    }

    /// Returns once the connection has to end.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.poll_closing(context).is_ready() {
            return Poll::Ready(());
        }
        self.poll_late(context)
    }

    /// Whether it was found that it has to end.
    pub fn has_closed(&self) -> bool {
        self.closed
    }

    /// Returns once it has been told that nothing may be asked any more. While the process closes, one more request may
    /// be: its answer says that it is the last. Whoever doesn't ask is soon late.
    pub fn poll_closing(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.closed {
            ready!(self.ending.poll(Stage::Closing, context));
            if self.last_call.is_none() {
                self.last_call = Some(Instant::now());
                self.count_anew();
                // Whoever has asked for that already must ask again.
                context.waker().wake_by_ref();
            }
            ready!(self.ending.poll(Stage::Over, context));
            self.closed = true;
        }
        Poll::Ready(())
    }

    /// Returns once what is in flight has had its time, too.
    pub fn poll_cut(&self, context: &mut Context<'_>) -> Poll<()> {
        match self.closed {
            true => self.ending.poll(Stage::Cut, context),
            // First it is told to end.
            false => Poll::Pending,
        }
    }

    /// Returns once the client has had its time.
    pub fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.sleep.as_mut().poll(context));
            let left = self.left();
            if left.is_zero() {
                return Poll::Ready(());
            }
            let look = match self.looked_at {
                Some(before) if before != self.progress => {
                    self.looked_at = Some(self.progress);
                    left.min(LOOK)
                }
                _ => {
                    (self.looked_at, self.soon) = (None, 0);
                    left
                }
            };
            self.sleep.set(tokio::time::sleep(look));
        }
    }

    /// Which time is over, once it is; `None` if the connection has been told to end.
    pub fn timeout(&self) -> Option<Timeout> {
        match self.progress.begun {
            _ if self.closed || self.last_call.is_some() => None,
            true => Some(Timeout::Header),
            false => Some(Timeout::Idle),
        }
    }

    /// How long the client still has.
    fn left(&self) -> Duration {
        let Progress {
            requests,
            begun,
            busy,
        } = self.progress;
        if busy {
            return self.limit;
        }
        let left = self.limit.saturating_sub(self.since.elapsed());
        match self.last_call {
            None => left,
            Some(_) if begun => left,
            Some(told) if requests == 0 => left.min(FIRST.saturating_sub(told.elapsed())),
            Some(_) => left.min(NEXT.saturating_sub(self.since.elapsed())),
        }
    }

    /// It rings at once, and then it is found out how much is left.
    fn count_anew(&mut self) {
        self.sleep.set(tokio::time::sleep(Duration::ZERO));
    }
}
