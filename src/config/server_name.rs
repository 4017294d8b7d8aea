//! Server names (SNI, RFC 6066 section 3; Host, RFC 9110 section 7.2), and which site one belongs to.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use super::values::Expected;

/// A name of a site: `a.example`, or `*.example` for every name below it, as nginx and Envoy have it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ServerName {
    /// This name alone.
    Exact(String),
    /// Every name that ends in a dot and this.
    Below(String),
}

impl FromStr for ServerName {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        let name = canonical(text);
        let (below, name) = match name.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, name.as_str()),
        };
        if !is_host_name(name) {
            return Err("a host name such as a.example, or *.example for all names below it; letters beyond ASCII as xn--…".into());
        }
        Ok(match below {
            true => Self::Below(name.to_owned()),
            false => Self::Exact(name.to_owned()),
        })
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Below(name) => write!(f, "*.{name}"),
        }
    }
}

/// Names are compared without case, and the dot of the root makes no difference.
fn canonical(text: &str) -> String {
    let text = text.strip_suffix('.').unwrap_or(text);
    text.to_ascii_lowercase()
}

fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// Finds the site of a name.
#[derive(Debug, Clone, Default)]
pub struct ServerNames {
    exact: HashMap<String, usize>,
    below: HashMap<String, usize>,
}

impl ServerNames {
    /// Gives a name to a site; the site that has it already is handed back instead.
    pub fn insert(&mut self, name: &ServerName, site: usize) -> Result<(), usize> {
        let (names, name) = match name {
            ServerName::Exact(name) => (&mut self.exact, name),
            ServerName::Below(name) => (&mut self.below, name),
        };
        match names.get(name) {
            Some(other) => Err(*other),
            None => {
                names.insert(name.clone(), site);
                Ok(())
            }
        }
    }

    /// The site of a name: of the exact one before that of the longest `*.`.
    pub fn find(&self, name: &str) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        let name = canonical(name);
        let exact = self.exact.get(&name);
        let mut above = name.as_str();
        let mut below = None;
        while below.is_none()
            && let Some((_, rest)) = above.split_once('.')
        {
            below = self.below.get(rest);
            above = rest;
        }
        exact.or(below).copied()
    }

    /// Whether no site has a name.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.below.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_site_that_names_it_most_closely() {
        let mut names = ServerNames::default();
        assert!(names.is_empty() && names.find("a.example").is_none());
        for (name, site) in [
            ("a.example", 1),
            ("*.example", 2),
            ("*.deep.example", 3),
            ("*.b.example", 4),
            ("B.example.", 5),
        ] {
            names.insert(&name.parse().unwrap(), site).unwrap();
        }
        for (name, site) in [
            ("a.example", Some(1)),
            ("A.Example.", Some(1)),
            ("x.a.example", Some(2)),
            ("x.deep.example", Some(3)),
            ("y.x.deep.example", Some(3)),
            ("deep.example", Some(2)),
            ("b.example", Some(5)),
            ("example", None),
            (".example", Some(2)),
            ("xexample", None),
            ("a.example.other", None),
            ("", None),
            (".", None),
        ] {
            assert_eq!(names.find(name), site, "{name:?}");
        }
        assert_eq!(names.insert(&"A.EXAMPLE".parse().unwrap(), 9), Err(1));
        // The same text, but not the same names.
        assert_eq!(names.insert(&"*.a.example".parse().unwrap(), 9), Ok(()));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "*",
            "*.",
            "a..b",
            "-a.b",
            "a b",
            "a*.b",
            "*.*.b",
            "b\u{fc}.de",
            "[::1]",
            "a:443",
            "a/b",
        ] {
            assert!(text.parse::<ServerName>().is_err(), "{text:?}");
        }
        for text in ["a", "10.0.0.1", "_sip.a", "xn--bcher-kva.example", "*.a"] {
            assert_eq!(text.parse::<ServerName>().unwrap().to_string(), text);
        }
    }
}
