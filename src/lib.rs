//! certgate: the mTLS gateway in the nginx container's place.
//!
//! The map of the crate, in the order in which a start, and then a connection, meets it:
//!
//! ```text
//! environment -> PEM -> files -> checks                                                    (startup)
//! socket -> PROXY header -> TLS handshake -> client identity -> access decision -> HTTP or tunnel -> upstream
//! ```
//!
//! Types carry the flow: each stage takes the value that only the stage before can make. A stage
//! never imports a later one; [`gateway`] wires them.

#![deny(
    unsafe_code,
    reason = "memory safety is audited in one place: tls/ffi/, each block with its SAFETY line"
)]
#![warn(
    missing_docs,
    reason = "public items say their units, errors and source"
)]

// The command line.
pub mod cli;

// Before anything is served.
pub mod startup;

// The stages of a connection.
pub mod net;

pub mod tls;

pub mod identity;

pub mod access;

pub mod limits;

pub mod http;

pub mod tunnel;

pub mod upstream;

// What wires them, and what stands beside.
pub mod gateway;

pub mod admin;

pub mod redirect;

pub mod lifecycle;

pub mod fetch;

pub mod kept;

// The load generator, which shares the reading of PEMs and tls::ffi with the gateway, and the leaves.
pub mod bench;

// Leaves, which every part may use.
pub mod config;
mod der;
pub mod findings;
pub mod inventory;
pub mod peer;
pub mod refusal;
mod regular_file;
pub mod sighting;
pub mod telemetry;
