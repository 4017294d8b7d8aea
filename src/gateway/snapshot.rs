//! Everything that can change while the gateway runs, in one immutable piece.
//!
//! Takes [`Inputs`], hands on a [`Snapshot`]. A connection sees one for its life; a reload builds
//! another and puts it in the place of the old one, or doesn't.

use std::path::Path;
use std::sync::Arc;

use super::lists::Lists;
use super::stapling::Stapling;

use crate::access::rules::Rules;
use crate::config::proxy_protocol::ProxyProtocol;
use crate::config::site::WrittenRules;
use crate::config::sources::CrlSource;
use crate::config::values::{ClientAuth, UnknownSni};
use crate::config::{ContentSettings, Settings, Site, Times};
use crate::findings::{Finding, Findings};
use crate::http::misdirected::Hosts;
use crate::http::proxy::Proxy;
use crate::http::service::{Content, HttpServer};
use crate::http::static_files::{OpenRootError, StaticFiles};
use crate::identity::headers::IdentityHeaders;
use crate::net::proxy_protocol::ProxyHeaders;
use crate::telemetry::Telemetry;
use crate::tls::context::{Shared, SiteParts};
use crate::tls::ocsp::Statuses;
use crate::tls::revocation::Crl;
use crate::tls::{Credentials, TicketSecret, TlsContext};
use crate::tunnel::Announcement;
use crate::upstream::Upstreams;

/// What a snapshot is made of.
pub struct Inputs {
    /// What the operator wrote.
    pub settings: Settings,
    /// For each of the settings' sites.
    pub credentials: Vec<Credentials>,
    /// What tickets are sealed with, if the operator says so.
    pub ticket_secret: Option<TicketSecret>,
}

/// What outlives a snapshot, and what all of them share.
pub struct Lasting {
    /// Of this process's own: tickets resume across reloads.
    pub secret: TicketSecret,
    /// What responders said of clients' certificates.
    pub statuses: Arc<Statuses>,
    /// The revocation lists that come from URLs.
    pub lists: Lists,
    /// Where events go.
    pub telemetry: Arc<Telemetry>,
}

impl Lasting {
    /// Nothing yet.
    ///
    /// # Errors
    /// If there are no random numbers.
    pub fn new(telemetry: Arc<Telemetry>) -> Result<Self, Findings> {
        let secret = TicketSecret::random()
            .map_err(|error| Findings::from(Finding::error("ticket keys", error.to_string())))?;
        Ok(Self {
            secret,
            statuses: Arc::new(Statuses::new(telemetry.clone())),
            lists: Lists::new(telemetry.clone()),
            telemetry,
        })
    }
}

/// What becomes of an accepted connection.
pub struct Snapshot {
    pub(super) tls: TlsContext,
    /// The number that a handshake tells is the place in here.
    pub(super) sites: Vec<SiteService>,
    stapling: Vec<Stapling>,
    /// `None` where connections begin with TLS.
    pub(super) proxy_headers: Option<ProxyHeaders>,
    pub(super) telemetry: Arc<Telemetry>,
    /// What is as long as the settings say.
    pub(super) times: Times,
}

/// What the connections of one site get.
pub(super) struct SiteService {
    pub client_auth: ClientAuth,
    pub rules: Arc<Rules>,
    pub behind: Behind,
    /// What a tunnel's upstream is told; of the certificates that only a snapshot has.
    pub announcement: Option<Arc<Announcement>>,
    /// What `behind` was made of.
    made_of: (ContentSettings, Times),
}

#[derive(Clone)]
pub(super) enum Behind {
    Http(Arc<HttpServer>),
    Tunnel(Arc<Upstreams>),
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
        let rules = findings.note(rules(settings)).unwrap_or_default();
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
        let sites = inputs
            .credentials
            .iter()
            .zip(&settings.sites)
            .zip(&stapling);
        let sites = sites.zip(&rules);
        let parts = sites.map(|(((credentials, site), stapling), rules)| SiteParts {
            credentials,
            crls: crls(site, credentials, &lasting.lists),
            admission: rules.clone(),
            stapled: stapling.iter().map(|one| one.stapled.clone()).collect(),
        });
        let shared = Shared {
            secret: inputs.ticket_secret.as_ref().unwrap_or(&lasting.secret),
            statuses: &lasting.statuses,
        };
        let tls = match rules.len() == settings.sites.len() {
            true => findings.note(TlsContext::build(settings, parts.collect(), &shared)),
            // What is wrong with them was said.
            false => findings.note(TlsContext::check(&settings.tls)).and(None),
        };
        let mut sites = findings.note(services(settings, &rules, telemetry, before));
        let announced = settings.sites.iter().zip(&inputs.credentials);
        for (service, (site, credentials)) in sites.iter_mut().flatten().zip(announced) {
            let version = site.settings.upstream_proxy_protocol;
            let announcement = Announcement::new(version, &credentials.identities);
            service.announcement = announcement.map(Arc::new);
        }
        match (tls, sites) {
            (Some(tls), Some(sites)) if findings.is_empty() => Ok(Self {
                tls,
                sites,
                stapling: stapling.into_iter().flatten().collect(),
                proxy_headers: ProxyHeaders::new(
                    settings.proxy_protocol,
                    &settings.trusted_proxies,
                    telemetry,
                ),
                telemetry: telemetry.clone(),
                times: settings.times,
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
    }

    /// Everything that `build` would complain about without credentials.
    pub fn rehearse(settings: &Settings, telemetry: &Arc<Telemetry>) -> Findings {
        let mut findings = Findings::default();
        findings.note(TlsContext::check(&settings.tls));
        let rules = findings.note(rules(settings)).unwrap_or_default();
        findings.note(services(settings, &rules, telemetry, None));
        findings.locate(|name| settings.place_of(name));
        findings
    }
}

/// Those of files and those of URLs.
fn crls(site: &Site, credentials: &Credentials, lists: &Lists) -> Option<Vec<Arc<Crl>>> {
    let mut crls = credentials.crls.clone()?;
    for source in &site.settings.crls.sources {
        if let CrlSource::Url(url) = source {
            crls.extend(lists.of(url));
        }
    }
    Some(crls)
}

fn rules(settings: &Settings) -> Result<Vec<Arc<Rules>>, Findings> {
    let mut findings = Findings::default();
    let rules = settings.sites.iter().map(|site| {
        let rules = Rules::read(&site.settings)?;
        match settings.proxy_protocol == ProxyProtocol::Off && rules.need_endpoint() {
            true => Err(no_endpoints(site)),
            false => Ok(rules),
        }
    });
    let rules = rules.filter_map(|rules| findings.note(rules).map(Arc::new));
    let rules = rules.collect();
    // What sites share is wrong once.
    findings.dedup();
    match findings.is_empty() {
        true => Ok(rules),
        false => Err(findings),
    }
}

fn no_endpoints(site: &Site) -> Findings {
    let has_them = |rules: &&WrittenRules| rules.rules.iter().any(|rule| rule.contains("vpce:"));
    let lists = [&site.settings.deny, &site.settings.allow];
    let place = lists
        .into_iter()
        .find(has_them)
        .map_or("allow", |rules| &rules.place);
    Finding::error(place, "a rule over vpce:, and proxy-protocol is off")
        .expected("proxy-protocol required or auto")
        .advice("Only a PROXY header says which VPC endpoint a client comes in by: no rule over it would match anybody")
        .into()
}

fn services(
    settings: &Settings,
    rules: &[Arc<Rules>],
    telemetry: &Arc<Telemetry>,
    before: Option<&Snapshot>,
) -> Result<Vec<SiteService>, Findings> {
    let mut findings = Findings::default();
    let names = Arc::new(settings.server_names.clone());
    let mut services: Vec<SiteService> = Vec::with_capacity(settings.sites.len());
    let rules = rules
        .iter()
        .cloned()
        .chain(std::iter::repeat_with(Arc::default));
    for ((number, site), rules) in settings.sites.iter().enumerate().zip(rules) {
        let hosts = Hosts {
            names: names.clone(),
            site: number,
            others_are_first: settings.unknown_sni == UnknownSni::Default,
        };
        let known = before.into_iter().flat_map(|before| &before.sites);
        let known = known.chain(&services);
        let made_of = (site.settings.content.clone(), settings.times);
        let same = known.into_iter().find(|service| service.made_of == made_of);
        let behind = match same.map(|service| &service.behind) {
            Some(Behind::Tunnel(upstreams)) => Ok(Behind::Tunnel(upstreams.clone())),
            Some(Behind::Http(server)) => Ok(http(
                server.content.clone(),
                hosts,
                site,
                settings,
                telemetry,
            )),
            // What the site has from the first one has failed there, and was said.
            None if is_said(&settings.sites[..number], site) => continue,
            None => behind(site, hosts, settings, telemetry),
        };
        if let Some(behind) = findings.note(behind) {
            services.push(SiteService {
                client_auth: site.settings.client_auth,
                rules,
                behind,
                announcement: None,
                made_of,
            });
        }
    }
    match findings.is_empty() {
        true => Ok(services),
        false => Err(findings),
    }
}

/// Whether one of these sites has the same content.
fn is_said(before: &[Site], site: &Site) -> bool {
    let content = &site.settings.content;
    before.iter().any(|site| site.settings.content == *content)
}

fn behind(
    site: &Site,
    hosts: Hosts,
    settings: &Settings,
    telemetry: &Arc<Telemetry>,
) -> Result<Behind, Findings> {
    let content = match &site.settings.content {
        ContentSettings::Static { root, is_default } => match StaticFiles::open(root) {
            // Nobody chose it: a first start shows the welcome page.
            Err(OpenRootError::Missing(root)) if *is_default => {
                Content::Files(StaticFiles::at(&root))
            }
            opened => Content::Files(opened.map_err(|error| unusable_root(root, site, &error))?),
        },
        ContentSettings::Proxy(upstreams) => {
            let proxy = Proxy::new(upstreams, &settings.times, telemetry.clone());
            Content::Proxy(Box::new(proxy))
        }
        ContentSettings::Tunnel(upstreams) => {
            let timeout = settings.times.upstream_connect;
            let upstreams = Upstreams::new(upstreams, timeout);
            return Ok(Behind::Tunnel(Arc::new(upstreams)));
        }
    };
    Ok(http(Arc::new(content), hosts, site, settings, telemetry))
}

fn http(
    content: Arc<Content>,
    hosts: Hosts,
    site: &Site,
    settings: &Settings,
    telemetry: &Arc<Telemetry>,
) -> Behind {
    let all = settings.sites.iter().map(|site| &site.settings.identity);
    let identity = IdentityHeaders::new(&site.settings.identity, all);
    Behind::Http(Arc::new(HttpServer {
        content,
        hosts,
        identity: Arc::new(identity),
        header_timeout: settings.times.header,
        telemetry: telemetry.clone(),
    }))
}

fn unusable_root(root: &Path, site: &Site, error: &OpenRootError) -> Findings {
    let place = match site.label.as_str() {
        "" => format!("root {}", root.display()),
        label => format!("root in {label}: {}", root.display()),
    };
    Finding::error(place, error.to_string())
        .advice("Create the directory, mount your content there, or set --root.")
        .into()
}
