//! The header fields that only certgate may write towards an upstream.

use http::HeaderName;

/// Whether a field from a client must not reach an upstream, because an upstream would take it for a
/// gateway's word about who the client is or where it comes from.
///
/// Names are compared as CGI and its heirs see them: case and every character that is neither
/// letter nor digit make no difference, so that `X_SSL_Client_Verify` is caught, too. This runs for
/// each field of each proxied request, and allocates nothing.
pub fn is_reserved(name: &HeaderName) -> bool {
    let name = name.as_str().as_bytes();
    let Some(first) = name.first() else {
        return false;
    };
    // Nearly all of what browsers send ends here.
    if first.is_ascii_lowercase() && !b"cflpstwx".contains(first) {
        return false;
    }
    // Once, and as much as the longest of the lists needs.
    let mut normal = [0; LONGEST];
    for (to, byte) in normal.iter_mut().zip(name) {
        *to = normalized(*byte);
    }
    let normal = &normal[..name.len().min(LONGEST)];
    (name.len() < LONGEST && NAMES.iter().any(|known| normal == known.as_bytes()))
        || PREFIXES
            .iter()
            .any(|prefix| normal.starts_with(prefix.as_bytes()))
}

/// Whether a reserved field is one of those that an AWS ALB writes for a client that has logged in with it, and that no
/// client can then write.
pub fn is_of_login(name: &HeaderName) -> bool {
    OF_LOGIN.contains(&name.as_str())
}

/// More than any of [`NAMES`] and [`PREFIXES`] has.
const LONGEST: usize = 32;

fn normalized(byte: u8) -> u8 {
    match byte.is_ascii_alphanumeric() {
        true => byte,
        false => b'-',
    }
}

/// Whether a field has this name (in lower case), by the same comparison.
pub fn is_same(name: &[u8], known: &[u8]) -> bool {
    name.len() == known.len()
        && name
            .iter()
            .zip(known)
            .all(|(byte, known)| normalized(*byte) == normalized(*known))
}

const NAMES: &[&str] = &[
    // RFC 7239
    "forwarded",
    // RFC 9440
    "client-cert",
    "client-cert-chain",
    "x-real-ip",
    // Libraries that look for a client's address take the first of these that is there. Those of CDNs are not here
    // (True-Client-IP, CF-Connecting-IP, …): a CDN may be the client, and has no other way to say whom it speaks for
    "x-client-ip",
    // PHP's HTTP_CLIENT_IP and HTTP_FORWARDED_FOR
    "client-ip",
    "forwarded-for",
    "x-remote-ip",
    "x-remote-addr",
    "x-cluster-client-ip",
    "x-forwarded",
    "x-envoy-external-address",
    // Envoy: the request is from inside
    "x-envoy-internal",
    // ingress-nginx, Azure: what was there before
    "x-original-forwarded-for",
    "x-original-host",
    // Who the client is, in a mesh: Linkerd, SPIFFE
    "l5d-client-id",
    "x-spiffe-id",
    // The path before a gateway rewrote it: IIS and frameworks take it for the one that is asked for
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
    "x-waws-unencoded-url",
    // CGI makes HTTP_PROXY of it (httpoxy)
    "proxy",
    "x-ssl",
    // WebSphere: $WSCC is the certificate, $WSSC the scheme, $WSRA the address
    "-wscc",
    "-wssc",
    "-wsis",
    "-wsra",
    "-wsrh",
    "-wssn",
    "-wssp",
    "-wspt",
    "-wsak",
    "-wscs",
    "-wsat",
    "-wspr",
    "-wsru",
];

/// AWS ALB, where it has clients log in (OpenID Connect): their claims.
const OF_LOGIN: [&str; 3] = [
    "x-amzn-oidc-data",
    "x-amzn-oidc-identity",
    "x-amzn-oidc-accesstoken",
];

const PREFIXES: &[&str] = &[
    // -For, -Proto, -Host, -Port, -Client-Cert (Envoy's XFCC), -Tls-Client-Cert (Traefik) and what else
    // there may be
    "x-forwarded-",
    // AWS ALB
    "x-amzn-mtls-",
    "x-amzn-oidc-",
    // Envoy and Istio: who the client is, the path before it was rewritten
    "x-envoy-peer-metadata",
    "x-envoy-original-",
    // nginx and HAProxy habits: -Client-Verify, -Client-CN, -Cert, -Issuer, …
    "x-ssl-",
    // ingress-nginx, and Apache's `RequestHeader set SSL_CLIENT_…`
    "ssl-client-",
    "ssl-server-",
    "x-client-cert",
    "x-client-verify",
    "x-client-dn",
    "x-client-s-dn",
    "x-client-i-dn",
    "x-tls-client-",
    "tls-client-",
    // Azure
    "x-arr-clientcert",
    "x-arr-ssl",
    // Cloudflare
    "cf-client-cert-",
    // WebLogic
    "wl-proxy-",
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
            "X-SSL-Cert",
            "X-Client-Cert-Present",
            "X_Client_Verify",
            "X-Forwarded-Client-Cert",
            "X-Forwarded-Tls-Client-Cert-Info",
            "x-forwarded_for",
            "client_cert",
            "X-Amzn-Mtls-Clientcert-Leaf",
            "Forwarded",
            "X_Original_URL",
            "X-Rewrite-Url",
            "Proxy",
            "$WSCC",
            "wl_proxy_client_cert",
            "SSL_CLIENT_S_DN",
            "X_Client_IP",
            "client_ip",
            "Forwarded_For",
            "X_Remote_Addr",
            "X-Original-Forwarded-For",
            "x_amzn_oidc_identity",
        ] {
            assert!(is_reserved(&name.parse().unwrap()), "{name}");
        }
        for name in [
            "x-request-id",
            "client-certificate-info",
            "host",
            "cookie",
            "ssl-clients",
            "x-client-version",
            "x-envoy-upstream-rq-timeout-ms",
            "true-client-ip",
            "client-ips",
            "cf-connecting-ip",
            "last-event-id",
            "proxy-status",
            "x",
        ] {
            assert!(!is_reserved(&name.parse().unwrap()), "{name}");
        }
    }

    /// The list of first letters must not leave one of the names out.
    #[test]
    fn every_name_is_found() {
        for name in NAMES.iter().chain(PREFIXES) {
            assert!(name.len() < LONGEST, "{name}");
            let name = name.replacen("-ws", "$ws", 1);
            assert!(is_reserved(&name.parse().unwrap()), "{name}");
        }
    }
}
