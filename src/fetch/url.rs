//! http and https URLs, as far as certgate fetches from them.

use std::fmt;
use std::str::FromStr;

use http::HeaderValue;
use http::Uri;
use http::uri::Scheme;

/// An absolute URL of http or https without user name and password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url(Uri);

/// The longest that is taken: they come from certificates, too.
const LONGEST: usize = 2048;

/// A text is no such URL. It is not repeated, since it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no URL of the form http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH")]
pub struct UrlFault;

impl FromStr for Url {
    type Err = UrlFault;

    fn from_str(text: &str) -> Result<Self, UrlFault> {
        // What comes after # is for the client alone (RFC 9110 section 7.1).
        let text = text.split('#').next().unwrap_or_default();
        let uri: Uri = match text.len() {
            0..=LONGEST => text.parse().map_err(|_| UrlFault)?,
            _ => return Err(UrlFault),
        };
        let known = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
        let authority = uri.authority().ok_or(UrlFault)?;
        let plain = !authority.as_str().contains('@') && !authority.host().is_empty();
        // `host:` and `host:99999` have no port to http::Uri, but aren't without one.
        let rest = authority.as_str().strip_prefix(authority.host());
        let whole = rest == Some("") || authority.port_u16().is_some_and(|port| port != 0);
        match known && plain && whole {
            true => Ok(Self(uri)),
            false => Err(UrlFault),
        }
    }
}

impl Url {
    /// Whether the server is to be verified.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == Some(&Scheme::HTTPS)
    }

    /// The name or address, an IPv6 one without its brackets.
    pub fn host(&self) -> &str {
        let host = self.0.host().unwrap_or_default();
        let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        inner.unwrap_or(host)
    }

    /// The one that is written, or the scheme's own.
    pub fn port(&self) -> u16 {
        let default = if self.is_https() { 443 } else { 80 };
        self.0.port_u16().unwrap_or(default)
    }

    /// For the header `Host`.
    pub(super) fn authority(&self) -> HeaderValue {
        let authority = self.0.authority().map_or("", |a| a.as_str());
        // What an authority consists of fits a header.
        HeaderValue::from_str(authority).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// The path and the query.
    pub(super) fn path(&self) -> &str {
        self.0.path_and_query().map_or("/", |path| path.as_str())
    }

    /// Where a redirect leads.
    pub(super) fn join(&self, location: &str) -> Option<Self> {
        let origin = || format!("{}://{}", self.0.scheme_str()?, self.0.authority()?).into();
        let origin: Option<String> = origin();
        let absolute = match location {
            _ if location.starts_with("//") => format!("{}:{location}", self.0.scheme_str()?),
            _ if location.starts_with('/') => origin? + location,
            _ if location.contains("://") => location.to_owned(),
            _ => {
                let directory = self.0.path().rsplit_once('/').map_or("", |(d, _)| d);
                format!("{}{directory}/{location}", origin?)
            }
        };
        let target: Self = absolute.parse().ok()?;
        // Who asked for https wants nobody on the way to choose what comes.
        (target.is_https() || !self.is_https()).then_some(target)
    }

    /// All of it, with the query, to ask and to compare; not for logs.
    pub fn secret_text(&self) -> String {
        self.0.to_string()
    }
}

/// Without the query, which may hold a secret: the signature of a presigned URL, say.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map_or("", |a| a.as_str());
        let query = if self.0.query().is_some() { "?…" } else { "" };
        write!(f, "{scheme}://{authority}{}{query}", self.0.path())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_and_https_without_a_password() {
        for good in [
            "http://a",
            "https://a.example/x?y=z",
            "http://10.0.0.1:8080/",
            "http://[::1]:80/x#y",
        ] {
            assert!(good.parse::<Url>().is_ok(), "{good}");
        }
        let long = format!("http://a/{}", "x".repeat(LONGEST));
        for bad in [
            "",
            "a",
            "/x",
            "ldap://a/x",
            "file:///etc/passwd",
            "http:///x",
            "http://:80/x",
            "http://a:/",
            "http://a:0/",
            "http://a:99999/",
            "http://user:secret@a/",
            "http://a b/",
            &long,
        ] {
            assert_eq!(bad.parse::<Url>(), Err(UrlFault), "{bad}");
        }
    }

    #[test]
    fn a_query_is_never_shown() {
        let url: Url = "https://a:444/list.crl?signature=secret".parse().unwrap();
        assert_eq!(url.to_string(), "https://a:444/list.crl?…");
        assert_eq!(format!("{url:?}"), url.to_string());
        assert_eq!(url.path(), "/list.crl?signature=secret");
        assert_eq!((url.host(), url.port()), ("a", 444));
        let six: Url = "http://[::1]/".parse().unwrap();
        assert_eq!((six.host(), six.port()), ("::1", 80));
    }

    #[test]
    fn redirects_are_relative_or_absolute() {
        let url: Url = "http://a:81/b/c?d".parse().unwrap();
        for (location, expected) in [
            ("https://x/y", Some("https://x/y")),
            ("//x/y", Some("http://x/y")),
            ("/y", Some("http://a:81/y")),
            ("y", Some("http://a:81/b/y")),
            ("ftp://x/y", None),
            ("file:///etc/passwd", None),
        ] {
            let found = url.join(location).map(|url| url.to_string());
            assert_eq!(found.as_deref(), expected, "{location}");
        }
    }
}
