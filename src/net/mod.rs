//! Sockets: from a bound listener to an accepted connection that counts its bytes.
//!
//! Takes addresses, hands on [`Accepted`]. Knows nothing of TLS.

pub mod counting;
pub mod linger;
pub mod listener;

pub use counting::Counting;
pub use listener::{Accepted, Listener};
