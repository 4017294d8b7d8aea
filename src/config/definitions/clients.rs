//! Who may come in.

use super::{Definition, lines, many, one, per_site};

const HEADING: &str = "Client certificates";

pub(super) const ROWS: &[Definition] = &[
    per_site(one(
        HEADING,
        "client-auth",
        "required|optional|off",
        "required",
        "Whether a client must present a certificate of the client CA. `optional` admits clients without one, but refuses a bad one.",
    )),
    per_site(lines(one(
        HEADING,
        "allow",
        "RULE",
        "",
        "Lets in only clients whose certificate matches one of these rules: KIND:VALUE of the kinds cn, ou, o, dn, dns, uri, email, ip, issuer, serial, sha256, spki, joined by \" and \", such as \"ou:Payments and dns:*.svc.example\". Repeatable.",
    ))),
    per_site(lines(one(
        HEADING,
        "deny",
        "RULE",
        "",
        "Keeps out clients whose certificate matches one of these rules, whatever --allow says. Repeatable.",
    ))),
    per_site(one(
        HEADING,
        "refusal",
        "alert|page",
        "alert",
        "How a client without an accepted certificate is told: by the TLS alert that names the reason, or by a 403 page for people with browsers.",
    )),
    per_site(one(
        HEADING,
        "verify-depth",
        "NUMBER",
        "4",
        "How many intermediate CAs may stand between a client certificate and the client CA (nginx: ssl_verify_depth).",
    )),
    per_site(many(
        HEADING,
        "crl",
        "FILE|URL",
        "",
        "Revocation lists (CRLs) of the client CA and its intermediates, PEM or DER: files, or URLs of http:// or https:// that are fetched again before they expire. Repeatable; client_crl.pem in --certs-dir is used beside them (nginx: ssl_crl).",
    )),
    per_site(one(
        HEADING,
        "crl-check",
        "leaf|chain",
        "chain",
        "Once there is a CRL: whether only the client's own certificate is looked up, or every one below the client CA.",
    )),
    per_site(one(
        HEADING,
        "crl-policy",
        "strict|soft",
        "strict",
        "What becomes of a client whose issuer has no CRL, or only an expired one: refused, or let in, counted and logged.",
    )),
    per_site(one(
        HEADING,
        "partial-chain",
        "off|on",
        "off",
        "Whether an intermediate CA in the client CA file is enough, without its root. It then answers for itself.",
    )),
    per_site(one(
        HEADING,
        "any-purpose",
        "off|on",
        "off",
        "Whether client certificates are accepted that are not for clientAuth (extendedKeyUsage), such as servers'.",
    )),
    per_site(one(
        HEADING,
        "verify-strict",
        "off|on",
        "off",
        "Whether every certificate of a client's chain, the client CA included, must keep to the rules of RFC 5280 that private CAs often break without harm.",
    )),
    per_site(one(
        HEADING,
        "advertise-ca",
        "on|off",
        "on",
        "Whether clients are told the names of the client CAs, by which they choose a certificate. More than 16 KiB of names are never sent.",
    )),
    per_site(one(
        HEADING,
        "ocsp",
        "off|leaf|chain",
        "off",
        "Whether a responder is asked if a client's certificate is revoked: its own one, or each one of its chain but the root (nginx: ssl_ocsp).",
    )),
    per_site(one(
        HEADING,
        "ocsp-policy",
        "hard|soft",
        "hard",
        "What becomes of a client whose status no responder tells: `hard` refuses it, `soft` lets it in. A revoked one is always refused.",
    )),
    per_site(one(
        HEADING,
        "ocsp-responder",
        "URL",
        "",
        "The OCSP responder to ask, http or https. Default: the one that each certificate names (nginx: ssl_ocsp_responder).",
    )),
    per_site(one(
        HEADING,
        "ocsp-timeout",
        "DURATION",
        "3s",
        "How long a responder may take to answer. It is part of the handshake's time.",
    )),
    one(
        HEADING,
        "certs-dir",
        "DIRECTORY",
        "/run/certgate/certs",
        "Where server_cert.cer, server_key.key, client_cert.pem and client_crl.pem are; SSL_SERVER_CERTIFICATE, SSL_SERVER_KEY, SSL_CLIENT_CERTIFICATE and SSL_CLIENT_CRL are written there.",
    ),
    per_site(one(
        HEADING,
        "client-ca",
        "FILE",
        "",
        "The CA certificates that client certificates must chain to (nginx: ssl_client_certificate). Default: client_cert.pem in --certs-dir, where SSL_CLIENT_CERTIFICATE is written.",
    )),
];
