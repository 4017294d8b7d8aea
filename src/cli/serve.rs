//! `certgate serve`: the gateway itself.

use std::sync::Arc;

use anyhow::Context;
use tokio::runtime::Runtime;
use tracing::{info, warn};

use super::arguments::SettingsArguments;
use super::{Exit, failed, preflight, report};
use crate::config::Settings;
use crate::config::values::Switch;
use crate::findings::Findings;
use crate::gateway::Gateway;
use crate::lifecycle::signals::StopSignals;
use crate::startup::environment::Environment;
use crate::startup::materials::Materials;
use crate::startup::{files, limits, reexec};
use crate::telemetry::{Telemetry, logs};
use crate::tls::{Credentials, TicketSecret};

/// Checks everything, moves the secrets from the environment to files, serves until a stop signal.
pub fn run(arguments: &SettingsArguments) -> Exit {
    limits::set();
    let (settings, wrong) = arguments.read();
    let environment = Environment::of_process();
    let preflight = preflight::look(&settings, wrong, &environment);
    let findings = preflight.report.findings;
    let runtime = match runtime().context("can't start") {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let ready = preflight.ready.filter(|_| !findings.has_errors());
    let Some((materials, credentials)) = ready else {
        return report(&with_rehearsal(findings, &settings, None, &runtime));
    };
    if !environment.secret_variables().is_empty() {
        let findings = with_rehearsal(findings, &settings, Some(&credentials), &runtime);
        // Threads and sockets must be gone before the new image begins.
        drop(runtime);
        return move_secrets(findings, &settings, &materials, &environment);
    }
    let secret = match preflight::ticket_secret(&materials).context("can't derive ticket keys") {
        Ok(secret) => secret,
        Err(error) => return failed(&error),
    };
    drop(materials);
    serve(&settings, &findings, &credentials, secret, &runtime)
}

/// Adds what only trying can tell: ports, the document root, AWS-LC's opinion.
fn with_rehearsal(
    mut findings: Findings,
    settings: &Settings,
    credentials: Option<&Credentials>,
    runtime: &Runtime,
) -> Findings {
    let _runtime = runtime.enter();
    findings.extend(Gateway::rehearse(settings, credentials));
    findings
}

/// Writes the environment's PEMs to files and begins anew without them, so that
/// `/proc/PID/environ` doesn't show them. Returns only if that fails.
fn move_secrets(
    findings: Findings,
    settings: &Settings,
    materials: &Materials,
    environment: &Environment,
) -> Exit {
    if findings.has_errors() {
        return report(&findings);
    }
    match files::write(materials, &settings.certs_dir) {
        Ok(written) => eprint!("{}", written.findings),
        Err(wrong) => return report(&wrong),
    }
    let error = reexec::without(environment.secret_variables());
    let error = anyhow::Error::new(error).context(
        "can't start again without the secrets in the environment; refusing to serve with them",
    );
    failed(&error)
}

fn serve(
    settings: &Settings,
    findings: &Findings,
    credentials: &Credentials,
    ticket_secret: TicketSecret,
    runtime: &Runtime,
) -> Exit {
    let _lines = logs::start(settings.log_format, settings.log_level);
    let telemetry = match Telemetry::new(settings.access_log == Switch::On) {
        Ok(telemetry) => Arc::new(telemetry),
        Err(finding) => return report(&finding.into()),
    };
    let guard = runtime.enter();
    let prepared = Gateway::prepare(settings, credentials, ticket_secret, telemetry);
    // Asked for before the first connection: a signal from now on drains.
    let signals = StopSignals::new(false).context("can't listen for signals");
    drop(guard);
    let (gateway, signals) = match (prepared, signals) {
        (Ok(gateway), Ok(signals)) => (gateway, signals),
        (Err(wrong), _) => return report(&wrong),
        (_, Err(error)) => return failed(&error),
    };
    for finding in findings.iter() {
        warn!(
            event = "finding",
            place = finding.place,
            found = finding.found,
            advice = finding.advice,
            "{finding}"
        );
    }
    announce(&gateway, settings);
    match runtime.block_on(gateway.run(signals)) {
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
        client_auth = settings.tls.client_auth.to_string(),
        content = settings.content.to_string(),
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
