//! The signals that end the process, and the one that asks for a reload.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM, as ECS and Kubernetes send it, and SIGINT, as a terminal does. As PID 1 a process gets
/// neither unless it asked for them.
pub struct StopSignals {
    term: Signal,
    int: Signal,
    /// Of a command of a terminal, whose end it tells; to servers it means "reload".
    hangup: Option<Hangups>,
}

/// SIGHUP, which ends a process that doesn't ask for it.
pub struct Hangups(Signal);

impl Hangups {
    /// Asks for the signal. Needs a tokio runtime.
    pub fn new() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// Returns when it comes.
    pub async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            // There will be no more.
            std::future::pending().await
        }
    }
}

impl StopSignals {
    /// Asks for the signals. Needs a tokio runtime. With `hangup` that signal, too, is one to stop at.
    pub fn new(hangup: Option<Hangups>) -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hangup,
        })
    }

    /// The name of the next one.
    pub async fn next(&mut self) -> &'static str {
        let Self { term, int, hangup } = self;
        let hung_up = async {
            match hangup {
                Some(hangup) => hangup.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = term.recv() => "SIGTERM",
            _ = int.recv() => "SIGINT",
            () = hung_up => "SIGHUP",
        }
    }
}
