//! How many connections each address has open.
//!
//! Nothing is asked of it, and nothing held, where no bound is set.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many locks, each over the addresses of its part.
const SHARDS: usize = 64;

/// The addresses that have connections open, and how many.
pub struct Places {
    hasher: RandomState,
    shards: [Mutex<HashMap<Origin, u32>>; SHARDS],
}

/// A client has one IPv4 address, or all IPv6 addresses of a /64 (RFC 6177).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Origin(bool, u64);

/// One connection's, until it is dropped.
pub struct Place {
    places: Arc<Places>,
    origin: Origin,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

impl Places {
    /// One more of `address`; `None` if it has `most` already.
    pub fn take(self: &Arc<Self>, address: IpAddr, most: u32) -> Option<Place> {
        let origin = Origin::of(address);
        let mut shard = self.shard(origin);
        let count = shard.entry(origin).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            places: self.clone(),
            origin,
        })
    }

    fn shard(&self, origin: Origin) -> MutexGuard<'_, HashMap<Origin, u32>> {
        let shard = self.hasher.hash_one(origin) as usize % SHARDS;
        self.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut shard = self.places.shard(self.origin);
        if let Entry::Occupied(mut count) = shard.entry(self.origin) {
            match count.get() {
                0 | 1 => drop(count.remove()),
                _ => *count.get_mut() -= 1,
            }
        }
        if shard.is_empty() {
            // A flood of addresses leaves no room behind.
            shard.shrink_to_fit();
        }
    }
}

impl Origin {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(false, u64::from(address.to_bits())),
            IpAddr::V6(address) => Self(true, (address.to_bits() >> 64) as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_is_gone() {
        let places = Arc::new(Places::default());
        let take = |text| places.take(address(text), 2);
        let (first, second) = (take("10.0.0.1"), take("10.0.0.1"));
        assert!(first.is_some() && second.is_some());
        assert!(take("::ffff:10.0.0.1").is_none(), "that is the same");
        assert!(take("10.0.0.2").is_some());
        drop(first);
        let third = take("10.0.0.1");
        assert!(third.is_some() && take("10.0.0.1").is_none());
        drop((second, third));
        let left: usize = places.shards.iter().map(|s| s.lock().unwrap().len()).sum();
        assert_eq!(left, 0);
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let places = Arc::new(Places::default());
        let held = places.take(address("2001:db8:0:1::1"), 1);
        assert!(held.is_some());
        assert!(places.take(address("2001:db8:0:1:ffff::2"), 1).is_none());
        assert!(places.take(address("2001:db8:0:2::1"), 1).is_some());
    }
}
