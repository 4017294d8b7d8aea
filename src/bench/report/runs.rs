//! What the parts of a report call the runs and their phases.
//!
//! Takes the runs, hands on the letters A, B, C … under which they appear in curves and tables,
//! the legend that explains those, and the phases in the order in which they are shown.

use super::chart::style_class;
use super::escape;
use crate::bench::result::{BenchResult, Latency, Phase};

/// The phases in the order in which they are drawn: the whole first, then its parts.
pub const PHASES: [Phase; 4] = [
    Phase::Whole,
    Phase::Connect,
    Phase::Handshake,
    Phase::FirstByte,
];

/// The phases that any of the runs has samples of, in the order of [`PHASES`].
pub fn phases(runs: &[BenchResult]) -> Vec<Phase> {
    let occurs = |phase: &Phase| runs.iter().any(|run| latency(run, *phase).is_some());
    PHASES.into_iter().filter(occurs).collect()
}

/// What a run found of a phase, if that occurred.
pub fn latency(run: &BenchResult, phase: Phase) -> Option<&Latency> {
    run.latencies
        .iter()
        .find(|l| l.phase == phase && l.count > 0)
}

/// A phase as part of the name of a figure, and as a tag beside a curve.
pub fn phase_id(phase: Phase) -> &'static str {
    match phase {
        Phase::Connect => "connect",
        Phase::Handshake => "handshake",
        Phase::FirstByte => "first-byte",
        Phase::Whole => "whole",
    }
}

/// What the `index`th run is called: A … Z, then A2, B2 …
pub fn letter(index: usize) -> String {
    let letter = char::from(b'A' + (index % 26) as u8);
    match index / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{}", round + 1),
    }
}

/// Letters, line styles and labels of several runs; nothing for one.
pub fn legend(runs: &[BenchResult]) -> String {
    if runs.len() < 2 {
        return String::new();
    }
    let items = runs.iter().enumerate().map(|(index, run)| {
        format!(
            "<li>{} <b>{}</b> <span>{} <time class=\"soft\">{}</time></span></li>\n",
            swatch(index),
            letter(index),
            escape::html(&run.label),
            escape::html(&when(&run.started_at)),
        )
    });
    format!(
        "<ul class=\"legend\">\n{}</ul>\n",
        items.collect::<String>()
    )
}

/// A short piece of the line that stands for the `index`th run.
pub fn swatch(index: usize) -> String {
    format!(
        "<svg class=\"swatch\" viewBox=\"0 0 36 10\" aria-hidden=\"true\"><g class=\"{}\">\
         <path class=\"line\" d=\"M1 5L35 5\"/></g></svg>",
        style_class(index)
    )
}

/// RFC 3339 as people write it: `2026-03-01 12:00:00 UTC`. Anything else stays as it is.
pub fn when(started_at: &str) -> String {
    let known = started_at
        .strip_suffix('Z')
        .and_then(|time| time.split_once('T'));
    match known {
        Some((date, time)) => {
            let time = time.split_once('.').map_or(time, |(whole, _)| whole);
            format!("{date} {time} UTC")
        }
        None => started_at.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_never_repeat() {
        assert_eq!(letter(0), "A");
        assert_eq!(letter(25), "Z");
        assert_eq!(letter(26), "A2");
        assert_eq!(letter(53), "B3");
    }

    #[test]
    fn times_are_for_people() {
        assert_eq!(when("2026-03-01T12:00:00Z"), "2026-03-01 12:00:00 UTC");
        assert_eq!(
            when("2026-03-01T12:00:00.123456Z"),
            "2026-03-01 12:00:00 UTC"
        );
        assert_eq!(when("yesterday"), "yesterday");
    }
}
