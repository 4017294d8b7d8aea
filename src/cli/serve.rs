//! `certgate serve`: the gateway itself.

use std::sync::Arc;

use anyhow::Context;
use tokio::runtime::Runtime;
use tracing::info;

use super::arguments::SettingsArguments;
use super::preflight::Ready;
use super::{Exit, failed, preflight, report};
use crate::config::Settings;
use crate::config::values::Switch;
use crate::findings::Findings;
use crate::gateway::Gateway;
use crate::gateway::reload::{Reading, Reloading, Source};
use crate::gateway::snapshot::{Inputs, Lasting};
use crate::lifecycle::signals::{Hangups, StopSignals};
use crate::sighting::Sighting;
use crate::startup::environment::Environment;
use crate::startup::materials::Materials;
use crate::startup::{files, limits, reexec};
use crate::telemetry::events::reload::log_findings;
use crate::telemetry::{Telemetry, logs};

/// Checks everything, moves the secrets from the environment to files, serves until a stop signal.
pub fn run(arguments: &SettingsArguments) -> Exit {
    limits::set();
    let (settings, wrong) = arguments.read();
    let environment = Environment::of_process();
    let preflight = preflight::look(&settings, wrong, &environment);
    let (findings, files) = (preflight.report.findings, preflight.files);
    let runtime = match runtime().context("can't start") {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let ready = preflight.ready.filter(|_| !findings.has_errors());
    let Some(Ready { materials, inputs }) = ready else {
        return report(&with_rehearsal(findings, &settings, None, &runtime));
    };
    if !environment.secret_variables().is_empty() {
        let findings = with_rehearsal(findings, &settings, Some(&inputs), &runtime);
        // Threads and sockets must be gone before the new image begins.
        drop(runtime);
        return move_secrets(findings, &settings, &materials, &environment);
    }
    drop(materials);
    let source = {
        let arguments = arguments.clone();
        Box::new(move || read(&arguments))
    };
    let exit = serve(inputs, findings, (source, files), &runtime);
    // A look-up of a name, or a slow disk, isn't waited for.
    runtime.shutdown_background();
    exit
}

/// Everything anew, as at the start.
fn read(arguments: &SettingsArguments) -> Reading {
    let (settings, wrong) = arguments.read();
    let preflight = preflight::look(&settings, wrong, &Environment::of_process());
    let findings = preflight.report.findings;
    let inputs = match preflight.ready {
        Some(ready) if !findings.has_errors() => Ok((ready.inputs, findings)),
        _ => Err(findings),
    };
    Reading {
        files: preflight.files,
        inputs,
    }
}

/// Adds what only trying can tell: ports, the document root, AWS-LC's opinion.
fn with_rehearsal(
    mut findings: Findings,
    settings: &Settings,
    inputs: Option<&Inputs>,
    runtime: &Runtime,
) -> Findings {
    let _runtime = runtime.enter();
    findings.extend(Gateway::rehearse(settings, inputs));
    findings
}

/// Writes the environment's PEMs to files and begins anew without them, so that
/// `/proc/PID/environ` doesn't show them. Returns only if that fails.
fn move_secrets(
    findings: Findings,
    settings: &Settings,
    materials: &[Materials],
    environment: &Environment,
) -> Exit {
    if findings.has_errors() {
        return report(&findings);
    }
    // When it begins anew, the variables are gone, and nobody would know of them.
    let unused = preflight::unused_by_pinned(settings, environment);
    eprint!("{unused}");
    // Sites without certificates of their own have those of the first.
    for site in materials {
        match files::write(site, &settings.certs_dir) {
            Ok(written) => eprint!("{}", written.findings),
            Err(wrong) => return report(&wrong),
        }
    }
    let error = reexec::without(environment.secret_variables());
    let error = anyhow::Error::new(error).context(
        "can't start again without the secrets in the environment; refusing to serve with them",
    );
    failed(&error)
}

fn serve(
    inputs: Inputs,
    mut findings: Findings,
    (source, files): (Source, Vec<Sighting>),
    runtime: &Runtime,
) -> Exit {
    let settings = &inputs.settings;
    let _lines = logs::start(settings.log_format, settings.log_level);
    let telemetry = match Telemetry::new(settings.access_log == Switch::On) {
        Ok(telemetry) => Arc::new(telemetry),
        Err(finding) => return report(&finding.into()),
    };
    let lasting = match Lasting::new(telemetry) {
        Ok(lasting) => lasting,
        Err(wrong) => return report(&wrong),
    };
    let guard = runtime.enter();
    // Asked for before the first connection: a signal from now on drains, or reloads.
    let signals = StopSignals::new(None).and_then(|stop| Ok((stop, Hangups::new()?)));
    let (mut signals, hangups) = match signals.context("can't listen for signals") {
        Ok(signals) => signals,
        Err(error) => return failed(&error),
    };
    // Whom they revoke must be known before anybody comes in.
    let missing = runtime.block_on(async {
        tokio::select! {
            missing = lasting.lists.begin(&inputs) => Some(missing),
            _ = signals.next() => None,
        }
    });
    let Some(missing) = missing else {
        return Exit::Fine;
    };
    findings.extend(missing);
    let prepared = Gateway::prepare(&inputs, lasting);
    drop(guard);
    let gateway = match prepared {
        Ok(gateway) => gateway,
        Err(wrong) => return report(&wrong),
    };
    log_findings(&findings);
    announce(&gateway, settings);
    let reloading = Reloading {
        source,
        inputs,
        files,
        doubts: findings,
        hangups,
    };
    match runtime.block_on(gateway.run(signals, Some(reloading))) {
        Ok(()) => Exit::Fine,
        Err(error) => failed(&anyhow::Error::new(error).context("can't start worker threads")),
    }
}

fn announce(gateway: &Gateway, settings: &Settings) {
    let listeners: Vec<String> = gateway
        .addresses()
        .iter()
        .map(ToString::to_string)
        .collect();
    info!(
        event = "ready",
        version = env!("CARGO_PKG_VERSION"),
        tls_library = openssl::version::version(),
        listen = listeners.join(","),
        admin = gateway.admin_address().map(|address| address.to_string()),
        client_auth = settings.default_site().client_auth.to_string(),
        content = settings.default_site().content.to_string(),
        sites = settings.sites.len(),
        workers = settings.workers.count(),
        pid = std::process::id(),
        "ready"
    );
}

/// For signals, the admin port, and what is tried ahead; the workers have their own.
fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}
