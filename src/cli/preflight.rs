//! Everything that can be known before anything is bound, for `serve` and `check` alike.

use std::time::SystemTime;

use openssl::error::ErrorStack;

use crate::config::Settings;
use crate::config::values::{ClientAuth, Switch};
use crate::findings::{Finding, Findings};
use crate::startup::checks::{self, Report, chain};
use crate::startup::environment::Environment;
use crate::startup::files;
use crate::startup::materials::{self, Materials};
use crate::tls::{Credentials, TicketSecret};

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
        ticket_secret: None,
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
    describe_tickets(settings, &materials, &mut report);
    report
        .findings
        .extend(files::rehearse(&materials, &settings.certs_dir));
    let credentials = credentials(&materials);
    Preflight {
        report,
        ready: Some((materials, credentials)),
    }
}

/// What session tickets are sealed with.
pub fn ticket_secret(materials: &Materials) -> Result<TicketSecret, ErrorStack> {
    match &materials.ticket_secret {
        Some(operators) => TicketSecret::of_texts(operators.secrets()),
        None => TicketSecret::random(),
    }
}

fn describe_tickets(settings: &Settings, materials: &Materials, report: &mut Report) {
    let operators = materials.ticket_secret.as_ref();
    report.ticket_secret = Some(match (settings.tls.tickets, operators) {
        (Switch::Off, _) => "none used, --tls-tickets is off".to_owned(),
        (Switch::On, Some(operators)) => operators.describe(),
        (Switch::On, None) => "random, this process alone".to_owned(),
    });
    if let (Switch::Off, Some(operators)) = (settings.tls.tickets, operators) {
        report.findings.push(
            Finding::warning(
                operators.source.to_string(),
                "a ticket secret that isn't used: tls-tickets is off",
            )
            .advice("Remove it, or set --tls-tickets on to let clients resume"),
        );
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
    }
}
