//! Mode idle: a connection is opened, held, and asked at the end whether it still lives.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Worker;
use crate::bench::failure::{Failure, Stage};
use crate::bench::pace::Turn;
use crate::bench::recorder::Sample;

impl Worker {
    /// Opens and leaves it open; [`Worker::survived`] tells later whether that was a success.
    pub(super) async fn open_and_hold(&mut self) {
        let turn = Turn {
            due: Instant::now(),
            measured: true,
        };
        let mut sample = Sample::default();
        let timeout = self.plan().timeout;
        let outcome = tokio::time::timeout(timeout, self.once(&mut sample)).await;
        let end = Instant::now();
        match outcome.unwrap_or(Err(Failure::Timeout(sample.stage))) {
            Ok(channel) => {
                self.held = Some(channel);
                self.opened = Some((turn, end, sample));
                self.counters().operations.fetch_add(1, Ordering::Relaxed);
            }
            Err(failure) => self.failed(turn, end, &failure),
        }
    }

    /// Asks again, and records what was opened as what has become of it.
    pub(super) async fn survived(&mut self, turn: Turn, end: Instant, mut sample: Sample) {
        let Some(mut channel) = self.held.take() else {
            return;
        };
        let shared = Rc::clone(&self.shared);
        let mut last = Sample::default();
        let ask = async {
            channel.is_alive(&mut last).await?;
            channel
                .exchange(&shared.requests, &mut self.buffer, &mut last)
                .await
        };
        let asked = tokio::time::timeout(shared.dialer.plan.timeout, ask).await;
        match asked.unwrap_or(Err(Failure::Timeout(Stage::Request))) {
            Ok(_) => {
                sample.requests += last.requests;
                sample.received += last.received;
                sample.sent += last.sent;
                let mut recorder = self.shared.recorder.borrow_mut();
                recorder.success(turn.due, end, &sample);
                recorder.connection(&channel.facts.agreed);
                drop(recorder);
                self.held = Some(channel);
            }
            Err(failure) => {
                let failure = match failure {
                    Failure::Closed(_) => Failure::Closed(Stage::Idle),
                    Failure::Reset(_) => Failure::Reset(Stage::Idle),
                    failure => failure,
                };
                self.failed(turn, Instant::now(), &failure);
            }
        }
    }
}
