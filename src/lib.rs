//! certgate: the mTLS gateway in the nginx container's place.

#![deny(
    unsafe_code,
    reason = "memory safety is audited in one place: tls/ffi.rs, each block with its SAFETY line"
)]
#![warn(
    missing_docs,
    reason = "public items say their units, errors and source"
)]

pub mod access;
pub mod admin;
pub mod cli;
pub mod config;
pub mod findings;
pub mod gateway;
pub mod http;
pub mod identity;
pub mod lifecycle;
pub mod net;
pub mod refusal;
pub mod startup;
pub mod telemetry;
pub mod tls;
pub mod tunnel;
pub mod upstream;
