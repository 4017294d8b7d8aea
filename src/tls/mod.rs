//! TLS: from an accepted connection to one whose client is known.
//!
//! Takes [`Accepted`](crate::net::Accepted) connections and the [`Credentials`] that were checked at
//! the start, hands on [`Handshaken`]: who the client is, proven or not. Whether that is enough is
//! the access stage's decision. Refuses what TLS itself refuses, with the reason ([`failure`]).

pub mod admission;
pub mod alerts;
mod ca_names;
pub mod context;
pub mod failure;
#[allow(
    unsafe_code,
    reason = "the only place: what the openssl crate doesn't declare"
)]
pub(crate) mod ffi;
pub mod groups;
pub mod handshake;
mod identities;
pub mod judge;
pub mod ocsp;
pub mod pins;
mod policy;
mod protocols;
mod resumption;
pub mod revocation;
pub mod shadow;
pub mod standing;
pub mod stapling;
pub mod strength;
pub mod strictness;
mod suites;
pub mod tickets;
pub mod trust;
pub mod verification;
pub mod verified_chains;

pub use ca_names::advertised;
pub use context::{Algorithms, Candidate, Credentials, ServerIdentity, TlsContext};
#[doc(hidden)] // For benches/: a client that resumes.
pub use ffi::client::offer_session;
pub use groups::key_exchange_group;
pub use handshake::{Client, Handshaken, Session, TlsStream, server_name};
pub use tickets::TicketSecret;
