//! Which bytes of a file a Range header asks for (RFC 9110 section 14).
//!
//! Takes the header and the file's size, hands on a [`Selection`]. Headers that ask for more work than the whole file
//! would be (CVE-2011-3192) get the whole file.

use std::ops::Range;

/// More ranges than this in one header are answered with the whole file (nginx: `max_ranges`, there without a limit).
const MOST_RANGES: usize = 16;

/// What to send of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// All of it, with 200.
    Whole,
    /// These parts, with 206, in the order in which they were asked for. Never empty, and no part is.
    Parts(Vec<Range<u64>>),
    /// Nothing that was asked for is there: 416.
    Unsatisfiable,
}

/// Reads a Range header against a file of `size` bytes. A malformed header or a unit other than bytes is as if there
/// were none.
pub(super) fn select(header: &[u8], size: u64) -> Selection {
    let Some(wanted) = parse(header) else {
        return Selection::Whole;
    };
    let parts: Vec<Range<u64>> = wanted.iter().filter_map(|spec| spec.within(size)).collect();
    if parts.is_empty() {
        let whole_of_nothing = size == 0 && wanted.iter().any(Spec::reaches_the_start);
        return if whole_of_nothing {
            Selection::Whole
        } else {
            Selection::Unsatisfiable
        };
    }
    let total = parts.iter().map(|part| part.end - part.start);
    if total.fold(0, u64::saturating_add) > size {
        return Selection::Whole;
    }
    Selection::Parts(parts)
}

/// One range as written.
enum Spec {
    /// `first-last`, or `first-` with `last` at the end of all numbers.
    From { first: u64, last: u64 },
    /// `-length`
    Suffix { length: u64 },
}

impl Spec {
    fn within(&self, size: u64) -> Option<Range<u64>> {
        let range = match *self {
            Self::From { first, last } => first..last.saturating_add(1).min(size),
            Self::Suffix { length } => size.saturating_sub(length)..size,
        };
        (range.start < range.end).then_some(range)
    }

    /// True for what takes in byte 0 of an empty file, had it one: nginx answers these with 200.
    fn reaches_the_start(&self) -> bool {
        match *self {
            Self::From { first, .. } => first == 0,
            Self::Suffix { length } => length > 0,
        }
    }
}

fn parse(header: &[u8]) -> Option<Vec<Spec>> {
    let (unit, set) = std::str::from_utf8(header).ok()?.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut specs = Vec::new();
    // Empty list elements are allowed (RFC 9110 section 5.6.1.2).
    for spec in set.split(',').map(trim).filter(|spec| !spec.is_empty()) {
        if specs.len() == MOST_RANGES {
            return None;
        }
        specs.push(parse_one(spec)?);
    }
    (!specs.is_empty()).then_some(specs)
}

fn parse_one(spec: &str) -> Option<Spec> {
    let (first, last) = spec.split_once('-')?;
    match (trim(first), trim(last)) {
        ("", length) => Some(Spec::Suffix {
            length: number(length)?,
        }),
        (first, "") => Some(Spec::From {
            first: number(first)?,
            last: u64::MAX,
        }),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Spec::From { first, last })
        }
    }
}

/// Digits only; what is too large for 64 bits is as good as the largest number, as no file is that long.
fn number(digits: &str) -> Option<u64> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::Selection::{Parts, Unsatisfiable, Whole};
    use super::*;

    #[test]
    fn selections_of_a_hundred_bytes() {
        let one = |range: Range<u64>| Parts(vec![range]);
        for (header, expected) in [
            ("bytes=0-0", one(0..1)),
            ("bytes=0-99", one(0..100)),
            ("bytes=0-1000", one(0..100)),
            ("bytes=0-99999999999999999999999", one(0..100)),
            ("bytes=0-18446744073709551615", one(0..100)),
            ("bytes=99-", one(99..100)),
            ("bytes=10-", one(10..100)),
            ("bytes=-1", one(99..100)),
            ("bytes=-100", one(0..100)),
            ("bytes=-1000", one(0..100)),
            ("Bytes= 1-2 ,", one(1..3)),
            ("bytes=5-9,200-", one(5..10)),
            ("bytes=0-0,-1", Parts(vec![0..1, 99..100])),
            ("bytes=50-59,,0-9", Parts(vec![50..60, 0..10])),
            ("bytes=0-49,25-74", Parts(vec![0..50, 25..75])),
            ("bytes=0-49,0-49", Parts(vec![0..50, 0..50])),
            ("bytes=100-", Unsatisfiable),
            ("bytes=100-200,300-", Unsatisfiable),
            ("bytes=99999999999999999999999-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=0-,0-", Whole),
            ("bytes=0-50,0-49", Whole),
            ("bytes", Whole),
            ("bytes=", Whole),
            ("bytes=,", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=5-2", Whole),
            ("bytes=0-1,5-2", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=0x1-2", Whole),
            ("bytes=1", Whole),
            ("bytes=1-2-3", Whole),
            ("bytes=--1", Whole),
            ("lines=0-1", Whole),
            ("0-1", Whole),
            ("bytes=0-1\u{a0}", Whole),
        ] {
            assert_eq!(select(header.as_bytes(), 100), expected, "{header}");
        }
    }

    #[test]
    fn an_empty_file() {
        for (header, expected) in [
            ("bytes=0-", Whole),
            ("bytes=-5", Whole),
            ("bytes=-0", Unsatisfiable),
            ("bytes=5-", Unsatisfiable),
        ] {
            assert_eq!(select(header.as_bytes(), 0), expected, "{header}");
        }
    }

    #[test]
    fn floods_get_the_whole_file() {
        let ranges = |count: usize| {
            let specs: Vec<String> = (0..count).map(|at| format!("{at}-{at}")).collect();
            format!("bytes={}", specs.join(","))
        };
        let most = (0..16).map(|at| at..at + 1).collect();
        assert_eq!(select(ranges(16).as_bytes(), 100), Parts(most));
        assert_eq!(select(ranges(17).as_bytes(), 100), Whole);
        // CVE-2011-3192: each range small in the header, together many times the file.
        assert_eq!(select(b"bytes=0-,1-,2-,3-,4-", 1 << 40), Whole);
        assert_eq!(select(b"bytes=0-,1-", u64::MAX - 1), Whole);
    }
}
