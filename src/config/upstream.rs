//! One `--upstream`: the protocol and the address that its URL stands for.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::values::Expected;

/// Where an upstream listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpstreamAddress {
    /// A host name or address, and a port. Names are looked up at each new connection.
    Tcp(String, u16),
    /// A unix socket.
    Unix(PathBuf),
}

impl fmt::Display for UpstreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// How an upstream is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS (prior knowledge, RFC 9113 section 3.3), as gRPC wants it.
    Http2,
    /// Raw bytes.
    Tcp,
}

/// One `--upstream`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// How it is spoken to.
    pub protocol: UpstreamProtocol,
    /// Where it is.
    pub address: UpstreamAddress,
}

const UPSTREAM_FORMS: &str = "http://HOST[:PORT], h2c://HOST:PORT, unix:/PATH or tcp://HOST:PORT";

impl FromStr for Upstream {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path.starts_with('/') {
                true => Ok(Upstream {
                    protocol: UpstreamProtocol::Http1,
                    address: UpstreamAddress::Unix(path.into()),
                }),
                false => Err("unix: and an absolute path, such as unix:/run/app.sock".into()),
            };
        }
        let (scheme, rest) = text.split_once("://").ok_or(UPSTREAM_FORMS)?;
        let (protocol, default_port) = match scheme {
            "http" => (UpstreamProtocol::Http1, Some(80)),
            "h2c" => (UpstreamProtocol::Http2, None),
            "tcp" => (UpstreamProtocol::Tcp, None),
            "https" => {
                return Err(Expected(format!(
                    "{UPSTREAM_FORMS} (TLS towards upstreams is not in this version)"
                )));
            }
            _ => return Err(UPSTREAM_FORMS.into()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@']) {
            return Err(Expected(format!(
                "{UPSTREAM_FORMS}, nothing after the port: the request's path is passed on as it is"
            )));
        }
        let authority: http::uri::Authority = authority
            .parse()
            .map_err(|_| Expected::from(UPSTREAM_FORMS))?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let port = match authority.as_str().len() > authority.host().len() {
            true => authority.port_u16(),
            false => default_port,
        };
        match port {
            Some(port) if !host.is_empty() => Ok(Upstream {
                protocol,
                address: UpstreamAddress::Tcp(host, port),
            }),
            _ => Err(Expected(format!("{scheme}://HOST:PORT"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_are_read() {
        let tcp = |host: &str, port| UpstreamAddress::Tcp(host.to_owned(), port);
        for (text, protocol, address) in [
            (
                "http://127.0.0.1:8080",
                UpstreamProtocol::Http1,
                tcp("127.0.0.1", 8080),
            ),
            ("http://app/", UpstreamProtocol::Http1, tcp("app", 80)),
            (
                "h2c://[::1]:50051",
                UpstreamProtocol::Http2,
                tcp("::1", 50051),
            ),
            (
                "tcp://db.internal:5432",
                UpstreamProtocol::Tcp,
                tcp("db.internal", 5432),
            ),
            (
                "unix:/run/app.sock",
                UpstreamProtocol::Http1,
                UpstreamAddress::Unix("/run/app.sock".into()),
            ),
        ] {
            assert_eq!(text.parse(), Ok(Upstream { protocol, address }), "{text}");
        }
    }

    #[test]
    fn wrong_upstreams_are_refused() {
        for text in [
            "",
            "127.0.0.1:8080",
            "tcp://db",
            "h2c://app",
            "http://",
            "http://app/base",
            "ftp://app",
            "unix:relative",
            "http://user@app",
            "http://app:99999",
            "https://app",
        ] {
            assert!(text.parse::<Upstream>().is_err(), "{text}");
        }
    }
}
