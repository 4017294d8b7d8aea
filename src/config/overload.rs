//! How much may come at once.

use std::str::FromStr;
use std::sync::OnceLock;

use rustix::process::{Resource, getrlimit};

use super::settings::Reader;
use super::values::{Expected, Workers};

/// The bounds of what is open at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverloadSettings {
    /// Connections of clients.
    pub connections: Bound,
    /// Those of one address; zero is no bound.
    pub per_address: PerAddress,
    /// TLS handshakes.
    pub handshakes: Bound,
}

/// A number; `None` is what the machine allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound(pub Option<usize>);

/// A number of connections; zero is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerAddress(pub u32);

/// The most that can be set: Linux has no more descriptors for a process (`fs.nr_open`).
const MOST: usize = 1 << 20;
/// So many handshakes a thread, unless it is set. A thread makes some 3,500 a second: clients may be half a
/// second away before good ones alone are too many.
const HANDSHAKES_A_WORKER: usize = 2048;
/// Of [`beside`]: who waits for one of these connections to end waits for seconds at most.
const MOST_BESIDE: usize = 1024;
/// Descriptors of listeners, logs, threads and what is fetched.
const OURS: usize = 48;
const LEAST_BESIDE: usize = 16;
/// And not fewer, however few connections there may be.
const LEAST_HANDSHAKES: usize = 8;

impl OverloadSettings {
    /// The most connections of clients: half of the descriptors, so that there are some for upstreams and files.
    pub fn connections(&self) -> usize {
        self.connections.0.unwrap_or_else(|| (files() / 2).max(1))
    }

    /// The most handshakes of one of so many threads. Unless it is set, all together are half of the connections at
    /// most, or those who never finish one could take every place.
    pub fn handshakes_of_worker(&self, workers: Workers) -> usize {
        match self.handshakes.0 {
            None => {
                let share = self.connections() / 2 / workers.count();
                share.clamp(LEAST_HANDSHAKES, HANDSHAKES_A_WORKER)
            }
            Some(all) => all.div_ceil(workers.count()),
        }
    }
}

/// The most connections of the admin port and `--redirect` together, which aren't among those of clients.
pub fn beside() -> usize {
    (files() / 8).clamp(LEAST_BESIDE, MOST_BESIDE)
}

/// How many requests may be under way beside one of each connection, with so many connections: each connection and each request
/// may have a descriptor.
pub fn requests_beside(connections: usize) -> usize {
    let spoken_for = OURS + beside() + 2 * connections;
    files().saturating_sub(spoken_for)
}

/// How many descriptors there may be. Asked for the first time when the process has set how many.
fn files() -> usize {
    static FILES: OnceLock<usize> = OnceLock::new();
    *FILES.get_or_init(|| {
        let files = getrlimit(Resource::Nofile);
        files.current.map_or(MOST, |files| files as usize)
    })
}

impl FromStr for Bound {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        match text.parse() {
            _ if text == "auto" => Ok(Self(None)),
            Ok(count @ 1..=MOST) => Ok(Self(Some(count))),
            _ => Err(Expected(format!("a number from 1 to {MOST}, or auto"))),
        }
    }
}

impl FromStr for PerAddress {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        match text.parse() {
            Ok(count @ 0..=1_000_000) => Ok(Self(count)),
            _ => Err("a number up to 1000000; 0 is no bound".into()),
        }
    }
}

impl Reader<'_> {
    pub(super) fn overload(&mut self) -> OverloadSettings {
        OverloadSettings {
            connections: self.one("max-connections"),
            per_address: self.one("max-connections-per-address"),
            handshakes: self.one("max-handshakes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read() {
        assert_eq!("auto".parse(), Ok(Bound(None)));
        assert_eq!("1".parse(), Ok(Bound(Some(1))));
        for wrong in ["0", "-1", "1048577", "many", ""] {
            assert!(wrong.parse::<Bound>().is_err(), "{wrong}");
        }
        assert_eq!("0".parse(), Ok(PerAddress(0)));
        assert!("-1".parse::<PerAddress>().is_err());
    }

    #[test]
    fn threads_share_a_bound_and_none_has_nothing() {
        let of_worker = |connections, handshakes| {
            let settings = OverloadSettings {
                connections: Bound(Some(connections)),
                per_address: PerAddress(0),
                handshakes: Bound(handshakes),
            };
            settings.handshakes_of_worker(Workers(Some(4)))
        };
        assert_eq!(of_worker(100, Some(1)), 1);
        assert_eq!(of_worker(100, Some(10)), 3);
        assert_eq!(of_worker(MOST, None), 2048);
        assert_eq!(of_worker(2048, None), 256, "half of the connections");
        assert_eq!(of_worker(10, None), LEAST_HANDSHAKES);
    }
}
