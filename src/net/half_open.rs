//! How many connections a thread has of which it isn't known yet whether they may come in, and which of them goes when
//! there are too many.
//!
//! A flood of connections that never finish their handshakes, or what is before and after one, must cost no more than
//! so many of them, and must not keep out good clients. Whoever comes is let in, and the one goes whose client has been
//! silent longest: a good client answers within a round trip, and goes only if so many others have come since.
//! Who sends byte by byte isn't silent; but a handshake takes a few answers only, and what comes after
//! [`SIGNS`] of them counts no more.
//!
//! Once all places are taken ([`make_room`]), so do others that serve nobody at that moment ([`Kind`]).
//!
//! Each thread has its own, so that nobody waits for a lock.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// How often a client counts as alive: flights of a handshake, a long chain's segments, and answers of
/// responders.
const SIGNS: u8 = 16;
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
        let oldest = &queue.places[queue.oldest?];
        let is_silent = oldest.heard.is_some_and(|at| at.elapsed() >= silence);
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
            let over = (queue.length > most).then(|| queue.push_out()).flatten();
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

/// Those under way, the one that was silent longest first: a list in a vector.
#[derive(Default)]
struct Queue {
    places: Vec<Place>,
    free: Vec<usize>,
    oldest: Option<usize>,
    newest: Option<usize>,
    length: usize,
}

#[derive(Default)]
struct Place {
    older: Option<usize>,
    newer: Option<usize>,
    /// Out of the list already.
    pushed_out: bool,
    signs: u8,
    /// When its client was heard last; `None` before the first look at it.
    heard: Option<Instant>,
    waker: Option<Waker>,
}

impl Queue {
    fn enter(&mut self) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() - 1
        });
        self.places[place] = Place::default();
        self.append(place);
        place
    }

    /// Takes the one out that was silent longest; who waits for it is to be woken.
    fn push_out(&mut self) -> Option<Waker> {
        let place = self.oldest?;
        self.unlink(place);
        self.places[place].pushed_out = true;
        self.places[place].waker.take()
    }

    /// Whether it was pushed out; else its client has just been heard.
    fn move_on(&mut self, place: usize, waker: &Waker) -> bool {
        let entry = &mut self.places[place];
        if entry.pushed_out {
            return true;
        }
        match &mut entry.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        if entry.signs < SIGNS {
            entry.signs += 1;
            entry.heard = Some(Instant::now());
            self.unlink(place);
            self.append(place);
        }
        false
    }

    fn leave(&mut self, place: usize) {
        if !self.places[place].pushed_out {
            self.unlink(place);
        }
        self.places[place].waker = None;
        self.free.push(place);
        if self.length == 0 && self.free.len() == self.places.len() {
            // What a flood took.
            (self.places, self.free) = (Vec::new(), Vec::new());
        }
    }

    fn append(&mut self, place: usize) {
        let before = self.newest.replace(place);
        (self.places[place].older, self.places[place].newer) = (before, None);
        match before {
            Some(before) => self.places[before].newer = Some(place),
            None => self.oldest = Some(place),
        }
        self.length += 1;
    }

    fn unlink(&mut self, place: usize) {
        let Place { older, newer, .. } = self.places[place];
        match older {
            Some(older) => self.places[older].newer = newer,
            None => self.oldest = newer,
        }
        match newer {
            Some(newer) => self.places[newer].older = older,
            None => self.newest = older,
        }
        self.length -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    use super::*;

    const MOST: usize = 3;

    async fn settle() {
        for _ in 0..8 {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn the_longest_silent_goes_and_whoever_answers_stays() {
        let (answer, answered) = oneshot::channel();
        let slow = tokio::spawn(bounded(MOST, async {
            let _: Result<(), _> = answered.await;
            pending::<()>().await;
        }));
        settle().await;
        let silent = tokio::spawn(bounded(MOST, pending::<()>()));
        settle().await;
        answer.send(()).unwrap();
        settle().await;
        let others: Vec<_> = (1..MOST)
            .map(|_| tokio::spawn(bounded(MOST, pending::<()>())))
            .collect();
        settle().await;
        assert_eq!(silent.await.unwrap(), Err(PushedOut));
        assert!(!slow.is_finished() && others.iter().all(|other| !other.is_finished()));
        assert_eq!(bounded(MOST, async { 7 }).await, Ok(7));
        settle().await;
        assert!(slow.is_finished(), "then it was the oldest");
    }

    #[tokio::test]
    async fn room_is_made_by_who_has_been_silent() {
        assert!(!make_room(), "nobody is there");
        let silent = tokio::spawn(bounded(MOST, pending::<()>()));
        settle().await;
        assert!(!make_room(), "its answer may be on its way");
        tokio::time::sleep(SILENCE).await;
        let new = tokio::spawn(bounded(MOST, pending::<()>()));
        settle().await;
        assert!(make_room());
        assert_eq!(silent.await.unwrap(), Err(PushedOut));
        assert!(!make_room() && !new.is_finished());
    }

    #[tokio::test]
    async fn who_is_over_makes_room_first_and_who_is_idle_last() {
        let idle = tokio::spawn(expendable(Kind::Idle, pending::<()>()));
        let silent = tokio::spawn(bounded(1, pending::<()>()));
        let lingering = tokio::spawn(expendable(Kind::Lingering, pending::<()>()));
        settle().await;
        assert!(!silent.is_finished(), "what lingers is no handshake");
        tokio::time::sleep(SILENCE).await;
        assert!(make_room());
        assert_eq!(lingering.await.unwrap(), Err(PushedOut));
        settle().await;
        assert!(!silent.is_finished());
        assert!(make_room());
        assert_eq!(silent.await.unwrap(), Err(PushedOut));
        let just_over = tokio::spawn(expendable(Kind::Lingering, pending::<()>()));
        settle().await;
        assert!(make_room());
        assert_eq!(just_over.await.unwrap(), Err(PushedOut));
        settle().await;
        assert!(!idle.is_finished());
        assert!(make_room());
        assert_eq!(idle.await.unwrap(), Err(PushedOut));
        assert!(!make_room(), "nobody is left");
    }

    #[tokio::test]
    async fn byte_by_byte_counts_for_a_while_only() {
        let trickle = tokio::spawn(bounded(MOST, async {
            loop {
                yield_now().await;
            }
        }));
        for _ in 0..2 * SIGNS {
            yield_now().await;
        }
        let good: Vec<_> = (0..MOST)
            .map(|_| tokio::spawn(bounded(MOST, pending::<()>())))
            .collect();
        let end = tokio::time::timeout(Duration::from_secs(20), trickle).await;
        assert_eq!(end.expect("pushed out").unwrap(), Err::<(), _>(PushedOut));
        settle().await;
        assert!(good.iter().all(|good| !good.is_finished()));
    }

    #[tokio::test]
    async fn what_is_over_leaves_nothing_behind() {
        let flood: Vec<_> = (0..100)
            .map(|_| tokio::spawn(bounded(MOST, pending::<()>())))
            .collect();
        settle().await;
        assert_eq!(with(Kind::HalfOpen, |queue| queue.length), MOST);
        for one in flood {
            one.abort();
            let _ = one.await;
        }
        with(Kind::HalfOpen, |queue| {
            assert_eq!((queue.length, queue.places.len()), (0, 0));
            assert_eq!((queue.oldest, queue.newest), (None, None));
        });
    }
}
