//! Who may come in at each site, and ask for what.

use std::sync::Arc;

use crate::access::routes::Routes;
use crate::access::rules::Rules;
use crate::config::proxy_protocol::ProxyProtocol;
use crate::config::site::WrittenRules;
use crate::config::{Settings, Site};
use crate::findings::{Finding, Findings};

/// For each site, or everything that is wrong with them and with their candidates.
pub(super) fn of_sites(settings: &Settings) -> Result<Vec<Arc<Routes>>, Findings> {
    let mut findings = Findings::default();
    let rules = settings.sites.iter().map(|site| {
        let rules = Routes::read(&site.settings)?;
        match settings.proxy_protocol == ProxyProtocol::Off && rules.need_endpoint() {
            true => Err(no_endpoints(site)),
            false => Ok(rules),
        }
    });
    let rules = rules.filter_map(|rules| findings.note(rules).map(Arc::new));
    let rules = rules.collect();
    let candidates = settings.sites.iter();
    for shadow in candidates.filter_map(|site| site.settings.shadow.as_ref()) {
        findings.note(Rules::read(&shadow.candidate));
    }
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
