//! How many requests of one connection are being answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The count of one connection.
#[derive(Clone, Default)]
pub struct InFlight(Arc<AtomicUsize>);

/// One request, from its header to the last byte of its answer.
pub struct Request(InFlight);

impl InFlight {
    /// One more, until the guard is dropped.
    pub fn enter(&self) -> Request {
        self.0.fetch_add(1, Ordering::Relaxed);
        Request(self.clone())
    }

    /// Whether there is none.
    pub fn is_idle(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
