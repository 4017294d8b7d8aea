//! What the tests have in common: a PKI made at run time, the real binary as a child process,
//! a TLS client, a little HTTP, and upstreams.

#![allow(dead_code, reason = "each test uses its part")]

pub mod balancer;
pub mod certgate;
pub mod client;
pub mod content;
pub mod craft;
pub mod crl;
pub mod crl_server;
pub mod duplex;
pub mod endings;
pub mod http;
pub mod http2;
pub mod http2_client;
pub mod identity;
pub mod load;
pub mod ocsp_answers;
pub mod peers;
pub mod pki;
pub mod places;
pub mod proxy_header;
pub mod refusals;
pub mod responder;
pub mod returning;
pub mod routes;
pub mod sessions;
pub mod sites;
pub mod unix;
pub mod upstream;

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up: generous, since a busy machine isn't a bug.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `found` finds something. For what can only be asked, not awaited.
#[track_caller]
pub fn eventually<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
