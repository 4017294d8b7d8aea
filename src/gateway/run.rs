//! From the first connection to the last: accepting, and ending in order.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use humantime::format_duration;
use tokio::net::TcpListener;
use tracing::{info, warn};

use super::closing;
use super::lasting::Lasting;
use super::memory;
use super::ports::Beside;
use super::reload::{self, Reloading};
use super::status::Statuses;
use super::workers::Workers;
use super::{Gateway, Service};
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
        let Self {
            ports,
            service,
            workers,
        } = self;
        let lasting = &service.lasting;
        let lifecycle = Lifecycle::start();
        lasting.readiness.observe(lifecycle.observer());
        // Ahead of the admin port: what it tells must be true from its first answer on.
        service.current.load().begin(lasting);
        serve_beside(ports.beside, &service, &lifecycle)?;
        tokio::spawn(closing::run(service.clone()));
        tokio::spawn(memory::run(lasting.telemetry.clone()));
        let member = lifecycle.member();
        let _workers = Workers::start(workers, &ports.listeners, &service, &member)?;
        // From here on the workers have the listeners alone.
        drop((ports.listeners, member));
        if let Some(reloading) = reloading {
            tokio::spawn(reload::run(reloading, service.clone()));
        }
        let signal = signals.next().await;
        let times = service.current.load().times;
        let [delay, timeout] =
            [times.drain_delay, times.drain].map(|time| format_duration(time).to_string());
        info!(event = "draining", signal, delay, timeout, "draining");
        tokio::select! {
            () = drain(lifecycle, ports.files, &times, lasting) => {}
            signal = signals.next() => {
                let connections = connections_open(&lasting.telemetry);
                warn!(event = "stopped", signal, connections, "second signal: connections in flight are cut");
            }
        }
        Ok(())
    }
}

/// Begins to answer on the ports that aren't for clients. The admin port answers to the very end.
fn serve_beside(beside: Beside, service: &Arc<Service>, lifecycle: &Lifecycle) -> io::Result<()> {
    let Lasting {
        readiness,
        telemetry,
        ..
    } = &service.lasting;
    if let Some(listener) = beside.admin {
        let admin = Admin {
            telemetry: telemetry.clone(),
            readiness: readiness.clone(),
            reporter: Box::new(Statuses {
                service: service.clone(),
                observer: lifecycle.observer(),
                started: unix_now(),
            }),
        };
        tokio::spawn(Arc::new(admin).serve(TcpListener::from_std(listener)?));
    }
    if let Some(listener) = beside.redirect {
        let service = service.clone();
        let redirect = Redirect {
            telemetry: telemetry.clone(),
            health: Box::new(move || service.current.load().health.clone()),
        };
        let listener = TcpListener::from_std(listener)?;
        tokio::spawn(Arc::new(redirect).serve(listener, lifecycle.member()));
    }
    Ok(())
}

async fn drain(lifecycle: Lifecycle, files: Vec<SocketFile>, times: &Times, lasting: &Lasting) {
    let telemetry = &lasting.telemetry;
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
    closing::close_all(&lasting.open);
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
