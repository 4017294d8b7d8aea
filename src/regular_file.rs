//! Reads a file of the operator's: a regular one, bounded.
//!
//! What is no regular file (a pipe that nobody writes to, a device) could be waited for without an end, by a start or by
//! a reload. A leaf.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use zeroize::Zeroizing;

/// The bytes, `limit` of them at most: who has that many has not all of them, perhaps. Blocks.
///
/// # Errors
/// What the system says, and [`ErrorKind::InvalidInput`] for what is no regular file.
pub fn read(path: &Path, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    // Opening a pipe waits for its other end, but for this.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        let words = "it is no regular file, but a pipe or a device";
        return Err(io::Error::new(ErrorKind::InvalidInput, words));
    }
    let size = metadata.len().min(limit);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1));
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_and_only_so_much() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "content").unwrap();
        assert_eq!(*read(&file, 100).unwrap(), b"content");
        assert_eq!(*read(&file, 3).unwrap(), b"con");
        let kind = |path: &Path| read(path, 100).unwrap_err().kind();
        assert_eq!(kind(dir.path()), ErrorKind::IsADirectory);
        assert_eq!(kind(Path::new("/dev/null")), ErrorKind::InvalidInput);
        assert_eq!(kind(&dir.path().join("none")), ErrorKind::NotFound);
        let pipe = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert_eq!(kind(&pipe), ErrorKind::InvalidInput);
    }
}
