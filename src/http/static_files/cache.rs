//! Files in memory, by the path that is asked for.
//!
//! What was found good is taken as good for a moment, [`FRESH`]; after that one request looks at the disk, while those
//! that ask for the same meanwhile wait for it. Whoever looks holds a [`Turn`]; it ends when that is dropped, whatever
//! became of it.
//!
//! Two generations share the room: what is asked for moves to the young one, and when that has half of the room, the
//! old one is dropped and the young one becomes it. So a hit costs a look-up and no list is kept in order, and a crawler
//! that asks for every file once doesn't displace what is asked for again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::budget::{Budget, Share};
use super::representation::Kept;

/// How long a file is served without a look at the disk (nginx: `open_file_cache_valid`, there 60 seconds).
pub(super) const FRESH: Duration = Duration::from_secs(1);

/// The largest file that is kept, in bytes.
pub(super) const LARGEST: u64 = 1024 * 1024;

/// What an entry takes beside content and path: header values, the places in the tables. On the safe side.
const OVERHEAD: u64 = 1024;

/// Shared by all connections.
#[derive(Debug)]
pub(super) struct Cache {
    fresh: Duration,
    budget: Arc<Budget>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    young: Generation,
    old: Generation,
    /// The paths for which somebody looks at the disk; the sender is the looker's.
    turns: HashMap<Arc<str>, watch::Receiver<()>>,
}

#[derive(Debug, Default)]
struct Generation {
    entries: HashMap<Arc<str>, Entry>,
    /// What they take, all together.
    bytes: u64,
}

#[derive(Debug)]
struct Entry {
    kept: Arc<Kept>,
    /// Before the last look at the disk.
    checked: Instant,
}

/// What there is to do for a path.
#[derive(Debug)]
pub(super) enum Look {
    /// Nothing: this is what the file holds.
    Fresh(Arc<Kept>),
    /// Look at the disk, and say what was found.
    Yours(Turn),
    /// Wait until this ends, and see: somebody is looking.
    Wait(watch::Receiver<()>),
}

impl Cache {
    pub(super) fn new(fresh: Duration, budget: Arc<Budget>) -> Arc<Self> {
        Arc::new(Self {
            fresh,
            budget,
            state: Mutex::default(),
        })
    }

    /// The file of this path, if it was looked at a moment before `asked`.
    pub(super) fn fresh(&self, path: &str, asked: Instant) -> Option<Arc<Kept>> {
        let mut state = self.lock();
        let entry = state.find(path)?;
        entry
            .is_fresh(asked, self.fresh)
            .then(|| entry.kept.clone())
    }

    /// Whether there is anything of this path, be it fresh or not.
    pub(super) fn knows(&self, path: &str) -> bool {
        self.lock().find(path).is_some()
    }

    /// Who looks at the disk for this path.
    pub(super) fn look(self: &Arc<Self>, path: &str, asked: Instant) -> Look {
        let mut state = self.lock();
        let known = state.find(path);
        let previous = known.map(|entry| entry.kept.clone());
        if let Some(entry) = known
            && entry.is_fresh(asked, self.fresh)
        {
            return Look::Fresh(entry.kept.clone());
        }
        if let Some(looking) = state.turns.get(path) {
            return Look::Wait(looking.clone());
        }
        let path: Arc<str> = path.into();
        let (ended, looking) = watch::channel(());
        state.turns.insert(path.clone(), looking);
        Look::Yours(Turn {
            cache: self.clone(),
            path,
            previous,
            found: None,
            _ended: ended,
        })
    }

    /// Room for a file of `size` bytes at `path`; makes it of the old generation if it must.
    fn reserve(&self, path: &str, size: u64) -> Option<Share> {
        let bytes = size + cost_beside(path);
        self.budget.reserve(bytes).or_else(|| {
            // Out of the lock before it is dropped.
            let old = std::mem::take(&mut self.lock().old);
            drop(old);
            self.budget.reserve(bytes)
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done with the lock held stops half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn find(&mut self, path: &str) -> Option<&Entry> {
        if let Some((path, entry)) = self.old.remove(path) {
            self.young.insert(path, entry);
        }
        self.young.entries.get(path)
    }

    /// Hands on what is no longer needed, to be dropped without the lock.
    fn insert(&mut self, path: Arc<str>, entry: Entry, limit: u64) -> Gone {
        let Gone { replaced, .. } = self.forget(&path);
        self.young.insert(path, entry);
        let mut old = Generation::default();
        if self.young.bytes > limit / 2 {
            old = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
        }
        Gone { replaced, old }
    }

    fn forget(&mut self, path: &str) -> Gone {
        let replaced = self.old.remove(path).or_else(|| self.young.remove(path));
        Gone {
            replaced,
            old: Generation::default(),
        }
    }
}

/// To free much memory takes its time.
#[must_use]
#[expect(dead_code, reason = "to be dropped, not to be read")]
struct Gone {
    replaced: Option<(Arc<str>, Entry)>,
    old: Generation,
}

impl Generation {
    fn insert(&mut self, path: Arc<str>, entry: Entry) {
        self.remove(&path);
        self.bytes += entry.cost(&path);
        self.entries.insert(path, entry);
    }

    fn remove(&mut self, path: &str) -> Option<(Arc<str>, Entry)> {
        let (path, entry) = self.entries.remove_entry(path)?;
        self.bytes -= entry.cost(&path);
        Some((path, entry))
    }
}

impl Entry {
    fn is_fresh(&self, asked: Instant, fresh: Duration) -> bool {
        asked < self.checked + fresh
    }

    fn cost(&self, path: &str) -> u64 {
        self.kept.representation.size + cost_beside(path)
    }
}

fn cost_beside(path: &str) -> u64 {
    OVERHEAD + 2 * path.len() as u64
}

/// The right, and the duty, to look at the disk for a path.
#[derive(Debug)]
pub(super) struct Turn {
    cache: Arc<Cache>,
    path: Arc<str>,
    /// What was kept for it so far.
    previous: Option<Arc<Kept>>,
    found: Option<Entry>,
    /// Its end wakes those who wait.
    _ended: watch::Sender<()>,
}

impl Turn {
    /// What was kept for this path so far.
    pub(super) fn previous(&self) -> Option<&Arc<Kept>> {
        self.previous.as_ref()
    }

    /// Room for a file of this size, unless it is too large for the cache. What was kept so far is let go of.
    pub(super) fn reserve(&mut self, size: u64) -> Option<Share> {
        if size > LARGEST {
            return None;
        }
        self.previous = None;
        let gone = self.cache.lock().forget(&self.path);
        drop(gone);
        self.cache.reserve(&self.path, size)
    }

    /// Ends it: this is what is there, seen after `checked`. A turn that is dropped without this leaves nothing.
    pub(super) fn keep(mut self, kept: Arc<Kept>, checked: Instant) {
        self.found = Some(Entry { kept, checked });
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let limit = self.cache.budget.limit();
        let mut state = self.cache.lock();
        state.turns.remove(&self.path);
        let gone = match self.found.take() {
            Some(entry) => state.insert(self.path.clone(), entry, limit),
            None => state.forget(&self.path),
        };
        drop(state);
        drop(gone);
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::open::{OpenFile, Stamp};
    use super::*;

    const SIZE: u64 = 10_000;

    /// What a look at the disk does. Whether there was room.
    fn load(cache: &Arc<Cache>, path: &str, size: u64, now: Instant) -> bool {
        let file = tempfile::tempfile().unwrap();
        file.set_len(size).unwrap();
        let found = OpenFile {
            stamp: Stamp::of(&file).unwrap(),
            file,
            path: path.into(),
        };
        let Look::Yours(mut turn) = cache.look(path, now) else {
            panic!("{path} is fresh, or somebody looks");
        };
        let Some(share) = turn.reserve(size) else {
            return false;
        };
        let kept = Kept::read(&found, share, SystemTime::now()).unwrap();
        turn.keep(kept.unwrap().into(), now);
        true
    }

    fn held(cache: &Cache) -> u64 {
        let state = cache.lock();
        state.young.bytes + state.old.bytes
    }

    #[test]
    fn fresh_for_its_moment_and_no_longer() {
        let cache = Cache::new(FRESH, Budget::new(1 << 20));
        let now = Instant::now();
        assert!(load(&cache, "/a", SIZE, now));
        assert!(cache.fresh("/a", now).is_some());
        let last = now + FRESH - Duration::from_nanos(1);
        assert!(cache.fresh("/a", last).is_some());
        assert!(cache.fresh("/a", now + FRESH).is_none());
        assert!(cache.fresh("/b", now).is_none());
        assert!(load(&cache, "/a", SIZE, now + FRESH));
        assert!(cache.fresh("/a", now + FRESH).is_some());
    }

    #[test]
    fn what_is_asked_for_stays_while_others_pass() {
        let limit = 20 * SIZE;
        let cache = Cache::new(FRESH, Budget::new(limit));
        let now = Instant::now();
        assert!(load(&cache, "/hot", SIZE, now));
        for number in 0..100 {
            assert!(load(&cache, &format!("/{number}"), SIZE, now));
            assert!(cache.fresh("/hot", now).is_some(), "{number}");
            assert!(held(&cache) <= limit);
        }
        assert!(cache.fresh("/0", now).is_none());
        assert!(cache.fresh("/99", now).is_some());
    }

    #[test]
    fn what_readers_hold_takes_its_room() {
        let cache = Cache::new(FRESH, Budget::new(20 * SIZE));
        let now = Instant::now();
        let mut readers = Vec::new();
        let full = (0..100).find(|number| {
            let path = format!("/{number}");
            let room = load(&cache, &path, SIZE, now);
            readers.extend(cache.fresh(&path, now));
            !room
        });
        assert!((10..20).contains(&full.unwrap()), "{full:?}");
        readers.clear();
        assert!(load(&cache, "/next", SIZE, now));
    }

    #[test]
    fn the_largest_that_is_kept() {
        let cache = Cache::new(FRESH, Budget::new(64 << 20));
        let now = Instant::now();
        assert!(load(&cache, "/a", LARGEST, now));
        assert!(!load(&cache, "/b", LARGEST + 1, now));
        assert!(!cache.knows("/b"));
    }

    #[tokio::test]
    async fn one_looks_and_the_others_wait_for_it() {
        let cache = Cache::new(FRESH, Budget::new(1 << 20));
        let now = Instant::now();
        let Look::Yours(turn) = cache.look("/a", now) else {
            panic!("nobody looks yet");
        };
        let Look::Wait(mut other) = cache.look("/a", now) else {
            panic!("a second one looks");
        };
        assert!(matches!(cache.look("/b", now), Look::Yours(_)));
        // However it ends: a blocking thread that panics drops its turn, too.
        drop(turn);
        assert!(other.changed().await.is_err(), "nothing is ever sent");
        assert!(load(&cache, "/a", SIZE, now));
        assert!(matches!(cache.look("/a", now), Look::Fresh(_)));
    }

    #[test]
    fn what_is_gone_leaves_nothing() {
        let cache = Cache::new(FRESH, Budget::new(1 << 20));
        let now = Instant::now();
        assert!(load(&cache, "/a", SIZE, now));
        drop(cache.look("/a", now + FRESH));
        assert!(!cache.knows("/a"));
        assert_eq!(held(&cache), 0);
        assert!(cache.budget.reserve(1 << 20).is_some());
    }
}
