//! Whether upstreams can be connected to, found out by connecting, for as long as readiness depends on it.
//!
//! Each address has a task of its own that connects and hangs up, again and again. That nobody asks for anything
//! therefore changes nothing, and a request that fails doesn't either. Nothing of it runs while nobody wants to know.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use tokio::task::AbortHandle;

use super::dial;
use super::standing::{Board, Found};
use crate::config::upstream::UpstreamAddress;
use crate::lifecycle::readiness::Readiness;
use crate::telemetry::Telemetry;
use crate::telemetry::events::ready::{UpstreamChecked, UpstreamsJudged, unchecked};

/// While a check may change something, they come so much faster.
const HASTE: u32 = 5;
/// So many upstreams are named in one log line.
const NAMED: usize = 10;

/// What is to be found out, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Who has to have upstreams. Without any, nothing is checked.
    pub services: Vec<Service>,
    /// From one check of an upstream to the next.
    pub interval: Duration,
    /// For one check.
    pub timeout: Duration,
}

/// Upstreams that take turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Where they are.
    pub addresses: Vec<UpstreamAddress>,
    /// Whether each of them is needed, or one.
    pub needs_all: bool,
}

impl Service {
    pub(super) fn has(&self, address: &UpstreamAddress) -> bool {
        self.addresses.contains(address)
    }
}

/// What is known of an upstream that is checked.
#[derive(Debug, Clone)]
pub struct Known {
    /// Which one it is.
    pub address: String,
    /// `None` until it is judged.
    pub usable: Option<bool>,
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// Why the last check failed, if it did.
    pub error: Option<String>,
}

/// The checks that run.
pub struct Checks {
    state: Mutex<State>,
    readiness: Arc<Readiness>,
    telemetry: Arc<Telemetry>,
    jitter: RandomState,
}

#[derive(Default)]
struct State {
    board: Board,
    wanted: Wanted,
    running: BTreeMap<UpstreamAddress, Running>,
}

/// One upstream's task; it ends when this is dropped.
struct Running(AbortHandle);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Checks {
    /// None yet. Tells `readiness`.
    pub fn new(readiness: Arc<Readiness>, telemetry: Arc<Telemetry>) -> Self {
        Self {
            state: Mutex::default(),
            readiness,
            telemetry,
            jitter: RandomState::new(),
        }
    }

    /// From now on this is wanted; what is known stays known. Whoever is new counts as usable until it is judged, but
    /// for the first time that this is called: a process that has never reached its upstreams isn't ready. Needs a tokio
    /// runtime that lives as long as the process.
    pub fn follow(self: &Arc<Self>, wanted: &Wanted) {
        let mut state = self.lock();
        let (new, gone) = state.board.follow(&wanted.services, now());
        for address in gone {
            state.running.remove(&address);
            unchecked(&self.telemetry, &address);
        }
        let paces = |wanted: &Wanted| (wanted.interval, wanted.timeout);
        let begin = match paces(wanted) == paces(&state.wanted) {
            true => new,
            // Nobody may sleep for as long as was said before.
            false => state
                .board
                .all()
                .map(|(address, _)| address.clone())
                .collect(),
        };
        state.wanted = wanted.clone();
        for address in begin {
            let task = tokio::spawn(self.clone().check(address.clone()));
            state.running.insert(address, Running(task.abort_handle()));
        }
        self.tell(&mut state);
    }

    /// What is known of each, in the order of their addresses.
    pub fn known(&self) -> Vec<Known> {
        let state = self.lock();
        let all = state.board.all().map(|(address, standing)| Known {
            address: address.to_string(),
            usable: standing.usable,
            since: standing.since,
            error: standing.error.clone(),
        });
        all.collect()
    }

    async fn check(self: Arc<Self>, address: UpstreamAddress) {
        loop {
            let timeout = self.lock().wanted.timeout;
            let found = reach(&address, timeout).await;
            let Some(pause) = self.note(&address, found) else {
                return;
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// How long to wait for the next check; `None` if nobody needs it any more.
    fn note(&self, address: &UpstreamAddress, found: Found) -> Option<Duration> {
        let mut state = self.lock();
        let noted = state.board.note(address, found.clone(), now())?;
        if let Some(usable) = noted.verdict {
            UpstreamChecked {
                address,
                usable,
                error: match &found {
                    Found::Failed(error) => Some(error),
                    _ => None,
                },
            }
            .emit(&self.telemetry);
            self.tell(&mut state);
        }
        let interval = state.wanted.interval;
        Some(self.jittered(match noted.in_doubt {
            true => interval / HASTE,
            false => interval,
        }))
    }

    fn tell(&self, state: &mut State) {
        self.readiness.lack_upstreams(!state.board.is_enough());
        let Some(enough) = state.board.news() else {
            return;
        };
        let unusable = state.board.all();
        let unusable = unusable.filter(|(_, standing)| standing.usable == Some(false));
        let words = unusable.take(NAMED).map(|(address, standing)| {
            let error = standing.error.as_deref().unwrap_or_default();
            format!("{address}: {error}")
        });
        UpstreamsJudged {
            enough,
            unusable: &words.collect::<Vec<_>>().join(", "),
        }
        .emit();
    }

    /// A tenth more or less, so that a fleet's checks don't come together.
    fn jittered(&self, pause: Duration) -> Duration {
        let fifth = pause / 5;
        let random = self.jitter.hash_one(std::time::Instant::now()) % 1024;
        // It is less than 1024.
        let random = u32::try_from(random).unwrap_or(0);
        pause - fifth / 2 + fifth * random / 1024
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn reach(address: &UpstreamAddress, timeout: Duration) -> Found {
    match tokio::time::timeout(timeout, dial(address)).await {
        Ok(Ok(_)) => Found::Reached,
        Ok(Err(error)) if is_ours(&error) => Found::Unknown,
        Ok(Err(error)) => Found::Failed(error.to_string()),
        Err(_) => Found::Failed(format!("no connection within {timeout:?}")),
    }
}

/// A lack of descriptors or memory.
fn is_ours(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS]
        .map(|errno| Some(errno.raw_os_error()))
        .contains(&code)
}

/// In seconds since 1970.
fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed();
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}
