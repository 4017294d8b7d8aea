//! How often a client may do something.

use super::{Definition, many};

const HEADING: &str = "Limits per client";
const VALUE: &str = "identity:RATE|address:RATE";

pub(super) const ROWS: &[Definition] = &[
    many(
        HEADING,
        "limit-requests",
        VALUE,
        "",
        "HTTP requests of each client, by its certificate's key or by its address, such as identity:100/s, address:30/m or identity:100/s:200 (at once); over it: 429 (nginx: limit_req).",
    ),
    many(
        HEADING,
        "limit-connections",
        VALUE,
        "",
        "New connections of each client; over it they are closed, by address before the handshake.",
    ),
    many(
        HEADING,
        "limit-failed-handshakes",
        VALUE,
        "",
        "Failed handshakes of each client. Over it, the address's next connections are closed before the handshake; a refused certificate gets neither a log line nor a page.",
    ),
];
