//! Everything that can be known before anything is bound, for `serve`, its reloads and `check` alike.

mod shadow;

use std::rc::Rc;
use std::time::SystemTime;

use openssl::pkey::Id;

use crate::config::site::CrlSettings;
use crate::config::sources::StapleFrom;
use crate::config::values::{ClientAuth, Switch};
use crate::config::{Settings, Site, SiteSettings};
use crate::findings::{Finding, Findings};
use crate::gateway::snapshot::Inputs;
use crate::sighting::Sighting;
use crate::startup::checks::{self, CrlRules, Report, chain};
use crate::startup::crls::{self, CLIENT_CRL_FILE, Crls};
use crate::startup::environment::{CLIENT_CERTIFICATE, CLIENT_CRL, Environment};
use crate::startup::files;
use crate::startup::materials::{self, Materials, Wants};
use crate::tls::stapling;
use crate::tls::verification::unix_now;
use crate::tls::{Candidate, Credentials, ServerIdentity, TicketSecret};

/// What was found.
pub struct Preflight {
    /// Every certificate, and every finding so far.
    pub report: Report,
    /// `None` if it isn't complete.
    pub ready: Option<Ready>,
    /// The files that it was all read from, and those that would have been read; as they were before.
    pub files: Vec<Sighting>,
}

/// What to serve with.
pub struct Ready {
    /// For each site, what to write to files.
    pub materials: Vec<Materials>,
    /// What a snapshot is made of.
    pub inputs: Inputs,
}

/// Reads and checks the certificates of all sites. `findings` are those about the settings, which come
/// first.
pub fn look(settings: &Settings, findings: Findings, environment: &Environment) -> Preflight {
    let mut preflight = Preflight {
        report: Report {
            certificates: Vec::new(),
            crls: Vec::new(),
            fetched_crls: Vec::new(),
            routes: checks::routes(settings),
            ticket_secret: None,
            findings,
        },
        ready: None,
        files: settings.file.iter().cloned().collect(),
    };
    let mut lists = Vec::new();
    let sites = settings.sites.iter().map(|site| {
        let crls = crls_of(site, settings, environment, &mut lists);
        let materials = look_at_site(site, &crls, settings, environment, &mut preflight)?;
        let mut credentials = credentials(&materials, &crls);
        let client_ca = materials.client_ca.as_ref();
        credentials.candidate =
            shadow::look(site, settings, environment, client_ca, &mut preflight);
        staple(&site.settings, &mut credentials, &mut preflight);
        Some((materials, credentials))
    });
    let sites: Vec<_> = sites.collect();
    let ready: Option<(Vec<_>, Vec<_>)> = sites.into_iter().collect();
    preflight.ready = ready.and_then(|(materials, credentials)| {
        let report = &mut preflight.report;
        let first = materials.first()?;
        describe_tickets(settings, first, report);
        let ticket_secret = report.findings.note(ticket_secret(first))?;
        Some(Ready {
            materials,
            inputs: Inputs {
                settings: settings.clone(),
                credentials,
                ticket_secret,
            },
        })
    });
    let unused = unused_by_pinned(settings, environment);
    preflight.report.findings.extend(unused);
    // Sites share what they don't have of their own, and its faults.
    preflight.report.findings.dedup();
    preflight
}

/// A client CA, or its list, that nobody is held against because clients are pinned.
pub fn unused_by_pinned(settings: &Settings, environment: &Environment) -> Findings {
    let mut findings = Findings::default();
    let sites = || settings.sites.iter().map(|site| &site.settings);
    if !sites().any(|site| site.client_auth == ClientAuth::Pinned) {
        return findings;
    }
    let mut with_ca = sites().filter(|site| site.holds_against_ca());
    if environment.has(CLIENT_CERTIFICATE) && !with_ca.clone().any(|site| site.client_ca.is_none())
    {
        findings.push(
            Finding::warning(CLIENT_CERTIFICATE, "not used, since client-auth is pinned")
                .advice("Remove the variable; a client CA needs client-auth required or optional"),
        );
    }
    let file = settings.certs_dir.join(CLIENT_CRL_FILE);
    let list = match environment.has(CLIENT_CRL) {
        true => Some(CLIENT_CRL.to_owned()),
        false => file.exists().then(|| file.display().to_string()),
    };
    if let (Some(list), false) = (list, with_ca.any(|site| site.crls.usual)) {
        findings.push(
            Finding::warning(list, "not used, since client-auth is pinned")
                .advice("Nobody issued the clients' certificates, so nobody revokes them: take the pin out of the allow rules instead"),
        );
    }
    findings
}

/// Lists may be long: what several sites have is read once.
fn crls_of<'a>(
    site: &'a Site,
    settings: &Settings,
    environment: &Environment,
    known: &mut Vec<(&'a CrlSettings, Rc<Crls>)>,
) -> Rc<Crls> {
    let wanted = &site.settings.crls;
    let same = |(other, _): &&(&CrlSettings, _)| {
        other.sources == wanted.sources && other.usual == wanted.usual
    };
    if let Some((_, crls)) = known.iter().find(same) {
        return crls.clone();
    }
    let crls = Rc::new(crls::load(wanted, &settings.certs_dir, environment));
    known.push((wanted, crls.clone()));
    crls
}

fn look_at_site(
    site: &Site,
    crls: &Crls,
    settings: &Settings,
    environment: &Environment,
    preflight: &mut Preflight,
) -> Option<Materials> {
    let asks_clients = site.settings.holds_against_ca();
    let wants = Wants {
        certs_dir: &settings.certs_dir,
        identities: &site.settings.identities,
        client_ca: site.settings.client_ca.as_deref(),
        // Who reads the variables is the first site; the others may have it from there.
        reads_variables: site.names.is_empty(),
        asks_clients,
        pinned: site.settings.client_auth == ClientAuth::Pinned,
    };
    let files = wants.files();
    preflight
        .files
        .extend(files.iter().map(|file| Sighting::of(file)));
    preflight.files.extend_from_slice(&crls.paths);
    let report = &mut preflight.report;
    let gathered = materials::gather(environment, &wants);
    let is_complete = gathered.is_ok();
    let mut materials = gathered.unwrap_or_else(|incomplete| *incomplete);
    if !asks_clients {
        // A CA that nobody is held against can't be in the way.
        materials.client_ca = None;
    }
    materials.client_crl.clone_from(&crls.from_environment);
    let (now, site) = (SystemTime::now(), &site.settings);
    let partial_chain = site.partial_chain == Switch::On;
    let mut checked = checks::inspect(&materials, partial_chain, now);
    let rules = CrlRules {
        check: site.crls.check,
        policy: site.crls.policy,
    };
    let client_ca = materials.client_ca.as_ref();
    checks::add_crls(&mut checked, crls, client_ca, rules, now);
    if let Some(ca) = client_ca {
        let findings = checks::too_many_names(ca, site.advertise_ca);
        checked.findings.extend(findings);
    }
    report.include(checked);
    report.findings.extend(doubles(&materials));
    if !is_complete {
        return None;
    }
    let written = files::rehearse(&materials, &settings.certs_dir);
    report.findings.extend(written);
    Some(materials)
}

/// Of several keys of one kind, only the last would be used.
fn doubles(materials: &Materials) -> Findings {
    let mut findings = Findings::default();
    let mut kinds: Vec<Id> = Vec::new();
    for identity in &materials.identities {
        let kind = identity.key.key.id();
        if kinds.contains(&kind) {
            findings.push(
                Finding::error(identity.certificate.source.to_string(), "a second certificate with a key of the same kind")
                    .expected("one RSA, one EC and one Ed25519 at most")
                    .advice("A client can't choose between two of one kind; for other names, write a [[site]]"),
            );
        }
        kinds.push(kind);
    }
    findings
}

/// What session tickets are sealed with, if the operator says so; the same for all sites.
fn ticket_secret(materials: &Materials) -> Result<Option<TicketSecret>, Findings> {
    let Some(operators) = &materials.ticket_secret else {
        return Ok(None);
    };
    let secret = TicketSecret::of_texts(operators.secrets()).map_err(|error| {
        Finding::error(
            operators.source.to_string(),
            format!("no keys can be derived: {error}"),
        )
    })?;
    Ok(Some(secret))
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

fn credentials(materials: &Materials, crls: &Crls) -> Credentials {
    let identities = materials.identities.iter().map(|identity| {
        // What `inspect` has checked: the order that it found is the order that is sent.
        let served = chain::ordered(&identity.certificate, &identity.key);
        ServerIdentity {
            leaf: served.leaf,
            chain: served.chain,
            key: identity.key.key.clone(),
            staple: None,
        }
    });
    Credentials {
        identities: identities.collect(),
        client_ca: materials
            .client_ca
            .as_ref()
            .map(|ca| ca.certificates.clone())
            .unwrap_or_default(),
        crls: crls
            .wanted
            .then(|| crls.lists.iter().map(|(_, crl)| crl.clone()).collect()),
        candidate: Candidate::default(),
    }
}

/// Takes what is in the file, if one is named; or says whether there is anybody to ask.
fn staple(site: &SiteSettings, credentials: &mut Credentials, preflight: &mut Preflight) {
    let settings = &site.staple;
    let questions = credentials.identities.iter();
    let questions: Vec<_> = questions
        .map(|identity| credentials.question(identity, settings))
        .collect();
    let mut findings = Findings::default();
    match &settings.from {
        StapleFrom::Off => return,
        StapleFrom::Responder => {
            for question in &questions {
                findings.extend(stapling::nobody_to_ask(question.as_ref()));
            }
        }
        StapleFrom::File(path) => {
            preflight.files.push(Sighting::of(path));
            let now = unix_now();
            let mut fits = false;
            for (identity, question) in credentials.identities.iter_mut().zip(&questions) {
                identity.staple = stapling::read(path, question.as_ref(), now, &mut findings);
                fits |= identity.staple.is_some();
            }
            // A file is about one certificate, and says nothing of the others.
            if fits {
                findings = Findings::default();
            }
        }
    }
    findings.dedup();
    findings.locate(|name| (name == "staple").then_some(settings.place.as_str()));
    preflight.report.findings.extend(findings);
}
