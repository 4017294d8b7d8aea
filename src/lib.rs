//! certgate: the mTLS gateway in the nginx container's place.

#![deny(
    unsafe_code,
    reason = "memory safety is audited in one place: tls/ffi.rs, each block with its SAFETY line"
)]
#![warn(
    missing_docs,
    reason = "public items say their units, errors and source"
)]

pub mod config;
pub mod findings;
pub mod identity;
pub mod net;
pub mod refusal;
pub mod telemetry;
pub mod tls;
