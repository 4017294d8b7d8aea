//! How handshakes are made.

use super::{Definition, many, one, per_site};

const HEADING: &str = "TLS";

pub(super) const ROWS: &[Definition] = &[
    per_site(many(
        HEADING,
        "certificate",
        "FILE",
        "",
        "The server's certificate, its intermediates after it (nginx: ssl_certificate). Repeatable, each with its --certificate-key: one RSA and one EC, say. Default: server_cert.cer in --certs-dir, where SSL_SERVER_CERTIFICATE is written.",
    )),
    per_site(many(
        HEADING,
        "certificate-key",
        "FILE",
        "",
        "The private key of a --certificate, in the same order (nginx: ssl_certificate_key). Default: server_key.key in --certs-dir, where SSL_SERVER_KEY is written.",
    )),
    one(
        HEADING,
        "unknown-sni",
        "default|refuse",
        "default",
        "What a client gets that asks for a server name of no [[site]], or for none: the site of the settings outside of [[site]], or the alert unrecognized_name (nginx: ssl_reject_handshake).",
    ),
    many(
        HEADING,
        "tls-protocols",
        "VERSIONS",
        "TLSv1.2,TLSv1.3",
        "TLS versions on offer, of TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3, without gaps.",
    ),
    one(
        HEADING,
        "tls-ciphers",
        "LIST",
        "",
        "Cipher list as OpenSSL writes it, colons between; AWS-LC knows no DHE, no CCM and no @SECLEVEL. Names that begin with TLS_ are TLS 1.3 suites, the rest is for TLS 1.2 and older. Default: forward secrecy with AES-128-GCM, AES-256-GCM or ChaCha20.",
    ),
    one(
        HEADING,
        "tls-groups",
        "LIST",
        "X25519MLKEM768:X25519:P-256:P-384",
        "Key exchange groups in order of preference, colons between.",
    ),
    one(
        HEADING,
        "tls-prefer",
        "server|client",
        "server",
        "Whose order of ciphers decides (nginx: ssl_prefer_server_ciphers).",
    ),
    one(
        HEADING,
        "tls-tickets",
        "on|off",
        "on",
        "Session tickets, so that returning clients resume. What a full handshake would refuse is refused at resumption, too.",
    ),
    one(
        HEADING,
        "tls-session-timeout",
        "DURATION",
        "1h",
        "How long a client may resume, counted from its last full handshake.",
    ),
    per_site(one(
        HEADING,
        "staple",
        "off|on|FILE",
        "off",
        "The OCSP status of the server's certificate, sent along with it: fetched and kept fresh, or from a file in DER (nginx: ssl_stapling, ssl_stapling_file).",
    )),
    per_site(one(
        HEADING,
        "staple-responder",
        "URL",
        "",
        "Where --staple on asks, http or https. Default: the responder that the certificate names (nginx: ssl_stapling_responder).",
    )),
];
