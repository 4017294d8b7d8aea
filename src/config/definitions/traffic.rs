//! What comes in, and what is behind the gate.

use super::{Definition, many, one, per_site};

const HEADING: &str = "Traffic";

pub(super) const ROWS: &[Definition] = &[
    many(
        HEADING,
        "listen",
        "ADDRESS",
        "0.0.0.0:443",
        "Address and port of a TLS listener; [::]:PORT takes IPv4, too, unless that port has an IPv4 listener of its own; unix:/PATH is a unix socket; `systemd` or systemd:NAME is a socket that the service manager hands over; http://ADDRESS:PORT or http://unix:/PATH takes plain HTTP of --trusted-proxies that end TLS themselves. Repeatable.",
    ),
    one(
        HEADING,
        "listen-unix-mode",
        "MODE",
        "0660",
        "Who may connect to the unix sockets of --listen, for owner, group and others (chmod). Owner and group are those of --user; the group is the directory's, if that has the set-group-ID bit.",
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
        "NETWORK|unix",
        "",
        "Addresses and networks of the proxies that are believed, such as 10.0.0.0/8, and `unix` for whoever connects by a unix socket: what PROXY headers say or, without these, X-Forwarded-For; with --client-auth header who a client is, and by plain HTTP that it came by https. Repeatable. Without any, `--proxy-protocol required` believes whoever connects (nginx: set_real_ip_from).",
    ),
    one(
        HEADING,
        "alb-login",
        "on|off",
        "off",
        "Whether each of --trusted-proxies is an AWS ALB whose rules all have clients log in (authenticate-oidc or authenticate-cognito): then its X-Amzn-Oidc-* go on to the upstream. Other proxies pass on what a client wrote there.",
    ),
    one(
        HEADING,
        "redirect",
        "ADDRESS|off",
        "off",
        "Plain HTTP, such as 0.0.0.0:80, that answers 308 to https with host and path, and at --health-path; nothing else.",
    ),
    one(
        HEADING,
        "health-path",
        "PATH",
        "",
        "Path such as /healthz that tells load balancers on the TLS port whether the process is ready: no client certificate needed, nothing else served without one. None: not answered.",
    ),
    one(
        HEADING,
        "health-user-agent",
        "PREFIX|any",
        "ELB-HealthChecker/",
        "What the User-Agent must begin with to get the answer at --health-path.",
    ),
    per_site(one(
        HEADING,
        "ready-upstreams",
        "off|any|all",
        "off",
        "Whether upstreams must be usable for the process to be ready (/readyz, --health-path): one of those that take turns, or each, of every site and route. They are connected to every --ready-check-interval. With off a dead upstream takes no target out of the load balancer (HAProxy: monitor fail if nbsrv).",
    )),
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
