//! The page as a whole, over all samples: well-formed, closed to the outside, drawn inside its frames.

use std::sync::LazyLock;

use super::samples::{odd, run};
use super::*;

fn three() -> Vec<BenchResult> {
    vec![
        run(1, "certgate 0.1.0", 4_600.0, 13_000.0, 30),
        run(2, "nginx 1.27, ssl_verify_client on", 4_150.0, 14_800.0, 30),
        run(3, "haproxy 3.0", 5_100.0, 11_900.0, 30),
    ]
}

/// Made once: the tests run at the same time and each looks at all of them.
static PAGES: LazyLock<Vec<(&str, String, String)>> = LazyLock::new(|| {
    let all = odd().into_iter().chain([("three", three())]);
    all.map(|(name, runs)| (name, html(&runs), text_comparison(&runs)))
        .collect()
});

/// Tags, without declarations and comments (there are none besides the doctype).
fn tags(html: &str) -> impl Iterator<Item = &str> {
    let (before, rest) = html.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    let parts = [before, "<style>", "</style>", after].map(|part| part.split('<').skip(1));
    parts
        .into_iter()
        .flatten()
        .map(|part| part.split_once('>').expect("a tag ends").0)
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

#[test]
fn each_page_is_well_formed() {
    for (name, html, _) in PAGES.iter() {
        let mut open: Vec<&str> = Vec::new();
        let mut ids = std::collections::HashSet::new();
        for tag in tags(html) {
            let element = tag.split([' ', '/']).next().unwrap();
            assert_eq!(tag.matches('"').count() % 2, 0, "{name}: <{tag}>");
            if let Some(id) = attribute(tag, "id") {
                assert!(ids.insert(id.to_owned()), "{name}: two are called {id}");
            }
            match tag {
                _ if tag.starts_with('!') || element == "meta" || tag.ends_with('/') => {}
                _ if tag.starts_with('/') => assert_eq!(open.pop(), Some(&tag[1..]), "{name}"),
                _ => open.push(element),
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
        for tag in tags(html) {
            for id in attribute(tag, "aria-labelledby")
                .into_iter()
                .flat_map(str::split_whitespace)
            {
                assert!(ids.contains(id), "{name}: {id} is nowhere");
            }
        }
    }
}

#[test]
fn each_page_is_closed_to_the_outside() {
    for (name, html, _) in PAGES.iter() {
        for tag in tags(html) {
            let element = tag.split(' ').next().unwrap();
            assert!(
                !["script", "link", "img", "iframe", "use", "image", "a"].contains(&element),
                "{name}: <{tag}>"
            );
            for attribute in [" src=", " href=", " style=", " on", "xlink:"] {
                assert!(!tag.contains(attribute), "{name}: <{tag}>");
            }
        }
        for unwanted in [
            "url(", "@import", "<script", "\u{1b}", "\u{202e}", "NaN", "inf",
        ] {
            let found = html
                .find(unwanted)
                .map(|at| &html[at.saturating_sub(60)..at]);
            assert_eq!(found, None, "{name} holds {unwanted}");
        }
    }
}

#[test]
fn the_policy_permits_the_style() {
    let html = html(&three());
    let style = html
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    assert!(html.contains(&STANDARD.encode(openssl::sha::sha256(style.as_bytes()))));
}

#[test]
fn nothing_is_drawn_outside_of_its_frame() {
    for (name, html, _) in PAGES.iter() {
        for svg in html.split("<svg").skip(1) {
            let svg = svg.split("</svg>").next().unwrap();
            let size = attribute(svg, "viewBox")
                .unwrap()
                .split(' ')
                .map(|n| n.parse::<f64>().unwrap());
            let [_, _, width, height] = size.collect::<Vec<_>>().try_into().unwrap();
            let inside = |text: &str, limit: f64| {
                let number: f64 = text.parse().unwrap_or(f64::NAN);
                assert!((0.0..=limit).contains(&number), "{name}: {text} of {limit}");
                number
            };
            for tag in svg
                .split('<')
                .skip(1)
                .map(|part| part.split('>').next().unwrap())
            {
                for (attributes, limit) in [
                    (["x", "x1", "x2", "cx"], width),
                    (["y", "y1", "y2", "cy"], height),
                ] {
                    for value in attributes.iter().filter_map(|name| attribute(tag, name)) {
                        inside(value, limit);
                    }
                }
                for point in attribute(tag, "d")
                    .unwrap_or_default()
                    .split(['M', 'L', 'Z'])
                {
                    if let Some((x, y)) = point.split_once(' ') {
                        inside(x, width);
                        inside(y, height);
                    }
                }
            }
            for text in svg.split("<text ").skip(1) {
                let (tag, content) = text.split_once('>').unwrap();
                let content = content.split("</text>").next().unwrap();
                let long = labels::width_of(content);
                let x: f64 = attribute(&format!(" {tag}"), "x").unwrap().parse().unwrap();
                let left = match attribute(tag, "text-anchor") {
                    Some("end") => x - long,
                    Some("middle") => x - long / 2.0,
                    _ => x,
                };
                assert!(
                    left >= -3.0 && left + long <= width + 3.0,
                    "{name}: {content} at {left} of {width}"
                );
            }
        }
    }
}

#[test]
fn the_page_says_what_went_wrong() {
    let page = |name: &str| PAGES.iter().find(|page| page.0 == name).unwrap().1.as_str();
    assert!(page("nothing").contains("No operation succeeded: all 4,000 failed."));
    assert!(page("empty").contains("The run was interrupted"));
    assert!(page("none").contains("There are no runs to show."));
    assert!(page("clean").contains("No operation failed."));
    assert!(!page("clean").contains("class=\"warnings\""));
    let mut limited = run(1, "limited", 4_000.0, 2_000.0, 5);
    limited.client.bottleneck = true;
    assert!(html(&[limited.clone()]).contains("The client was the bottleneck"));
    limited.warnings = vec!["the client was the bottleneck (2.0 of 2 cores)".into()];
    assert_eq!(
        html(&[limited])
            .matches("he client was the bottleneck")
            .count(),
        1
    );
}

#[test]
fn runs_that_were_not_asked_for_the_same_are_told() {
    let mut runs = three();
    assert!(!html(&runs).contains("not asked for the same"));
    runs[1].plan.connections = 32;
    assert!(html(&runs).contains("They differ in: connections."));
}

#[test]
fn better_and_worse_are_words() {
    let html = html(&three());
    assert!(html.contains("× better</span>") && html.contains("× worse</span>"));
}

#[test]
fn text_has_no_control_characters_and_its_columns_stand_below_each_other() {
    for (name, _, text) in PAGES.iter() {
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{name}");
    }
    let text = text_comparison(&three());
    let line = |start: &str| {
        text.lines()
            .find(|line| line.trim_start().starts_with(start))
            .unwrap()
    };
    let column = |line: &str, what: &str| {
        line.chars()
            .collect::<String>()
            .find(what)
            .map(|at| line[..at].chars().count())
    };
    let end_of_a = column(line("A  ").trim_end(), "A");
    assert!(end_of_a.is_some());
    let ends: Vec<_> = ["operations/s", "handshakes/s"]
        .iter()
        .map(|name| column(line(name), "× "))
        .collect();
    assert_eq!(ends[0], ends[1], "{text}");
}
