//! Whether the process is ready for more, and why not: one answer for every port that is asked.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Observer, Phase};

/// Why the process isn't ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReady {
    /// It is about to end.
    Draining,
    /// What is behind it can't be reached, and `ready-upstreams` wants that.
    Upstream,
}

impl NotReady {
    /// The word in answers, logs and metric labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Upstream => "upstream",
        }
    }
}

/// Knows it once there is a phase; ready until then.
#[derive(Default)]
pub struct Readiness {
    phase: OnceLock<Observer>,
    lacks_upstreams: AtomicBool,
}

impl Readiness {
    /// From now on this is the phase. Only the first one is taken.
    pub fn observe(&self, phase: Observer) {
        let _ = self.phase.set(phase);
    }

    /// Whether upstreams are missed that are needed.
    pub fn lack_upstreams(&self, lacks: bool) {
        self.lacks_upstreams.store(lacks, Ordering::Relaxed);
    }

    /// How it is at this moment.
    ///
    /// # Errors
    /// Why it isn't ready. Whoever is about to end is draining, whatever else is missing.
    pub fn now(&self) -> Result<(), NotReady> {
        let phase = self.phase.get().map(Observer::phase);
        match phase.is_some_and(|phase| phase != Phase::Ready) {
            true => Err(NotReady::Draining),
            false if self.lacks_upstreams.load(Ordering::Relaxed) => Err(NotReady::Upstream),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Lifecycle;
    use super::*;

    #[test]
    fn draining_is_said_first() {
        let (readiness, lifecycle) = (Readiness::default(), Lifecycle::start());
        assert_eq!(readiness.now(), Ok(()));
        readiness.observe(lifecycle.observer());
        readiness.lack_upstreams(true);
        assert_eq!(readiness.now(), Err(NotReady::Upstream));
        lifecycle.enter(Phase::Draining);
        assert_eq!(readiness.now(), Err(NotReady::Draining));
        readiness.lack_upstreams(false);
        lifecycle.enter(Phase::Closing);
        assert_eq!(readiness.now(), Err(NotReady::Draining));
    }
}
