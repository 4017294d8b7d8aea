//! Everything that can be known before anything is bound, for `serve` and `check` alike.

use std::time::SystemTime;

use crate::config::Settings;
use crate::config::values::{ClientAuth, StapleFrom};
use crate::findings::Findings;
use crate::startup::checks::{self, Report, chain};
use crate::startup::environment::Environment;
use crate::startup::files;
use crate::startup::materials::{self, Materials};
use crate::tls::Credentials;
use crate::tls::stapling::{self, Staple};
use crate::tls::verification::unix_now;

/// What was found.
pub struct Preflight {
    /// Every certificate, and every finding so far.
    pub report: Report,
    /// What to write to files, and to serve with; `None` if it isn't complete.
    pub ready: Option<(Materials, Credentials)>,
}

/// Reads and checks the certificates. `findings` are those about the settings, which come first.
pub fn look(settings: &Settings, findings: Findings, environment: &Environment) -> Preflight {
    let asks_clients = settings.tls.client_auth != ClientAuth::Off;
    let now = SystemTime::now();
    let mut report = Report {
        certificates: Vec::new(),
        findings,
    };
    let mut materials = match materials::gather(environment, &settings.certs_dir, asks_clients) {
        Ok(materials) => materials,
        Err(incomplete) => {
            let checked = checks::inspect(&*incomplete, now);
            report.certificates = checked.certificates;
            report.findings.extend(checked.findings);
            return Preflight {
                report,
                ready: None,
            };
        }
    };
    if !asks_clients {
        // A CA that nobody is held against can't be in the way.
        materials.client_ca = None;
    }
    let checked = checks::inspect(&materials, now);
    report.certificates = checked.certificates;
    report.findings.extend(checked.findings);
    report
        .findings
        .extend(files::rehearse(&materials, &settings.certs_dir));
    let mut credentials = credentials(&materials);
    let mut findings = Findings::default();
    credentials.staple = staple(settings, &credentials, &mut findings);
    findings.locate(|name| settings.place_of(name));
    report.findings.extend(findings);
    Preflight {
        report,
        ready: Some((materials, credentials)),
    }
}

fn credentials(materials: &Materials) -> Credentials {
    // What `inspect` has checked: the order that it found is the order that is sent.
    let served = chain::ordered(&materials.server_certificate, &materials.server_key);
    Credentials {
        leaf: served.leaf,
        chain: served.chain,
        key: materials.server_key.key.clone(),
        client_ca: materials
            .client_ca
            .as_ref()
            .map(|ca| ca.certificates.clone())
            .unwrap_or_default(),
        staple: None,
    }
}

fn staple(
    settings: &Settings,
    credentials: &Credentials,
    findings: &mut Findings,
) -> Option<Staple> {
    let settings = &settings.tls.staple;
    if settings.from == StapleFrom::Off {
        return None;
    }
    let question = credentials.question(settings);
    match &settings.from {
        StapleFrom::File(path) => stapling::read(path, question.as_ref(), unix_now(), findings),
        _ => {
            findings.extend(stapling::nobody_to_ask(question.as_ref()));
            None
        }
    }
}
