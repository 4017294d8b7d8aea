//! How it runs, and what it tells.

use super::{Definition, one};

const HEADING: &str = "Operation";

pub(super) const ROWS: &[Definition] = &[
    one(
        HEADING,
        "admin",
        "ADDRESS|off",
        "127.0.0.1:9090",
        "Plain HTTP for health, metrics and state: /healthz, /readyz, /metrics, /status.json, and a page for people at /. Not for the public.",
    ),
    one(
        HEADING,
        "reload-interval",
        "DURATION",
        "1s",
        "How often certificates, keys and the --config file are looked at for changes, which then take effect for new connections; 0s: on SIGHUP only.",
    ),
    one(
        HEADING,
        "workers",
        "NUMBER|auto",
        "auto",
        "Threads that serve connections; auto takes the CPUs that the cgroup grants.",
    ),
    one(
        HEADING,
        "user",
        "USER[:GROUP]",
        "",
        "Starts as root, and becomes this user once the ports are bound (nginx: user); names or numbers. The files of the environment's PEMs are given to it.",
    ),
    one(
        HEADING,
        "landlock",
        "on|off",
        "on",
        "Has the kernel refuse writing outside of --certs-dir, executing, and binding ports, where it can (Linux 5.13 and newer).",
    ),
    one(
        HEADING,
        "log-format",
        "json|text|auto",
        "auto",
        "One event a line on stdout; auto writes text on a terminal, else JSON.",
    ),
    one(
        HEADING,
        "log-level",
        "error|warn|info|debug",
        "info",
        "The least level that is logged. Refusals and requests are info.",
    ),
    one(
        HEADING,
        "access-log",
        "on|off",
        "on",
        "One line for each request.",
    ),
];
