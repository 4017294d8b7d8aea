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
use crate::gateway::lasting::Lasting;
use crate::gateway::reload::{Reading, Reloading, Source};
use crate::gateway::snapshot::Inputs;
use crate::gateway::{Gateway, Ports};
use crate::lifecycle::signals::{Hangups, StopSignals};
use crate::sighting::Sighting;
use crate::startup::environment::Environment;
use crate::startup::privileges::{self, Confined};
use crate::startup::{files, process, reexec};
use crate::telemetry::events::reload::log_findings;
use crate::telemetry::{Telemetry, logs};

/// Checks everything, moves the secrets from the environment to files, serves until a stop signal.
pub fn run(arguments: &SettingsArguments) -> Exit {
    process::restrict();
    let (settings, wrong) = arguments.read();
    let environment = Environment::of_process();
    match environment.secret_variables().is_empty() && !wrong.has_errors() {
        true => start(arguments, &settings, wrong, &environment),
        false => move_secrets(&settings, wrong, &environment),
    }
}

/// Binds the ports and gives up the privileges for that before anything else is looked at: whatever a reload
/// will need is read with the rights that it will have.
fn start(
    arguments: &SettingsArguments,
    settings: &Settings,
    wrong: Findings,
    environment: &Environment,
) -> Exit {
    let ports = Ports::bind(settings).and_then(|ports| {
        let mut confined = privileges::give_up(settings).map_err(Findings::from);
        if let Err(findings) = &mut confined {
            findings.locate(|name| settings.place_of(name));
        }
        Ok((ports, confined?))
    });
    let mut preflight = preflight::look(settings, wrong, environment);
    let ports = preflight.report.findings.note(ports);
    let (findings, files) = (preflight.report.findings, preflight.files);
    let runtime = match runtime().context("can't start") {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let ready = preflight.ready.filter(|_| !findings.has_errors());
    let (Some(Ready { materials, inputs }), Some(bound)) = (ready, ports) else {
        return report(&with_rehearsal(findings, settings, &runtime));
    };
    drop(materials);
    let source = {
        let arguments = arguments.clone();
        Box::new(move || read(&arguments))
    };
    let exit = serve(inputs, findings, (source, files), bound, &runtime);
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

/// Adds what only trying can tell: the document root, AWS-LC's opinion.
fn with_rehearsal(mut findings: Findings, settings: &Settings, runtime: &Runtime) -> Findings {
    let _runtime = runtime.enter();
    findings.extend(Gateway::rehearse(settings, None));
    findings
}

/// Writes the environment's PEMs to files and begins anew without them, so that
/// `/proc/PID/environ` doesn't show them. Returns only if that fails.
fn move_secrets(settings: &Settings, wrong: Findings, environment: &Environment) -> Exit {
    let preflight = preflight::look(settings, wrong, environment);
    let mut findings = preflight.report.findings;
    let owner = settings.user.as_ref().map(privileges::look_up);
    let owner = findings.note(owner.transpose().map_err(Findings::from));
    let ready = preflight.ready.filter(|_| !findings.has_errors());
    // What would stop the new image is said by this one, with all the rest.
    match runtime().context("can't start") {
        Ok(runtime) => {
            let _runtime = runtime.enter();
            let inputs = ready.as_ref().map(|ready| &ready.inputs);
            findings.extend(Gateway::rehearse(settings, inputs));
            findings.extend(Ports::rehearse(settings));
        }
        Err(error) => return failed(&error),
    }
    let (Some(ready), Some(owner)) = (ready.filter(|_| !findings.has_errors()), owner) else {
        return report(&findings);
    };
    // When it begins anew, the variables are gone, and nobody would know of them.
    let unused = preflight::unused_by_pinned(settings, environment);
    eprint!("{unused}");
    // Sites without certificates of their own have those of the first.
    for site in &ready.materials {
        match files::write(site, &settings.certs_dir, owner.as_ref()) {
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
    (ports, confined): (Ports, Confined),
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
    let prepared = Gateway::prepare(&inputs, lasting, ports);
    drop(guard);
    let gateway = match prepared {
        Ok(gateway) => gateway,
        Err(wrong) => return report(&wrong),
    };
    log_findings(&findings);
    announce(&gateway, settings, confined);
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

fn announce(gateway: &Gateway, settings: &Settings, confined: Confined) {
    let plain = gateway.plain_addresses();
    let plain = plain.map(|address| format!("http://{address}"));
    let of_tls = gateway.addresses().map(ToString::to_string);
    let listeners: Vec<String> = of_tls.chain(plain).collect();
    info!(
        event = "ready",
        version = env!("CARGO_PKG_VERSION"),
        tls_library = openssl::version::version(),
        listen = listeners.join(","),
        admin = gateway.admin_address().map(|address| address.to_string()),
        redirect = gateway
            .redirect_address()
            .map(|address| address.to_string()),
        client_auth = settings.default_site().client_auth.to_string(),
        content = settings.default_site().content.to_string(),
        sites = settings.sites.len(),
        workers = settings.workers.count(),
        pid = std::process::id(),
        uid = confined.uid,
        capabilities = confined.capabilities,
        landlock = confined.landlock.label(),
        "ready"
    );
}

/// For signals, the admin port, and what is tried ahead; the workers have their own.
fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}
