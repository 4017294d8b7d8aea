//! The signals that end the process.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM, as ECS and Kubernetes send it, and SIGINT, as a terminal does. As PID 1 a process gets
/// neither unless it asked for them.
pub struct StopSignals {
    term: Signal,
    int: Signal,
}

impl StopSignals {
    /// Asks for the signals. Needs a tokio runtime.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
        })
    }

    /// The name of the next one.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.term.recv() => "SIGTERM",
            _ = self.int.recv() => "SIGINT",
        }
    }
}
