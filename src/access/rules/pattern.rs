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
        if strictness == Strictness::Deny {
            name.truncate(name.trim_end_matches('.').len());
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
        let uri = match strictness {
            Strictness::Deny => uri.trim_end_matches('/'),
            Strictness::Allow => uri,
        };
        let Some((origin, path)) = split_uri(uri) else {
            return false;
        };
        let same = match strictness {
            Strictness::Deny => without_port(&origin) == without_port(&self.origin),
            Strictness::Allow => origin == self.origin,
        };
        if !same {
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

/// Neither who asks nor where makes it another one, to whoever keeps it out.
fn without_port(origin: &str) -> String {
    let (scheme, authority) = origin.split_once("://").unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    };
    format!("{scheme}://{}", host.trim_end_matches('.'))
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
        let Some((local, mut domain)) = mailbox.rsplit_once('@') else {
            return false;
        };
        if strictness == Strictness::Deny {
            domain = domain.trim_end_matches('.');
        }
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
mod tests;
