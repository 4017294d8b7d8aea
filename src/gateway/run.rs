//! From the first connection to the last: accepting, and ending in order.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use humantime::format_duration;
use tokio::net::TcpListener;
use tracing::{info, warn};

use super::Gateway;
use super::closing;
use super::memory;
use super::open::Register;
use super::reload::{self, Reloading};
use super::status::Statuses;
use super::workers::Workers;
use crate::admin::Admin;
use crate::config::Times;
use crate::lifecycle::signals::StopSignals;
use crate::lifecycle::{Lifecycle, Phase};
use crate::net::bind::SocketFile;
use crate::redirect::Redirect;
use crate::telemetry::Telemetry;
use crate::telemetry::events::overload::connections_open;
use crate::tls::verification::unix_now;

/// How often it is looked whether connections still come, at least.
const LOOK: Duration = Duration::from_millis(500);

impl Gateway {
    /// Serves until a stop signal, then drains: `drain-delay` with readiness failing, then without
    /// listeners until everything in flight is done or `drain-timeout` is over. A second signal
    /// ends it at once.
    ///
    /// With `reloading`, what is served is replaced when that asks for it.
    ///
    /// # Errors
    /// If the system has no threads or descriptors for the workers.
    pub async fn run(
        self,
        mut signals: StopSignals,
        reloading: Option<Reloading>,
    ) -> io::Result<()> {
        let lifecycle = Lifecycle::start();
        let readiness = &self.service.lasting.readiness;
        readiness.observe(lifecycle.observer());
        // Ahead of the admin port: what it tells must be true from its first answer on.
        self.service.current.load().begin(&self.service.lasting);
        if let Some(listener) = self.ports.beside.admin {
            let admin = Admin {
                telemetry: self.telemetry.clone(),
                readiness: readiness.clone(),
                reporter: Box::new(Statuses {
                    service: self.service.clone(),
                    observer: lifecycle.observer(),
                    started: unix_now(),
                }),
            };
            tokio::spawn(Arc::new(admin).serve(TcpListener::from_std(listener)?));
        }
        if let Some(listener) = self.ports.beside.redirect {
            let service = self.service.clone();
            let redirect = Redirect {
                health: Box::new(move || service.current.load().health.clone()),
                telemetry: self.telemetry.clone(),
            };
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(Arc::new(redirect).serve(listener, lifecycle.member()));
        }
        let open = self.service.lasting.open.clone();
        tokio::spawn(closing::run(self.service.clone(), self.telemetry.clone()));
        tokio::spawn(memory::run(self.telemetry.clone()));
        let (listeners, files) = (self.ports.listeners, self.ports.files);
        let member = lifecycle.member();
        let _workers = Workers::start(self.workers, &listeners, &self.service, &member)?;
        // From here on the workers have the listeners alone.
        drop((listeners, member));
        if let Some(reloading) = reloading {
            let (service, telemetry) = (self.service.clone(), self.telemetry);
            tokio::spawn(reload::run(reloading, service, telemetry));
        }
        let signal = signals.next().await;
        let times = self.service.current.load().times;
        let (delay, timeout) = (times.drain_delay, times.drain);
        let [delay, timeout] = [delay, timeout].map(|time| format_duration(time).to_string());
        info!(event = "draining", signal, delay, timeout, "draining");
        tokio::select! {
            () = drain(lifecycle, files, &open, &times, &self.service.lasting.telemetry) => {}
            signal = signals.next() => {
                let connections = connections_open(&self.service.lasting.telemetry);
                warn!(event = "stopped", signal, connections, "second signal: connections in flight are cut");
            }
        }
        Ok(())
    }
}

async fn drain(
    lifecycle: Lifecycle,
    files: Vec<SocketFile>,
    open: &Register,
    times: &Times,
    telemetry: &Telemetry,
) {
    lifecycle.enter(Phase::Draining);
    tokio::select! {
        () = tokio::time::sleep(times.drain_delay) => {}
        () = quiet(times.drain_quiet, telemetry) => info!(
            event = "quiet", quiet = format_duration(times.drain_quiet).to_string(),
            "no connection has come for so long: closing the listeners"
        ),
    }
    // First, so that nobody else connects: who has is served. And a successor may have the path from now on.
    drop(files);
    lifecycle.enter(Phase::Closing);
    let timeout = times.drain;
    closing::close_all(open);
    match tokio::time::timeout(timeout, lifecycle.finished()).await {
        Ok(()) => info!(event = "stopped", "everything in flight is done"),
        Err(_) => {
            warn!(
                event = "stopped",
                timeout = format_duration(timeout).to_string(),
                connections = connections_open(telemetry),
                "drain timeout is over: connections in flight are cut"
            );
        }
    }
}

/// Returns once no connection has come for so long; never, if that is no time.
async fn quiet(time: Duration, telemetry: &Telemetry) {
    if time.is_zero() {
        return std::future::pending().await;
    }
    let look = (time / 10).min(LOOK);
    let (mut seen, mut since) = (telemetry.metrics.connections_of_clients(), Instant::now());
    while since.elapsed() < time {
        tokio::time::sleep(look).await;
        let now = telemetry.metrics.connections_of_clients();
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
    }
}
