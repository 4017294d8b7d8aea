//! Sockets: from a bound listener to an accepted connection that counts its bytes, and whose client is known.
//!
//! Takes addresses, hands on [`Accepted`]. Knows nothing of TLS.

pub mod carry;
pub mod idle;
pub mod listener;
pub mod places;
pub mod proxy_protocol;
pub mod socket;
mod stream;
mod vectored;

pub use listener::{Accepted, BoundListener, Connected, Listener};
pub use stream::ClientStream;
pub use vectored::Vectored;
