//! Which upstreams readiness depends on.

use crate::config::ready::{ReadyUpstreams, contents};
use crate::config::{ContentSettings, Settings};
use crate::upstream::checks::{Service, Wanted};

/// Those of all sites and routes whose settings say so.
pub(super) fn wanted(settings: &Settings) -> Wanted {
    let mut services = Vec::new();
    for site in &settings.sites {
        let needs_all = match site.settings.ready_upstreams {
            ReadyUpstreams::Off => continue,
            ReadyUpstreams::Any => false,
            ReadyUpstreams::All => true,
        };
        let upstreams = contents(site).map(ContentSettings::upstreams);
        for upstreams in upstreams.filter(|upstreams| !upstreams.is_empty()) {
            let addresses = upstreams.iter().map(|upstream| upstream.address.clone());
            let service = Service {
                addresses: addresses.collect(),
                needs_all,
            };
            // Sites share what they don't have themselves.
            if !services.contains(&service) {
                services.push(service);
            }
        }
    }
    Wanted {
        services,
        interval: settings.ready_check_interval,
        timeout: settings.times.upstream_connect,
    }
}
