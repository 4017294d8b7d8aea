//! Everything that can change while the gateway runs, in one immutable piece.
//!
//! Takes [`Inputs`], hands on a [`Snapshot`]. A connection sees one for its life; a reload builds
//! another and puts it in the place of the old one, or doesn't.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::closing::Terms;
use super::contents::Contents;
use super::door::Door;
use super::lasting::Lasting;
use super::open::Register;
use super::plain;
use super::ready;
use super::routes;
use super::services::{Common, SiteService, services};
use super::shadow;
use super::stapling::Stapling;
use super::status::SiteStatus;
use crate::access::header::{HeaderGate, HeaderGates};
use crate::config::networks::Networks;
use crate::config::proxy_protocol::ProxyProtocol;
use crate::config::{Settings, Times};
use crate::findings::Findings;
use crate::http::health::Health;
use crate::http::plain::PlainView;
use crate::inventory::Inventory;
use crate::limits::Limits;
use crate::net::proxy_protocol::ProxyHeaders;
use crate::telemetry::Telemetry;
use crate::tls::context::{Shared, SiteParts};
use crate::tls::{Credentials, TicketSecret, TlsContext};
use crate::tunnel::Announcement;
use crate::upstream::checks::{Checks, Wanted};

/// What a snapshot is made of.
pub struct Inputs {
    /// What the operator wrote.
    pub settings: Settings,
    /// For each of the settings' sites.
    pub credentials: Vec<Credentials>,
    /// What tickets are sealed with, if the operator says so.
    pub ticket_secret: Option<TicketSecret>,
}

/// What becomes of an accepted connection.
pub struct Snapshot {
    pub(super) tls: TlsContext,
    /// The number that a handshake tells is the place in here.
    pub(super) sites: Vec<SiteService>,
    /// What the next one may keep.
    pub(super) contents: Contents,
    stapling: Vec<Stapling>,
    /// Of the sites whose clients a header tells, and where they take effect.
    header_gates: (Arc<HeaderGates>, Vec<(String, Arc<HeaderGate>)>),
    /// The upstreams that readiness depends on, and who looks at them.
    ready: (Arc<Checks>, Wanted),
    /// How often clients may do something; `None` without a limit.
    pub(super) limits: Option<Arc<Limits>>,
    /// What load balancers are told on the ports of clients; `None` for nothing.
    pub(super) health: Option<Arc<Health>>,
    /// What becomes of requests by plain HTTP.
    pub(super) plain: Arc<PlainView>,
    /// How many connections there may be.
    pub(super) door: Door,
    /// What a status tells of each site.
    pub(super) status: Vec<SiteStatus>,
    pub(super) inventory: Arc<Inventory>,
    /// `None` where connections begin with TLS.
    pub(super) proxy_headers: Option<ProxyHeaders>,
    /// Whose X-Forwarded-For over TLS is believed. Nobody's where connections begin with a PROXY header: those of the
    /// list pass on bytes there, and what is in these is a client's.
    pub(super) http_proxies: Networks,
    pub(super) telemetry: Arc<Telemetry>,
    /// What is as long as the settings say.
    pub(super) times: Times,
    /// When its connections end.
    pub(super) terms: Terms,
    /// The connections that are open.
    pub(super) open: Arc<Register>,
}

impl Snapshot {
    /// Builds a snapshot, or says everything that is in the way. Of `before` it keeps what would be
    /// the same: connections to upstreams, files in memory, and the status of the server's
    /// certificate. Needs a tokio runtime.
    pub fn build(
        inputs: &Inputs,
        lasting: &Lasting,
        before: Option<&Snapshot>,
    ) -> Result<Self, Findings> {
        let (settings, telemetry) = (&inputs.settings, &lasting.telemetry);
        let mut findings = Findings::default();
        lasting.lists.pin();
        let rules = findings
            .note(routes::of_sites(settings))
            .unwrap_or_default();
        let stapling: Vec<_> = settings
            .sites
            .iter()
            .zip(&inputs.credentials)
            .map(|(site, credentials)| {
                let identities = credentials.identities.iter();
                let stapling = identities
                    .map(|identity| Stapling::of(site, credentials, identity, lasting, before));
                stapling.collect::<Vec<_>>()
            })
            .collect();
        let with_credentials = || settings.sites.iter().zip(&inputs.credentials);
        let candidates: Vec<_> = with_credentials()
            .map(|(site, credentials)| shadow::parts(site, credentials, &lasting.lists))
            .collect();
        // What is wrong with the rules was said.
        let shadows = match rules.is_empty() {
            true => Ok(Vec::new()),
            false => settings
                .sites
                .iter()
                .zip(&candidates)
                .map(|(site, parts)| shadow::build(site, parts.as_ref()))
                .collect(),
        };
        let mut shadows = findings.note(shadows).unwrap_or_default().into_iter();
        let sites = inputs
            .credentials
            .iter()
            .zip(&settings.sites)
            .zip(&stapling);
        let sites = sites.zip(&rules);
        let parts = sites.map(|(((credentials, site), stapling), rules)| SiteParts {
            credentials,
            crls: lasting
                .lists
                .beside(credentials.crls.clone(), &site.settings.crls),
            admission: rules.clone(),
            shadow: shadows.next().flatten(),
            stapled: stapling.iter().map(|one| one.stapled.clone()).collect(),
        });
        let shared = Shared {
            secret: inputs.ticket_secret.as_ref().unwrap_or(&lasting.secret),
            statuses: &lasting.statuses,
            answers_health: settings.health.is_some(),
        };
        let tls = match rules.len() == settings.sites.len() {
            true => findings.note(TlsContext::build(settings, parts.collect(), &shared)),
            // What is wrong with them was said.
            false => findings.note(TlsContext::check(&settings.tls)).and(None),
        };
        let limits = Limits::new(&settings.limits, &lasting.limits, telemetry);
        let health = settings.health.clone().map(|settings| {
            let readiness = lasting.readiness.clone();
            Arc::new(Health::new(settings, readiness, telemetry.clone()))
        });
        let common = Common {
            settings,
            telemetry,
            limits: &limits,
            health: &health,
            inventory: &lasting.inventory,
        };
        let mut sites = findings.note(services(&common, &rules, before));
        let announced = settings.sites.iter().zip(&inputs.credentials);
        let services = sites.iter_mut().flat_map(|(services, _)| services);
        for (service, (site, credentials)) in services.zip(announced) {
            let version = site.settings.upstream_proxy_protocol;
            let announcement = Announcement::new(version, &credentials.identities);
            service.announcement = announcement.map(Arc::new);
        }
        match (tls, sites) {
            (Some(tls), Some((mut sites, contents))) if findings.is_empty() => Ok(Self {
                header_gates: header_gates(settings, &tls, &mut sites, lasting),
                plain: plain::view(&sites, settings, &health, telemetry),
                ready: (lasting.checks.clone(), ready::wanted(settings)),
                limits,
                health,
                door: Door::new(&settings.overload, &lasting.places),
                tls,
                sites,
                contents,
                stapling: stapling.into_iter().flatten().collect(),
                status: with_credentials()
                    .zip(&candidates)
                    .map(|((site, credentials), candidate)| {
                        let crls = lasting
                            .lists
                            .beside(credentials.crls.clone(), &site.settings.crls);
                        SiteStatus::of(site, credentials, crls.as_deref(), candidate.as_ref())
                    })
                    .collect(),
                inventory: lasting.inventory.clone(),
                proxy_headers: ProxyHeaders::new(
                    settings.proxy_protocol,
                    &settings.trusted_proxies,
                    telemetry,
                ),
                http_proxies: match settings.proxy_protocol {
                    ProxyProtocol::Off => settings.trusted_proxies.clone(),
                    ProxyProtocol::Required | ProxyProtocol::Auto => Networks::default(),
                },
                telemetry: telemetry.clone(),
                times: settings.times,
                terms: Terms::of(
                    settings,
                    &rules,
                    1 + lasting.snapshots.fetch_add(1, Ordering::Relaxed),
                ),
                open: lasting.open.clone(),
            }),
            _ => {
                findings.locate(|name| settings.place_of(name));
                Err(findings)
            }
        }
    }

    pub(super) fn stapling(&self) -> &[Stapling] {
        &self.stapling
    }

    /// Begins what goes on for as long as the snapshot lives, or one that follows it. Needs a tokio
    /// runtime.
    pub fn begin(&self) {
        for stapling in &self.stapling {
            stapling.begin();
        }
        let (current, new) = &self.header_gates;
        current.replace(new);
        let (checks, wanted) = &self.ready;
        checks.follow(wanted);
    }

    /// Everything that `build` would complain about without credentials.
    pub fn rehearse(settings: &Settings, telemetry: &Arc<Telemetry>) -> Findings {
        let mut findings = Findings::default();
        findings.note(TlsContext::check(&settings.tls));
        let rules = findings
            .note(routes::of_sites(settings))
            .unwrap_or_default();
        let common = Common {
            settings,
            telemetry,
            limits: &None,
            health: &None,
            inventory: &Arc::default(),
        };
        findings.note(services(&common, &rules, None));
        findings.locate(|name| settings.place_of(name));
        findings
    }
}

/// Who decides about the requests of each site whose clients a header tells.
fn header_gates(
    settings: &Settings,
    tls: &TlsContext,
    services: &mut [SiteService],
    lasting: &Lasting,
) -> (Arc<HeaderGates>, Vec<(String, Arc<HeaderGate>)>) {
    let mut gates = Vec::new();
    let sites = settings.sites.iter().zip(services).enumerate();
    for (number, (site, service)) in sites {
        if let Some(judge) = tls.judge(number) {
            let gate = HeaderGate {
                trusted: settings.trusted_proxies.clone(),
                judge: judge.clone(),
            };
            service.by_header = Some(lasting.header_gates.of(&site.id()));
            gates.push((site.id(), Arc::new(gate)));
        }
    }
    (lasting.header_gates.clone(), gates)
}
