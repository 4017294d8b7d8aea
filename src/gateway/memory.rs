//! Gives back what a flood of connections took.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::debug;

use crate::telemetry::Telemetry;
use crate::telemetry::events::overload::connections_open;
use crate::tls::ffi::memory::give_back;

/// How often it is looked how many are open.
const LOOK: Duration = Duration::from_secs(5);
/// What fewer connections took isn't worth it: they have some 20 KiB each, and 100 KiB if they read slowly.
const MANY: usize = 64;

/// Looks for ever. Must be spawned.
pub(super) async fn run(telemetry: Arc<Telemetry>) {
    let mut flood = Flood::default();
    loop {
        tokio::time::sleep(LOOK).await;
        if flood.is_over(connections_open(&telemetry)) {
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

/// The most connections since memory was last given back.
#[derive(Default)]
struct Flood(usize);

impl Flood {
    /// Whether most of them are gone, and they were many.
    fn is_over(&mut self, open: usize) -> bool {
        let Self(most) = self;
        *most = open.max(*most);
        let is_over = *most - open >= MANY && open <= *most / 2;
        if is_over {
            *most = open;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_after_each_flood() {
        let mut flood = Flood::default();
        let over = [0, 5000, 2501, 2500, 2400, 2000, 0, 0, 63, 0, 64, 0, 0]
            .map(|open| flood.is_over(open));
        let when: Vec<usize> = (0..over.len()).filter(|&at| over[at]).collect();
        assert_eq!(when, [3, 6, 11]);
    }
}
