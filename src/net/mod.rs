//! Sockets: from a bound listener to an accepted connection that counts its bytes, and whose client is known.
//!
//! Takes addresses, hands on [`Accepted`]. Knows nothing of TLS.

mod acceptor;
pub mod bind;
pub mod carry;
pub mod give_way;
pub mod idle;
pub mod listener;
pub mod places;
pub mod proxy_protocol;
mod stream;
mod vectored;

pub use acceptor::{Listening, LocalAddress};
pub use listener::{Accepted, BoundListener, Connected, Listener};
pub use stream::{ClientStream, Socket};
pub use vectored::Vectored;
