//! A file as it was seen at one moment, so that a later look can tell whether it is still the same.
//!
//! Taken *before* the file is read: what changes meanwhile is seen later.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A path, and what was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The path.
    pub path: PathBuf,
    /// `None` if nothing can be seen of it.
    state: Option<State>,
}

/// What tells one state of a file from another: whatever is done to a file sets its ctime, and another
/// file in its place is another inode.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    file: (u64, u64),
    size: u64,
    mtime: (i64, i64),
    ctime: (i64, i64),
}

impl Sighting {
    /// Looks now. Where the links lead, not at the links. Blocks.
    pub fn of(path: &Path) -> Self {
        let metadata = std::fs::metadata(path).ok();
        let state = metadata.map(|metadata| State {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            mtime: (metadata.mtime(), metadata.mtime_nsec()),
            ctime: (metadata.ctime(), metadata.ctime_nsec()),
        });
        Self {
            path: path.to_owned(),
            state,
        }
    }
}
