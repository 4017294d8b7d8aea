//! HTTP: what a permitted connection is served with.
//!
//! Takes a request of a client that access let in, hands on a response whose body is always [`body::Body`], whether it
//! comes from a file, from an upstream or from certgate itself.

pub mod body;
mod client_body;
mod end;
mod header_auth;
pub mod health;
mod http1;
mod http2;
mod in_flight;
mod logged;
pub mod misdirected;
mod not_served;
pub mod pages;
pub mod plain;
pub mod proxy;
pub mod redirect;
pub mod service;
pub mod static_files;
mod streams;
mod turns;
mod watched;
