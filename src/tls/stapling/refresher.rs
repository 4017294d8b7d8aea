//! Keeps the server's staple fresh.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Staple, StapleFault, Stapled, check};
use crate::fetch::pace::Pace;
use crate::fetch::{self, Url};
use crate::telemetry::Telemetry;
use crate::telemetry::fetching::{OcspResult, StapleFetched};
use crate::tls::ocsp::{Question, asking};
use crate::tls::verification::unix_now;

/// For one answer. Nobody waits for it.
const TIMEOUT: Duration = Duration::from_secs(10);
const PACE: Pace = Pace {
    least: Duration::from_secs(60),
    most: Duration::from_secs(86_400),
    retry: Duration::from_secs(1),
    retry_most: Duration::from_secs(300),
};

/// Asks the responder, hands on what it says, and asks again in time. It keeps the last good answer.
pub struct Refresher {
    question: Question,
    responder: Url,
    stapled: watch::Sender<Option<Staple>>,
    telemetry: Arc<Telemetry>,
    pace: Pace,
}

impl Refresher {
    /// Nothing is stapled until [`run`](Self::run) has its first answer. `None` if there is nobody to ask.
    pub fn new(question: Question, telemetry: Arc<Telemetry>) -> Option<(Self, Stapled)> {
        let (stapled, receiver) = watch::channel(None);
        let refresher = Self {
            responder: question.responder.clone()?,
            question,
            stapled,
            telemetry,
            pace: PACE,
        };
        Some((refresher, receiver))
    }

    /// Goes on until nobody wants to know any more.
    pub async fn run(self) {
        let mut failures = 0;
        loop {
            let pause = match self.refresh().await {
                Some(until) => {
                    failures = 0;
                    let left = u64::try_from(until - unix_now()).unwrap_or(0);
                    self.pace.after_success(Some(Duration::from_secs(left)))
                }
                None => {
                    failures += 1;
                    self.pace.after_failures(failures)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stapled.closed() => return,
            }
        }
    }

    /// One question; until when its answer holds.
    async fn refresh(&self) -> Option<i64> {
        let begun = Instant::now();
        let request = asking::request(&self.question, &self.responder);
        let (result, until) = match fetch::fetch(&request, asking::limits(TIMEOUT)).await {
            Ok(fetch::Answer::Body(body, _)) => self.take(&body),
            Ok(fetch::Answer::NotModified) => (failed("not_current", "HTTP status 304"), None),
            Err(error) => (failed(error.label(), error), None),
        };
        let kept = self.stapled.borrow().as_ref().map(|staple| staple.until);
        StapleFetched {
            responder: &self.responder,
            result,
            took: begun.elapsed(),
            until: kept,
        }
        .emit(&self.telemetry);
        until
    }

    fn take(&self, body: &[u8]) -> (OcspResult, Option<i64>) {
        match check(&self.question, body, unix_now()) {
            Ok(staple) => {
                let until = staple.until;
                self.stapled.send_replace(Some(staple));
                (OcspResult::Good, Some(until))
            }
            Err(StapleFault::Answer(fault)) => (failed(fault.label(), fault), None),
            Err(fault @ StapleFault::NotGood(_)) => {
                // What it said before is no longer true.
                self.stapled.send_replace(None);
                (failed("revoked", fault), None)
            }
        }
    }
}

fn failed(kind: &'static str, words: impl ToString) -> OcspResult {
    let words = words.to_string();
    OcspResult::Failed { kind, words }
}
