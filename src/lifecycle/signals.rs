//! The signals that end the process.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::warn;

/// SIGTERM, as ECS and Kubernetes send it, and SIGINT, as a terminal does. As PID 1 a process gets
/// neither unless it asked for them.
pub struct StopSignals {
    term: Signal,
    int: Signal,
    hangup: Signal,
    hangup_stops: bool,
}

impl StopSignals {
    /// Asks for the signals. Needs a tokio runtime. SIGHUP, which ends a process that doesn't ask for
    /// it, stops only a command of a terminal: to servers it means "reload".
    pub fn new(hangup_stops: bool) -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            hangup_stops,
        })
    }

    /// The name of the next one.
    pub async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.term.recv() => return "SIGTERM",
                _ = self.int.recv() => return "SIGINT",
                _ = self.hangup.recv() => {
                    if self.hangup_stops {
                        return "SIGHUP";
                    }
                    warn!(event = "no_reload", "SIGHUP: this version doesn't reload; start it anew");
                }
            }
        }
    }
}
