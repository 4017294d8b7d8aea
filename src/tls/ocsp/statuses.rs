//! What is known of certificates' statuses, and how it is found out.
//!
//! One memory for all threads, and for longer than one set of certificates is loaded. It is bounded; what it
//! knows ends with the answer's own time, and after an hour at most. A failure is known for a few seconds, so
//! that a dead responder neither costs each handshake its timeout nor is asked by each.
//! One question is asked once at a time: who else wants to know waits along.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};

use super::answer::{self, Answer, Found};
use super::{Question, asking};
use crate::fetch::{self, Url};
use crate::telemetry::Telemetry;
use crate::telemetry::fetching::{self, OcspAsked, OcspResult};
use crate::tls::verification::unix_now;

/// How many statuses are known at most; about 200 bytes each.
const KNOWN: usize = 8192;
/// How long an answer is relied on at most, whatever it says: a revocation must show within this time.
const LONGEST: Duration = Duration::from_secs(3600);
/// How long an answer is relied on that doesn't say; and at least, so that a handshake that asked can go on.
const SHORTEST: Duration = Duration::from_secs(10);
/// How long a failure is.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How many questions one responder is asked at a time. More of them wait, within their timeouts.
const AT_A_TIME: usize = 64;

/// What is known of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The responder says that it isn't revoked.
    Good,
    /// It is, with the responder's words.
    Revoked(Arc<str>),
    /// The responder says that it doesn't know.
    Unknown,
    /// There is no answer to rely on, and why.
    Unavailable(Arc<str>),
}

/// A status that may not be there yet.
pub enum Pending {
    /// It was known.
    Known(Status),
    /// It is being asked for.
    Asked(Outcome),
}

impl Pending {
    /// The status.
    pub async fn settled(self) -> Status {
        let mut outcome = match self {
            Self::Known(status) => return status,
            Self::Asked(outcome) => outcome,
        };
        let status = outcome.wait_for(Option::is_some).await;
        let status = status.ok().and_then(|status| status.clone());
        status.unwrap_or_else(|| Status::Unavailable("the gateway is ending".into()))
    }
}

/// The memory.
pub struct Statuses {
    memory: Mutex<Memory>,
    /// By responder, so that a dead one is in no other's way; those that are being asked.
    slots: Mutex<HashMap<Url, Weak<Semaphore>>>,
    telemetry: Arc<Telemetry>,
}

type Key = [u8; 32];
type Outcome = watch::Receiver<Option<Status>>;

/// Two generations: when the young one is full, it becomes the old one, and what nobody has asked for since
/// then is forgotten.
#[derive(Default)]
struct Memory {
    young: HashMap<Key, Known>,
    old: HashMap<Key, Known>,
    /// What is being asked.
    asked: HashMap<Key, Outcome>,
}

#[derive(Debug, Clone)]
struct Known {
    status: Status,
    /// By the clock on the wall, in seconds since 1970: answers have such times.
    until: i64,
    /// By the one that nobody sets back.
    fresh: Instant,
}

impl Statuses {
    /// Knows nothing yet.
    pub fn new(telemetry: Arc<Telemetry>) -> Self {
        Self {
            memory: Mutex::default(),
            slots: Mutex::default(),
            telemetry,
        }
    }

    /// What is known, if it still holds.
    pub fn recall(&self, question: &Question) -> Option<Status> {
        if question.responder.is_none() {
            return Some(nobody_to_ask());
        }
        self.memory().get(&question.key, unix_now(), Instant::now())
    }

    /// Begins to find out, within `timeout`. What comes out is known to all who ask next; the question is asked
    /// to the end, even if nobody waits any more. Needs a tokio runtime.
    pub fn ask(self: &Arc<Self>, question: &Arc<Question>, timeout: Duration) -> Pending {
        let Some(responder) = question.responder.clone() else {
            return Pending::Known(nobody_to_ask());
        };
        let key = question.key;
        let mut memory = self.memory();
        if let Some(status) = memory.get(&key, unix_now(), Instant::now()) {
            return Pending::Known(status);
        }
        if let Some(outcome) = memory.asked.get(&key) {
            return Pending::Asked(outcome.clone());
        }
        let (sender, outcome) = watch::channel(None);
        memory.asked.insert(key, outcome.clone());
        drop(memory);
        let (statuses, question) = (self.clone(), question.clone());
        tokio::spawn(async move {
            let asking = Asking {
                statuses: &statuses,
                key,
            };
            let known = statuses.find_out(&question, &responder, timeout).await;
            let status = statuses.memory().renew(key, known, KNOWN);
            drop(asking);
            // Everybody may have gone.
            let _ = sender.send(Some(status));
        });
        Pending::Asked(outcome)
    }

    async fn find_out(&self, question: &Question, responder: &Url, timeout: Duration) -> Known {
        let begun = Instant::now();
        let slots = self.slots(responder);
        let exchange = async {
            // The semaphore is never closed.
            let _slot = slots.acquire().await;
            fetch::fetch(
                &asking::request(question, responder),
                asking::limits(timeout),
            )
            .await
        };
        let result = tokio::time::timeout(timeout, exchange).await;
        let result = result.unwrap_or(Err(fetch::FetchError::Timeout(timeout)));
        let (result, known) = match &result {
            Ok(fetch::Answer::Body(body, _)) => judge(question, body),
            Ok(fetch::Answer::NotModified) => failed("not_current", "HTTP status 304".to_owned()),
            Err(error) => failed(error.label(), error.to_string()),
        };
        OcspAsked {
            responder,
            result,
            took: begun.elapsed(),
        }
        .emit(&self.telemetry);
        known
    }

    fn slots(&self, responder: &Url) -> Arc<Semaphore> {
        let mut all = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slots) = all.get(responder).and_then(Weak::upgrade) {
            return slots;
        }
        all.retain(|_, slots| slots.strong_count() > 0);
        let slots = Arc::new(Semaphore::new(AT_A_TIME));
        all.insert(responder.clone(), Arc::downgrade(&slots));
        slots
    }

    /// Counts a client that is let in although nobody knows its status.
    pub fn admitted_unchecked(&self, words: &str) {
        fetching::ocsp_unchecked(&self.telemetry, words);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn judge(question: &Question, body: &[u8]) -> (OcspResult, Known) {
    let now = unix_now();
    let answer = match answer::read(question, body, now) {
        Ok(answer) => answer,
        Err(fault) => return failed(fault.label(), fault.to_string()),
    };
    let (result, status) = match &answer.found {
        Found::Good => (OcspResult::Good, Status::Good),
        Found::Revoked(words) => (OcspResult::Revoked, Status::Revoked(words.as_str().into())),
        Found::Unknown => (OcspResult::Unknown, Status::Unknown),
    };
    (result, known(status, &answer, now))
}

/// How long to rely on it.
fn known(status: Status, answer: &Answer, now: i64) -> Known {
    // One that the responder doesn't know yet may be known soon.
    let longest = match status {
        Status::Unknown => SHORTEST,
        _ => LONGEST,
    };
    let says = answer.next_update.map_or(0, |next| next - now);
    let holds = Duration::from_secs(u64::try_from(says).unwrap_or(0));
    let holds = holds.clamp(SHORTEST, longest);
    Known {
        status,
        until: now.saturating_add(holds.as_secs() as i64),
        fresh: Instant::now() + holds,
    }
}

fn failed(kind: &'static str, words: String) -> (OcspResult, Known) {
    let known = Known {
        status: Status::Unavailable(words.as_str().into()),
        until: i64::MAX,
        fresh: Instant::now() + AFTER_FAILURE,
    };
    (OcspResult::Failed { kind, words }, known)
}

fn nobody_to_ask() -> Status {
    Status::Unavailable(
        "the certificate names no http or https responder, and --ocsp-responder isn't set".into(),
    )
}

/// That something is being asked ends with the one who asks, in whatever way.
struct Asking<'a> {
    statuses: &'a Statuses,
    key: Key,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.statuses.memory().asked.remove(&self.key);
    }
}

impl Memory {
    fn get(&mut self, key: &Key, now: i64, instant: Instant) -> Option<Status> {
        let known = match self.young.get(key) {
            Some(known) => known.clone(),
            None => {
                let known = self.old.remove(key)?;
                self.insert(*key, known.clone(), KNOWN);
                known
            }
        };
        (now < known.until && instant < known.fresh).then_some(known.status)
    }

    /// Takes what came, and tells what holds: who was revoked is so until a responder says otherwise, and
    /// not only for as long as one answers.
    fn renew(&mut self, key: Key, mut known: Known, limit: usize) -> Status {
        let before = self.young.get(&key).or_else(|| self.old.get(&key));
        if let (Some(before), Status::Unavailable(_)) = (before, &known.status)
            && matches!(before.status, Status::Revoked(_))
        {
            known.status = before.status.clone();
        }
        let status = known.status.clone();
        self.insert(key, known, limit);
        status
    }

    fn insert(&mut self, key: Key, known: Known, limit: usize) {
        if self.young.len() >= limit / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(status: Status, until: i64, fresh: Instant) -> Known {
        Known {
            status,
            until,
            fresh,
        }
    }

    #[test]
    fn what_is_known_ends_by_either_clock() {
        let mut memory = Memory::default();
        let instant = Instant::now();
        let second = Duration::from_secs(1);
        memory.insert([1; 32], at(Status::Good, 100, instant + second), KNOWN);
        assert_eq!(memory.get(&[1; 32], 99, instant), Some(Status::Good));
        assert_eq!(memory.get(&[1; 32], 100, instant), None, "over");
        // The clock was set back.
        assert_eq!(memory.get(&[1; 32], 0, instant + second), None);
        assert_eq!(memory.get(&[2; 32], 0, instant), None, "another");
    }

    /// A responder that is gone takes no revocation back.
    #[test]
    fn revoked_is_revoked_until_somebody_says_otherwise() {
        let mut memory = Memory::default();
        let (key, over) = ([1; 32], Instant::now());
        let gone = || at(Status::Unavailable("gone".into()), i64::MAX, over);
        let revoked = Status::Revoked("in 2026".into());
        assert_eq!(
            memory.renew(key, gone(), KNOWN),
            Status::Unavailable("gone".into())
        );
        memory.renew(key, at(revoked.clone(), 100, over), KNOWN);
        assert_eq!(memory.get(&key, 100, over), None, "its time is over");
        for _ in 0..2 {
            assert_eq!(memory.renew(key, gone(), KNOWN), revoked);
        }
        assert_eq!(
            memory.renew(key, at(Status::Good, 100, over), KNOWN),
            Status::Good
        );
        assert_eq!(
            memory.renew(key, gone(), KNOWN),
            Status::Unavailable("gone".into())
        );
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut memory = Memory::default();
        let instant = Instant::now();
        for number in 0..100u8 {
            memory.insert([number; 32], at(Status::Good, i64::MAX, instant), 8);
            assert!(memory.young.len() + memory.old.len() <= 8);
        }
        assert!(memory.young.contains_key(&[99; 32]));
    }

    #[test]
    fn an_answer_is_relied_on_for_its_time_and_an_hour_at_most() {
        let held = |status: &Status, next_update| {
            let answer = Answer {
                found: Found::Good,
                this_update: 1000,
                next_update,
            };
            known(status.clone(), &answer, 1000).until - 1000
        };
        assert_eq!(held(&Status::Good, Some(1600)), 600);
        assert_eq!(held(&Status::Good, Some(1_000_000)), 3600);
        assert_eq!(held(&Status::Revoked("x".into()), Some(1600)), 600);
        assert_eq!(held(&Status::Good, None), 10);
        assert_eq!(held(&Status::Good, Some(990)), 10, "within the skew");
        assert_eq!(held(&Status::Unknown, Some(1600)), 10);
    }
}
