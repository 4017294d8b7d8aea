//! Results that other runs wrote, for comparison.

use std::path::Path;

use super::result::{BenchResult, FORMAT};

/// A file that is no result.
#[derive(Debug, thiserror::Error)]
pub enum CompareFault {
    /// Not readable.
    #[error("can't be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// Not what `--format json` writes.
    #[error("not a result of `certgate bench --format json`: {0}")]
    NoResult(#[from] serde_json::Error),
    /// Written by another version.
    #[error("a result of format {0}; this certgate reads format {FORMAT}")]
    OtherFormat(u32),
}

/// Reads what `--format json` wrote.
pub fn read(path: &Path) -> Result<BenchResult, CompareFault> {
    let result: BenchResult = serde_json::from_slice(&std::fs::read(path)?)?;
    match result.format {
        FORMAT => Ok(result),
        other => Err(CompareFault::OtherFormat(other)),
    }
}
