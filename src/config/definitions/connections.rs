//! How the connections of clients are kept.

use super::{Definition, one};

const HEADING: &str = "Connections";

pub(super) const ROWS: &[Definition] = &[
    one(
        HEADING,
        "tcp-keepalive",
        "DURATION",
        "60s",
        "How long a connection is silent before the kernel asks whether the client is still there; a Network Load Balancer forgets after 350 s. 0s: never.",
    ),
    one(
        HEADING,
        "tcp-user-timeout",
        "DURATION",
        "5m",
        "How long a client may neither acknowledge nor read what it is sent, before its connection is cut (TCP_USER_TIMEOUT). 0s: as long as the system has it.",
    ),
    one(
        HEADING,
        "backlog",
        "NUMBER",
        "4096",
        "How many connections the kernel keeps until they are accepted, at most net.core.somaxconn (nginx: listen backlog=).",
    ),
];
