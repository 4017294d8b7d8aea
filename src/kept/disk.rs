//! Versions on the disk: one file for each URL.

use std::fs::{DirBuilder, DirEntry, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use openssl::sha::sha256;

use crate::fetch::Url;

const PREFIX: &str = ".certgate-";
const SUFFIX: &str = ".tmp";

/// The version that was written last, of at most `size` bytes.
pub fn read(directory: &Path, url: &Url, size: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path(directory, url))?;
    let mut bytes = Vec::new();
    file.take(size as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.len() > size {
        true => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("more than {size} bytes"),
        )),
        false => Ok(bytes),
    }
}

/// Puts a version in the place of the one that is there: whole, or not at all.
pub fn write(directory: &Path, url: &Url, bytes: &[u8]) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let mut temporary = tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        .tempfile_in(directory)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary
        .persist(path(directory, url))
        .map_err(|e| e.error)?;
    // The rename itself.
    File::open(directory)?.sync_all()
}

/// Removes what a run left that was killed between writing and renaming.
pub fn tidy(directory: &Path) {
    // Without a directory there is nothing to remove.
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) && is_old(&entry) {
            // What can't be removed takes room, and is in nobody's way.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// What is younger may be being written at this moment, for another URL or by another process.
fn is_old(entry: &DirEntry) -> bool {
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|time| {
        time.elapsed()
            .is_ok_and(|age| age > Duration::from_secs(600))
    })
}

/// The name tells nothing of the URL, which may hold a secret.
pub fn path(directory: &Path, url: &Url) -> PathBuf {
    let digest = sha256(url.secret_text().as_bytes());
    let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    directory.join(name)
}
