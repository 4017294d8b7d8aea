//! A limit in time for each answer of HTTP/2 whose client doesn't take it.
//!
//! hyper reads the next piece of a body, waits until the client's windows let it send that, and sets no
//! limit to this. Each answer is a task that hyper has run here: one that was last seen with a piece in
//! its hands, and gets no further, is dropped, which resets the stream. The connection goes on.
//! With its last piece an answer is done for hyper, and h2 holds that for as long as the connection lasts:
//! so the last is a small one, which waits until what is before it has gone.

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

/// The most bytes in a DATA frame unless a client asks for more (RFC 9113 section 6.5.2); what is as
/// small goes in one.
const FRAME: usize = 16 * 1024;

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
    /// Nothing more: its client was too slow, and it is dropped.
    Cut,
}

/// An answer's body that tells its task what it does, and ends with a piece of at most [`FRAME`] bytes.
pub struct Observed {
    body: Logged,
    /// What was held back of the last piece.
    rest: Bytes,
}

impl From<Logged> for Observed {
    fn from(body: Logged) -> Self {
        let rest = Bytes::new();
        Self { body, rest }
    }
}

impl Observed {
    /// Holds back the end of a piece after which there may be none: as many DATA frames as before.
    fn divide(&mut self, mut piece: Bytes) -> Bytes {
        let more = self.body.size_hint().lower() > 0;
        if !more && piece.len() > FRAME {
            let first = (piece.len() - 1) / FRAME * FRAME;
            // A copy: a share would keep all of the piece in memory.
            self.rest = Bytes::copy_from_slice(&piece[first..]);
            piece.truncate(first);
        }
        piece
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if SEEN.get() == Some(Seen::Cut) || !self.rest.is_empty() {
            self.body.broke_off();
        }
    }
}

impl Body for Observed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if !self.rest.is_empty() {
            SEEN.set(Some(Seen::Gave));
            let rest = std::mem::take(&mut self.rest);
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        SEEN.set(Some(match polled.is_ready() {
            true => Seen::Gave,
            false => Seen::Waits,
        }));
        polled.map_ok(|frame| frame.map_data(|piece| self.divide(piece)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    /// Asked for before the first piece only.
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
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
            {
                let mut answer = pin!(answer);
                poll_fn(|context| {
                    SEEN.set(None);
                    match answer.as_mut().poll(context) {
                        Poll::Ready(()) => Poll::Ready(()),
                        Poll::Pending => clock.poll_late(context, SEEN.take()).map(|()| {
                            let timeout = Timeout::Send;
                            TimedOut { timeout, client }.emit(&telemetry);
                            SEEN.set(Some(Seen::Cut));
                        }),
                    }
                })
                .await;
            }
            // Its body has seen that by now.
            SEEN.set(None);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body;
    use crate::http::logged::Log;
    use http::Response;
    use http_body_util::BodyExt;

    const PIECE: usize = 4 * FRAME;

    async fn lengths(body: body::Body) -> Vec<usize> {
        let logged = Log::none().wrap(Response::new(body), None).into_body();
        let (mut body, mut lengths, mut all) = (Observed::from(logged), Vec::new(), Vec::new());
        while let Some(frame) = body.frame().await {
            let data = frame.unwrap().into_data().unwrap();
            lengths.push(data.len());
            all.extend_from_slice(&data);
        }
        assert!(all == content(all.len()));
        lengths
    }

    fn content(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    #[tokio::test]
    async fn the_last_piece_is_a_small_one() {
        for (length, expected) in [
            (1, vec![1]),
            (FRAME, vec![FRAME]),
            (FRAME + 1, vec![FRAME, 1]),
            (PIECE, vec![PIECE - FRAME, FRAME]),
            (2 * PIECE, vec![PIECE, PIECE - FRAME, FRAME]),
            (2 * PIECE + 1, vec![PIECE, PIECE, 1]),
        ] {
            assert_eq!(lengths(body::Body::full(content(length))).await, expected);
        }
    }

    /// Doesn't say how much there is.
    struct Endless(std::vec::IntoIter<Bytes>);

    impl Body for Endless {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
        }
    }

    #[tokio::test]
    async fn where_any_piece_may_be_the_last_each_ends_with_a_small_one() {
        let whole = Bytes::from(content(PIECE + FRAME));
        let pieces = vec![whole.slice(..PIECE), whole.slice(PIECE..)];
        let body = body::Body::stream(Endless(pieces.into_iter()));
        assert_eq!(lengths(body).await, [PIECE - FRAME, FRAME, FRAME]);
    }
}
