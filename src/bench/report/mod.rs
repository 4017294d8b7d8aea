//! The report page: takes results, hands on one self-contained HTML page.

use super::result::BenchResult;

/// The page for one run, or for several side by side.
pub fn html(results: &[BenchResult]) -> String {
    let labels: Vec<_> = results
        .iter()
        .map(|result| escaped(&result.label))
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>certgate bench</title><p>{}</p></html>\n",
        labels.join(", ")
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
