//! One operation, by mode: on a connection of its own, on one that stays, or on a stream of one.

use std::rc::Rc;

use super::{Done, Worker};
use crate::bench::channel::Channel;
use crate::bench::failure::{Failure, Stage};
use crate::bench::plan::{HttpVersion, Mode};
use crate::bench::recorder::Sample;

impl Worker {
    /// One operation of the plan's mode.
    pub(super) async fn attempt(&mut self, sample: &mut Sample) -> Result<Done, Failure> {
        match self.mode() {
            Mode::Requests if self.plan().http == HttpVersion::Two => self.stream(sample).await,
            Mode::Requests | Mode::Tunnel => self.keep_alive(sample).await,
            _ => self.once(sample).await.map(Done::Over),
        }
    }

    /// A connection of its own.
    pub(super) async fn once(&mut self, sample: &mut Sample) -> Result<Channel, Failure> {
        let number = self.next_route();
        let shared = Rc::clone(&self.shared);
        let route = shared.dialer.route(number);
        let session = self.ticket(number).session.clone();
        let mut channel = Channel::open(&shared.dialer, &route, session.as_deref(), sample).await?;
        let exchanged = channel
            .exchange(&shared.requests, &mut self.buffer, sample)
            .await;
        match exchanged {
            Ok(_) if self.says_nothing() && self.mode() != Mode::Idle => {
                channel.confirm(sample).await?;
                Ok(channel)
            }
            Ok(_) => Ok(channel),
            Err(failure @ Failure::Status(_)) => {
                channel.close(self.mode()).await;
                Err(failure)
            }
            Err(failure) => Err(failure),
        }
    }

    /// On the connection that stays. It is out of `held` meanwhile, so that one whose operation timed
    /// out, with half an answer on its way, is never used again.
    async fn keep_alive(&mut self, sample: &mut Sample) -> Result<Done, Failure> {
        let shared = Rc::clone(&self.shared);
        let mut channel = match self.held.take() {
            Some(channel) => channel,
            None => {
                let route = shared.dialer.route(self.next_route());
                Channel::open(&shared.dialer, &route, None, sample).await?
            }
        };
        let stays = channel
            .exchange(&shared.requests, &mut self.buffer, sample)
            .await;
        match stays {
            Ok(true) => {
                let facts = Rc::clone(&channel.facts);
                self.held = Some(channel);
                Ok(Done::Stays(facts))
            }
            Ok(false) => Ok(Done::Over(channel)),
            Err(failure @ Failure::Status(_)) => {
                channel.close(self.mode()).await;
                Err(failure)
            }
            Err(failure) => Err(failure),
        }
    }

    /// On one stream of a connection that several workers use.
    async fn stream(&mut self, sample: &mut Sample) -> Result<Done, Failure> {
        let shared = Rc::clone(&self.shared);
        let common = Rc::clone(&self.common);
        let mut opened = common.lock().await;
        let known = opened
            .as_ref()
            .and_then(|channel| Some((channel.share()?, channel.target())));
        let ((mut connection, facts), target) = match known {
            Some(known) => known,
            None => {
                let route = shared.dialer.route(self.next_route());
                let channel = Channel::open(&shared.dialer, &route, None, sample).await?;
                let shared = channel.share().ok_or(Failure::Closed(Stage::Request))?;
                let target = channel.target();
                *opened = Some(channel);
                (shared, target)
            }
        };
        drop(opened);
        sample.stage = Stage::Request;
        connection
            .get(shared.requests.http2(target), sample)
            .await?;
        Ok(Done::Stays(facts))
    }
}
