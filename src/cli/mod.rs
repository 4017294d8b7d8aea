//! The command line: arguments to settings, one file a command, results to exit codes.

mod arguments;
mod bench;
mod check;
mod demo;
mod health;
mod preflight;
mod serve;
mod verify;

use std::process::ExitCode;

use arguments::Command;

use crate::findings::Findings;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// As asked.
    Fine = 0,
    /// Failed while running.
    Failed = 1,
    /// Wrong configuration or certificates (`EX_CONFIG` of sysexits.h). Wrong usage is clap's 2.
    Configuration = 78,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let exit = match arguments::parse() {
        Command::Serve(settings) => serve::run(&settings),
        Command::Check { settings, json } => check::run(&settings, json),
        Command::Demo(settings) => demo::run(&settings),
        Command::Health(settings) => health::run(&settings),
        Command::Bench(matches) => bench::run(&matches),
        Command::Verify(arguments) => verify::run(&arguments),
    };
    ExitCode::from(exit as u8)
}

/// Shows everything that is wrong on stderr.
fn report(findings: &Findings) -> Exit {
    eprint!("{findings}");
    let count = findings.iter().count();
    eprintln!("certgate: not started, {count} to look at; `certgate check` shows more");
    Exit::Configuration
}

/// Shows an error that no setting is to blame for.
fn failed(error: &anyhow::Error) -> Exit {
    eprintln!("certgate: {error:#}");
    Exit::Failed
}
