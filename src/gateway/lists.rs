//! The revocation lists that come from URLs: kept while somebody asks for them, read once.
//!
//! Takes what the settings name, hands on parsed lists. What takes the place of a version is judged by
//! [`successor`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use openssl::x509::X509;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::snapshot::Inputs;
use super::successor;
use crate::config::site::CrlSettings;
use crate::config::sources::CrlSource;
use crate::fetch::Url;
use crate::findings::{Finding, Findings};
use crate::kept::{CRL_CACHE, Keeper, Latest, Source, Terms, Unfit, Version};
use crate::startup::crls;
use crate::telemetry::Telemetry;
use crate::tls::revocation::Crl;
use crate::tls::verification::unix_now;

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
    /// What is sent here makes the keeper fetch at once.
    terms: watch::Sender<Terms>,
    refresh: Duration,
    read: Read,
    /// The version whose lists are handed out.
    given: Option<Arc<Version>>,
    /// The one that is in use.
    taken: Option<Arc<Version>>,
}

/// Lists that were read, by the bytes that they were read from: they may have megabytes.
#[derive(Clone, Default)]
struct Read(Arc<Mutex<Vec<BytesAndLists>>>);

type BytesAndLists = (Bytes, Vec<Arc<Crl>>);

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
        // Until these inputs are in use, or aren't, what comes may be of the CAs of before.
        let before = self.authorities.load_full();
        let both = before.iter().cloned().chain(authorities(inputs));
        self.authorities.store(Arc::new(both.collect()));
        let mut trying = JoinSet::new();
        for (url, place) in urls(inputs) {
            if self.lock().iter().any(|kept| kept.url == *url) {
                continue;
            }
            let refresh = inputs.settings.crl_refresh;
            let (terms, watched) = watch::channel(Terms::lists(refresh));
            let read = Read::default();
            let source = self.source(url, inputs, watched, read.clone());
            let (mut keeper, latest) = Keeper::load(source, self.telemetry.clone());
            let kept = Kept {
                url: url.clone(),
                latest: latest.clone(),
                terms,
                refresh,
                read,
                given: None,
                taken: None,
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

    /// Ends what the inputs, which are in use, don't name any more. From now on, what comes is held against
    /// their CAs; if these have changed, what is kept is fetched anew.
    pub fn keep_only(&self, inputs: &Inputs, before: &Inputs) {
        let (now, refresh) = (authorities(inputs), inputs.settings.crl_refresh);
        let same = now.iter().eq(authorities(before).iter());
        self.authorities.store(Arc::new(now));
        let mut all = self.lock();
        all.retain(|kept| urls(inputs).any(|(url, _)| *url == kept.url));
        for kept in all
            .iter_mut()
            .filter(|kept| !same || kept.refresh != refresh)
        {
            kept.refresh = refresh;
            kept.terms.send_replace(Terms::lists(refresh));
        }
    }

    /// Whether there is a newer version of any than is in use.
    pub fn have_changed(&self) -> bool {
        self.lock()
            .iter()
            .any(|kept| !same(kept.latest.borrow().as_ref(), kept.taken.as_ref()))
    }

    /// From now on, [`of`](Self::of) tells of the versions of this moment: all sites get the same.
    pub fn pin(&self) {
        for kept in self.lock().iter_mut() {
            kept.given.clone_from(&kept.latest.borrow());
        }
    }

    /// What was pinned is in use.
    pub fn taken(&self) {
        for kept in self.lock().iter_mut() {
            kept.taken.clone_from(&kept.given);
        }
    }

    /// The lists of a URL; none before its first version.
    pub fn of(&self, url: &Url) -> Vec<Arc<Crl>> {
        let all = self.lock();
        let Some(kept) = all.iter().find(|kept| kept.url == *url) else {
            return Vec::new();
        };
        let (read, given) = (kept.read.clone(), kept.given.clone());
        // Reading may take a while.
        drop(all);
        // It was checked when it came.
        let lists = given.map(|version| read.lists(url, &version.bytes));
        lists.and_then(Result::ok).unwrap_or_default()
    }

    /// Those of files, if any are looked at, and those of the settings' URLs.
    pub(super) fn beside(
        &self,
        files: Option<Vec<Arc<Crl>>>,
        settings: &CrlSettings,
    ) -> Option<Vec<Arc<Crl>>> {
        let mut crls = files?;
        for source in &settings.sources {
            if let CrlSource::Url(url) = source {
                crls.extend(self.of(url));
            }
        }
        Some(crls)
    }

    fn source(
        &self,
        url: &Url,
        inputs: &Inputs,
        terms: watch::Receiver<Terms>,
        read: Read,
    ) -> Source {
        let (authorities, from) = (self.authorities.clone(), url.clone());
        Source {
            // Several may be of one host.
            name: url.to_string(),
            url: url.clone(),
            directory: inputs.settings.certs_dir.join(CRL_CACHE),
            validate: Arc::new(move |bytes, before| {
                let lists = read.lists(&from, bytes).map_err(Unfit::Invalid)?;
                let before = before.map(|version| &version.bytes);
                let old = before.map(|bytes| read.lists(&from, bytes));
                let old = old.and_then(Result::ok).unwrap_or_default();
                let judged = successor::judge(&lists, &old, &authorities.load(), unix_now());
                // What won't be asked for any more.
                read.keep(match &judged {
                    Ok(_) => [Some(bytes), before],
                    Err(_) => [None, before],
                });
                judged
            }),
            terms,
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
    let sites = inputs.settings.sites.iter();
    let settings = sites.flat_map(|site| {
        let shadow = site.settings.shadow.as_ref();
        let candidate = shadow.map(|shadow| &shadow.candidate.crls);
        std::iter::once(&site.settings.crls).chain(candidate)
    });
    settings.flat_map(|crls| {
        let urls = crls.sources.iter().filter_map(|source| match source {
            CrlSource::Url(url) => Some(url),
            CrlSource::File(_) => None,
        });
        urls.map(|url| (url, crls.place.as_str()))
    })
}

fn authorities(inputs: &Inputs) -> Vec<X509> {
    let all = inputs.credentials.iter().flat_map(|c| {
        let candidate = c.candidate.client_ca.iter().flatten();
        c.client_ca.iter().chain(candidate)
    });
    all.cloned().collect()
}

impl Read {
    fn lists(&self, url: &Url, bytes: &Bytes) -> Result<Vec<Arc<Crl>>, String> {
        let known = |all: &[BytesAndLists]| {
            let mut all = all.iter();
            all.find(|(read, _)| is_same(read, bytes))
                .map(|(_, lists)| lists.clone())
        };
        if let Some(lists) = known(&self.lock()) {
            return Ok(lists);
        }
        let lists = crls::of_bytes(url, bytes)?;
        self.lock().push((bytes.clone(), lists.clone()));
        Ok(lists)
    }

    fn keep(&self, wanted: [Option<&Bytes>; 2]) {
        self.lock()
            .retain(|(read, _)| wanted.into_iter().flatten().any(|b| is_same(read, b)));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<BytesAndLists>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same memory: who has it keeps it from being used for something else.
fn is_same(one: &Bytes, other: &Bytes) -> bool {
    (one.as_ptr(), one.len()) == (other.as_ptr(), other.len())
}

fn missing(url: &Url, place: String) -> Finding {
    Finding::warning(place, format!("no revocation list from {url} yet"))
        .advice("The log line fetch_failed says why; it is tried again and again. Until then, --crl-policy decides about the clients of its issuer")
}
