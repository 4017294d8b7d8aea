//! A limit in time for each answer of HTTP/2 whose client doesn't take it.
//!
//! hyper reads the next piece of a body, waits until the client's windows let it send that, and sets no
//! limit to this. Each answer is a task that hyper has run here: one that was last seen with a piece in
//! its hands, and gets no further, is dropped, which resets the stream. The connection goes on.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::rt::Executor;
use tokio::time::{Instant, Sleep, sleep_until};

use super::body::BoxError;
use super::logged::Logged;
use crate::peer::Peer;
use crate::telemetry::Telemetry;
use crate::telemetry::events::timeouts::{TimedOut, Timeout};

thread_local! {
    /// What an [`Observed`] body did during one poll of an answer; of use only within it.
    static SEEN: Cell<Option<Seen>> = const { Cell::new(None) };
}

/// What a body did last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Gave a piece, or its end.
    Gave,
    /// Had nothing to give yet.
    Waits,
}

/// An answer's body that tells its task what it does.
pub struct Observed(pub Logged);

impl Body for Observed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.0).poll_frame(context);
        SEEN.set(Some(match polled.is_ready() {
            true => Seen::Gave,
            false => Seen::Waits,
        }));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// Runs the answers of a connection, each with so much time for its client to take the next piece.
#[derive(Clone)]
pub struct Bounded {
    /// For each piece.
    pub timeout: Duration,
    /// Where the client comes from.
    pub client: Peer,
    /// Where events go.
    pub telemetry: Arc<Telemetry>,
}

impl<F> Executor<F> for Bounded
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, answer: F) {
        let (client, telemetry) = (Some(self.client), self.telemetry.clone());
        let mut clock = Clock {
            timeout: self.timeout,
            seen: Seen::Waits,
            since: None,
            alarm: None,
        };
        tokio::spawn(async move {
            let mut answer = pin!(answer);
            poll_fn(|context| {
                SEEN.set(None);
                match answer.as_mut().poll(context) {
                    Poll::Ready(()) => Poll::Ready(()),
                    Poll::Pending => clock.poll_late(context, SEEN.take()).map(|()| {
                        let timeout = Timeout::Send;
                        TimedOut { timeout, client }.emit(&telemetry);
                    }),
                }
            })
            .await;
        });
    }
}

/// One answer's.
struct Clock {
    timeout: Duration,
    seen: Seen,
    /// Since when its client is waited for.
    since: Option<Instant>,
    /// There once it had to be; when it rings, it is found out how much is left.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Clock {
    /// Returns once the client has had its time for what it was given, with what was seen just now.
    fn poll_late(&mut self, context: &mut Context<'_>, seen: Option<Seen>) -> Poll<()> {
        if let Some(seen) = seen {
            (self.seen, self.since) = (seen, None);
        }
        if self.seen == Seen::Waits {
            return Poll::Pending;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        let end = since + self.timeout;
        let new = || Box::pin(sleep_until(end));
        let alarm = self.alarm.get_or_insert_with(new);
        while alarm.as_mut().poll(context).is_ready() {
            if Instant::now() >= end {
                return Poll::Ready(());
            }
            alarm.set(sleep_until(end));
        }
        Poll::Pending
    }
}
