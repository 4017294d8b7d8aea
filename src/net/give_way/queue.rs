//! A list in a vector, from the connection that was silent longest to the one that was heard last.

use std::task::Waker;
use std::time::{Duration, Instant};

/// How often a client counts as alive: flights of a handshake, a long chain's segments, and answers of
/// responders.
pub(super) const SIGNS: u8 = 16;

/// Connections of one kind, of one thread.
#[derive(Default)]
pub(super) struct Queue {
    places: Vec<Entry>,
    /// Of the places, those that nobody has.
    free: Vec<usize>,
    oldest: Option<usize>,
    newest: Option<usize>,
    length: usize,
}

#[derive(Default)]
struct Entry {
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
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// How long the one that was silent longest has been so; `None` if nobody is there, or it wasn't looked at yet.
    pub(super) fn longest_silence(&self) -> Option<Duration> {
        let heard = self.places[self.oldest?].heard?;
        Some(heard.elapsed())
    }

    /// Adds one at the end, and tells its place.
    pub(super) fn enter(&mut self) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(Entry::default());
            self.places.len() - 1
        });
        self.places[place] = Entry::default();
        self.append(place);
        place
    }

    /// Takes the one out that was silent longest; who waits for it is to be woken.
    pub(super) fn push_out(&mut self) -> Option<Waker> {
        let place = self.oldest?;
        self.unlink(place);
        self.places[place].pushed_out = true;
        self.places[place].waker.take()
    }

    /// Whether it was pushed out; else its client has just been heard.
    pub(super) fn move_on(&mut self, place: usize, waker: &Waker) -> bool {
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

    /// The place is nobody's any more.
    pub(super) fn leave(&mut self, place: usize) {
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
        let Entry { older, newer, .. } = self.places[place];
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
impl Queue {
    /// Whether nobody is there, and no memory is kept for those who were.
    pub(super) fn is_as_new(&self) -> bool {
        let list = (self.length, self.oldest, self.newest);
        list == (0, None, None) && self.places.capacity() + self.free.capacity() == 0
    }
}
