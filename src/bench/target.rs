//! Where to: from the URL that was typed to a resolved address and the request for it.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As typed.
    pub url: String,
    /// The name or address in it, without brackets.
    pub host: String,
    /// The `Host` header: the host, and the port where it isn't 443.
    pub authority: String,
    /// The first address that the name resolved to, once, before the run.
    pub address: SocketAddr,
    /// Path and query of an `https://` target; `None` for `tls://`.
    pub path: Option<String>,
}

/// Why it is no target.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TargetFault {
    /// Not a URL of ours. Wrong usage.
    #[error("{0:?} is no target: expected https://HOST[:PORT]/PATH or tls://HOST:PORT")]
    Url(String),
    /// The name has no address. Not usage: it may have one tomorrow.
    #[error("{host}: can't find its address: {error}")]
    Name {
        /// The name.
        host: String,
        /// The resolver's words.
        error: String,
    },
}

impl Target {
    /// Reads the URL and resolves its host.
    pub fn resolve(url: &str) -> Result<Self, TargetFault> {
        let wrong = || TargetFault::Url(url.to_owned());
        let uri: http::Uri = url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        if authority.as_str().contains('@') {
            return Err(wrong());
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let path_and_query = uri.path_and_query().map_or("/", |path| path.as_str());
        let (port, path) = match (uri.scheme_str(), authority.port_u16()) {
            (Some("https"), port) => (port.unwrap_or(443), Some(path_and_query.to_owned())),
            (Some("tls"), Some(port)) if matches!(path_and_query, "" | "/") => (port, None),
            _ => return Err(wrong()),
        };
        let fault = |error: String| TargetFault::Name {
            host: host.clone(),
            error,
        };
        let address = (host.as_str(), port)
            .to_socket_addrs()
            .map_err(|error| fault(error.to_string()))?
            .next()
            .ok_or_else(|| fault("no address".to_owned()))?;
        Ok(Self {
            url: url.to_owned(),
            authority: match port {
                443 => authority.host().to_owned(),
                port => format!("{}:{port}", authority.host()),
            },
            host,
            address,
            path,
        })
    }

    /// The host, if it is an address and no name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_has_a_path_and_a_default_port() {
        let target = Target::resolve("https://127.0.0.1/a?b").unwrap();
        assert_eq!(target.address, "127.0.0.1:443".parse().unwrap());
        assert_eq!(target.path.as_deref(), Some("/a?b"));
        assert_eq!(target.authority, "127.0.0.1");
    }

    #[test]
    fn tls_has_a_port_and_no_path() {
        let target = Target::resolve("tls://[::1]:5432").unwrap();
        assert_eq!(target.address, "[::1]:5432".parse().unwrap());
        assert_eq!(
            (target.path, target.authority.as_str()),
            (None, "[::1]:5432")
        );
    }

    #[test]
    fn others_are_none() {
        for url in [
            "http://localhost",
            "tls://localhost",
            "localhost:1",
            "https://a@b/",
            "",
        ] {
            assert!(
                matches!(Target::resolve(url), Err(TargetFault::Url(_))),
                "{url}"
            );
        }
    }
}
