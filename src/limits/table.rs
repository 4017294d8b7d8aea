//! How far each client is with what it may do, in a table of a fixed size.
//!
//! A client's state is one moment: when it will have its whole burst again (the "theoretical arrival time" of
//! the generic cell rate algorithm, ITU-T I.371). A client that isn't in the table has all of it, so
//! that an entry whose moment has passed is as good as none.
//!
//! The table has sets of eight entries, as caches of processors do; a keyed hash says which set is a
//! client's, so that nobody can choose it. In a full set, the entry goes that is nearest to having its burst
//! again: who floods the table with ever new names pushes out others like them, not somebody who is over a
//! limit, and whoever is pushed out has more than before, never less.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::limits::Rate;

/// So many locks, each over so many sets of so many entries: 65,536 entries, 1 MiB.
const SHARDS: usize = 64;
const SETS: usize = 128;
const WAYS: usize = 8;

/// The states of many clients.
pub struct Table {
    start: Instant,
    hasher: RandomState,
    shards: Box<[Mutex<Box<[Set]>>]>,
}

type Set = [Entry; WAYS];

/// 16 bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    /// The whole hash: two clients of one set are taken for one once in 2^64.
    tag: u64,
    /// When it has its burst again, in nanoseconds since the table's start; zero is nobody's.
    whole_at: u64,
}

impl Default for Table {
    fn default() -> Self {
        let shard = |_| Mutex::new(vec![Set::default(); SETS].into_boxed_slice());
        Self {
            start: Instant::now(),
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(shard).collect(),
        }
    }
}

impl Table {
    /// Takes one of what a client may do.
    ///
    /// # Errors
    /// If there is none left: how long until there is. Nothing is taken then.
    pub fn take(&self, client: impl Hash, rate: &Rate, now: Instant) -> Result<(), Duration> {
        self.with(client, rate, now, |state| {
            let wait = state.wait();
            if !wait.is_zero() {
                return Err(wait);
            }
            state.advance();
            Ok(())
        })
    }

    /// Takes one, be there one left or not.
    pub fn charge(&self, client: impl Hash, rate: &Rate, now: Instant) {
        self.with(client, rate, now, State::advance);
    }

    /// How long until there is one left; nothing is taken.
    pub fn wait(&self, client: impl Hash, rate: &Rate, now: Instant) -> Option<Duration> {
        let wait = self.with(client, rate, now, |state| state.wait());
        (!wait.is_zero()).then_some(wait)
    }

    fn with<T>(
        &self,
        client: impl Hash,
        rate: &Rate,
        now: Instant,
        act: impl FnOnce(&mut State) -> T,
    ) -> T {
        let tag = self.hasher.hash_one(client);
        let mut shard = self.shard(tag);
        // The remainders of different digits of the hash.
        let set = &mut shard[(tag / SHARDS as u64) as usize % SETS];
        let known = set.iter().position(|entry| entry.tag == tag);
        let now = nanoseconds(now.saturating_duration_since(self.start));
        let whole_at = known.map_or(0, |index| set[index].whole_at);
        let mut state = State::of(whole_at, rate, now);
        let result = act(&mut state);
        if let Some(whole_at) = state.changed {
            let nearest = || {
                let ways = set.iter().enumerate();
                ways.min_by_key(|(_, entry)| entry.whole_at)
                    .map_or(0, |(index, _)| index)
            };
            let index = known.unwrap_or_else(nearest);
            set[index] = Entry { tag, whole_at };
        }
        result
    }

    fn shard(&self, tag: u64) -> MutexGuard<'_, Box<[Set]>> {
        self.shards[tag as usize % SHARDS]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// One client's, at one moment; in nanoseconds.
struct State {
    now: u64,
    interval: u64,
    burst: u64,
    whole_at: u64,
    changed: Option<u64>,
}

impl State {
    fn of(whole_at: u64, rate: &Rate, now: u64) -> Self {
        let (interval, burst) = (nanoseconds(rate.interval).max(1), u64::from(rate.burst));
        let longest = now.saturating_add(interval.saturating_mul(burst));
        Self {
            now,
            interval,
            burst,
            // After a change of the rate it may be further away than is possible now.
            whole_at: whole_at.clamp(now, longest),
            changed: None,
        }
    }

    /// Until there is one left.
    fn wait(&self) -> Duration {
        let left = self.interval.saturating_mul(self.burst - 1);
        Duration::from_nanos((self.whole_at - self.now).saturating_sub(left))
    }

    fn advance(&mut self) {
        let longest = self.interval.saturating_mul(self.burst);
        let next = self.whole_at.saturating_add(self.interval);
        self.whole_at = next.min(self.now.saturating_add(longest));
        self.changed = Some(self.whole_at);
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: u32, burst: u32) -> Rate {
        Rate {
            interval: Duration::from_secs(1) / per_second,
            burst,
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_at_once_and_then_the_rate() {
        let (table, rate) = (Table::default(), rate(10, 3));
        let start = table.start;
        for _ in 0..3 {
            assert_eq!(table.take("alice", &rate, start), Ok(()));
        }
        for _ in 0..5 {
            // Who is refused loses nothing by it.
            assert_eq!(table.take("alice", &rate, start), Err(SECOND / 10));
        }
        assert_eq!(table.take("bob", &rate, start), Ok(()), "another client");
        let later = start + SECOND / 10;
        assert_eq!(table.take("alice", &rate, later), Ok(()));
        assert_eq!(table.take("alice", &rate, later), Err(SECOND / 10));
        let rested = later + SECOND;
        for _ in 0..3 {
            assert_eq!(table.take("alice", &rate, rested), Ok(()));
        }
        assert!(table.take("alice", &rate, rested).is_err());
    }

    #[test]
    fn charges_are_counted_to_the_burst_and_no_further() {
        let (table, rate) = (Table::default(), rate(1, 2));
        let start = table.start;
        assert_eq!(table.wait("alice", &rate, start), None);
        table.charge("alice", &rate, start);
        assert_eq!(table.wait("alice", &rate, start), None);
        for _ in 0..100 {
            table.charge("alice", &rate, start);
        }
        assert_eq!(table.wait("alice", &rate, start), Some(SECOND));
        assert_eq!(table.wait("alice", &rate, start + SECOND), None);
        assert_eq!(table.wait("bob", &rate, start), None);
    }

    /// A clock that is read on another thread, a moment earlier.
    #[test]
    fn an_earlier_moment_is_no_trouble() {
        let (table, rate) = (Table::default(), rate(1, 1));
        let earlier = table.start.checked_sub(SECOND).unwrap_or(table.start);
        assert_eq!(table.take("alice", &rate, table.start + SECOND), Ok(()));
        assert!(table.take("alice", &rate, earlier).is_err());
    }

    #[test]
    fn another_rate_holds_at_once() {
        let table = Table::default();
        let start = table.start;
        for _ in 0..1000 {
            table.charge("alice", &rate(1, 1000), start);
        }
        let wait = table.wait("alice", &rate(10, 2), start);
        assert_eq!(wait, Some(SECOND / 10), "no longer than the new one can");
    }

    /// Clients without number: the table stays as it is, who is over a limit stays so, and nobody else is
    /// locked out.
    #[test]
    fn a_flood_of_names_forgives_nobody_and_locks_nobody_out() {
        let (table, rate) = (Table::default(), rate(1, 10));
        let start = table.start;
        let known = 200;
        for client in 0..known {
            for _ in 0..10 {
                table.charge(("over", client), &rate, start);
            }
        }
        let flood = 4 * (SHARDS * SETS * WAYS);
        for client in 0..flood {
            assert_eq!(table.take(("flood", client), &rate, start), Ok(()));
        }
        let over = |client| table.wait(("over", client), &rate, start).is_some();
        assert_eq!((0..known).filter(|client| over(*client)).count(), known);
        assert_eq!(table.take("good", &rate, start), Ok(()));
        let entries: usize = table.shards.iter().map(|s| s.lock().unwrap().len()).sum();
        assert_eq!(entries * size_of::<Set>(), 1 << 20);
    }
}
