//! All of AWS-LC that the `openssl` crate calls: libcrypto from the `aws-lc-sys` of crates.io, and libssl, which
//! `build.rs` compiles and [`ssl`] declares. README.md says why.

#![no_std]
#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]

mod ssl;

pub use ssl::*;
