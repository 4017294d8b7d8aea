//! The revocation lists that come from URLs: kept while somebody asks for them, read once.
//!
//! Takes what the settings name, hands on parsed lists. A list that isn't signed by the client CA of its
//! issuer's name is none: whoever stands between us and the server must not take the good one away.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use openssl::x509::X509;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::snapshot::Inputs;
use crate::config::values::CrlSource;
use crate::fetch::Url;
use crate::findings::{Finding, Findings};
use crate::kept::{CRL_CACHE, Keeper, Latest, Source, Span, Terms, Version};
use crate::startup::crls;
use crate::telemetry::Telemetry;
use crate::tls::revocation::{Crl, Signature};

/// All of them.
pub struct Lists {
    kept: Mutex<Vec<Kept>>,
    /// The client CAs of now: what comes is held against them.
    authorities: Arc<ArcSwap<Vec<X509>>>,
    telemetry: Arc<Telemetry>,
}

/// One URL. Its keeper ends when this is dropped.
struct Kept {
    url: Url,
    latest: Latest,
    /// The newest version that was asked for, read.
    read: Option<(Arc<Version>, Vec<Arc<Crl>>)>,
}

impl Lists {
    /// None yet.
    pub fn new(telemetry: Arc<Telemetry>) -> Self {
        Self {
            kept: Mutex::default(),
            authorities: Arc::default(),
            telemetry,
        }
    }

    /// Begins to keep what the inputs name and isn't kept yet. Returns when there is a version of each,
    /// from the disk or fetched, or when it was tried once. What is still missing is a finding. Must be
    /// called in a runtime that lives as long as the process.
    pub async fn begin(&self, inputs: &Inputs) -> Findings {
        let authorities = inputs.credentials.iter().flat_map(|c| &c.client_ca);
        let authorities: Vec<X509> = authorities.cloned().collect();
        self.authorities.store(Arc::new(authorities));
        let mut trying = JoinSet::new();
        for (url, place) in urls(inputs) {
            if self.lock().iter().any(|kept| kept.url == *url) {
                continue;
            }
            let (mut keeper, latest) =
                Keeper::load(self.source(url, inputs), self.telemetry.clone());
            let kept = Kept {
                url: url.clone(),
                latest: latest.clone(),
                read: None,
            };
            self.lock().push(kept);
            let (url, place) = (url.clone(), place.to_owned());
            trying.spawn(async move {
                keeper.first_try().await;
                tokio::spawn(keeper.run());
                let nothing = latest.borrow().is_none();
                nothing.then(|| missing(&url, place))
            });
        }
        let mut findings = Findings::default();
        while let Some(tried) = trying.join_next().await {
            if let Ok(Some(finding)) = tried {
                findings.push(finding);
            }
        }
        findings
    }

    /// The same from a thread that may wait.
    pub fn begin_here(&self, inputs: &Inputs) -> Findings {
        Handle::current().block_on(self.begin(inputs))
    }

    /// Ends what the inputs don't name any more.
    pub fn keep_only(&self, inputs: &Inputs) {
        self.lock()
            .retain(|kept| urls(inputs).any(|(url, _)| *url == kept.url));
    }

    /// Whether there is a newer version of any than was asked for.
    pub fn have_changed(&self) -> bool {
        self.lock().iter().any(|kept| {
            let latest = kept.latest.borrow();
            let read = kept.read.as_ref().map(|(version, _)| version);
            !same(latest.as_ref(), read)
        })
    }

    /// The lists of a URL; none before its first version.
    pub fn of(&self, url: &Url) -> Vec<Arc<Crl>> {
        let mut all = self.lock();
        let Some(kept) = all.iter_mut().find(|kept| kept.url == *url) else {
            return Vec::new();
        };
        let latest = kept.latest.borrow().clone();
        let Some(latest) = latest else {
            return Vec::new();
        };
        match &kept.read {
            Some((version, lists)) if Arc::ptr_eq(version, &latest) => lists.clone(),
            _ => {
                // It was checked when it came.
                let lists = crls::of_bytes(url, &latest.bytes).unwrap_or_default();
                kept.read = Some((latest, lists.clone()));
                lists
            }
        }
    }

    fn source(&self, url: &Url, inputs: &Inputs) -> Source {
        let (authorities, name) = (self.authorities.clone(), url.clone());
        Source {
            name: url.host().to_owned(),
            url: url.clone(),
            directory: directory(inputs),
            validate: Arc::new(move |bytes| {
                let lists = crls::of_bytes(&name, bytes)?;
                span(&lists, &authorities.load())
            }),
            terms: Terms::lists(refresh(inputs)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn same(one: Option<&Arc<Version>>, other: Option<&Arc<Version>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

/// Each with the place where it was written; sites may share them.
fn urls(inputs: &Inputs) -> impl Iterator<Item = (&Url, &str)> {
    let settings = inputs.settings.sites.iter().map(|site| &site.settings.crls);
    settings.flat_map(|crls| {
        let urls = crls.sources.iter().filter_map(|source| match source {
            CrlSource::Url(url) => Some(url),
            CrlSource::File(_) => None,
        });
        urls.map(|url| (url, crls.place.as_str()))
    })
}

fn directory(inputs: &Inputs) -> PathBuf {
    inputs.settings.certs_dir.join(CRL_CACHE)
}

fn refresh(inputs: &Inputs) -> Duration {
    inputs.settings.crl_refresh
}

/// The times of several lists of one URL: as old as the oldest, over when the first is.
fn span(lists: &[Arc<Crl>], authorities: &[X509]) -> Result<Span, String> {
    for list in lists {
        let mut named = authorities
            .iter()
            .filter(|ca| list.is_named_for(ca))
            .peekable();
        // An intermediate that clients send may have issued it: then it is checked when one does.
        let is_known = named.peek().is_some();
        if is_known && named.all(|ca| list.signature(ca) != Signature::Good) {
            return Err("it isn't signed by the client CA of its issuer's name".to_owned());
        }
    }
    let this_update = lists.iter().map(|list| list.this_update()).min();
    let next_update = lists.iter().map(|list| list.in_force().end).min();
    Ok(Span {
        this_update: this_update.ok_or("no revocation list")?,
        next_update: next_update.filter(|end| *end != i64::MAX),
    })
}

fn missing(url: &Url, place: String) -> Finding {
    Finding::warning(place, format!("no revocation list from {url} yet"))
        .advice("The log line crl_fetched says why; it is tried again and again. Until then, --crl-policy decides about the clients of its issuer")
}
