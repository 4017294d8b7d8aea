//! The header fields that only certgate may write towards an upstream.

use http::HeaderName;

/// Whether a field from a client must not reach an upstream, because an upstream would take it for
/// certgate's word about who the client is or where it comes from.
///
/// Names are compared as CGI and its heirs see them: case and every character that is neither
/// letter nor digit make no difference, so that `X_SSL_Client_Verify` is caught, too.
pub fn is_reserved(name: &HeaderName) -> bool {
    let normal: String = name
        .as_str()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    NAMES.contains(&normal.as_str()) || PREFIXES.iter().any(|prefix| normal.starts_with(prefix))
}

const NAMES: &[&str] = &[
    // RFC 7239
    "forwarded",
    // RFC 9440
    "client-cert",
    "client-cert-chain",
    "x-real-ip",
];

const PREFIXES: &[&str] = &[
    // -For, -Proto, -Host, -Port, -Client-Cert (Envoy's XFCC) and what else there may be
    "x-forwarded-",
    // AWS ALB
    "x-amzn-mtls-",
    // nginx habits; the second form is what `proxy_set_header SSL_CLIENT_…` became
    "x-ssl-client-",
    "ssl-client-",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_make_no_difference() {
        for name in [
            "x-ssl-client-verify",
            "x_ssl_client_s_dn",
            "X.SSL.Client.Cert",
            "X-Forwarded-Client-Cert",
            "x-forwarded_for",
            "client_cert",
            "X-Amzn-Mtls-Clientcert-Leaf",
            "Forwarded",
        ] {
            assert!(is_reserved(&name.parse().unwrap()), "{name}");
        }
        for name in [
            "x-request-id",
            "client-certificate-info",
            "host",
            "cookie",
            "ssl-clients",
        ] {
            assert!(!is_reserved(&name.parse().unwrap()), "{name}");
        }
    }
}
