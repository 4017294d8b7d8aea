//! The load generator: measures mTLS handshakes, requests, tunnels and idle connections of any server.

pub mod result;
