//! What happens to listeners.

use std::io;
use std::path::Path;

use tracing::warn;

/// The file of a unix socket couldn't be removed. The next start replaces it.
pub fn socket_left(path: &Path, error: &io::Error) {
    warn!(
        event = "socket_left",
        path = %path.display(),
        error = error.to_string(),
        "the socket's file can't be removed"
    );
}
