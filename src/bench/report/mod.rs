//! The report: runs as one self-contained page, or side by side for a terminal.
//!
//! Takes results, hands on text. The page needs no script and fetches nothing; it forbids itself
//! both, because labels and messages in it were written by others. Read in this order:
//!
//! ```text
//! runs (letters, phases) -> metrics (what is compared) -> tiles, tables, text
//!                        -> latency, histogram, timeline (what is drawn) -> chart -> scale, labels
//! ```

mod chart;
mod escape;
mod histogram;
mod labels;
mod latency;
mod metrics;
mod plan;
mod runs;
#[cfg(test)]
mod samples;
mod scale;
mod spans;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod tiles;
mod timeline;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::result::BenchResult;

/// The page about one run, or comparing several to the first.
pub fn html(runs: &[BenchResult]) -> String {
    let title = escape::html(&title(runs));
    let policy = policy();
    let body = match runs {
        [] => "<p>There are no runs to show.</p>\n".to_owned(),
        _ => body(runs),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n{}{body}</main>\n</body>\n</html>\n",
        header(runs),
    )
}

/// Runs side by side in a table for terminals, with the ratio against the first.
pub fn text_comparison(runs: &[BenchResult]) -> String {
    text::comparison(runs)
}

const STYLE: &str = include_str!("style.css");

/// Nothing may be fetched or run, should markup ever get past the escaping; the one style is
/// named by its hash (CSP level 3 section 2.3.1).
fn policy() -> String {
    let hash = STANDARD.encode(openssl::sha::sha256(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

fn title(runs: &[BenchResult]) -> String {
    match runs {
        [] => "certgate bench".to_owned(),
        [run] => format!("{} – certgate bench", run.label),
        _ => format!("{} runs compared – certgate bench", runs.len()),
    }
}

fn header(runs: &[BenchResult]) -> String {
    let lines = match runs {
        [] => "<h1>Nothing measured</h1>\n".to_owned(),
        [run] => format!(
            "<h1>{}</h1>\n<p>{}</p>\n<p class=\"soft\"><time>{}</time></p>\n",
            escape::html(&run.label),
            escape::html(&plan::sentence(&run.plan)),
            escape::html(&runs::when(&run.started_at)),
        ),
        _ => format!(
            "<h1>{} runs compared</h1>\n<p>Ratios are against the first, A.</p>\n{}",
            runs.len(),
            runs::legend(runs),
        ),
    };
    format!("<header>\n<p class=\"brand\">certgate bench</p>\n{lines}</header>\n")
}

fn body(runs: &[BenchResult]) -> String {
    let latencies = match runs::phases(runs).is_empty() {
        true => "<p>No operation succeeded, so there are no latencies.</p>\n".to_owned(),
        false => figures(&latency::figures(runs)) + &tables::latencies(runs),
    };
    let timeline = match timeline::figures(runs) {
        none if none.is_empty() => "<p>Nothing ended within a second.</p>\n".to_owned(),
        some => figures(&some),
    };
    let comparison = match runs.len() {
        1 => String::new(),
        _ => {
            let table = tables::side_by_side("Headline figures", runs, &metrics::headline(runs));
            section("side-by-side", "Side by side", &table)
        }
    };
    let costs = tables::side_by_side("Bytes, CPU and memory", runs, &metrics::costs(runs));
    [
        plan::warnings(runs),
        tiles::tiles(runs),
        comparison,
        section("latency", "Latency", &latencies),
        section("timeline", "Over time", &timeline),
        section("errors", "Errors", &tables::errors(runs)),
        section(
            "negotiated",
            "What was negotiated",
            &tables::negotiated(runs),
        ),
        section("cost", "Traffic and cost", &(costs + &cost_note(runs))),
        section("asked", "What was asked for", &plan::asked(runs)),
        footer(runs),
    ]
    .concat()
}

/// How to read the costs, and whose they are.
fn cost_note(runs: &[BenchResult]) -> String {
    let watched = runs.iter().filter_map(|run| run.server.as_ref());
    let pids: Vec<_> = watched
        .flat_map(|server| &server.pids)
        .take(40)
        .map(u32::to_string)
        .collect();
    let server = match pids.is_empty() {
        true => "The server's cost is only known with <code>--server-pid</code>.".to_owned(),
        false => format!("The server's is that of the processes {}.", pids.join(", ")),
    };
    format!(
        "<p class=\"note\">The client's own cost bounds what it can measure: where all its cores are in use, the \
         server could have done more. {server}</p>\n"
    )
}

fn section(id: &str, title: &str, content: &str) -> String {
    format!(
        "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n{content}</section>\n"
    )
}

fn figures(figures: &str) -> String {
    format!("<div class=\"figures\">\n{figures}</div>\n")
}

fn footer(runs: &[BenchResult]) -> String {
    let mut versions: Vec<_> = runs.iter().map(|run| escape::html(&run.certgate)).collect();
    versions.sort();
    versions.dedup();
    format!(
        "<footer class=\"soft\">Measured by certgate {}. Warm-up is left out of all figures; failures are never \
         counted as successes; percentiles are over all samples.</footer>\n",
        versions.join(", ")
    )
}
