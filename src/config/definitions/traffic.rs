//! What comes in, and what is behind the gate.

use super::{Definition, many, one, per_site};

const HEADING: &str = "Traffic";

pub(super) const ROWS: &[Definition] = &[
    many(
        HEADING,
        "listen",
        "ADDRESS",
        "0.0.0.0:443",
        "Address and port of a TLS listener; [::]:PORT takes IPv4, too, unless that port has an IPv4 listener of its own; `systemd` or systemd:NAME is a socket that the service manager hands over. Repeatable.",
    ),
    one(
        HEADING,
        "proxy-protocol",
        "off|required|auto",
        "off",
        "Whether connections begin with a PROXY header, version 1 or 2, that names the client: each one, or with `auto` those of --trusted-proxies that have one (nginx: listen … proxy_protocol).",
    ),
    many(
        HEADING,
        "trusted-proxies",
        "NETWORK",
        "",
        "Addresses and networks of the proxies that are believed, such as 10.0.0.0/8: what PROXY headers say, and with --client-auth header who a client is. Repeatable. Without any, `--proxy-protocol required` believes whoever connects (nginx: set_real_ip_from).",
    ),
    per_site(one(
        HEADING,
        "root",
        "DIRECTORY",
        "/usr/share/certgate/html",
        "Directory of the static content that is served when there is no --upstream.",
    )),
    per_site(many(
        HEADING,
        "upstream",
        "URL",
        "",
        "Where to send traffic instead of static content: http://HOST:PORT, h2c://HOST:PORT or unix:/PATH (HTTP proxy), tcp://HOST:PORT (tunnel of raw bytes). Repeatable: connections take turns, and one that can't be made goes to the next.",
    )),
    per_site(many(
        HEADING,
        "identity-headers",
        "rfc9440|xfcc|alb|nginx",
        "",
        "How HTTP upstreams learn who the client is: Client-Cert (RFC 9440), Envoy's X-Forwarded-Client-Cert, an AWS ALB's X-Amzn-Mtls-Clientcert-*, or the X-SSL-Client-* of nginx. Repeatable; headers of your own are in [headers] of the TOML file.",
    )),
    per_site(one(
        HEADING,
        "upstream-proxy-protocol",
        "off|v1|v2|v2-tls|v2-tls-cert",
        "off",
        "What a tcp:// upstream is told ahead of a client's bytes: its address (v1, v2), its TLS connection and common name (v2-tls), its whole certificate (v2-tls-cert) (HAProxy: send-proxy-v2-ssl).",
    )),
];
