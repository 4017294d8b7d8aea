//! Puts a new snapshot in the place of the old one, or keeps the old one.
//!
//! On SIGHUP, and when files have changed. Everything is read anew and checked as at the start; nothing
//! changes unless all of it is right. Connections that are open keep the snapshot that they began with.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::Service;
use super::snapshot::{Inputs, Snapshot};
use super::watch::Watch;
use crate::config::Settings;
use crate::findings::{Finding, Findings};
use crate::lifecycle::signals::Hangups;
use crate::sighting::Sighting;
use crate::startup::crls::CLIENT_CRL_FILE;
use crate::telemetry::events::reload::{
    ReloadFailed, Reloaded, lists_taken, needs_restart, reload_stalled,
};

/// How often fetched revocation lists are looked for.
const LISTS: Duration = Duration::from_millis(500);
/// How long they wait after they couldn't be taken.
const LISTS_AGAIN: Duration = Duration::from_secs(30);

/// When a look at the files is reported that doesn't end.
const STALLED: Duration = Duration::from_secs(30);

/// Everything that was read at one moment.
pub struct Reading {
    /// Where it was read from, also where nothing was found; each as it was before.
    pub files: Vec<Sighting>,
    /// What a snapshot can be made of, and what is doubtful; or what is wrong.
    pub inputs: Result<(Inputs, Findings), Findings>,
}

/// Reads the configuration anew.
pub type Source = Box<dyn Fn() -> Reading + Send>;

/// What a gateway reloads from.
pub struct Reloading {
    /// Reads everything.
    pub source: Source,
    /// What the gateway was started with.
    pub inputs: Inputs,
    /// Where that was read from, as in [`Reading`].
    pub files: Vec<Sighting>,
    /// What was doubtful about it, and was logged.
    pub doubts: Findings,
    /// Asks for it.
    pub hangups: Hangups,
}

/// Reloads for ever. Must be spawned.
pub(super) async fn run(reloading: Reloading, service: Arc<Service>) {
    let interval = reloading.inputs.settings.reload_interval;
    let mut hangups = reloading.hangups;
    let mut reader = Reader {
        source: reloading.source,
        watch: Watch::default(),
    };
    reader.watch.take(reloading.files);
    let reader = Arc::new(Mutex::new(reader));
    let reloader = Reloader {
        started_with: reloading.inputs.settings.clone(),
        inputs: reloading.inputs,
        doubts: reloading.doubts,
        lists_not_before: None,
        service: service.clone(),
    };
    let reloader = Arc::new(Mutex::new(reloader));
    // A clock that never ticks is an easy way not to look.
    let period = match interval.is_zero() {
        true => Duration::from_secs(86_400),
        false => interval,
    };
    let mut clock = tokio::time::interval(period);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock.tick().await;
    let mut lists = tokio::time::interval(LISTS);
    lists.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reading: Option<InReading> = None;
    let mut asked = false;
    loop {
        tokio::select! {
            () = hangups.next() => asked = true,
            read = InReading::finished(&mut reading) => {
                if let Some((reading, cause, began)) = read {
                    let apply = move |reloader: &mut Reloader| reloader.reload(reading, cause, began);
                    in_background(&reloader, apply).await;
                }
            }
            _ = lists.tick() => {
                if service.lasting.lists.have_changed() {
                    in_background(&reloader, Reloader::take_lists).await;
                }
                if let Some(reading) = &mut reading {
                    reading.complain();
                }
            }
            _ = clock.tick(), if !interval.is_zero() && reading.is_none() => {
                reading = Some(InReading::begin(&reader, "files", Reader::look));
            }
        }
        if asked && reading.is_none() {
            asked = false;
            let read = |reader: &mut Reader| Some(reader.read());
            reading = Some(InReading::begin(&reader, "SIGHUP", read));
        }
    }
}

/// Certificates take a while to check: that must not keep this thread from signals and health checks.
async fn in_background<T: Send + 'static>(
    who: &Arc<Mutex<T>>,
    what: impl FnOnce(&mut T) + Send + 'static,
) {
    let who = who.clone();
    let done = tokio::task::spawn_blocking(move || {
        // A panic was logged; what it left undone is done by the next try.
        what(&mut who.lock().unwrap_or_else(PoisonError::into_inner));
    });
    let _ = done.await;
}

/// Looks at files, and reads them.
struct Reader {
    source: Source,
    watch: Watch,
}

impl Reader {
    fn look(&mut self) -> Option<Reading> {
        self.watch.changed().then(|| self.read())
    }

    fn read(&mut self) -> Reading {
        let reading = (self.source)();
        // Also if it is wrong: a change of these may mend it.
        self.watch.take(reading.files.clone());
        reading
    }
}

/// A look that is under way. A disk may be slow, or not answer at all (NFS, EFS): all else goes on meanwhile.
struct InReading {
    task: JoinHandle<Option<Reading>>,
    cause: &'static str,
    began: Instant,
    complained: bool,
}

impl InReading {
    fn begin(
        reader: &Arc<Mutex<Reader>>,
        cause: &'static str,
        what: impl FnOnce(&mut Reader) -> Option<Reading> + Send + 'static,
    ) -> Self {
        let reader = reader.clone();
        let task = tokio::task::spawn_blocking(move || {
            what(&mut reader.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Self {
            task,
            cause,
            began: Instant::now(),
            complained: false,
        }
    }

    /// What was read, if there was anything to read. Waits for ever where nothing is under way.
    async fn finished(reading: &mut Option<Self>) -> Option<(Reading, &'static str, Instant)> {
        let Some(this) = reading else {
            return std::future::pending().await;
        };
        let read = (&mut this.task).await;
        let (cause, began) = (this.cause, this.began);
        *reading = None;
        Some((read.ok()??, cause, began))
    }

    fn complain(&mut self) {
        if !self.complained && self.began.elapsed() > STALLED {
            self.complained = true;
            reload_stalled(self.cause, self.began.elapsed());
        }
    }
}

struct Reloader {
    started_with: Settings,
    /// What the snapshot in use is made of.
    inputs: Inputs,
    /// What was doubtful at the last reload, or at the start: that is known.
    doubts: Findings,
    /// If fetched lists couldn't be taken: when to try again.
    lists_not_before: Option<Instant>,
    service: Arc<Service>,
}

impl Reloader {
    fn reload(&mut self, reading: Reading, cause: &'static str, began: Instant) {
        let service = self.service.clone();
        let lasting = &service.lasting;
        let mut before = None;
        let built = reading.inputs.and_then(|(inputs, doubts)| {
            let mut lost = lost_lists(&self.inputs, &inputs);
            lost.extend(lost_settings(&self.inputs.settings, &inputs.settings));
            if !lost.is_empty() {
                return Err(lost);
            }
            let missing = lasting.lists.begin_here(&inputs);
            if !missing.is_empty() {
                return Err(missing.as_errors());
            }
            self.put_in_place(&inputs)?;
            Ok((inputs, doubts))
        });
        match built {
            Ok((inputs, doubts)) => {
                needs_restart(&inputs.settings.fixed_differences(&self.started_with));
                before = Some(std::mem::replace(&mut self.inputs, inputs));
                lasting.last_reload.note(cause, "ok", &doubts);
                Reloaded {
                    cause,
                    sites: self.inputs.settings.sites.len(),
                    took: began.elapsed(),
                    doubts: &doubts.without(&self.doubts),
                }
                .emit(&lasting.telemetry);
                self.doubts = doubts;
            }
            Err(findings) => {
                lasting.last_reload.note(cause, "failed", &findings);
                ReloadFailed {
                    cause,
                    findings: &findings,
                }
                .emit(&lasting.telemetry);
            }
        }
        let before = before.as_ref().unwrap_or(&self.inputs);
        lasting.lists.keep_only(&self.inputs, before);
    }

    /// Fetched lists take effect whether or not the files are right at this moment.
    fn take_lists(&mut self) {
        let began = Instant::now();
        if self.lists_not_before.is_some_and(|time| began < time) {
            return;
        }
        let taken = self.put_in_place(&self.inputs);
        self.lists_not_before = taken.is_err().then(|| began + LISTS_AGAIN);
        lists_taken(began.elapsed(), taken.err().as_ref());
    }

    fn put_in_place(&self, inputs: &Inputs) -> Result<(), Findings> {
        let Service { current, lasting } = &*self.service;
        let snapshot = Snapshot::build(inputs, lasting, Some(&current.load()))?;
        snapshot.begin(lasting);
        let number = snapshot.terms.snapshot;
        current.store(Arc::new(snapshot));
        lasting.open.use_snapshot(number);
        lasting.lists.taken();
        Ok(())
    }
}

/// A file that is gone must not let revoked clients in: perhaps somebody is about to put another in its place.
fn lost_lists(before: &Inputs, after: &Inputs) -> Findings {
    let mut findings = Findings::default();
    let old = before.settings.sites.iter().zip(&before.credentials);
    for (site, _) in old.filter(|(_, credentials)| credentials.crls.is_some()) {
        let new = after.settings.sites.iter().zip(&after.credentials);
        let mut same = new.filter(|(new, _)| {
            let (new_crls, crls) = (&new.settings.crls, &site.settings.crls);
            new.id() == site.id()
                && new_crls.sources == crls.sources
                && new_crls.usual == crls.usual
        });
        if same.any(|(_, credentials)| credentials.crls.is_none()) {
            let file = after.settings.certs_dir.join(CLIENT_CRL_FILE);
            findings.push(
                Finding::error(file.display().to_string(), "gone, and clients are held against it")
                    .expected("a revocation list, as before")
                    .advice("Put a list there, an empty one if nobody is revoked; to go without lists, start anew"),
            );
        }
    }
    findings.dedup();
    findings
}

/// An editor, or a full disk, can leave nothing of a file for a while; its rules would be gone with it.
fn lost_settings(before: &Settings, after: &Settings) -> Findings {
    match (&after.file, before.file_is_empty, after.file_is_empty) {
        (Some(file), false, true) => Finding::error(
            file.path.display().to_string(),
            "empty, and something was set in it before",
        )
        .expected("the settings")
        .advice("To go back to the defaults, start anew")
        .into(),
        _ => Findings::default(),
    }
}
