//! Whether certificates are revoked, asked of a responder (OCSP, RFC 6960).
//!
//! A chain that was verified has [`Question`]s: one for its leaf, or one for each certificate below the anchor.
//! [`Ocsp`] decides by what [`Statuses`] knows; if that doesn't know, the handshake waits
//! ([`Waiting`]) while the responder is asked, and then decides by the answers, once. An [`answer`] counts only if
//! the issuer or a responder of its own has signed it, and while it is current.
//!
//! The status is looked at in each full handshake and at each resumption, beside the chain's verdict: a
//! remembered chain or a ticket never outlives it.

pub mod answer;
pub mod asking;
mod check;
mod question;
mod statuses;

pub use check::{Ocsp, Verdict, Waiting};
pub use question::Question;
pub use statuses::{Status, Statuses};
