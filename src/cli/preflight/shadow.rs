//! Reads what `[shadow]` has of its own, and says what is wrong with it as of what decides.

use std::time::SystemTime;

use crate::config::values::Switch;
use crate::config::{Settings, Site};
use crate::findings::{Finding, Findings};
use crate::sighting::Sighting;
use crate::startup::checks::{self, CrlRules};
use crate::startup::crls;
use crate::startup::environment::Environment;
use crate::startup::materials::{self, Certificates, Materials, Wants};
use crate::tls::Candidate;

use super::Preflight;

/// The candidate of a site; what is wrong with it is among the findings. `live` is the site's own client CA.
pub(super) fn look(
    site: &Site,
    settings: &Settings,
    environment: &Environment,
    live: Option<&Certificates>,
    preflight: &mut Preflight,
) -> Candidate {
    let Some(shadow) = &site.settings.shadow else {
        return Candidate::default();
    };
    let candidate = &shadow.candidate;
    let now = SystemTime::now();
    let mut own = Materials::default();
    if let (Some(place), Some(path)) = (&shadow.client_ca, &candidate.client_ca) {
        preflight.files.push(Sighting::of(path));
        let wants = Wants {
            client_ca: Some(path),
            reads_variables: false,
            ..Wants::usual(&settings.certs_dir, true)
        };
        let mut findings = Findings::default();
        let client_ca = materials::client_ca(environment, &wants, &mut findings);
        own.client_ca = findings.note(client_ca).flatten();
        if own.client_ca.is_some() {
            let partial_chain = candidate.partial_chain == Switch::On;
            findings.extend(checks::inspect(&own, partial_chain, now).findings);
        }
        preflight.report.findings.extend(within(place, &findings));
    }
    let mut lists = None;
    if let Some(place) = &shadow.crl {
        let crls = crls::load(&candidate.crls, &settings.certs_dir, environment);
        preflight.files.extend_from_slice(&crls.paths);
        let rules = CrlRules {
            check: candidate.crls.check,
            policy: candidate.crls.policy,
        };
        let mut checked = checks::inspect(&Materials::default(), true, now);
        let authorities = own.client_ca.as_ref().or(live);
        checks::add_crls(&mut checked, &crls, authorities, rules, now);
        let findings = within(place, &checked.findings);
        preflight.report.findings.extend(findings);
        let files = crls.lists.iter().map(|(_, crl)| crl.clone());
        lists = crls.wanted.then(|| files.collect());
    }
    Candidate {
        client_ca: own.client_ca.map(|ca| ca.certificates),
        crls: lists,
    }
}

/// The same, so that an operator sees that it is not about what decides.
fn within(place: &str, findings: &Findings) -> Findings {
    let mut all = Findings::default();
    for finding in findings.iter() {
        all.push(Finding {
            place: format!("{place}: {}", finding.place),
            ..finding.clone()
        });
    }
    all
}
