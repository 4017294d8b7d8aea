//! The routes, as the report shows them.

use std::fmt;

use serde::Serialize;

use crate::config::values::ClientAuth;
use crate::config::{RouteSettings, Settings, Site};

/// One route of one site.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteReport {
    /// `/admin` for a prefix, `= /healthz` for an exact path.
    pub route: String,
    /// The site's first name; empty for that of all other connections.
    pub site: String,
    /// Whether a client certificate is needed.
    pub client_auth: String,
    /// Its own rules.
    pub allow: Vec<String>,
    /// Its own rules.
    pub deny: Vec<String>,
    /// What is there.
    pub content: String,
}

/// Those of all sites, in the order of the settings.
pub fn routes(settings: &Settings) -> Vec<RouteReport> {
    let sites = settings.sites.iter();
    sites
        .flat_map(|site| {
            let routes = site.settings.routes.iter();
            routes.map(move |route| report(site, route))
        })
        .collect()
}

fn report(site: &Site, route: &RouteSettings) -> RouteReport {
    let own = route.client_auth.map(ClientAuth::from);
    let content = route.content.as_ref();
    RouteReport {
        route: route.path.to_string(),
        site: site.id(),
        client_auth: own.unwrap_or(site.settings.client_auth).to_string(),
        allow: route.allow.rules.clone(),
        deny: route.deny.rules.clone(),
        content: content.unwrap_or(&site.settings.content).to_string(),
    }
}

impl fmt::Display for RouteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.site.as_str() {
            "" => writeln!(f, "route {}", self.route)?,
            site => writeln!(f, "route {} (of site {site})", self.route)?,
        }
        let mut line = |key: &str, value: &str| writeln!(f, "  {key:<9} {value}");
        line("client", &format!("certificate {}", self.client_auth))?;
        for (key, rules) in [("allow", &self.allow), ("deny", &self.deny)] {
            rules.iter().try_for_each(|rule| line(key, rule))?;
        }
        line("content", &self.content)
    }
}
