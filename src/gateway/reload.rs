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
use crate::telemetry::events::reload::{ReloadFailed, Reloaded, needs_restart};

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
    pub settings: Settings,
    /// Where that was read from, as in [`Reading`].
    pub files: Vec<Sighting>,
    /// What was doubtful about it, and was logged.
    pub doubts: Findings,
    /// Asks for it.
    pub hangups: Hangups,
}

/// Reloads for ever. Must be spawned.
pub(super) async fn run(reloading: Reloading, service: Arc<Service>, telemetry: Arc<Telemetry>) {
    let interval = reloading.settings.reload_interval;
    let mut hangups = reloading.hangups;
    let mut reloader = Reloader {
        source: reloading.source,
        started_with: reloading.settings,
        doubts: reloading.doubts,
        watch: Watch::default(),
        service,
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
    loop {
        tokio::select! {
            () = hangups.next() => {
                in_background(&reloader, |reloader| reloader.reload("SIGHUP")).await;
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
    /// What was doubtful at the last reload, or at the start: that is known.
    doubts: Findings,
    watch: Watch,
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
        let built = reading.inputs.and_then(|(inputs, doubts)| {
            let before = self.service.current.load();
            let snapshot = Snapshot::build(
                &inputs,
                &self.service.secret,
                &self.telemetry,
                Some(&before),
            )?;
            Ok((snapshot, inputs.settings, doubts))
        });
        match built {
            Ok((snapshot, settings, doubts)) => {
                self.service.current.store(Arc::new(snapshot));
                Reloaded {
                    cause,
                    sites: settings.sites.len(),
                    took: began.elapsed(),
                    doubts: &doubts.without(&self.doubts),
                }
                .emit(&self.telemetry);
                self.doubts = doubts;
                needs_restart(&settings.fixed_differences(&self.started_with));
            }
            Err(findings) => ReloadFailed {
                cause,
                findings: &findings,
            }
            .emit(&self.telemetry),
        }
    }
}
