//! `certgate bench`: loads a server with mTLS, says what it measured; or compares what was measured.

mod options;
mod plan;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ArgMatches;
use clap::error::ErrorKind;

use super::{Exit, failed};
use crate::bench::result::BenchResult;
use crate::bench::run::{self, Labels, RunFault};
use crate::bench::target::TargetFault;
use crate::bench::tls::TlsFault;
use crate::bench::{compare, csv, report, text, verdict};

pub use options::command;

/// Why a run can't begin: each kind has its exit code.
enum Unready {
    /// 2.
    Usage(String),
    /// 78.
    Files(anyhow::Error),
    /// 1.
    Failed(anyhow::Error),
}

/// Runs, prints, and says by the exit code whether there is something to see.
pub fn run(matches: &ArgMatches) -> Exit {
    let outcome = match matches.get_many::<PathBuf>("compare") {
        Some(files) => compare_files(matches, files),
        None => measure(matches),
    };
    match outcome {
        Ok(exit) => exit,
        Err(Unready::Usage(words)) => command()
            .bin_name("certgate bench")
            .error(ErrorKind::ValueValidation, words)
            .exit(),
        Err(Unready::Files(error)) => {
            failed(&error);
            Exit::Configuration
        }
        Err(Unready::Failed(error)) => failed(&error),
    }
}

fn measure(matches: &ArgMatches) -> Result<Exit, Unready> {
    let plan = plan::plan(matches)?;
    let tls = plan::tls(matches)?;
    let targets: Vec<_> = plan
        .targets
        .iter()
        .map(|target| target.url.clone())
        .collect();
    let label = matches.get_one::<String>("label").cloned();
    let labels = Labels {
        label: label.unwrap_or_else(|| targets.join(" ")),
        settings: options::changed(matches),
    };
    let outcome = run::run(plan, &tls, labels).map_err(|fault| match fault {
        RunFault::Tls(fault @ TlsFault::Option { .. }) => Unready::Usage(fault.to_string()),
        RunFault::Tls(fault) => Unready::Files(fault.into()),
        RunFault::Request(TargetFault::Url(url)) => {
            Unready::Usage(format!("{url}: can't be asked for"))
        }
        fault => Unready::Failed(fault.into()),
    })?;
    hand_out(matches, std::slice::from_ref(&outcome.result)).map_err(Unready::Failed)?;
    let faults = verdict::faults(&outcome);
    for fault in &faults {
        eprintln!("certgate: {fault}");
    }
    Ok(match faults.is_empty() {
        true => Exit::Fine,
        false => Exit::Failed,
    })
}

fn compare_files<'a>(
    matches: &ArgMatches,
    files: impl Iterator<Item = &'a PathBuf>,
) -> Result<Exit, Unready> {
    let read = |file: &PathBuf| compare::read(file).with_context(|| file.display().to_string());
    let results: Vec<_> = files
        .map(read)
        .collect::<Result<_, _>>()
        .map_err(Unready::Failed)?;
    hand_out(matches, &results).map_err(Unready::Failed)?;
    Ok(Exit::Fine)
}

/// To stdout or `--output`, in the form that is asked for; the page to `--report`.
fn hand_out(matches: &ArgMatches, results: &[BenchResult]) -> anyhow::Result<()> {
    let format = matches.get_one::<String>("format").map(String::as_str);
    let text = match (format, results) {
        (Some("json"), [result]) => serde_json::to_string_pretty(result)? + "\n",
        (Some("json"), results) => serde_json::to_string_pretty(results)? + "\n",
        (Some("csv"), results) => csv::table(results),
        (_, [result]) => text::table(result),
        (_, results) => report::text_comparison(results),
    };
    match matches.get_one::<PathBuf>("output") {
        Some(path) => write(path, &text)?,
        // A reader that has seen enough (`| head`) is no fault.
        None => drop(std::io::stdout().write_all(text.as_bytes())),
    }
    match matches.get_one::<PathBuf>("report") {
        Some(path) => write(path, &report::html(results)),
        None => Ok(()),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("{}: can't be written", path.display()))
}
