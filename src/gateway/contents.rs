//! What is behind the sites and their routes: made once for equal settings, and kept across reloads.

use std::path::Path;
use std::sync::Arc;

use crate::config::{ContentSettings, Settings, Site, Times};
use crate::findings::{Finding, Findings};
use crate::http::proxy::Proxy;
use crate::http::service::Content;
use crate::http::static_files::{OpenRootError, StaticFiles};
use crate::telemetry::Telemetry;
use crate::upstream::Upstreams;

/// Everything that a snapshot has behind it.
#[derive(Default)]
pub(super) struct Contents(Vec<Made>);

struct Made {
    of: (ContentSettings, Times),
    /// `None` if it can't be made, which was said.
    content: Option<Kind>,
}

#[derive(Clone)]
pub(super) enum Kind {
    Http(Arc<Content>),
    Tunnel(Arc<Upstreams>),
}

/// What is behind one site and its routes.
pub(super) enum SiteContents {
    /// The site's own, and that of each route.
    Http(Arc<Content>, Vec<Arc<Content>>),
    Tunnel(Arc<Upstreams>),
}

/// What contents are made with.
pub(super) struct Maker<'a> {
    pub settings: &'a Settings,
    pub telemetry: &'a Arc<Telemetry>,
    pub before: Option<&'a Contents>,
}

impl Contents {
    /// `None` if something can't be made; what it is goes to the findings, once.
    pub(super) fn behind(
        &mut self,
        site: &Site,
        maker: &Maker<'_>,
        findings: &mut Findings,
    ) -> Option<SiteContents> {
        let label = site.label.as_str();
        let own = self.note(&site.settings.content, label, maker, findings);
        let routes = site.settings.routes.iter().map(|route| {
            let content = match &route.content {
                Some(content) => self.note(content, &route.label, maker, findings),
                None => own.clone(),
            };
            match content? {
                Kind::Http(content) => Some(content),
                // The settings know none.
                Kind::Tunnel(_) => None,
            }
        });
        // All of them are made, so that all that is wrong is said.
        let routes: Vec<_> = routes.collect();
        match own? {
            Kind::Tunnel(upstreams) => Some(SiteContents::Tunnel(upstreams)),
            Kind::Http(content) => {
                let routes: Option<Vec<_>> = routes.into_iter().collect();
                Some(SiteContents::Http(content, routes?))
            }
        }
    }

    fn note(
        &mut self,
        wanted: &ContentSettings,
        label: &str,
        maker: &Maker<'_>,
        findings: &mut Findings,
    ) -> Option<Kind> {
        let of = (wanted.clone(), maker.settings.times);
        let known = maker.before.into_iter().flat_map(|before| &before.0);
        let mut known = known.chain(&self.0);
        let content = match known.find(|made| made.of == of) {
            Some(made) => made.content.clone(),
            None => findings.note(make(wanted, label, maker)),
        };
        if !self.0.iter().any(|made| made.of == of) {
            let content = content.clone();
            self.0.push(Made { of, content });
        }
        content
    }
}

fn make(wanted: &ContentSettings, label: &str, maker: &Maker<'_>) -> Result<Kind, Findings> {
    let times = &maker.settings.times;
    let content = match wanted {
        ContentSettings::Static { root, is_default } => match StaticFiles::open(root) {
            // Nobody chose it: a first start shows the welcome page.
            Err(OpenRootError::Missing(root)) if *is_default => {
                Content::Files(StaticFiles::at(&root))
            }
            opened => Content::Files(opened.map_err(|error| unusable_root(root, label, &error))?),
        },
        ContentSettings::Proxy(upstreams) => {
            let proxy = Proxy::new(upstreams, times, maker.telemetry.clone());
            Content::Proxy(Box::new(proxy))
        }
        ContentSettings::Tunnel(upstreams) => {
            let upstreams = Upstreams::new(upstreams, times.upstream_connect);
            return Ok(Kind::Tunnel(Arc::new(upstreams)));
        }
    };
    Ok(Kind::Http(Arc::new(content)))
}

fn unusable_root(root: &Path, label: &str, error: &OpenRootError) -> Findings {
    let place = match label {
        "" => format!("root {}", root.display()),
        label => format!("root in {label}: {}", root.display()),
    };
    Finding::error(place, error.to_string())
        .advice("Create the directory, mount your content there, or set --root.")
        .into()
}
