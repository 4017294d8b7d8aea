//! Gives back what a flood of connections took.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::debug;

use crate::net::give_way;
use crate::telemetry::Telemetry;
use crate::telemetry::events::overload::connections_open;
use crate::tls::ffi::memory::give_back;

/// How often it is looked how many are open.
const LOOK: Duration = Duration::from_secs(5);
/// What fewer connections took isn't worth it: they have some 20 KiB each, and 100 KiB if they read slowly.
const MANY: usize = 64;
/// The same, of the last ones of a flood.
const FEW: usize = 8;
/// So many looks after most of a flood are gone, the rest of it should be, too.
const EBB: u32 = 12;

/// Looks for ever. Must be spawned on the thread that has the admin port and that of `--redirect`.
pub(super) async fn run(telemetry: Arc<Telemetry>) {
    let mut flood = Flood::default();
    loop {
        tokio::time::sleep(LOOK).await;
        let open = connections_open(&telemetry) + give_way::waiting();
        if flood.is_over(open) {
            // Workers that need memory meanwhile wait for some milliseconds; this thread has more to do than that.
            let _ = tokio::task::spawn_blocking(|| {
                let began = Instant::now();
                let given = give_back();
                debug!(event = "memory_given_back", given, took = ?began.elapsed(), "many connections are gone");
            })
            .await;
        }
    }
}

#[derive(Default)]
struct Flood {
    /// The most connections since memory was last given back.
    most: usize,
    /// For how many looks this is the end of one.
    ebb: u32,
}

impl Flood {
    /// Whether most of them are gone, and they were many.
    fn is_over(&mut self, open: usize) -> bool {
        self.most = open.max(self.most);
        let many = if self.ebb == 0 { MANY } else { FEW };
        let is_over = self.most - open >= many && open <= self.most / 2;
        self.ebb = self.ebb.saturating_sub(1);
        if is_over {
            *self = Self {
                most: open,
                ebb: if many == MANY { EBB } else { self.ebb },
            };
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn over_at(looks: &[usize]) -> Vec<usize> {
        let mut flood = Flood::default();
        let over = looks.iter().map(|&open| flood.is_over(open));
        let over = over.enumerate().filter(|&(_, over)| over);
        over.map(|(at, _)| at).collect()
    }

    #[test]
    fn once_after_each_flood() {
        assert_eq!(over_at(&[0, 5000, 2501, 2500, 2400, 2000, 0, 0]), [3, 6]);
        assert_eq!(over_at(&[0, 63, 0, 64, 0, 0]), [4]);
    }

    #[test]
    fn its_rest_counts_for_a_while() {
        assert_eq!(over_at(&[110, 40, 30, 20, 10, 3, 2, 0]), [1, 3, 4, 6]);
        let mut looks = vec![110, 40];
        looks.resize(EBB as usize + 1, 40);
        assert_eq!(over_at(&[&looks[..], &[0]].concat()), [1, looks.len()]);
        looks.push(40);
        assert_eq!(over_at(&[&looks[..], &[0]].concat()), [1]);
    }
}
