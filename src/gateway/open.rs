//! The open connections: whose they are, and when each has to end.
//!
//! No connection has a clock of its own, and none is woken but to end: who keeps time is [`closing`](super::closing).
//! What is known of a connection is with the connection; here is where to find it.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

use super::closing::{SiteTerms, Terms};
use crate::access::Connection;
use crate::lifecycle::ending::Stage;
use crate::telemetry::events::closing::ClosedFor;

#[cfg(test)]
mod tests;

/// So many threads can come and go at a time, and so little is looked at in one go.
const SHARDS: usize = 16;
/// Clocks drift; a due that is off by less, in milliseconds, isn't worth moving.
const DRIFT: u64 = 500;
/// Never.
const NEVER: u64 = u64::MAX;

/// All of them.
pub struct Register {
    shards: [Mutex<Shard>; SHARDS],
    next: AtomicU64,
    /// Zero of all times in here, which are milliseconds.
    zero: Instant,
    /// Whose jitter is whose.
    jitter: RandomState,
    /// When the next look is; [`NEVER`] while that is found out.
    look: AtomicU64,
    /// The number of the snapshot that is in use.
    snapshot: AtomicU64,
    /// Whether somebody has entered by a snapshot that isn't in use any more.
    stale: AtomicBool,
    /// There is something to look at before that.
    news: Notify,
}

#[derive(Default)]
struct Shard {
    open: HashMap<u64, Entry>,
    /// Those that have to end some time, by when.
    dues: BTreeSet<(u64, u64)>,
}

/// A connection.
struct Entry {
    who: Weak<Connection>,
    site: Arc<SiteTerms>,
    began: u64,
    /// The earliest notAfter of its chain, in seconds since 1970.
    expires: i64,
    due: u64,
    /// The snapshot by which its client was judged last; [`NEVER`] if it needs none.
    judged: u64,
    /// Whether it has been told to end.
    over: bool,
}

/// One to be told something.
pub(super) struct Told {
    pub who: Arc<Connection>,
    pub stage: Stage,
    pub reason: Option<ClosedFor>,
}

/// One to be judged.
pub(super) struct Open {
    pub id: u64,
    pub who: Arc<Connection>,
    pub site: Arc<SiteTerms>,
}

/// Dropped with a connection.
struct Leaving {
    register: Arc<Register>,
    id: u64,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut shard = self.register.shard(self.id);
        if let Some(entry) = shard.open.remove(&self.id) {
            shard.dues.remove(&(entry.due, self.id));
            // Most connections of a storm are gone after it.
            if shard.open.len() < shard.open.capacity() / 8 {
                shard.open.shrink_to_fit();
            }
        }
    }
}

impl Register {
    /// Nobody is there.
    pub fn new() -> Self {
        Self {
            shards: Default::default(),
            next: AtomicU64::new(0),
            zero: Instant::now(),
            jitter: RandomState::new(),
            look: AtomicU64::new(NEVER),
            snapshot: AtomicU64::new(0),
            stale: AtomicBool::new(false),
            news: Notify::new(),
        }
    }

    /// A connection that was let in by a snapshot on these terms. It leaves when it is dropped.
    pub(super) fn enter(self: &Arc<Self>, connection: &Arc<Connection>, terms: &Terms) {
        self.enter_judged(connection, terms, terms.snapshot);
    }

    /// One that lets nobody in: each of its requests is decided at its own moment, so nothing but age ends it.
    pub(super) fn enter_carrier(self: &Arc<Self>, connection: &Arc<Connection>, terms: &Terms) {
        self.enter_judged(connection, terms, NEVER);
    }

    fn enter_judged(self: &Arc<Self>, connection: &Arc<Connection>, terms: &Terms, judged: u64) {
        let id = self.next.fetch_add(1, SeqCst);
        let session = &connection.session;
        let mut entry = Entry {
            who: Arc::downgrade(connection),
            site: terms.sites.get(session.site).cloned().unwrap_or_default(),
            began: self.now().saturating_sub(millis(session.took)),
            expires: session
                .standing
                .as_ref()
                .map_or(i64::MAX, |standing| standing.expires()),
            due: NEVER,
            judged,
            over: false,
        };
        let due = self.due(id, &entry, terms);
        entry.due = due;
        let mut shard = self.shard(id);
        shard.open.insert(id, entry);
        if due != NEVER {
            shard.dues.insert((due, id));
        }
        drop(shard);
        let register = self.clone();
        connection.ending.keep(Box::new(Leaving { register, id }));
        // A handshake may take longer than the snapshot that it began with is in use.
        let stale = self.snapshot.load(SeqCst) != terms.snapshot;
        if stale {
            self.stale.store(true, SeqCst);
        }
        if stale || due < self.look.load(SeqCst) {
            self.news.notify_one();
        }
    }

    /// From now on this snapshot is in use.
    pub(super) fn use_snapshot(&self, number: u64) {
        self.snapshot.store(number, SeqCst);
        self.news.notify_one();
    }

    /// Returns at the next due, when there are news, or after `most`.
    pub(super) async fn wait(&self, most: Duration) {
        // Who enters while this is found out gives notice.
        self.look.store(NEVER, SeqCst);
        let now = self.now();
        let first = (0..SHARDS).filter_map(|n| self.shard(n as u64).dues.first().map(|d| d.0));
        let look = first.min().unwrap_or(NEVER).min(now + millis(most));
        self.look.store(look, SeqCst);
        let wait = Duration::from_millis(look.saturating_sub(now));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.news.notified() => {}
        }
    }

    /// Whether somebody has entered by a snapshot that isn't in use any more, since this was asked last.
    pub(super) fn take_stale(&self) -> bool {
        self.stale.swap(false, SeqCst)
    }

    /// Those who are due, on these terms.
    pub(super) fn due_now(&self, terms: &Terms) -> Vec<Told> {
        let mut all = Vec::new();
        let (now, wall) = (self.now(), wall());
        for number in 0..SHARDS {
            let mut shard = self.shard(number as u64);
            let shard = &mut *shard;
            while let Some(&(due, id)) = shard.dues.first()
                && due <= now
            {
                shard.dues.remove(&(due, id));
                let Some(entry) = shard.open.get_mut(&id) else {
                    continue;
                };
                let (stage, reason) = match entry.over {
                    true => (Stage::Cut, None),
                    false => match self.reason(id, entry, terms, wall) {
                        Some(reason) => (Stage::Over, Some(reason)),
                        // The clock was set back, or the terms are others.
                        None => {
                            entry.due = self.due(id, entry, terms).max(now + 1);
                            reinsert(&mut shard.dues, entry.due, id);
                            continue;
                        }
                    },
                };
                entry.over = true;
                entry.due = match stage {
                    Stage::Cut => NEVER,
                    _ => now.saturating_add(millis(terms.grace)),
                };
                reinsert(&mut shard.dues, entry.due, id);
                // Dropped after the lock is: it may be the last.
                all.extend(entry.who.upgrade().map(|who| Told { who, stage, reason }));
            }
        }
        all
    }

    /// Finds out anew when each is due: after the clock was set, and on new terms.
    pub(super) fn recount(&self, terms: &Terms) {
        for number in 0..SHARDS {
            let mut shard = self.shard(number as u64);
            let Shard { open, dues } = &mut *shard;
            for (&id, entry) in open.iter_mut().filter(|(_, entry)| !entry.over) {
                let due = self.due(id, entry, terms);
                if due.abs_diff(entry.due) > DRIFT {
                    dues.remove(&(entry.due, id));
                    entry.due = due;
                    reinsert(dues, due, id);
                }
            }
        }
    }

    /// Those of a part that weren't judged by this snapshot yet, and now are to be.
    pub(super) fn unjudged(&self, part: usize, snapshot: u64) -> Vec<Open> {
        let mut shard = self.shard(part as u64);
        let open = shard.open.iter_mut();
        let unjudged = open.filter(|(_, entry)| entry.judged < snapshot && !entry.over);
        let unjudged = unjudged.filter_map(|(&id, entry)| {
            entry.judged = snapshot;
            let who = entry.who.upgrade()?;
            let site = entry.site.clone();
            Some(Open { id, who, site })
        });
        unjudged.collect()
    }

    /// Whether a newer snapshot is in use: then it is the one to judge by.
    pub(super) fn is_past(&self, snapshot: u64) -> bool {
        self.snapshot.load(SeqCst) > snapshot
    }

    /// How many parts there are.
    pub(super) fn parts(&self) -> usize {
        SHARDS
    }

    /// Its chain ends at another time than was thought.
    pub(super) fn expires(&self, id: u64, expires: i64, terms: &Terms) {
        let mut shard = self.shard(id);
        let Shard { open, dues } = &mut *shard;
        let Some(entry) = open.get_mut(&id) else {
            return;
        };
        if entry.expires != expires && !entry.over {
            entry.expires = expires;
            dues.remove(&(entry.due, id));
            entry.due = self.due(id, entry, terms);
            reinsert(dues, entry.due, id);
        }
    }

    /// It has to end; what is in flight has this time.
    pub(super) fn over(&self, id: u64, grace: Duration) {
        let mut shard = self.shard(id);
        let Shard { open, dues } = &mut *shard;
        if let Some(entry) = open.get_mut(&id)
            && !entry.over
        {
            entry.over = true;
            dues.remove(&(entry.due, id));
            entry.due = self.now().saturating_add(millis(grace));
            reinsert(dues, entry.due, id);
        }
    }

    /// All of them, at this moment.
    pub(super) fn everybody(&self) -> Vec<Arc<Connection>> {
        let parts = (0..SHARDS).map(|number| {
            let shard = self.shard(number as u64);
            let who = shard.open.values().filter_map(|entry| entry.who.upgrade());
            who.collect::<Vec<_>>()
        });
        parts.flatten().collect()
    }

    fn shard(&self, id: u64) -> MutexGuard<'_, Shard> {
        let shard = &self.shards[id as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        millis(self.zero.elapsed())
    }

    fn reason(&self, id: u64, entry: &Entry, terms: &Terms, wall: i64) -> Option<ClosedFor> {
        if terms.on.expiry && entry.expires.saturating_mul(1000) <= wall {
            return Some(ClosedFor::Expiry);
        }
        (self.too_old(id, entry, terms) <= self.now()).then_some(ClosedFor::MaxAge)
    }

    fn due(&self, id: u64, entry: &Entry, terms: &Terms) -> u64 {
        let expiry = match terms.on.expiry && entry.expires != i64::MAX {
            true => {
                let left = entry.expires.saturating_mul(1000).saturating_sub(wall());
                let left = u64::try_from(left).unwrap_or(0);
                self.now().saturating_add(left)
            }
            false => NEVER,
        };
        expiry.min(self.too_old(id, entry, terms))
    }

    /// A tenth more or less, so that clients that came together don't come back together.
    fn too_old(&self, id: u64, entry: &Entry, terms: &Terms) -> u64 {
        if terms.max_age.is_zero() {
            return NEVER;
        }
        let age = millis(terms.max_age);
        let fifth = age / 5;
        let random = self.jitter.hash_one(id) % (fifth + 1);
        entry.began.saturating_add(age - fifth / 2 + random)
    }
}

fn reinsert(dues: &mut BTreeSet<(u64, u64)>, due: u64, id: u64) {
    if due != NEVER {
        dues.insert((due, id));
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER)
}

/// Milliseconds since 1970.
fn wall() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
