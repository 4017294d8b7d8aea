//! Conditional requests (RFC 9110 section 13).
//!
//! Takes the request's headers and a file's validators, hands on the verdict, in the order of precedence of section
//! 13.2.2, and the Range header if it is to be heeded.

use std::time::SystemTime;

use http::header::{
    AsHeaderName, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};

use super::validators::Validators;

/// The headers of a request that decide what is sent of a file. Owned, as the decision falls on a blocking thread;
/// cloning a value only counts a reference.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    if_match: Vec<HeaderValue>,
    if_none_match: Vec<HeaderValue>,
    if_modified_since: Option<SystemTime>,
    if_unmodified_since: Option<SystemTime>,
    if_range: Option<HeaderValue>,
    range: Option<HeaderValue>,
}

/// What the conditions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Send the file.
    Proceed,
    /// 304: the client has it.
    NotModified,
    /// 412: the client wanted another state.
    Failed,
}

impl Conditions {
    /// Picks the conditions out of a request's headers. Dates that can't be read, and single-valued fields that come
    /// more than once, are as if absent.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        // Most requests have none of them: one look at each name is less than a search for each of these.
        let decides = |name: &HeaderName| *name == RANGE || name.as_str().starts_with("if-");
        if !headers.keys().any(decides) {
            return Self::default();
        }
        let all = |name| headers.get_all(name).iter().cloned().collect();
        // A second If-Range makes the first doubtful: then the whole file is the safe answer.
        let doubtful = headers.get_all(IF_RANGE).iter().nth(1).is_some();
        Self {
            if_match: all(IF_MATCH),
            if_none_match: all(IF_NONE_MATCH),
            if_modified_since: only(headers, IF_MODIFIED_SINCE).and_then(date),
            if_unmodified_since: only(headers, IF_UNMODIFIED_SINCE).and_then(date),
            if_range: only(headers, IF_RANGE).cloned(),
            range: only(headers, RANGE).filter(|_| !doubtful).cloned(),
        }
    }

    /// Judges If-Match over If-Unmodified-Since, then If-None-Match over If-Modified-Since.
    pub(super) fn judge(&self, file: &Validators) -> Verdict {
        let wanted_state = if self.if_match.is_empty() {
            self.if_unmodified_since
                .is_none_or(|date| file.modified <= date)
        } else {
            let mut lines = self.if_match.iter();
            lines.any(|line| names(line, file, Comparison::Strong))
        };
        if !wanted_state {
            return Verdict::Failed;
        }
        let client_has_it = if self.if_none_match.is_empty() {
            // Equal and not 'equal or later', as nginx's `if_modified_since exact`: when an older file is put back in
            // place (a rollback), clients must not keep the newer one.
            self.if_modified_since == Some(file.modified)
        } else {
            let mut lines = self.if_none_match.iter();
            lines.any(|line| names(line, file, Comparison::Weak))
        };
        if client_has_it {
            Verdict::NotModified
        } else {
            Verdict::Proceed
        }
    }

    /// The Range header, unless If-Range says that the client's part is of another state (section 13.1.5: the very
    /// date, or a strong entity tag).
    pub(super) fn range(&self, file: &Validators) -> Option<&HeaderValue> {
        let same_state = self.if_range.as_ref().is_none_or(|validator| {
            date(validator) == Some(file.modified) || validator == file.etag
        });
        self.range.as_ref().filter(|_| same_state)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// Whether a line of If-Match or If-None-Match names the file's state.
fn names(line: &HeaderValue, file: &Validators, comparison: Comparison) -> bool {
    let mut rest = line.as_bytes().trim_ascii();
    if rest == b"*" {
        return true;
    }
    // Entity tags may hold commas: the list can't be split at them. Reading ends at the first thing that is no tag.
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after_comma) = rest.strip_prefix(b",") {
            rest = after_comma;
            continue;
        }
        let strong = rest.strip_prefix(b"W/");
        let (weak, tag) = (strong.is_some(), strong.unwrap_or(rest));
        let Some(length) = tag_length(tag) else {
            return false;
        };
        let (tag, after) = tag.split_at(length);
        if tag == file.etag.as_bytes() && !(weak && comparison == Comparison::Strong) {
            return true;
        }
        rest = after;
    }
}

/// The length of the quoted tag that `text` begins with, quotes included.
fn tag_length(text: &[u8]) -> Option<usize> {
    let inner = text.strip_prefix(b"\"")?;
    Some(inner.iter().position(|byte| *byte == b'"')? + 2)
}

fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    lines.next().filter(|_| lines.next().is_none())
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Failed, NotModified, Proceed};
    use super::*;

    const SAME: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
    const EARLIER: &str = "Tue, 14 Nov 2023 22:13:19 GMT";
    const LATER: &str = "Tue, 14 Nov 2023 22:13:21 GMT";
    const TAG: &str = "\"6553f100-267\"";

    fn file() -> Validators {
        Validators::new(0x6553_f100, 615)
    }

    fn conditions(lines: &[(&'static str, &str)]) -> Conditions {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        Conditions::of(&headers)
    }

    #[test]
    fn verdicts_in_their_order_of_precedence() {
        let rfc850 = "Tuesday, 14-Nov-23 22:13:20 GMT";
        let asctime = "Tue Nov 14 22:13:20 2023";
        let weak = format!("W/{TAG}");
        let list = format!("\"a,b\" , W/\"c\",,{TAG}");
        let broken = format!("a, {TAG}");
        let unclosed = &TAG[..TAG.len() - 1];
        let cases: &[(&[(&str, &str)], Verdict)] = &[
            (&[], Proceed),
            (&[("if-none-match", TAG)], NotModified),
            (&[("if-none-match", &weak)], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", &list)], NotModified),
            (
                &[("if-none-match", "\"x\""), ("if-none-match", TAG)],
                NotModified,
            ),
            (&[("if-none-match", "\"x\"")], Proceed),
            (&[("if-none-match", &broken)], Proceed),
            (&[("if-none-match", unclosed)], Proceed),
            (&[("if-none-match", "")], Proceed),
            (&[("if-modified-since", SAME)], NotModified),
            (&[("if-modified-since", rfc850)], NotModified),
            (&[("if-modified-since", asctime)], NotModified),
            (&[("if-modified-since", EARLIER)], Proceed),
            (&[("if-modified-since", LATER)], Proceed),
            (&[("if-modified-since", "yesterday")], Proceed),
            // The tag outweighs the date, whichever way it goes.
            (
                &[("if-none-match", "\"x\""), ("if-modified-since", SAME)],
                Proceed,
            ),
            (
                &[("if-none-match", TAG), ("if-modified-since", EARLIER)],
                NotModified,
            ),
            (&[("if-match", TAG)], Proceed),
            (&[("if-match", "*")], Proceed),
            (&[("if-match", &list)], Proceed),
            (&[("if-match", "\"x\"")], Failed),
            (&[("if-match", &weak)], Failed),
            (&[("if-match", "")], Failed),
            (&[("if-unmodified-since", SAME)], Proceed),
            (&[("if-unmodified-since", LATER)], Proceed),
            (&[("if-unmodified-since", EARLIER)], Failed),
            (&[("if-unmodified-since", "tomorrow")], Proceed),
            (
                &[("if-match", TAG), ("if-unmodified-since", EARLIER)],
                Proceed,
            ),
            (
                &[("if-match", "\"x\""), ("if-unmodified-since", SAME)],
                Failed,
            ),
            // A failed precondition is told before 'not modified'.
            (&[("if-match", "\"x\""), ("if-none-match", TAG)], Failed),
            (&[("if-match", TAG), ("if-none-match", TAG)], NotModified),
        ];
        for (lines, expected) in cases {
            assert_eq!(conditions(lines).judge(&file()), *expected, "{lines:?}");
        }
    }

    #[test]
    fn range_only_of_the_state_that_if_range_names() {
        let weak = format!("W/{TAG}");
        let range = ("range", "bytes=0-1");
        let cases: &[(&[(&str, &str)], bool)] = &[
            (&[], false),
            (&[range], true),
            (&[range, range], false),
            (&[range, ("if-range", TAG)], true),
            (&[range, ("if-range", SAME)], true),
            (&[range, ("if-range", &weak)], false),
            (&[range, ("if-range", "\"x\"")], false),
            (&[range, ("if-range", EARLIER)], false),
            (&[range, ("if-range", LATER)], false),
            (&[range, ("if-range", "*")], false),
            (&[range, ("if-range", "")], false),
            (&[range, ("if-range", TAG), ("if-range", TAG)], false),
            (&[("if-range", TAG)], false),
        ];
        for (lines, heeded) in cases {
            let conditions = conditions(lines);
            assert_eq!(conditions.range(&file()).is_some(), *heeded, "{lines:?}");
        }
    }
}
