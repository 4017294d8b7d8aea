//! `certgate check`: what `serve` would say, without serving.

use std::io::Write;

use anyhow::Context;

use super::arguments::SettingsArguments;
use super::{Exit, failed, preflight};
use crate::config::Settings;
use crate::findings::Findings;
use crate::gateway::{Gateway, Ports};
use crate::startup::checks::add_kept;
use crate::startup::environment::Environment;
use crate::startup::privileges::{become_user, look_up};

/// Prints the report to stdout.
pub fn run(arguments: &SettingsArguments, json: bool) -> Exit {
    let (settings, wrong) = arguments.read();
    let environment = Environment::of_process();
    let ports = Ports::rehearse(&settings);
    let user = become_user_of(&settings, &environment);
    let preflight = preflight::look(&settings, wrong, &environment);
    let mut report = preflight.report;
    let sound = !report.findings.has_errors();
    // What is wrong with them already would only be said again in AWS-LC's words.
    let ready = preflight.ready.filter(|_| sound);
    let inputs = ready.map(|ready| ready.inputs);
    for (number, site) in settings.sites.iter().enumerate() {
        let credentials = inputs.as_ref().and_then(|i| i.credentials.get(number));
        let authorities = credentials.map_or(&[][..], |credentials| &credentials.client_ca);
        let crls = &site.settings.crls;
        add_kept(&mut report, crls, &settings.certs_dir, authorities);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime.context("can't try the ports") {
        Ok(runtime) => {
            let _runtime = runtime.enter();
            let rehearsed = Gateway::rehearse(&settings, inputs.as_ref());
            report.findings.extend(rehearsed);
        }
        Err(error) => return failed(&error),
    }
    report.findings.extend(ports);
    report.findings.extend(user);
    let text = match json {
        true => serde_json::to_string_pretty(&report).map(|text| text + "\n"),
        false => Ok(report.to_string()),
    };
    match text.context("can't write the report") {
        // A reader that has seen enough (`| head`) is no fault.
        Ok(text) => drop(std::io::stdout().write_all(text.as_bytes())),
        Err(error) => return failed(&error),
    }
    match report.findings.has_errors() {
        true => Exit::Configuration,
        false => Exit::Fine,
    }
}

/// As `serve` does once its ports are bound: what the user can't read is wrong, whatever root can. The environment's
/// PEMs are written before that, by whoever starts it.
fn become_user_of(settings: &Settings, environment: &Environment) -> Findings {
    let mut findings = Findings::default();
    let Some(user) = &settings.user else {
        return findings;
    };
    let became = match environment.secret_variables().is_empty() {
        true => become_user(user),
        false => look_up(user).map(drop),
    };
    findings.note(became.map_err(Findings::from));
    findings.locate(|name| settings.place_of(name));
    findings
}
