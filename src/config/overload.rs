//! How much may come at once.

use std::str::FromStr;

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

impl OverloadSettings {
    /// The most connections of clients: half of the descriptors, so that there are some for upstreams and files.
    pub fn connections(&self) -> usize {
        self.connections.0.unwrap_or_else(|| {
            let files = getrlimit(Resource::Nofile);
            let files = files.current.map_or(MOST, |files| files as usize);
            (files / 2).max(1)
        })
    }

    /// The most handshakes of one of so many threads. Unless they are set, all of them are half of the connections at
    /// most: a flood of them alone must not fill the room for those that are let in.
    pub fn handshakes_of_worker(&self, workers: Workers) -> usize {
        let count = workers.count();
        match self.handshakes.0 {
            None => HANDSHAKES_A_WORKER
                .min(self.connections() / 2 / count)
                .max(1),
            Some(all) => all.div_ceil(count),
        }
    }
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
        let settings = |handshakes| OverloadSettings {
            connections: Bound(Some(100_000)),
            per_address: PerAddress(0),
            handshakes: Bound(handshakes),
        };
        let workers = Workers(Some(4));
        assert_eq!(settings(Some(1)).handshakes_of_worker(workers), 1);
        assert_eq!(settings(Some(10)).handshakes_of_worker(workers), 3);
        assert_eq!(settings(None).handshakes_of_worker(workers), 2048);
        for (connections, handshakes) in [(16_384, 2048), (8000, 1000), (7, 1), (1, 1)] {
            let few = OverloadSettings {
                connections: Bound(Some(connections)),
                ..settings(None)
            };
            assert_eq!(few.handshakes_of_worker(workers), handshakes);
        }
    }
}
