//! From ready to closed: who must know, and who is waited for.
//!
//! The one that steers has [`Lifecycle`], everybody else a [`Member`]: it tells the phase, and for as
//! long as it lives, the end is waited for. What ends a single connection is its [`Ending`](ending::Ending).

pub mod ending;
pub mod readiness;
pub mod signals;

use std::convert::Infallible;

use tokio::sync::{mpsc, watch};

/// Where the process is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Serving, and ready for more.
    Ready,
    /// Still accepting, but telling load balancers to go elsewhere.
    Draining,
    /// No new connections; what is in flight is brought to its end.
    Closing,
}

/// Steers the phases.
pub struct Lifecycle {
    phase: watch::Sender<Phase>,
    member: Member,
    all_gone: mpsc::Receiver<Infallible>,
}

/// Sees the phases; keeps the process alive.
#[derive(Clone)]
pub struct Member {
    phase: watch::Receiver<Phase>,
    /// Never sends: that the last clone is dropped is the message.
    _alive: mpsc::Sender<Infallible>,
}

/// Sees the phases without being waited for.
#[derive(Clone)]
pub struct Observer(watch::Receiver<Phase>);

impl Lifecycle {
    /// Begins in [`Phase::Ready`].
    pub fn start() -> Self {
        let (sender, receiver) = watch::channel(Phase::Ready);
        let (alive, all_gone) = mpsc::channel(1);
        Self {
            phase: sender,
            member: Member {
                phase: receiver,
                _alive: alive,
            },
            all_gone,
        }
    }

    /// One more to tell and to wait for.
    pub fn member(&self) -> Member {
        self.member.clone()
    }

    /// One more to tell.
    pub fn observer(&self) -> Observer {
        Observer(self.member.phase.clone())
    }

    /// Tells everybody.
    pub fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Waits until every member is gone.
    pub async fn finished(self) {
        let Self {
            member,
            mut all_gone,
            ..
        } = self;
        drop(member);
        while all_gone.recv().await.is_some() {}
    }
}

impl Member {
    /// Returns once the phase is [`Phase::Closing`].
    pub async fn closing(&mut self) {
        // An error says that the steering side is gone, which is as good as closing.
        let _ = self.phase.wait_for(|phase| *phase == Phase::Closing).await;
    }

    /// Whether the phase is [`Phase::Closing`] at this moment.
    pub fn is_closing(&self) -> bool {
        *self.phase.borrow() == Phase::Closing
    }
}

impl Observer {
    /// The phase at this moment.
    pub fn phase(&self) -> Phase {
        *self.0.borrow()
    }
}
