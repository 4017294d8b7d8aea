//! What the process must have to be ready.

use super::settings::Reader;
use super::site::{ContentSettings, Site};
use super::values::words;
use crate::findings::Finding;

words! {
    /// Which upstreams must be usable.
    ReadyUpstreams {
        /// None: nobody asks them.
        Off = "off",
        /// One at least of those that take turns.
        Any = "any",
        /// Each of them.
        All = "all",
    }
}

impl Reader<'_> {
    /// Whoever asks for what there isn't may have forgotten it.
    pub(super) fn check_ready(&mut self, sites: &[Site]) {
        let wants = |site: &Site| site.settings.ready_upstreams != ReadyUpstreams::Off;
        let has_some = |site: &Site| contents(site).any(|content| !content.upstreams().is_empty());
        if sites.iter().any(wants) && !sites.iter().any(|site| wants(site) && has_some(site)) {
            let place = self.written("ready-upstreams").place;
            self.findings.push(
                Finding::warning(place, "set, and there is no upstream")
                    .advice("Files need none: leave it out, or set an --upstream."),
            );
        }
    }
}

/// What is behind a site, and behind its routes.
pub fn contents(site: &Site) -> impl Iterator<Item = &ContentSettings> {
    let routes = site.settings.routes.iter();
    let routes = routes.filter_map(|route| route.content.as_ref());
    std::iter::once(&site.settings.content).chain(routes)
}
