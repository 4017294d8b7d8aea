//! `certgate verify`: would this client certificate be let in, and why not.
//!
//! The same code as in a handshake decides: [`Verifier`], [`Routes`], and OCSP if that is on. Nothing is
//! bound, and nothing of a server's certificate is needed.

mod arguments;
mod connect;
mod report;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use self::report::{Decision, Report};
use super::{Exit, failed};
use crate::access::routes::{NotServed, Routes};
use crate::config::sources::CrlSource;
use crate::config::values::ClientAuth;
use crate::config::{Settings, Site};
use crate::findings::{Finding, Findings};
use crate::regular_file;
use crate::startup::environment::Environment;
use crate::startup::materials::{self, Wants};
use crate::startup::pem::{Label, Pem};
use crate::startup::{crls, keys, repair};
use crate::telemetry::Telemetry;
use crate::tls::ocsp::{Ocsp, Statuses, Verdict};
use crate::tls::trust::Trust;
use crate::tls::verification::{Rejection, Verified, Verifier};

pub use arguments::{Arguments, command};

/// Prints the verdict to stdout: 0 accepted, 1 refused, 78 if it can't be told.
pub fn run(arguments: &Arguments) -> Exit {
    if let Some(target) = &arguments.connect {
        return connect::run(target, arguments.json);
    }
    let (settings, wrong) = arguments.settings.read();
    if wrong.has_errors() {
        return undecided(&wrong);
    }
    let client = match Client::read(arguments) {
        Ok(client) => client,
        Err(error) => {
            eprintln!("certgate: {error:#}");
            return Exit::Configuration;
        }
    };
    let site = match settings.server_names.find(&arguments.site) {
        Some(site) => &settings.sites[site],
        None => &settings.sites[0],
    };
    let gate = match Gate::of(site, &settings, arguments) {
        Ok(gate) => gate,
        Err(wrong) => {
            // Who is about to write a rule asks for the pin, and has no settings yet.
            if !arguments.json {
                print!("{}", report::of_client(&client.chain[0]));
            }
            return undecided(&wrong);
        }
    };
    let path = arguments.path.as_deref();
    if let Some(path) = path.filter(|path| gate.cannot_read(path)) {
        eprintln!(
            "certgate: --path {path:?}: nobody can be sure to read it rightly, the answer is 400"
        );
        return Exit::Configuration;
    }
    let report = gate.judge(&client, path);
    let text = match arguments.json {
        true => serde_json::to_string_pretty(&report).map(|text| text + "\n"),
        false => Ok(report.to_string()),
    };
    match text.context("can't write the verdict") {
        // A reader that has seen enough is no fault.
        Ok(text) => drop(std::io::Write::write_all(
            &mut std::io::stdout(),
            text.as_bytes(),
        )),
        Err(error) => return failed(&error),
    }
    match report.accepted {
        true => Exit::Fine,
        false => Exit::Failed,
    }
}

fn undecided(wrong: &Findings) -> Exit {
    eprint!("{wrong}");
    eprintln!("certgate: no verdict; `certgate check` shows more");
    Exit::Configuration
}

/// What a client would show.
struct Client {
    /// DER, its own certificate first.
    chain: Vec<Vec<u8>>,
    /// Whether the key that was given is the certificate's; `None` without one.
    key_fits: Option<bool>,
}

impl Client {
    fn read(arguments: &Arguments) -> anyhow::Result<Self> {
        let mut chain = certificates(&arguments.certificate)?;
        for path in &arguments.intermediates {
            chain.extend(certificates(path)?);
        }
        let key_fits = match &arguments.key {
            Some(path) => {
                let own = X509::from_der(&chain[0]).context("the client's certificate")?;
                Some(own.public_key()?.public_eq(&*key(path)?))
            }
            None => None,
        };
        Ok(Self { chain, key_fits })
    }
}

fn pem(path: &Path) -> anyhow::Result<Pem> {
    let place = || path.display().to_string();
    let bytes = regular_file::read(path, repair::LIMIT + 1).with_context(place)?;
    repair::repair(&bytes)
        .map_err(|fault| anyhow::anyhow!("{fault}. {}", fault.advice()))
        .with_context(place)
}

fn certificates(path: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let pem = pem(path)?;
    let blocks = pem
        .blocks
        .iter()
        .filter(|block| block.label == Label::Certificate);
    let chain: Vec<_> = blocks.map(|block| block.der.to_vec()).collect();
    if chain.is_empty() {
        bail!(
            "{}: found {}; expected the client's certificate as PEM",
            path.display(),
            pem.describe()
        );
    }
    Ok(chain)
}

fn key(path: &Path) -> anyhow::Result<PKey<Private>> {
    let pem = pem(path)?;
    let Some(block) = pem.blocks.iter().find(|block| block.label.is_private()) else {
        bail!(
            "{}: found {}; expected a private key",
            path.display(),
            pem.describe()
        );
    };
    keys::private(block)
        .map_err(|fault| anyhow::anyhow!("{fault}"))
        .with_context(|| path.display().to_string())
}

/// What decides at a site.
struct Gate<'a> {
    site: &'a Site,
    verifier: Verifier,
    routes: Routes,
    /// The VPC endpoint that the client comes in by.
    endpoint: Option<String>,
    doubts: Findings,
}

impl<'a> Gate<'a> {
    fn of(site: &'a Site, settings: &Settings, arguments: &Arguments) -> Result<Self, Findings> {
        let environment = Environment::of_process();
        let mut findings = Findings::default();
        let is_pinned = site.settings.client_auth == ClientAuth::Pinned;
        let wants = Wants {
            client_ca: site.settings.client_ca.as_deref(),
            identities: &site.settings.identities,
            reads_variables: site.names.is_empty(),
            pinned: is_pinned,
            ..Wants::usual(&settings.certs_dir, !is_pinned)
        };
        let client_ca = materials::client_ca(&environment, &wants, &mut findings);
        let authorities = findings.note(client_ca).map(|ca| match ca {
            Some(ca) => ca.certificates,
            // `materials` insists on one where one is needed.
            None => Vec::new(),
        });
        let crls = crls::load(&site.settings.crls, &settings.certs_dir, &environment);
        findings.extend(crls.findings.clone());
        for source in &site.settings.crls.sources {
            if let CrlSource::Url(url) = source {
                let found = format!("{url}, which is not fetched here");
                findings.push(
                    Finding::warning(&site.settings.crls.place, found)
                        .advice("Fetch the list, and give the file with --crl"),
                );
            }
        }
        let routes = findings.note(Routes::read(&site.settings));
        let (Some(authorities), Some(routes), false) = (authorities, routes, findings.has_errors())
        else {
            return Err(findings);
        };
        let lists = crls
            .wanted
            .then(|| crls.lists.iter().map(|(_, crl)| crl.clone()).collect());
        let trust = Trust {
            at: arguments.at,
            ..Trust::of_site(authorities, lists, &site.settings, routes.site_rules())
        };
        let verifier = Verifier::new(trust)
            .map_err(|error| Findings::from(Finding::error("AWS-LC", error.to_string())))?;
        Ok(Self {
            site,
            verifier,
            routes,
            endpoint: arguments.endpoint.clone(),
            doubts: findings,
        })
    }

    fn cannot_read(&self, path: &str) -> bool {
        let decision = self.routes.decide(None, None, path);
        matches!(decision, Err(NotServed::Unreadable(_)))
    }

    fn judge(&self, client: &Client, path: Option<&str>) -> Report {
        let explanation = self.verifier.explain(&client.chain);
        let facts = match &explanation.verdict {
            Ok(verified) => Some(verified.certificate.facts.clone()),
            Err(rejection) => rejection
                .certificate
                .as_ref()
                .map(|known| known.facts.clone()),
        };
        let [deny, allow] = match &facts {
            Some(facts) => self
                .routes
                .site_rules()
                .explain(facts, self.endpoint.as_deref()),
            None => Default::default(),
        };
        let route = path.zip(facts.as_ref()).and_then(|(path, facts)| {
            let (route, rules) = self.routes.rules_of(path)?;
            Some((
                route.to_string(),
                rules.explain(facts, self.endpoint.as_deref()),
            ))
        });
        let decision = match &explanation.verdict {
            Ok(verified) => self.decide(verified, path),
            Err(rejection) => Decision::refused(rejection),
        };
        Report::new(
            &explanation.built,
            [deny, allow],
            route,
            client.key_fits,
            decision,
            &self.doubts,
        )
    }

    /// After the chain, in the order of a handshake: the rules, then the responders; then those of the route.
    fn decide(&self, verified: &Arc<Verified>, path: Option<&str>) -> Decision {
        let (facts, endpoint) = (&verified.certificate.facts, self.endpoint.as_deref());
        if let Err(denied) = self.routes.site_rules().decide(Some(facts), endpoint) {
            return Decision::Refused {
                reason: denied.reason,
                words: denied.words,
                depth: 0,
            };
        }
        let unchecked = match self.ask(verified) {
            Ok(Ok(unchecked)) => unchecked,
            Ok(Err(rejection)) => return Decision::refused(&rejection),
            Err(error) => Some(format!("no responder was asked: {error:#}")),
        };
        let facts = Some(&verified.certificate.facts);
        match path.map(|path| self.routes.decide(facts, endpoint, path)) {
            Some(Err(NotServed::Denied { denied, .. })) => Decision::Refused {
                reason: denied.reason,
                words: denied.words,
                depth: 0,
            },
            _ => Decision::Accepted { unchecked },
        }
    }

    fn ask(
        &self,
        verified: &Arc<Verified>,
    ) -> anyhow::Result<Result<Option<String>, Box<Rejection>>> {
        let overlooked = verified
            .overlooked
            .as_ref()
            .map(|overlooked| overlooked.words.clone());
        if verified.questions.is_empty() {
            return Ok(Ok(overlooked));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let telemetry = Telemetry::new(false).map_err(|finding| anyhow::anyhow!("{finding}"))?;
        let settings = &self.site.settings.ocsp;
        let statuses = Arc::new(Statuses::new(Arc::new(telemetry)));
        let ocsp = Ocsp::new(statuses, settings.policy, settings.timeout);
        let answers = runtime.block_on(ocsp.waiting(verified.clone()).settle());
        Ok(match ocsp.judge(verified, Some(&answers)) {
            Verdict::Pass(unchecked) => Ok(unchecked.map(|words| words.to_string()).or(overlooked)),
            Verdict::Refuse(rejection) => Err(rejection),
            Verdict::Ask => Ok(Some("a responder was not asked".to_owned())),
        })
    }
}
