//! Everything that can be known before anything is bound, for `serve` and `check` alike.

use std::time::SystemTime;

use crate::config::Settings;
use crate::config::values::{ClientAuth, Switch};
use crate::findings::Findings;
use crate::startup::checks::{self, CrlRules, Report, chain};
use crate::startup::crls::{self, Crls};
use crate::startup::environment::Environment;
use crate::startup::files;
use crate::startup::materials::{self, Materials};
use crate::tls::Credentials;

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
        crls: Vec::new(),
        findings,
    };
    let partial_chain = settings.tls.partial_chain == Switch::On;
    let place = settings.place_of("crl").unwrap_or("crl");
    let crls = &settings.tls.crls;
    let crls = crls::load(crls, place, &settings.certs_dir, Some(environment));
    let rules = CrlRules {
        check: settings.tls.crl_check,
        policy: settings.tls.crl_policy,
    };
    let mut materials = match materials::gather(environment, &settings.certs_dir, asks_clients) {
        Ok(materials) => materials,
        Err(incomplete) => {
            let checked = checks::inspect(&*incomplete, partial_chain, now);
            report.certificates = checked.certificates;
            report.findings.extend(checked.findings);
            checks::add_crls(
                &mut report,
                &crls,
                incomplete.client_ca.as_ref(),
                rules,
                now,
            );
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
    materials.client_crl = crls.from_environment.clone();
    let checked = checks::inspect(&materials, partial_chain, now);
    report.certificates = checked.certificates;
    report.findings.extend(checked.findings);
    checks::add_crls(&mut report, &crls, materials.client_ca.as_ref(), rules, now);
    if let Some(ca) = &materials.client_ca {
        let findings = checks::too_many_names(ca, settings.tls.advertise_ca);
        report.findings.extend(findings);
    }
    report
        .findings
        .extend(files::rehearse(&materials, &settings.certs_dir));
    let credentials = credentials(&materials, crls);
    Preflight {
        report,
        ready: Some((materials, credentials)),
    }
}

fn credentials(materials: &Materials, crls: Crls) -> Credentials {
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
        crls: crls
            .wanted
            .then(|| crls.lists.into_iter().map(|(_, crl)| crl).collect()),
    }
}
