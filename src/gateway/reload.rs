//! Puts a new snapshot in the place of the old one, or keeps the old one.
//!
//! On SIGHUP, and when files have changed. Everything is read anew and checked as at the start; nothing
//! changes unless all of it is right. Connections that are open keep the snapshot that they began with.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use super::Service;
use super::snapshot::{Inputs, Snapshot};
use super::watch::Watch;
use crate::config::Settings;
use crate::findings::Findings;
use crate::lifecycle::signals::Hangups;
use crate::sighting::Sighting;
use crate::telemetry::Telemetry;
use crate::telemetry::events::reload::{ReloadFailed, Reloaded, lists_taken, needs_restart};

/// How often fetched revocation lists are looked for.
const LISTS: Duration = Duration::from_millis(500);
/// How long they wait after they couldn't be taken.
const LISTS_AGAIN: Duration = Duration::from_secs(30);

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
pub(super) async fn run(reloading: Reloading, service: Arc<Service>, telemetry: Arc<Telemetry>) {
    let interval = reloading.inputs.settings.reload_interval;
    let mut hangups = reloading.hangups;
    let mut reloader = Reloader {
        source: reloading.source,
        started_with: reloading.inputs.settings.clone(),
        inputs: reloading.inputs,
        doubts: reloading.doubts,
        watch: Watch::default(),
        lists_not_before: None,
        service: service.clone(),
        telemetry,
    };
    reloader.watch.take(reloading.files);
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
    loop {
        tokio::select! {
            () = hangups.next() => {
                in_background(&reloader, |reloader| reloader.reload("SIGHUP")).await;
            }
            _ = lists.tick() => {
                if service.lasting.lists.have_changed() {
                    in_background(&reloader, Reloader::take_lists).await;
                }
            }
            _ = clock.tick(), if !interval.is_zero() => {
                in_background(&reloader, Reloader::look).await;
            }
        }
    }
}

/// Files may be on a slow disk, and certificates take a while to check: neither must keep this thread
/// from signals and health checks.
async fn in_background(
    reloader: &Arc<Mutex<Reloader>>,
    what: impl FnOnce(&mut Reloader) + Send + 'static,
) {
    let reloader = reloader.clone();
    let done = tokio::task::spawn_blocking(move || {
        // A panic was logged; what it left undone is done by the next try.
        what(&mut reloader.lock().unwrap_or_else(PoisonError::into_inner));
    });
    let _ = done.await;
}

struct Reloader {
    source: Source,
    started_with: Settings,
    /// What the snapshot in use is made of.
    inputs: Inputs,
    /// What was doubtful at the last reload, or at the start: that is known.
    doubts: Findings,
    watch: Watch,
    /// If fetched lists couldn't be taken: when to try again.
    lists_not_before: Option<Instant>,
    service: Arc<Service>,
    telemetry: Arc<Telemetry>,
}

impl Reloader {
    fn look(&mut self) {
        if self.watch.changed() {
            self.reload("files");
        }
    }

    fn reload(&mut self, cause: &'static str) {
        let began = Instant::now();
        let reading = (self.source)();
        // Also if it is wrong: a change of these may mend it.
        self.watch.take(reading.files);
        let mut before = None;
        let built = reading.inputs.and_then(|(inputs, doubts)| {
            let missing = self.service.lasting.lists.begin_here(&inputs);
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
                Reloaded {
                    cause,
                    sites: self.inputs.settings.sites.len(),
                    took: began.elapsed(),
                    doubts: &doubts.without(&self.doubts),
                }
                .emit(&self.telemetry);
                self.doubts = doubts;
            }
            Err(findings) => ReloadFailed {
                cause,
                findings: &findings,
            }
            .emit(&self.telemetry),
        }
        let before = before.as_ref().unwrap_or(&self.inputs);
        self.service.lasting.lists.keep_only(&self.inputs, before);
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
        let before = self.service.current.load();
        let snapshot = Snapshot::build(inputs, &self.service.lasting, Some(&before))?;
        snapshot.begin();
        self.service.current.store(Arc::new(snapshot));
        self.service.lasting.lists.taken();
        Ok(())
    }
}
