//! What is under way on one connection: requests, their bodies, and what else its stream waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// One connection's.
#[derive(Clone, Default)]
pub struct InFlight(Arc<State>);

#[derive(Default)]
struct State {
    /// How many requests there were.
    requests: AtomicUsize,
    /// How many of them are being answered.
    answers: AtomicUsize,
    /// How many of them have a body that somebody still reads.
    bodies: AtomicUsize,
    /// Whether the last body was given up before its end: what comes next may be the rest of it.
    given_up: AtomicBool,
    /// Whether bytes have come of which no request has become yet.
    begun: AtomicBool,
    /// Whether the stream has been read until there was nothing more, and nothing waits to be sent.
    quiet: AtomicBool,
}

/// How far a connection is; another value than before is a sign of life.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many requests there were.
    pub requests: usize,
    /// Whether bytes have come of which no request has become yet.
    pub begun: bool,
    /// Whether there is a request.
    pub busy: bool,
}

/// One request, from its header to the last byte of its answer.
pub struct Request(InFlight);

/// The body of a request, until it has been read or given up.
pub struct Unread {
    in_flight: InFlight,
    ended: bool,
}

impl InFlight {
    /// One more request, until the guard is dropped. A connection's next request begins where the
    /// body of the last one ended.
    pub fn enter(&self) -> Request {
        self.0.requests.fetch_add(1, Relaxed);
        self.0.answers.fetch_add(1, Relaxed);
        self.0.begun.store(false, Relaxed);
        self.0.given_up.store(false, Relaxed);
        Request(self.clone())
    }

    /// It has a body.
    pub fn unread(&self) -> Unread {
        self.0.bodies.fetch_add(1, Relaxed);
        Unread {
            in_flight: self.clone(),
            ended: false,
        }
    }

    /// Whether there is no request.
    pub fn is_idle(&self) -> bool {
        self.0.answers.load(Relaxed) == 0 && self.0.bodies.load(Relaxed) == 0
    }

    /// Bytes have come.
    pub fn received(&self) {
        // Else they belong to that request, or are found when it is over.
        if self.is_idle() {
            self.0.begun.store(true, Relaxed);
        }
    }

    /// Whether the stream has nothing to give and nothing to send.
    pub fn set_quiet(&self, quiet: bool) {
        self.0.quiet.store(quiet, Relaxed);
    }

    /// Whether the connection is exactly between two requests.
    pub fn is_paused(&self) -> bool {
        let State {
            given_up,
            begun,
            quiet,
            ..
        } = &*self.0;
        self.is_idle() && quiet.load(Relaxed) && !begun.load(Relaxed) && !given_up.load(Relaxed)
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        Progress {
            requests: self.0.requests.load(Relaxed),
            begun: self.0.begun.load(Relaxed),
            busy: !self.is_idle(),
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.0.0.answers.fetch_sub(1, Relaxed);
    }
}

impl Unread {
    /// It has been read to its end.
    pub fn ended(mut self) {
        self.ended = true;
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let State {
            bodies, given_up, ..
        } = &*self.in_flight.0;
        if !self.ended {
            given_up.store(true, Relaxed);
        }
        bodies.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_rest() -> InFlight {
        let in_flight = InFlight::default();
        in_flight.set_quiet(true);
        in_flight
    }

    #[test]
    fn a_pause_is_when_the_answer_and_the_body_are_through() {
        let in_flight = at_rest();
        assert!(in_flight.is_paused());
        let (request, body) = (in_flight.enter(), in_flight.unread());
        assert!(!in_flight.is_paused());
        drop(request);
        assert!(!in_flight.is_paused(), "the body is still read");
        body.ended();
        assert!(in_flight.is_paused());
        in_flight.set_quiet(false);
        assert!(!in_flight.is_paused());
    }

    #[test]
    fn a_body_that_was_given_up_is_none_until_the_next_request() {
        let in_flight = at_rest();
        let request = in_flight.enter();
        drop((request, in_flight.unread()));
        assert!(in_flight.is_idle() && !in_flight.is_paused());
        drop(in_flight.enter());
        assert!(in_flight.is_paused());
    }

    #[test]
    fn the_beginning_of_a_request_is_none() {
        let in_flight = at_rest();
        in_flight.received();
        assert!(in_flight.progress().begun && !in_flight.is_paused());
        let request = in_flight.enter();
        in_flight.received();
        drop(request);
        assert!(in_flight.is_paused(), "that was its body");
    }
}
