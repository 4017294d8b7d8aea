//! `certgate check`: what `serve` would say, without serving.

use anyhow::Context;

use super::arguments::SettingsArguments;
use super::{Exit, failed, preflight};
use crate::gateway::Gateway;
use crate::startup::environment::Environment;

/// Prints the report to stdout.
pub fn run(arguments: &SettingsArguments, json: bool) -> Exit {
    let (settings, wrong) = arguments.read();
    let preflight = preflight::look(&settings, wrong, &Environment::of_process());
    let mut report = preflight.report;
    let credentials = preflight.ready.map(|(_, credentials)| credentials);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime.context("can't try the ports") {
        Ok(runtime) => {
            let _runtime = runtime.enter();
            let rehearsed = Gateway::rehearse(&settings, credentials.as_ref());
            report.findings.extend(rehearsed);
        }
        Err(error) => return failed(&error),
    }
    if json {
        match serde_json::to_string_pretty(&report).context("can't write the report") {
            Ok(text) => println!("{text}"),
            Err(error) => return failed(&error),
        }
    } else {
        print!("{report}");
    }
    match report.findings.has_errors() {
        true => Exit::Configuration,
        false => Exit::Fine,
    }
}
