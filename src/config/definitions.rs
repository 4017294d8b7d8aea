//! One row a setting: its name, its help and its default.
//!
//! The row is the only definition. The flag, the environment variable, the TOML key, the help text
//! and the table in the README all come from it.

/// One setting, as the operator meets it.
#[derive(Debug)]
pub struct Definition {
    /// The TOML key, and the flag without its dashes: `client-auth`.
    pub name: &'static str,
    /// What stands for the value in help texts.
    pub value: &'static str,
    /// The default as it would be written; empty when there is none.
    pub default: &'static str,
    /// Whether it takes several values, and what stands between them in one text.
    pub list: List,
    /// Whether a `[[site]]` of the TOML file can have its own.
    pub per_site: bool,
    /// The group it is shown under.
    pub heading: &'static str,
    /// What it does, in a sentence or two.
    pub help: &'static str,
}

/// How many values a setting takes: several are a repeated flag, a TOML array, or one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// One.
    No,
    /// Several; in one text with commas or spaces between.
    Words,
    /// Several that have commas and spaces in them; in one text each on a line of its own, or with
    /// semicolons between. A flag has one.
    Lines,
}

impl Definition {
    /// The environment variable: `client-auth` is `CERTGATE_CLIENT_AUTH`.
    pub fn variable(&self) -> String {
        format!(
            "{}{}",
            VARIABLE_PREFIX,
            self.name.replace('-', "_").to_uppercase()
        )
    }
}

/// What the environment variables of all settings begin with.
pub const VARIABLE_PREFIX: &str = "CERTGATE_";

/// The one variable with this prefix that is no setting: the secret that a fleet's session tickets are
/// sealed with. Only [`startup`](crate::startup) reads it.
pub const TICKET_SECRET: &str = "CERTGATE_TICKET_SECRET";

const fn one(
    heading: &'static str,
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
) -> Definition {
    Definition {
        name,
        value,
        default,
        list: List::No,
        per_site: false,
        heading,
        help,
    }
}

const fn many(
    heading: &'static str,
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
) -> Definition {
    Definition {
        list: List::Words,
        ..one(heading, name, value, default, help)
    }
}

const fn lines(definition: Definition) -> Definition {
    Definition {
        list: List::Lines,
        ..definition
    }
}

const fn per_site(definition: Definition) -> Definition {
    Definition {
        per_site: true,
        ..definition
    }
}

const TRAFFIC: &str = "Traffic";
const CLIENTS: &str = "Client certificates";
const TLS: &str = "TLS";
const TIMES: &str = "Times";
const OPERATION: &str = "Operation";

/// Every setting, in the order of the help text.
pub const DEFINITIONS: &[Definition] = &[
    many(
        TRAFFIC,
        "listen",
        "ADDRESS",
        "0.0.0.0:443",
        "Address and port of a TLS listener. Repeatable.",
    ),
    per_site(one(
        TRAFFIC,
        "root",
        "DIRECTORY",
        "/usr/share/certgate/html",
        "Directory of the static content that is served when there is no --upstream.",
    )),
    per_site(many(
        TRAFFIC,
        "upstream",
        "URL",
        "",
        "Where to send traffic instead of static content: http://HOST:PORT, h2c://HOST:PORT or unix:/PATH (HTTP proxy), tcp://HOST:PORT (tunnel of raw bytes). Repeatable: connections take turns, and one that can't be made goes to the next.",
    )),
    per_site(many(
        TRAFFIC,
        "identity-headers",
        "rfc9440|xfcc|alb|nginx",
        "",
        "How HTTP upstreams learn who the client is: Client-Cert (RFC 9440), Envoy's X-Forwarded-Client-Cert, an AWS ALB's X-Amzn-Mtls-Clientcert-*, or the X-SSL-Client-* of nginx. Repeatable; headers of your own are in [headers] of the TOML file.",
    )),
    per_site(one(
        CLIENTS,
        "client-auth",
        "required|optional|off",
        "required",
        "Whether a client must present a certificate of the client CA. `optional` admits clients without one, but refuses a bad one.",
    )),
    per_site(lines(one(
        CLIENTS,
        "allow",
        "RULE",
        "",
        "Lets in only clients whose certificate matches one of these rules: KIND:VALUE of the kinds cn, ou, o, dn, dns, uri, email, ip, issuer, serial, sha256, spki, joined by \" and \", such as \"ou:Payments and dns:*.svc.example\". Repeatable.",
    ))),
    per_site(lines(one(
        CLIENTS,
        "deny",
        "RULE",
        "",
        "Keeps out clients whose certificate matches one of these rules, whatever --allow says. Repeatable.",
    ))),
    per_site(one(
        CLIENTS,
        "refusal",
        "alert|page",
        "alert",
        "How a client without an accepted certificate is told: by the TLS alert that names the reason, or by a 403 page for people with browsers.",
    )),
    per_site(one(
        CLIENTS,
        "verify-depth",
        "NUMBER",
        "4",
        "How many intermediate CAs may stand between a client certificate and the client CA (nginx: ssl_verify_depth).",
    )),
    per_site(many(
        CLIENTS,
        "crl",
        "FILE|URL",
        "",
        "Revocation lists (CRLs) of the client CA and its intermediates, PEM or DER: files, or URLs of http:// or https:// that are fetched again before they expire. Repeatable; client_crl.pem in --certs-dir is used beside them (nginx: ssl_crl).",
    )),
    per_site(one(
        CLIENTS,
        "crl-check",
        "leaf|chain",
        "chain",
        "Once there is a CRL: whether only the client's own certificate is looked up, or every one below the client CA.",
    )),
    per_site(one(
        CLIENTS,
        "crl-policy",
        "strict|soft",
        "strict",
        "What becomes of a client whose issuer has no CRL, or only an expired one: refused, or let in, counted and logged.",
    )),
    per_site(one(
        CLIENTS,
        "partial-chain",
        "off|on",
        "off",
        "Whether an intermediate CA in the client CA file is enough, without its root. It then answers for itself.",
    )),
    per_site(one(
        CLIENTS,
        "any-purpose",
        "off|on",
        "off",
        "Whether client certificates are accepted that are not for clientAuth (extendedKeyUsage), such as servers'.",
    )),
    per_site(one(
        CLIENTS,
        "advertise-ca",
        "on|off",
        "on",
        "Whether clients are told the names of the client CAs, by which they choose a certificate. More than 16 KiB of names are never sent.",
    )),
    per_site(one(
        CLIENTS,
        "ocsp",
        "off|leaf|chain",
        "off",
        "Whether a responder is asked if a client's certificate is revoked: its own one, or each one of its chain but the root (nginx: ssl_ocsp).",
    )),
    per_site(one(
        CLIENTS,
        "ocsp-policy",
        "hard|soft",
        "hard",
        "What becomes of a client whose status no responder tells: `hard` refuses it, `soft` lets it in. A revoked one is always refused.",
    )),
    per_site(one(
        CLIENTS,
        "ocsp-responder",
        "URL",
        "",
        "The OCSP responder to ask, http or https. Default: the one that each certificate names (nginx: ssl_ocsp_responder).",
    )),
    per_site(one(
        CLIENTS,
        "ocsp-timeout",
        "DURATION",
        "3s",
        "How long a responder may take to answer. It is part of the handshake's time.",
    )),
    one(
        CLIENTS,
        "certs-dir",
        "DIRECTORY",
        "/run/certgate/certs",
        "Where server_cert.cer, server_key.key, client_cert.pem and client_crl.pem are; SSL_SERVER_CERTIFICATE, SSL_SERVER_KEY, SSL_CLIENT_CERTIFICATE and SSL_CLIENT_CRL are written there.",
    ),
    per_site(one(
        CLIENTS,
        "client-ca",
        "FILE",
        "",
        "The CA certificates that client certificates must chain to (nginx: ssl_client_certificate). Default: client_cert.pem in --certs-dir, where SSL_CLIENT_CERTIFICATE is written.",
    )),
    per_site(many(
        TLS,
        "certificate",
        "FILE",
        "",
        "The server's certificate, its intermediates after it (nginx: ssl_certificate). Repeatable, each with its --certificate-key: one RSA and one EC, say. Default: server_cert.cer in --certs-dir, where SSL_SERVER_CERTIFICATE is written.",
    )),
    per_site(many(
        TLS,
        "certificate-key",
        "FILE",
        "",
        "The private key of a --certificate, in the same order (nginx: ssl_certificate_key). Default: server_key.key in --certs-dir, where SSL_SERVER_KEY is written.",
    )),
    one(
        TLS,
        "unknown-sni",
        "default|refuse",
        "default",
        "What a client gets that asks for a server name of no [[site]], or for none: the site of the settings outside of [[site]], or the alert unrecognized_name (nginx: ssl_reject_handshake).",
    ),
    many(
        TLS,
        "tls-protocols",
        "VERSIONS",
        "TLSv1.2,TLSv1.3",
        "TLS versions on offer, of TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3, without gaps.",
    ),
    one(
        TLS,
        "tls-ciphers",
        "LIST",
        "",
        "Cipher list as OpenSSL writes it, colons between; AWS-LC knows no DHE, no CCM and no @SECLEVEL. Names that begin with TLS_ are TLS 1.3 suites, the rest is for TLS 1.2 and older. Default: forward secrecy with AES-128-GCM, AES-256-GCM or ChaCha20.",
    ),
    one(
        TLS,
        "tls-groups",
        "LIST",
        "X25519MLKEM768:X25519:P-256:P-384",
        "Key exchange groups in order of preference, colons between.",
    ),
    one(
        TLS,
        "tls-prefer",
        "server|client",
        "server",
        "Whose order of ciphers decides (nginx: ssl_prefer_server_ciphers).",
    ),
    one(
        TLS,
        "tls-tickets",
        "on|off",
        "on",
        "Session tickets, so that returning clients resume. What a full handshake would refuse is refused at resumption, too.",
    ),
    one(
        TLS,
        "tls-session-timeout",
        "DURATION",
        "1h",
        "How long a client may resume, counted from its last full handshake.",
    ),
    per_site(one(
        TLS,
        "staple",
        "off|on|FILE",
        "off",
        "The OCSP status of the server's certificate, sent along with it: fetched and kept fresh, or from a file in DER (nginx: ssl_stapling, ssl_stapling_file).",
    )),
    per_site(one(
        TLS,
        "staple-responder",
        "URL",
        "",
        "Where --staple on asks, http or https. Default: the responder that the certificate names (nginx: ssl_stapling_responder).",
    )),
    one(
        TIMES,
        "handshake-timeout",
        "DURATION",
        "10s",
        "From the accepted connection to the end of the TLS handshake.",
    ),
    one(
        TIMES,
        "header-timeout",
        "DURATION",
        "60s",
        "How long a client may take to send a request's header, also how long an idle connection is kept.",
    ),
    one(
        TIMES,
        "upstream-connect-timeout",
        "DURATION",
        "5s",
        "How long one connection to an upstream may take to be made.",
    ),
    one(
        TIMES,
        "upstream-timeout",
        "DURATION",
        "60s",
        "How long an upstream may take to begin its answer; then the client gets 504 (nginx: proxy_read_timeout).",
    ),
    one(
        TIMES,
        "crl-refresh",
        "DURATION",
        "1h",
        "How often a --crl of a URL is fetched at least; earlier if it expires earlier.",
    ),
    one(
        TIMES,
        "drain-delay",
        "DURATION",
        "0s",
        "After SIGTERM: how long new connections are still accepted while /readyz already fails.",
    ),
    one(
        TIMES,
        "drain-timeout",
        "DURATION",
        "25s",
        "After the listeners are closed: how long requests in flight may take. ECS kills after stopTimeout, 30 s by default.",
    ),
    one(
        OPERATION,
        "admin",
        "ADDRESS|off",
        "127.0.0.1:9090",
        "Plain HTTP for health and metrics: /healthz, /readyz, /metrics. Not for the public.",
    ),
    one(
        OPERATION,
        "reload-interval",
        "DURATION",
        "1s",
        "How often certificates, keys and the --config file are looked at for changes, which then take effect for new connections; 0s: on SIGHUP only.",
    ),
    one(
        OPERATION,
        "workers",
        "NUMBER|auto",
        "auto",
        "Threads that serve connections; auto takes the CPUs that the cgroup grants.",
    ),
    one(
        OPERATION,
        "log-format",
        "json|text|auto",
        "auto",
        "One event a line on stdout; auto writes text on a terminal, else JSON.",
    ),
    one(
        OPERATION,
        "log-level",
        "error|warn|info|debug",
        "info",
        "The least level that is logged. Refusals and requests are info.",
    ),
    one(
        OPERATION,
        "access-log",
        "on|off",
        "on",
        "One line for each request.",
    ),
];

/// The definition of a name.
pub fn find(name: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|d| d.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_kebab_case() {
        for (index, definition) in DEFINITIONS.iter().enumerate() {
            assert!(
                definition
                    .name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '-')
            );
            assert!(
                DEFINITIONS[..index]
                    .iter()
                    .all(|d| d.name != definition.name)
            );
        }
    }
}
