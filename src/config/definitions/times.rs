//! Limits in time.

use super::{Definition, one};

const HEADING: &str = "Times";

pub(super) const ROWS: &[Definition] = &[
    one(
        HEADING,
        "handshake-timeout",
        "DURATION",
        "10s",
        "From the accepted connection to the end of the TLS handshake.",
    ),
    one(
        HEADING,
        "header-timeout",
        "DURATION",
        "60s",
        "How long a client may take to send a request's header, also how long an idle connection is kept.",
    ),
    one(
        HEADING,
        "body-timeout",
        "DURATION",
        "60s",
        "How long a client may pause in the body of a request that its upstream waits for; then it gets 408 (nginx: client_body_timeout).",
    ),
    one(
        HEADING,
        "send-timeout",
        "DURATION",
        "60s",
        "How long a client may take nothing of an HTTP response that waits for it, before its connection is cut; of HTTP/2, the stream (nginx: send_timeout).",
    ),
    one(
        HEADING,
        "tunnel-idle-timeout",
        "DURATION",
        "0s",
        "How long a tunnel or WebSocket may be silent both ways before it is closed. 0s: for ever (HAProxy: timeout tunnel).",
    ),
    one(
        HEADING,
        "upstream-connect-timeout",
        "DURATION",
        "5s",
        "How long one connection to an upstream may take to be made.",
    ),
    one(
        HEADING,
        "upstream-timeout",
        "DURATION",
        "60s",
        "How long an upstream may take to begin its answer; then the client gets 504 (nginx: proxy_read_timeout).",
    ),
    one(
        HEADING,
        "ready-check-interval",
        "DURATION",
        "5s",
        "How often each upstream is connected to, with --ready-upstreams; a fifth of it while its state is in doubt (HAProxy: inter, fastinter).",
    ),
    one(
        HEADING,
        "max-connection-age",
        "DURATION",
        "0s",
        "How long any connection may be open, give or take a tenth, so that not all clients come back at once; it then ends after the request in flight. 0s: no bound.",
    ),
    one(
        HEADING,
        "crl-refresh",
        "DURATION",
        "1h",
        "How often a --crl of a URL is fetched at least; earlier if it expires earlier.",
    ),
    one(
        HEADING,
        "drain-delay",
        "DURATION",
        "0s",
        "After SIGTERM: how long new connections are still accepted while /readyz already fails.",
    ),
    one(
        HEADING,
        "drain-quiet",
        "DURATION",
        "20s",
        "Ends --drain-delay early, once no connection has come for so long; 0s waits for all of it. A load balancer's TCP checks don't count.",
    ),
    one(
        HEADING,
        "drain-timeout",
        "DURATION",
        "25s",
        "After the listeners are closed: how long requests in flight may take. ECS kills after stopTimeout, 30 s by default.",
    ),
];
