//! How many requests of HTTP/2 connections are under way at a time, over all connections.
//!
//! Each may hold a descriptor, of a connection to an upstream or of a file. What every connection needs for one request is
//! reckoned with where connections are bounded; here it is what one of HTTP/2 may have beyond. One that has its share waits
//! for an end of its own requests: nobody is refused anything, and whoever asks for much and reads nothing waits for himself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::Notify;

/// Requests beyond the first of each connection.
static BEYOND: AtomicUsize = AtomicUsize::new(0);
/// A connection may have this part of what is still free. However many want more, some is left for those who come: of one
/// that takes all it gets a fifth is taken, of ten five sevenths.
const SHARE: usize = 4;

/// One connection's.
#[derive(Clone, Default)]
pub struct Turns(Arc<State>);

#[derive(Default)]
struct State {
    /// Its requests that are under way.
    active: AtomicUsize,
    over: Notify,
}

/// One request, until this is dropped.
pub struct Turn(Turns);

impl Turns {
    /// Waits until one more request may begin. `room` is how many there may be beyond the first of each connection, at
    /// this moment; `waits` is told if it isn't at once.
    pub async fn next(&self, room: impl Fn() -> usize, waits: impl FnOnce()) -> Turn {
        let mut waits = Some(waits);
        loop {
            if let Some(turn) = self.begin(&room, &BEYOND) {
                return turn;
            }
            if let Some(waits) = waits.take() {
                waits();
            }
            // If the last one has ended meanwhile, that is remembered.
            self.0.over.notified().await;
        }
    }

    /// A connection's requests are all on one thread, so that nobody else changes their number between the two.
    fn begin(&self, room: impl Fn() -> usize, beyond: &AtomicUsize) -> Option<Turn> {
        let active = self.0.active.load(Relaxed);
        if active > 0 {
            let free = room().saturating_sub(beyond.load(Relaxed));
            if active * SHARE > free {
                return None;
            }
            beyond.fetch_add(1, Relaxed);
        }
        self.0.active.store(active + 1, Relaxed);
        Some(Turn(self.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Self(Turns(state)) = self;
        if state.active.fetch_sub(1, Relaxed) > 1 {
            BEYOND.fetch_sub(1, Relaxed);
        }
        state.over.notify_one();
    }
}
