//! Sockets: from a bound listener to an accepted connection that counts its bytes.
//!
//! Takes addresses, hands on [`Accepted`]. Knows nothing of TLS.

pub mod carry;
pub mod idle;
pub mod listener;
pub mod places;
pub mod socket;
mod stream;
mod vectored;

pub use listener::{Accepted, BoundListener, Listener};
pub use stream::ClientStream;
pub use vectored::Vectored;
