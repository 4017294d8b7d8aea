//! Files that are fetched again and again: lists of revoked certificates from a URL.
//!
//! A [`Keeper`] holds the newest good version of one URL: from the disk at the start, fetched before it is over,
//! written to the disk again. Whoever uses it reads [`Latest`], whose value changes. What comes is checked by a
//! function of the user's; what is no good, older than what is there, or over while that isn't, changes nothing.
//! A leaf: it fetches, and knows nothing of lists.

mod disk;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::watch;

use crate::fetch::pace::Pace;
use crate::fetch::{self, Answer, FetchError, Limits, Request, Url, Validators};
use crate::telemetry::Telemetry;
use crate::telemetry::fetching::{self, KeptFetched};

/// The directory below `--certs-dir` for lists of revoked certificates.
pub const CRL_CACHE: &str = "crl-cache";

/// When a version was made, and when the next one will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// In seconds since 1970.
    pub this_update: i64,
    /// In seconds since 1970; `None` if it doesn't say.
    pub next_update: Option<i64>,
}

/// Whether bytes are what is wanted, and no older than the version that is there; or what is wrong with them.
pub type Validate = Arc<dyn Fn(&Bytes, Option<&Version>) -> Result<Span, Unfit> + Send + Sync>;

/// Why bytes don't take the place of what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// In words.
    Invalid(String),
    /// They are of an earlier time.
    Older,
}

/// What to keep.
pub struct Source {
    /// What it is called in metrics and log lines. Bounded by the configuration.
    pub name: String,
    /// Where it comes from.
    pub url: Url,
    /// Where it is kept. Made if it isn't there.
    pub directory: PathBuf,
    /// What is good.
    pub validate: Validate,
    /// What it may cost. When that is sent anew, even if it is the same, it is fetched at once and as if
    /// for the first time.
    pub terms: watch::Receiver<Terms>,
}

/// The bounds of fetching one thing again and again.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// When to fetch again.
    pub pace: Pace,
    /// Of one fetch.
    pub limits: Limits,
    /// How long a start may wait for the first version.
    pub first: Duration,
}

impl Terms {
    /// For lists of revoked certificates, fetched at least as often as `most`.
    pub fn lists(most: Duration) -> Self {
        Self {
            pace: Pace {
                least: Duration::from_secs(60).min(most),
                most,
                retry: Duration::from_secs(1),
                retry_most: Duration::from_secs(300),
            },
            limits: Limits {
                time: Duration::from_secs(60),
                size: 64 * 1024 * 1024,
            },
            first: Duration::from_secs(10),
        }
    }
}

/// A good version.
#[derive(Debug, PartialEq, Eq)]
pub struct Version {
    /// As it came.
    pub bytes: Bytes,
    /// Its times.
    pub span: Span,
}

/// The newest good version; `None` before the first.
pub type Latest = watch::Receiver<Option<Arc<Version>>>;

/// Keeps one source.
pub struct Keeper {
    source: Source,
    latest: watch::Sender<Option<Arc<Version>>>,
    /// How to ask whether there is another version than the newest.
    known: Validators,
    failures: u32,
    /// Until the next fetch.
    pause: Duration,
    telemetry: Arc<Telemetry>,
}

/// Why a fetch brought nothing.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("what came isn't usable: {0}")]
    Invalid(String),
    #[error("the time of what came is over, that of what is there isn't")]
    Worse,
    #[error("what came is older than what is there: a server that is behind, or a replay")]
    Older,
    #[error("what came is the newest there is, and its time is over")]
    Over,
}

impl Fault {
    fn label(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.label(),
            Self::Invalid(_) => "invalid",
            Self::Older => "older",
            Self::Over | Self::Worse => "over",
        }
    }
}

impl From<Unfit> for Fault {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Invalid(words) => Self::Invalid(words),
            Unfit::Older => Self::Older,
        }
    }
}

impl Keeper {
    /// Begins with the version on the disk, if there is a good one.
    pub fn load(source: Source, telemetry: Arc<Telemetry>) -> (Self, Latest) {
        disk::tidy(&source.directory);
        let size = source.terms.borrow().limits.size;
        let found = disk::read(&source.directory, &source.url, size).and_then(|bytes| {
            let bytes = Bytes::from(bytes);
            let span = (source.validate)(&bytes, None)
                .map_err(|unfit| std::io::Error::other(Fault::from(unfit)))?;
            Ok(Arc::new(Version { bytes, span }))
        });
        let found = match found {
            Ok(version) => Some(version),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                fetching::kept_unreadable(&source.name, &source.directory, &error);
                None
            }
        };
        let (latest, receiver) = watch::channel(found);
        let keeper = Self {
            source,
            latest,
            known: Validators::default(),
            failures: 0,
            pause: Duration::ZERO,
            telemetry,
        };
        (keeper, receiver)
    }

    /// If there is no version whose time isn't over, one try to get one, within bounds that a start can wait for.
    pub async fn first_try(&mut self) {
        let is_there = self.latest.borrow().is_some();
        if !is_there || self.left() == Some(Duration::ZERO) {
            let Terms { limits, first, .. } = *self.source.terms.borrow();
            let time = first.min(limits.time);
            self.refresh(Limits { time, ..limits }).await;
        }
    }

    /// Fetches, again and again, until nobody wants to know any more.
    pub async fn run(mut self) {
        let (latest, mut terms) = (self.latest.clone(), self.source.terms.clone());
        let keeping = async {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(self.pause) => {}
                    Ok(()) = terms.changed() => self.known = Validators::default(),
                }
                let limits = self.source.terms.borrow().limits;
                self.refresh(limits).await;
            }
        };
        tokio::select! {
            () = keeping => {}
            // In the middle of a fetch, too.
            () = latest.closed() => {}
        }
        fetching::kept_no_more(&self.source.name, &self.telemetry);
    }

    /// One fetch; sets the pause until the next one.
    async fn refresh(&mut self, limits: Limits) {
        let begun = Instant::now();
        let result = self.fetch(limits).await;
        let pace = self.source.terms.borrow().pace;
        self.pause = match &result {
            Ok(_) => {
                self.failures = 0;
                pace.after_success(self.left())
            }
            Err(_) => {
                self.failures = self.failures.saturating_add(1);
                pace.after_failures(self.failures)
            }
        };
        let latest = self.latest.borrow().clone();
        KeptFetched {
            name: &self.source.name,
            url: &self.source.url,
            result: match &result {
                Ok(changed) => Ok(*changed),
                Err(fault) => Err((fault.label(), fault.to_string())),
            },
            took: begun.elapsed(),
            at: unix_now(),
            next_update: latest.and_then(|latest| latest.span.next_update),
            again_in: self.pause,
        }
        .emit(&self.telemetry);
    }

    /// Whether there is a new version.
    async fn fetch(&mut self, limits: Limits) -> Result<bool, Fault> {
        let request = Request {
            known: self.known.clone(),
            ..Request::get(self.source.url.clone())
        };
        let changed = match fetch::fetch(&request, limits).await? {
            Answer::NotModified => false,
            Answer::Body(bytes, known) => {
                let changed = self.take(bytes).await?;
                self.known = known;
                changed
            }
        };
        match self.left() {
            Some(Duration::ZERO) => Err(Fault::Over),
            _ => Ok(changed),
        }
    }

    async fn take(&self, bytes: Bytes) -> Result<bool, Fault> {
        // A list may have megabytes, and its signature is checked: not on the thread of others.
        let before = self.latest.borrow().clone();
        let (validate, judged, held) =
            (self.source.validate.clone(), bytes.clone(), before.clone());
        let judged = tokio::task::spawn_blocking(move || validate(&judged, held.as_deref())).await;
        let span = judged.unwrap_or_else(|error| Err(Unfit::Invalid(error.to_string())))?;
        if let Some(before) = before {
            if before.bytes == bytes {
                return Ok(false);
            }
            if span.left() == Some(Duration::ZERO) && before.span.left() != Some(Duration::ZERO) {
                return Err(Fault::Worse);
            }
        }
        let (directory, url) = (self.source.directory.clone(), self.source.url.clone());
        let kept = bytes.clone();
        let written = tokio::task::spawn_blocking(move || disk::write(&directory, &url, &kept));
        let written = written
            .await
            .unwrap_or_else(|e| Err(std::io::Error::other(e)));
        if let Err(error) = written {
            // It serves all the same, until the process ends.
            fetching::kept_unwritable(&self.source.name, &self.source.directory, &error);
        }
        let version = Arc::new(Version { bytes, span });
        self.latest.send_replace(Some(version));
        Ok(true)
    }

    /// Until the next version is due.
    fn left(&self) -> Option<Duration> {
        let latest = self.latest.borrow().clone();
        latest?.span.left()
    }
}

impl Span {
    /// Until the next version is due; `None` if it doesn't say when that is.
    fn left(&self) -> Option<Duration> {
        let left = u64::try_from(self.next_update?.saturating_sub(unix_now())).unwrap_or(0);
        Some(Duration::from_secs(left))
    }
}

/// What is on the disk for a URL, of at most `size` bytes.
///
/// # Errors
/// Those of the file system; `NotFound` if there is nothing.
pub fn on_disk(directory: &Path, url: &Url, size: usize) -> std::io::Result<Vec<u8>> {
    disk::read(directory, url, size)
}

fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

#[cfg(test)]
mod tests;
