//! Where log lines go: stdout, one event a line.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt;

use crate::config::values::{LogFormat, LogLevel};

/// Starts logging for the process; a second call changes nothing.
pub fn start(format: LogFormat, level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let terminal = std::io::stdout().is_terminal();
    let lines = fmt().with_max_level(level).with_target(false);
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
}
