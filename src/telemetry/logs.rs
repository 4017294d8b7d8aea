//! Where log lines go: stdout, one event a line.
//!
//! Through a bounded queue and a thread of its own: a reader that stops (a throttled log driver, a
//! full pipe) must not stop the gateway. What doesn't fit is dropped and counted.

use std::io::IsTerminal;
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt;

use crate::config::values::{LogFormat, LogLevel};

/// Lines that may wait; at a few hundred bytes each some megabytes.
const QUEUE: usize = 16 * 1024;

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// Starts logging for the process. Lines that wait are written when the guard is dropped.
pub fn start(format: LogFormat, level: LogLevel) -> WorkerGuard {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(QUEUE)
        .lossy(true)
        .thread_name("certgate-log")
        .finish(std::io::stdout());
    let _ = DROPPED.set(writer.error_counter());
    let terminal = std::io::stdout().is_terminal();
    let lines = fmt()
        .with_max_level(level)
        .with_target(false)
        .with_writer(writer)
        // They would go to stderr, and panic where that is closed.
        .log_internal_errors(false);
    let text = match format {
        LogFormat::Json => false,
        LogFormat::Text => true,
        LogFormat::Auto => terminal,
    };
    // An error says that logging has been started before, which is what was asked for.
    let _ = if text {
        tracing::subscriber::set_global_default(lines.with_ansi(terminal).finish())
    } else {
        tracing::subscriber::set_global_default(lines.json().flatten_event(true).finish())
    };
    guard
}

/// Lines that were dropped since the start, because stdout wasn't read.
pub fn dropped_lines() -> u64 {
    DROPPED
        .get()
        .map_or(0, |counter| counter.dropped_lines() as u64)
}
