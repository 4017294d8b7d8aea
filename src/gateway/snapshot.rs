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
use crate::access::routes::Routes;
use crate::config::networks::Networks;
use crate::config::proxy_protocol::ProxyProtocol;
use crate::config::{Settings, Site, Times};
use crate::findings::Findings;
use crate::http::health::Health;
use crate::http::plain::PlainView;
use crate::inventory::Inventory;
use crate::limits::Limits;
use crate::net::proxy_protocol::ProxyHeaders;
use crate::telemetry::Telemetry;
use crate::tls::context::{Shared, SiteParts};
use crate::tls::revocation::Crl;
use crate::tls::{Credentials, TicketSecret, TlsContext};
use crate::upstream::checks::Wanted;

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
    /// Of the sites whose clients a header tells, by [`Site::id`].
    header_gates: Vec<(String, Arc<HeaderGate>)>,
    /// The upstreams that readiness depends on.
    checks: Wanted,
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
    pub(super) fn build(
        inputs: &Inputs,
        lasting: &Lasting,
        before: Option<&Snapshot>,
    ) -> Result<Self, Findings> {
        let (settings, telemetry) = (&inputs.settings, &lasting.telemetry);
        let mut findings = Findings::default();
        lasting.lists.pin();
        let routes = findings
            .note(routes::of_sites(settings))
            .unwrap_or_default();
        let sites = settings.sites.iter().zip(&inputs.credentials);
        let sites: Vec<_> = sites
            .map(|(site, credentials)| SiteInputs::gather(site, credentials, lasting, before))
            .collect();
        let shared = Shared {
            secret: inputs.ticket_secret.as_ref().unwrap_or(&lasting.secret),
            statuses: &lasting.statuses,
            answers_health: settings.health.is_some(),
        };
        let tls = match routes.is_empty() {
            // What is wrong with them was said.
            true => findings.note(TlsContext::check(&settings.tls)).and(None),
            false => tls(settings, &sites, &routes, &shared, &mut findings),
        };
        let limits = Limits::new(&settings.limits, &lasting.limits, telemetry);
        let health = settings.health.clone().map(|settings| {
            let readiness = lasting.readiness.clone();
            Arc::new(Health::new(settings, readiness, telemetry.clone()))
        });
        let common = Common {
            settings,
            credentials: &inputs.credentials,
            telemetry,
            limits: &limits,
            health: &health,
            inventory: &lasting.inventory,
        };
        let services = findings.note(services(&common, &routes, before));
        let (Some(tls), Some((mut services, contents)), true) =
            (tls, services, findings.is_empty())
        else {
            findings.locate(|name| settings.place_of(name));
            return Err(findings);
        };
        let number = 1 + lasting.snapshots.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            header_gates: header_gates(settings, &tls, &mut services, &lasting.header_gates),
            plain: plain::view(&services, settings, &health, telemetry),
            checks: ready::wanted(settings),
            door: Door::new(&settings.overload, &limits, lasting),
            limits,
            health,
            tls,
            sites: services,
            contents,
            status: sites.iter().map(SiteInputs::status).collect(),
            stapling: sites.into_iter().flat_map(|site| site.stapling).collect(),
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
            terms: Terms::of(settings, &routes, number),
            open: lasting.open.clone(),
        })
    }

    pub(super) fn stapling(&self) -> &[Stapling] {
        &self.stapling
    }

    /// Begins what goes on for as long as the snapshot lives, or one that follows it. Needs a tokio
    /// runtime.
    pub(super) fn begin(&self, lasting: &Lasting) {
        for stapling in &self.stapling {
            stapling.begin();
        }
        lasting.header_gates.replace(&self.header_gates);
        lasting.checks.follow(&self.checks);
    }

    /// Everything that `build` would complain about without credentials.
    pub(super) fn rehearse(settings: &Settings, telemetry: &Arc<Telemetry>) -> Findings {
        let mut findings = Findings::default();
        findings.note(TlsContext::check(&settings.tls));
        let routes = findings
            .note(routes::of_sites(settings))
            .unwrap_or_default();
        let common = Common {
            settings,
            credentials: &[],
            telemetry,
            limits: &None,
            health: &None,
            inventory: &Arc::default(),
        };
        findings.note(services(&common, &routes, None));
        findings.locate(|name| settings.place_of(name));
        findings
    }
}

/// What one site's part of a snapshot is made of.
struct SiteInputs<'a> {
    site: &'a Site,
    credentials: &'a Credentials,
    /// Those of files and of URLs; `None` if none are looked at.
    crls: Option<Vec<Arc<Crl>>>,
    candidate: Option<shadow::Parts>,
    /// Of each of the server's certificates.
    stapling: Vec<Stapling>,
}

impl<'a> SiteInputs<'a> {
    fn gather(
        site: &'a Site,
        credentials: &'a Credentials,
        lasting: &Lasting,
        before: Option<&Snapshot>,
    ) -> Self {
        let identities = credentials.identities.iter();
        let stapling =
            identities.map(|identity| Stapling::of(site, credentials, identity, lasting, before));
        let of_files = credentials.crls.clone();
        Self {
            site,
            credentials,
            crls: lasting.lists.beside(of_files, &site.settings.crls),
            candidate: shadow::parts(site, credentials, &lasting.lists),
            stapling: stapling.collect(),
        }
    }

    fn status(&self) -> SiteStatus {
        let (crls, candidate) = (self.crls.as_deref(), self.candidate.as_ref());
        SiteStatus::of(self.site, self.credentials, crls, candidate)
    }
}

/// What decides in handshakes. Where a candidate can't be made, it is found out without one what else is wrong.
fn tls(
    settings: &Settings,
    sites: &[SiteInputs<'_>],
    routes: &[Arc<Routes>],
    shared: &Shared<'_>,
    findings: &mut Findings,
) -> Option<TlsContext> {
    let shadows = sites
        .iter()
        .map(|of| shadow::build(of.site, of.candidate.as_ref()));
    let shadows: Option<Vec<_>> = findings.note(shadows.collect());
    let mut shadows = shadows.into_iter().flatten();
    let parts = sites.iter().zip(routes).map(|(of, routes)| SiteParts {
        credentials: of.credentials,
        crls: of.crls.clone(),
        admission: routes.clone(),
        shadow: shadows.next().flatten(),
        stapled: of.stapling.iter().map(|one| one.stapled.clone()).collect(),
    });
    findings.note(TlsContext::build(settings, parts.collect(), shared))
}

/// Who decides about the requests of each site whose clients a header tells. From now on these sites' services ask
/// what is current there.
fn header_gates(
    settings: &Settings,
    tls: &TlsContext,
    services: &mut [SiteService],
    current: &HeaderGates,
) -> Vec<(String, Arc<HeaderGate>)> {
    let mut gates = Vec::new();
    let sites = settings.sites.iter().zip(services).enumerate();
    for (number, (site, service)) in sites {
        if let Some(judge) = tls.judge(number) {
            let gate = HeaderGate {
                trusted: settings.trusted_proxies.clone(),
                judge: judge.clone(),
            };
            service.by_header = Some(current.of(&site.id()));
            gates.push((site.id(), Arc::new(gate)));
        }
    }
    gates
}
