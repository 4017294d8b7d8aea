//! The load generator: measures mTLS handshakes, requests, tunnels and idle connections of any server.
//!
//! The map, in the order in which a run meets it:
//!
//! ```text
//! words of the command line -> plan (what is asked for), identity and tls (as whom, over what)
//! run: threads -> worker (one operation after the other) -> channel (dial, then HTTP or echo)
//!        pace says when an operation begins, recorder takes what came of it, processes what it cost
//! recorders -> summary -> result -> text | csv | compare | report
//! ```
//!
//! It shares the leaves, the reading of PEMs, AWS-LC's words and `tls::ffi` with the gateway, nothing else: it must
//! not measure the gateway with the gateway's own code.

mod alarm;
mod channel;
mod dial;
pub mod echo;
mod http1;
mod http2;
mod pace;
pub mod processes;
mod progress;
mod recorder;
mod summary;
mod supervise;
mod tickets;
mod wire;
mod worker;

pub mod compare;
pub mod csv;
pub mod failure;
mod goaway;
pub mod identity;
pub mod plan;
pub mod proxy_header;
pub mod report;
pub mod result;
pub mod run;
pub mod target;
pub mod text;
pub mod tls;
pub mod units;
pub mod verdict;

pub use dial::agreed;
pub use recorder::Agreed;
