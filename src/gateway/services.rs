//! What the connections of each site get: who may come in, and what is behind.
//!
//! Takes the settings and what all sites share, hands on a [`SiteService`] for each of them.

use std::sync::Arc;

use super::contents::{Contents, Maker, SiteContents};
use super::snapshot::Snapshot;
use crate::access::header::CurrentGate;
use crate::access::routes::{Guarded, Routes};
use crate::config::values::{Refusal, Switch, UnknownSni};
use crate::config::{Settings, Site};
use crate::findings::Findings;
use crate::http::health::Health;
use crate::http::misdirected::Hosts;
use crate::http::service::{Content, HttpServer};
use crate::identity::headers::IdentityHeaders;
use crate::inventory::Inventory;
use crate::limits::Limits;
use crate::telemetry::Telemetry;
use crate::tls::Credentials;
use crate::tunnel::Announcement;
use crate::upstream::Upstreams;

/// What the connections of one site get.
pub(super) struct SiteService {
    /// Who may come in, and ask for what.
    pub routes: Arc<Routes>,
    /// What each request is decided by, if that is how its client is told.
    pub by_header: Option<CurrentGate>,
    pub behind: Behind,
}

pub(super) enum Behind {
    Http(Arc<HttpServer>),
    Tunnel(Tunnel),
}

#[derive(Clone)]
pub(super) struct Tunnel {
    pub upstreams: Arc<Upstreams>,
    /// What they are told, if anything.
    pub announcement: Option<Arc<Announcement>>,
}

/// What the services of all sites have in common.
pub(super) struct Common<'a> {
    pub settings: &'a Settings,
    /// For each of the settings' sites; none in a rehearsal.
    pub credentials: &'a [Credentials],
    pub telemetry: &'a Arc<Telemetry>,
    pub limits: &'a Option<Arc<Limits>>,
    pub health: &'a Option<Arc<Health>>,
    pub inventory: &'a Arc<Inventory>,
}

/// One for each site, and what the next snapshot may keep of them; or everything that is in the way.
pub(super) fn services(
    common: &Common<'_>,
    routes: &[Arc<Routes>],
    before: Option<&Snapshot>,
) -> Result<(Vec<SiteService>, Contents), Findings> {
    let Common {
        settings,
        telemetry,
        ..
    } = *common;
    let mut findings = Findings::default();
    let names = Arc::new(settings.server_names.clone());
    let mut services: Vec<SiteService> = Vec::with_capacity(settings.sites.len());
    let mut contents = Contents::default();
    let maker = Maker {
        settings,
        telemetry,
        before: before.map(|before| &before.contents),
    };
    for (number, site) in settings.sites.iter().enumerate() {
        let hosts = Hosts {
            names: names.clone(),
            site: number,
            others_are_first: settings.unknown_sni == UnknownSni::Default,
        };
        // None where something is wrong with them: that was said.
        let routes = routes.get(number).cloned().unwrap_or_default();
        // What the site has from the first one may have failed there, and was said.
        let Some(behind) = contents.behind(site, &maker, &mut findings) else {
            continue;
        };
        let behind = match behind {
            SiteContents::Tunnel(upstreams) => {
                Behind::Tunnel(tunnel(upstreams, site, common.credentials.get(number)))
            }
            SiteContents::Http(own, of_routes) => {
                let content = Guarded::new(routes.clone(), own, of_routes);
                http(content, hosts, site, common)
            }
        };
        services.push(SiteService {
            routes,
            by_header: None,
            behind,
        });
    }
    match findings.is_empty() {
        true => Ok((services, contents)),
        false => Err(findings),
    }
}

fn tunnel(upstreams: Arc<Upstreams>, site: &Site, credentials: Option<&Credentials>) -> Tunnel {
    let version = site.settings.upstream_proxy_protocol;
    let announcement =
        credentials.and_then(|credentials| Announcement::new(version, &credentials.identities));
    Tunnel {
        upstreams,
        announcement: announcement.map(Arc::new),
    }
}

fn http(content: Guarded<Arc<Content>>, hosts: Hosts, site: &Site, common: &Common<'_>) -> Behind {
    let settings = common.settings;
    let all = settings.sites.iter().map(|site| &site.settings.identity);
    let identity = IdentityHeaders::new(&site.settings.identity, all)
        .with_login(settings.alb_login == Switch::On);
    Behind::Http(Arc::new(HttpServer {
        content,
        refuses_by_page: site.settings.refusal == Refusal::Page,
        health: common.health.clone(),
        hosts,
        identity: Arc::new(identity),
        inventory: common.inventory.clone(),
        limits: common
            .limits
            .clone()
            .filter(|limits| limits.limit_requests()),
        header_timeout: settings.times.header,
        send_timeout: settings.times.send,
        telemetry: common.telemetry.clone(),
    }))
}
