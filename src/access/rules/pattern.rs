//! Patterns over names of the SAN extension. A `*` is one label or one segment, never a dot or a slash.

use super::Strictness;
use crate::config::values::Expected;

/// `a.example`, `*.example` for one label before it, `**.example` for one or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DnsPattern {
    text: String,
    any: Any,
    /// What must follow the wildcard; all of it if there is none.
    rest: Vec<String>,
}

/// What a wildcard stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Any {
    None,
    One,
    OneOrMore,
}

impl DnsPattern {
    pub(super) fn parse(text: &str) -> Result<Self, Expected> {
        let lower = text.to_ascii_lowercase();
        let (any, rest) = if let Some(rest) = lower.strip_prefix("**.") {
            (Any::OneOrMore, rest)
        } else if let Some(rest) = lower.strip_prefix("*.") {
            (Any::One, rest)
        } else {
            (Any::None, lower.as_str())
        };
        let rest: Vec<_> = rest.split('.').map(str::to_owned).collect();
        match rest.iter().all(|label| is_label(label)) {
            true => Ok(Self {
                any,
                rest,
                text: lower,
            }),
            false => Err("a DNS name such as dns:a.example, dns:*.example (one label more) or dns:**.example (any number of them)".into()),
        }
    }

    pub(super) fn matches(&self, name: &str, strictness: Strictness) -> bool {
        let mut name = name.to_ascii_lowercase();
        if strictness == Strictness::Deny && name.ends_with('.') {
            name.pop();
        }
        // A certificate for all names of the pattern says no more than the pattern does.
        if name == self.text {
            return true;
        }
        let labels: Vec<_> = name.split('.').collect();
        let Some(more) = labels.len().checked_sub(self.rest.len()) else {
            return false;
        };
        let count = match self.any {
            Any::None => more == 0,
            Any::One => more == 1,
            Any::OneOrMore => more >= 1,
        };
        let may_be = |label: &&str| strictness == Strictness::Deny || is_label(label);
        count && labels[more..] == self.rest[..] && labels[..more].iter().all(may_be)
    }
}

/// RFC 1123 section 2.1, and the underscore that names in use have.
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// A URI, its path with wildcards: `*` is one segment, `**` at the end one or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UriPattern {
    /// Up to the path; compared without case.
    origin: String,
    path: Vec<String>,
}

impl UriPattern {
    pub(super) fn parse(text: &str) -> Result<Self, Expected> {
        let expected = || {
            Expected::from(
                "a URI such as uri:spiffe://example.org/ns/*/sa/web; * is one segment of the path, ** at its end one or more, and neither stands elsewhere",
            )
        };
        let (origin, path) = split_uri(text).ok_or_else(expected)?;
        let path: Vec<_> = path.map(str::to_owned).collect();
        let inside = path.iter().rev().skip(1).any(|segment| segment == "**");
        let partly = path
            .iter()
            .any(|segment| segment.contains('*') && segment != "*" && segment != "**");
        match inside || partly || origin.contains('*') {
            true => Err(expected()),
            false => Ok(Self { origin, path }),
        }
    }

    pub(super) fn matches(&self, uri: &str, strictness: Strictness) -> bool {
        let may_be = |segment: &str| strictness == Strictness::Deny || is_segment(segment);
        let Some((origin, path)) = split_uri(uri) else {
            return false;
        };
        if origin != self.origin {
            return false;
        }
        let path: Vec<_> = path.collect();
        let (fixed, rest) = match self.path.split_last() {
            Some((last, fixed)) if last == "**" => (fixed, true),
            _ => (&self.path[..], false),
        };
        let long_enough = match rest {
            true => path.len() > fixed.len(),
            false => path.len() == fixed.len(),
        };
        long_enough
            && fixed
                .iter()
                .zip(&path)
                .all(|(pattern, segment)| match pattern.as_str() {
                    "*" => may_be(segment),
                    literal => literal == *segment,
                })
            && path[fixed.len()..].iter().all(|segment| may_be(segment))
    }
}

/// What comes before the path, in lower case, and the path's segments.
fn split_uri(uri: &str) -> Option<(String, impl Iterator<Item = &str>)> {
    let (scheme, rest) = uri.split_once("://")?;
    let (authority, path) = match rest.find(['/', '?', '#']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let is_scheme = !scheme.is_empty()
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
    is_scheme.then(|| (origin, path.split('/')))
}

/// Something that a `*` may stand for: nothing that another program could read as more than one segment,
/// as none, or as the one above (SPIFFE-ID section 2.2 allows letters, digits, `.`, `-` and `_`).
fn is_segment(segment: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~!$&'()+,;=:@".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(harmless)
}

/// `alice@example.org`, or `*@example.org` for everybody there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MailPattern {
    /// `None` for everybody.
    local: Option<String>,
    /// Compared without case; the local part isn't (RFC 5280 section 7.5).
    domain: String,
}

impl MailPattern {
    pub(super) fn parse(text: &str) -> Result<Self, Expected> {
        let expected =
            "a mailbox such as email:alice@example.org, or email:*@example.org for all of a domain";
        let (local, domain) = text.rsplit_once('@').ok_or(expected)?;
        let domain = domain.to_ascii_lowercase();
        if local.is_empty()
            || !domain.split('.').all(is_label)
            || local != "*" && local.contains('*')
        {
            return Err(expected.into());
        }
        Ok(Self {
            local: (local != "*").then(|| local.to_owned()),
            domain,
        })
    }

    pub(super) fn matches(&self, mailbox: &str, strictness: Strictness) -> bool {
        let Some((local, domain)) = mailbox.rsplit_once('@') else {
            return false;
        };
        let known = match &self.local {
            Some(one) => one == local,
            None => strictness == Strictness::Deny || is_local(local),
        };
        known && domain.eq_ignore_ascii_case(&self.domain)
    }
}

fn is_local(local: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_graphic() && byte != b'@';
    !local.is_empty() && local.bytes().all(harmless)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pattern, what it matches, what it doesn't.
    type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

    fn check(cases: &[Case<'_>], matches: impl Fn(&str, &str) -> bool) {
        for (pattern, good, bad) in cases {
            for text in *good {
                assert!(matches(pattern, text), "{pattern} should match {text:?}");
            }
            for text in *bad {
                assert!(!matches(pattern, text), "{pattern} matches {text:?}");
            }
        }
    }

    #[test]
    fn dns_names_are_matched_label_by_label() {
        check(
            &[
                (
                    "a.example",
                    &["a.example", "A.EXAMPLE"],
                    &[
                        "b.example",
                        "x.a.example",
                        "a.example.",
                        "a.example.evil",
                        "a.example\0.evil",
                        "*.example",
                        "",
                    ],
                ),
                (
                    "*.example",
                    &["a.example", "*.example"],
                    &[
                        "example",
                        "a.b.example",
                        ".example",
                        "\0.example",
                        "*.b.example",
                        "a.xexample",
                        "a .example",
                        "\u{fc}.example",
                    ],
                ),
                (
                    "**.example",
                    &["a.example", "a.b.example"],
                    &[
                        "example",
                        ".example",
                        "a..example",
                        "*.example",
                        "a.*.example",
                    ],
                ),
            ],
            |pattern, name| {
                DnsPattern::parse(pattern)
                    .unwrap()
                    .matches(name, Strictness::Allow)
            },
        );
        for text in [
            "*",
            "**",
            "*.",
            "a*.example",
            "a.*.example",
            "*.*.example",
            "a..b",
            "",
            "*.",
        ] {
            assert!(DnsPattern::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn uri_wildcards_do_not_cross() {
        check(
            &[
                (
                    "spiffe://example.org/ns/*/sa/web",
                    &[
                        "spiffe://example.org/ns/prod/sa/web",
                        "SPIFFE://EXAMPLE.org/ns/a.b-c_d/sa/web",
                    ],
                    &[
                        "spiffe://example.org/ns/prod/x/sa/web",
                        "spiffe://example.org/ns//sa/web",
                        "spiffe://example.org/ns/../sa/web",
                        "spiffe://example.org/ns/a%2Fb/sa/web",
                        "spiffe://example.org/ns/a\0/sa/web",
                        "spiffe://example.org/ns/prod/sa/Web",
                        "spiffe://example.org/ns/prod/sa/web/",
                        "spiffe://example.org/ns/prod/sa/web?x",
                        "spiffe://example.org/ns/prod/sa/web#x",
                        "spiffe://example.org.evil/ns/prod/sa/web",
                        "spiffe://evil@example.org/ns/prod/sa/web",
                        "https://example.org/ns/prod/sa/web",
                        "spiffe:/example.org/ns/prod/sa/web",
                    ],
                ),
                (
                    "spiffe://example.org/**",
                    &["spiffe://example.org/a", "spiffe://example.org/a/b/c"],
                    &[
                        "spiffe://example.org",
                        "spiffe://example.org/",
                        "spiffe://example.org/a//b",
                        "spiffe://example.org/a/../b",
                        "spiffe://example.org/a?b/c",
                    ],
                ),
                (
                    "spiffe://example.org",
                    &["spiffe://example.org"],
                    &["spiffe://example.org/", "spiffe://example.org/a"],
                ),
                (
                    "urn://x/a?q=1",
                    &["urn://x/a?q=1"],
                    &["urn://x/a?q=2", "urn://x/a"],
                ),
            ],
            |pattern, uri| {
                UriPattern::parse(pattern)
                    .unwrap()
                    .matches(uri, Strictness::Allow)
            },
        );
        for text in [
            "",
            "*",
            "spiffe://*/a",
            "spiffe://a/**/b",
            "spiffe://a/b*",
            "spiffe:a",
            "://a/b",
        ] {
            assert!(UriPattern::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn mailboxes_are_matched_whole() {
        check(
            &[
                (
                    "alice@example.org",
                    &["alice@example.org", "alice@EXAMPLE.ORG"],
                    &[
                        "Alice@example.org",
                        "bob@example.org",
                        "alice@x.example.org",
                        "alice@example.org.evil",
                        "alice",
                        "alice\0@example.org",
                    ],
                ),
                (
                    "*@example.org",
                    &["alice@example.org", "a.b+c@example.org"],
                    &[
                        "@example.org",
                        "a@b@example.org",
                        "a b@example.org",
                        "alice@x.example.org",
                        "example.org",
                    ],
                ),
            ],
            |pattern, mailbox| {
                MailPattern::parse(pattern)
                    .unwrap()
                    .matches(mailbox, Strictness::Allow)
            },
        );
        for text in [
            "",
            "alice",
            "@example.org",
            "al*@example.org",
            "alice@",
            "alice@*.org",
        ] {
            assert!(MailPattern::parse(text).is_err(), "{text:?}");
        }
    }

    /// What could be read as a match keeps out.
    #[test]
    fn a_doubt_never_lets_in() {
        let dns = DnsPattern::parse("*.example").unwrap();
        for name in ["\0.example", "*.example", "a.example.", "a .example"] {
            assert!(dns.matches(name, Strictness::Deny), "{name:?}");
        }
        let uri = UriPattern::parse("spiffe://example.org/ns/*/**").unwrap();
        for path in ["/ns/a%2Fb/c", "/ns/../c", "/ns//c", "/ns/a/../.."] {
            let text = format!("spiffe://example.org{path}");
            assert!(uri.matches(&text, Strictness::Deny), "{path}");
            assert!(!uri.matches(&text, Strictness::Allow), "{path}");
        }
        let mail = MailPattern::parse("*@example.org").unwrap();
        assert!(mail.matches("a@b@example.org", Strictness::Deny));
    }
}
