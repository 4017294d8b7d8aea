//! Which connections give way to others: of those of which it isn't known yet whether they may come in, a thread has so
//! many and no more.
//!
//! A flood of connections that never finish their handshakes, or what is before and after one, must cost no more than
//! so many of them, and must not keep out good clients. Whoever comes is let in, and the one goes whose client has been
//! silent longest: a good client answers within a round trip, and goes only if so many others have come since.
//! Who sends byte by byte isn't silent; but a handshake takes a few answers only, and what comes after
//! so many of them (`SIGNS`) counts no more.
//!
//! Once all places are taken ([`make_room`]), so do others that serve nobody at that moment ([`Kind`]).
//!
//! Each thread has its own, so that nobody waits for a lock.

mod queue;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use self::queue::Queue;

/// Who has been silent for less doesn't make room for others: a good client's answer may be on its way.
const SILENCE: Duration = Duration::from_millis(500);
/// So long a refused client should have to read why; for less only if there is nobody else.
const READING: Duration = Duration::from_millis(100);

/// What a connection is that gives way.
#[derive(Clone, Copy)]
pub enum Kind {
    /// It isn't known yet whether it may come in.
    HalfOpen,
    /// It is over, and all has been sent; its client has yet to hang up.
    Lingering,
    /// A stranger's, without a request.
    Idle,
}

/// Who makes room first, after what silence.
const ORDER: [(Kind, Duration); 4] = [
    (Kind::Lingering, READING),
    (Kind::HalfOpen, SILENCE),
    (Kind::Lingering, Duration::ZERO),
    (Kind::Idle, SILENCE),
];

/// It had to give way.
#[derive(Debug, PartialEq, Eq)]
pub struct PushedOut;

thread_local! {
    /// One of each kind.
    static QUEUES: [RefCell<Queue>; 3] = Default::default();
}

/// Has one of this thread go, where there is room for nobody else: the longest silent of its kind. Whether there was one.
pub fn make_room() -> bool {
    let mut order = ORDER.iter();
    order.any(|(kind, silence)| push_out_silent(*kind, *silence))
}

fn push_out_silent(kind: Kind, silence: Duration) -> bool {
    let pushed_out = with(kind, |queue| {
        let is_silent = queue.longest_silence().is_some_and(|it| it >= silence);
        is_silent.then(|| queue.push_out())
    });
    if let Some(Some(waker)) = &pushed_out {
        waker.wake_by_ref();
    }
    pushed_out.is_some()
}

fn with<R>(kind: Kind, use_it: impl FnOnce(&mut Queue) -> R) -> R {
    QUEUES.with(|queues| use_it(&mut queues[kind as usize].borrow_mut()))
}

/// Runs a handshake as one of at most so many of this thread.
pub async fn bounded<F: Future>(most: usize, handshake: F) -> Result<F::Output, PushedOut> {
    in_turn(Turn::begin(Kind::HalfOpen, most), handshake).await
}

/// How many are in [`bounded`] on this thread.
pub fn waiting() -> usize {
    with(Kind::HalfOpen, |queue| queue.length())
}

/// Runs what makes room for others, and has no bound of its own.
pub async fn expendable<F: Future>(kind: Kind, waiting: F) -> Result<F::Output, PushedOut> {
    in_turn(Turn::begin(kind, usize::MAX), waiting).await
}

async fn in_turn<F: Future>(turn: Turn, waiting: F) -> Result<F::Output, PushedOut> {
    let mut waiting = pin!(waiting);
    poll_fn(|context| {
        if turn.is_over(context) {
            return Poll::Ready(Err(PushedOut));
        }
        waiting.as_mut().poll(context).map(Ok)
    })
    .await
}

/// One connection's, until it is dropped. It is used on one thread: tasks of a worker stay there.
struct Turn {
    kind: Kind,
    place: usize,
}

impl Turn {
    fn begin(kind: Kind, most: usize) -> Self {
        let (place, over) = with(kind, |queue| {
            let place = queue.enter();
            let over = (queue.length() > most).then(|| queue.push_out()).flatten();
            (place, over)
        });
        if let Some(waker) = over {
            waker.wake();
        }
        Self { kind, place }
    }

    /// Whether it had to go; else it has come further.
    fn is_over(&self, context: &Context<'_>) -> bool {
        with(self.kind, |queue| {
            queue.move_on(self.place, context.waker())
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // The thread may end before its last connections do.
        let _ = QUEUES.try_with(|queues| {
            queues[self.kind as usize].borrow_mut().leave(self.place);
        });
    }
}
