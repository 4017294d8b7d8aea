//! A request's path, made into a path beneath the document root.
//!
//! Takes the raw path of the request target, hands on a [`RequestPath`] whose names are safe to open: each is decoded
//! once, none is empty, `.`, `..` or hidden, none holds a slash, a backslash or a control character. What symbolic
//! links do with such a path is the matter of `open`.

use http::StatusCode;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// The one hidden name that is served, at the root only (RFC 8615).
const WELL_KNOWN: &str = ".well-known";

/// A path beneath the document root, without a leading or closing slash; empty for the root itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestPath {
    path: String,
    /// The path ended in a slash (or in `/.` or `/..`): a directory is asked for.
    directory: bool,
}

/// Why a path is not even looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum PathError {
    /// No client makes it by accident: broken percent-encoding, a control character, `..` above the root, no leading
    /// slash. nginx answers these with 400 too.
    #[error("malformed path")]
    Malformed,
    /// Well-formed, but nothing of such a name is ever served.
    #[error("a name that is never served")]
    NeverServed,
}

impl RequestPath {
    /// Reads the path of a request target as it came, without the query. Slashes are merged and dot segments resolved
    /// as nginx does (`merge_slashes on`, after decoding); unlike nginx, `%2F` doesn't part names.
    pub(super) fn parse(raw: &str) -> Result<Self, PathError> {
        let raw = raw.strip_prefix('/').ok_or(PathError::Malformed)?;
        let mut names: Vec<Vec<u8>> = Vec::new();
        let mut directory = true;
        for segment in raw.split('/') {
            let name = decode(segment)?;
            directory = matches!(name.as_slice(), b"" | b"." | b"..");
            match name.as_slice() {
                b"" | b"." => {}
                b".." => drop(names.pop().ok_or(PathError::Malformed)?),
                _ => names.push(name),
            }
        }
        // Only now, so that a malformed rest is 400 whatever came before it.
        let names = names.into_iter().enumerate();
        let served: Option<Vec<String>> = names.map(|(depth, name)| served(depth, name)).collect();
        Ok(Self {
            path: served.ok_or(PathError::NeverServed)?.join("/"),
            directory,
        })
    }

    /// Whether this is the document root itself.
    pub(super) fn is_root(&self) -> bool {
        self.path.is_empty()
    }

    /// Whether a directory is asked for, and with it its index.
    pub(super) fn is_directory(&self) -> bool {
        self.directory
    }

    /// The path to open, relative to the document root; `.` for the root.
    pub(super) fn relative(&self) -> &str {
        if self.is_root() { "." } else { &self.path }
    }

    /// The one spelling of this path that the cache knows it by. A raw path that equals it is this path: what it
    /// escapes is decoded to itself, and a name that could be mistaken for an escape has its `%` escaped.
    pub(super) fn spelling(&self) -> String {
        let closing = if self.directory && !self.is_root() {
            "/"
        } else {
            ""
        };
        let path = utf8_percent_encode(&self.path, ESCAPED_IN_PATH);
        format!("/{path}{closing}")
    }

    /// The path of `name` within the directory that is asked for.
    pub(super) fn child(&self, name: &str) -> String {
        if self.is_root() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.path)
        }
    }

    /// The Location that adds the missing slash, with the query as it came. It begins with exactly one slash and then
    /// a name, so that no browser can read a host into it.
    pub(super) fn with_slash(&self, query: Option<&str>) -> String {
        let path = utf8_percent_encode(&self.path, ESCAPED_IN_PATH);
        match query {
            Some(query) => format!("/{path}/?{}", utf8_percent_encode(query, ESCAPED_IN_QUERY)),
            None => format!("/{path}/"),
        }
    }
}

impl PathError {
    /// The status to answer with.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NeverServed => StatusCode::NOT_FOUND,
        }
    }
}

/// What RFC 3986 section 3.3 doesn't allow in a path (non-ASCII is always escaped).
const ESCAPED_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A query is handed back as it came (so no `%`); only what can't stand in a header line is escaped.
const ESCAPED_IN_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// Decodes once. `%252e` therefore becomes the three letters `%2e`, which is a name like any other.
fn decode(segment: &str) -> Result<Vec<u8>, PathError> {
    let bytes = segment.as_bytes();
    let broken = |(at, byte): (usize, &u8)| {
        let digits = bytes.get(at + 1..at + 3);
        *byte == b'%' && !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let decoded: Vec<u8> = percent_decode_str(segment).collect();
    if bytes.iter().enumerate().any(broken) || decoded.iter().any(u8::is_ascii_control) {
        return Err(PathError::Malformed);
    }
    Ok(decoded)
}

/// The name as text, if names of its kind are served at all.
fn served(depth: usize, name: Vec<u8>) -> Option<String> {
    let name = String::from_utf8(name).ok()?;
    let hidden = name.starts_with('.') && !(depth == 0 && name == WELL_KNOWN);
    (!hidden && !name.contains(['/', '\\'])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::PathError::{Malformed, NeverServed};
    use super::*;

    #[test]
    fn ordinary_paths() {
        for (raw, path, directory) in [
            ("/", "", true),
            ("/index.html", "index.html", false),
            ("/docs/", "docs", true),
            ("//docs///a", "docs/a", false),
            ("/docs/./a", "docs/a", false),
            ("/docs/../a", "a", false),
            ("/docs//../a", "a", false),
            ("/docs/.", "docs", true),
            ("/docs/a/..", "docs", true),
            ("/docs/..", "", true),
            ("/%64ocs/a%20b", "docs/a b", false),
            ("/gr%C3%BC%C3%9Fe", "grüße", false),
            ("/grüße", "grüße", false),
            ("/docs/%2e%2e/a", "a", false),
            ("/.hidden/../a", "a", false),
            ("/%252e%252e/a", "%2e%2e/a", false),
            ("/.well-known/acme", ".well-known/acme", false),
            ("/a..b/c...", "a..b/c...", false),
            ("/a;v=1", "a;v=1", false),
        ] {
            let expected = RequestPath {
                path: path.into(),
                directory,
            };
            assert_eq!(RequestPath::parse(raw), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn each_path_has_one_spelling_which_is_read_as_itself() {
        for (raw, spelling) in [
            ("/", "/"),
            ("//.//", "/"),
            ("/a/..", "/"),
            ("/index.html", "/index.html"),
            ("/docs", "/docs"),
            ("/docs/", "/docs/"),
            ("//docs/.", "/docs/"),
            ("/%64ocs/a%20b", "/docs/a%20b"),
            ("/grüße", "/gr%C3%BC%C3%9Fe"),
            ("/%2541", "/%2541"),
            ("/a%3fb%23", "/a%3Fb%23"),
            ("/a;v=1&b+c,d'(e)!*$@:~_-", "/a;v=1&b+c,d'(e)!*$@:~_-"),
        ] {
            let path = RequestPath::parse(raw).unwrap();
            assert_eq!(path.spelling(), spelling, "{raw}");
            assert_eq!(RequestPath::parse(spelling), Ok(path), "{raw}");
        }
    }

    #[test]
    fn refused_paths() {
        for (raw, error) in [
            ("", Malformed),
            ("*", Malformed),
            ("index.html", Malformed),
            ("/..", Malformed),
            ("/../secret", Malformed),
            ("/docs/../../secret", Malformed),
            ("/%2e%2e/secret", Malformed),
            ("/.%2E/secret", Malformed),
            ("/%2e./secret", Malformed),
            ("//../secret", Malformed),
            ("/.hidden/../../secret", Malformed),
            ("/%C0%AE/../../secret", Malformed),
            ("/a%00", Malformed),
            ("/a%0d%0aLocation:%20x", Malformed),
            ("/a%7f", Malformed),
            ("/a%", Malformed),
            ("/a%2", Malformed),
            ("/a%zz", Malformed),
            ("/%%32%65", Malformed),
            ("/%u002e%u002e/secret", Malformed),
            ("/..%2fsecret", NeverServed),
            ("/..%2Fsecret", NeverServed),
            ("/%2e%2e%2fsecret", NeverServed),
            ("/docs%2f..%2f..%2fsecret", NeverServed),
            ("/%2fetc/passwd", NeverServed),
            ("/..%5csecret", NeverServed),
            ("/%2e%2e%5csecret", NeverServed),
            ("/..\\secret", NeverServed),
            ("/..;/secret", NeverServed),
            ("/..../secret", NeverServed),
            ("/....//secret", NeverServed),
            ("/.../secret", NeverServed),
            ("/%c0%ae%c0%ae/secret", NeverServed),
            ("/%e0%80%ae%e0%80%ae/secret", NeverServed),
            ("/%ff", NeverServed),
            ("/.git/config", NeverServed),
            ("/docs/.htpasswd", NeverServed),
            ("/%2egit/config", NeverServed),
            ("/docs/.well-known/x", NeverServed),
            ("/.well-known/.x", NeverServed),
            ("/.well-knownx", NeverServed),
        ] {
            assert_eq!(RequestPath::parse(raw), Err(error), "{raw}");
        }
    }

    #[test]
    fn the_location_is_escaped_and_never_names_a_host() {
        for (raw, query, location) in [
            ("/docs", None, "/docs/"),
            ("//evil.example", None, "/evil.example/"),
            ("///evil.example/a", None, "/evil.example/a/"),
            ("/a/../evil.example", None, "/evil.example/"),
            ("/a%20b%25%3f%23", None, "/a%20b%25%3F%23/"),
            ("/gr%C3%BC%C3%9Fe", None, "/gr%C3%BC%C3%9Fe/"),
            ("/docs", Some("a=%20&b"), "/docs/?a=%20&b"),
            ("/docs", Some(""), "/docs/?"),
            (
                "/docs",
                Some("a\r\nSet-Cookie: b"),
                "/docs/?a%0D%0ASet-Cookie:%20b",
            ),
            ("/docs", Some("//evil.example"), "/docs/?//evil.example"),
        ] {
            let path = RequestPath::parse(raw).unwrap();
            assert_eq!(path.with_slash(query), location, "{raw}");
        }
        for raw in ["/%5cevil.example", "/\\evil.example", "/%2fevil.example"] {
            assert_eq!(RequestPath::parse(raw), Err(NeverServed), "{raw}");
        }
    }
}
