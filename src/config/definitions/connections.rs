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
    one(
        HEADING,
        "max-connections",
        "NUMBER|auto",
        "auto",
        "How many connections of clients are open at a time; others are closed at once. auto: half of the file descriptors (nginx: worker_connections).",
    ),
    one(
        HEADING,
        "max-connections-per-address",
        "NUMBER",
        "0",
        "How many of them may come from one address, or one /64 of IPv6. 0: as many as there are (nginx: limit_conn).",
    ),
    one(
        HEADING,
        "max-handshakes",
        "NUMBER|auto",
        "auto",
        "How many TLS handshakes are under way at a time; over it, that is closed whose client has been silent longest. auto: 2048 for each of --workers, and half of --max-connections at most.",
    ),
];
