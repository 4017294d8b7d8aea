//! Opens what a path names, and never anything outside the document root.
//!
//! Takes the root and a [`RequestPath`], hands on an open regular file, or why there is none. Blocks.
//!
//! The root is opened anew for each look at the disk (two system calls, 2 to 3 microseconds): when a deployment swaps
//! the directory or the symbolic link that the root's path names, the next look finds the new one. Within it, `cap-std` resolves names with `openat2(RESOLVE_BENEATH)`, or step by step on kernels without it, so
//! that symbolic links that stay beneath the root are followed (Kubernetes mounts ConfigMaps through `..data`) and no
//! other, and no race can change that.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};

use super::path::RequestPath;

/// The file that stands for a directory (nginx: `index`).
const INDEX: &str = "index.html";

/// What a path names.
#[derive(Debug)]
pub(super) enum Found {
    /// A regular file.
    File(OpenFile),
    /// A directory that was asked for without its closing slash.
    DirectoryWithoutSlash,
    /// A directory without an index.
    NoIndex,
}

/// A regular file, open for reading.
#[derive(Debug)]
pub(super) struct OpenFile {
    /// The file.
    pub file: File,
    /// The state that it was in when it was opened.
    pub stamp: Stamp,
    /// Its path as asked for, with the index's name: the media type goes by it.
    pub path: String,
}

/// What tells one state of a file from another. Whatever is done to a file sets its ctime, which no program can set
/// back: writing, truncating, renaming, a change of owner or permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The file system, and the file in it.
    file: (u64, u64),
    /// In bytes.
    pub size: u64,
    /// The last change of the content, in seconds since 1970 and nanoseconds.
    pub mtime: (i64, i64),
    /// The last change of any kind, likewise.
    pub ctime: (i64, i64),
}

impl Stamp {
    /// The state that `file` is in now.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|metadata| Self::from(&metadata))
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.len(),
            mtime: (metadata.mtime(), metadata.mtime_nsec()),
            ctime: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Why nothing is sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    /// There is nothing, or nothing that is served: no regular file, a link out of the root or in a circle.
    #[error("nothing of that name")]
    NotFound,
    /// The file's permissions keep it from certgate.
    #[error("permission denied")]
    Forbidden,
    /// Anything else: out of file descriptors, an I/O error.
    #[error(transparent)]
    Failed(io::Error),
}

/// Looks up a path beneath the directory `root`.
pub(super) fn find(root: &Path, wanted: &RequestPath) -> Result<Found, OpenError> {
    let dir = match Dir::open_ambient_dir(root, ambient_authority()).map_err(OpenError::of) {
        // A root that isn't there yet, or not at this moment, is like an empty one.
        Err(OpenError::NotFound) if wanted.is_root() => return Ok(Found::NoIndex),
        opened => opened?,
    };
    let root = Root { path: root, dir };
    if wanted.is_directory() {
        return root.index_of(wanted);
    }
    let (file, metadata) = root.open(wanted.relative()).map_err(OpenError::of)?;
    if metadata.is_dir() {
        return Ok(Found::DirectoryWithoutSlash);
    }
    regular(file, metadata, wanted.relative().to_owned())
}

struct Root<'a> {
    path: &'a Path,
    dir: Dir,
}

impl Root<'_> {
    fn index_of(&self, wanted: &RequestPath) -> Result<Found, OpenError> {
        let index = wanted.child(INDEX);
        match self.open(&index).map_err(OpenError::of) {
            Ok((file, metadata)) => regular(file, metadata, index),
            Err(OpenError::NotFound) if self.has_directory(wanted.relative()) => Ok(Found::NoIndex),
            Err(error) => Err(error),
        }
    }

    fn has_directory(&self, relative: &str) -> bool {
        let opened = self.open(relative);
        opened.is_ok_and(|(_, metadata)| metadata.is_dir())
    }

    fn open(&self, relative: &str) -> io::Result<(File, Metadata)> {
        let file = match self.open_beneath(relative) {
            Err(error) if leads_out(&error) => self.open_by_absolute_link(relative, error)?,
            result => result?,
        };
        let metadata = file.metadata()?;
        Ok((file, metadata))
    }

    fn open_beneath(&self, relative: impl AsRef<Path>) -> io::Result<File> {
        let mut options = OpenOptions::new();
        // A FIFO without a writer would hold the thread for ever, a terminal could become ours.
        options
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
        let file = self.dir.open_with(relative, &options)?;
        Ok(file.into_std())
    }

    /// An absolute link leads out of the root even if it leads back in: nginx serves those. Where it ends is worked out
    /// by path, and opened beneath the root again, so that a link that changes meanwhile gains nothing.
    fn open_by_absolute_link(&self, relative: &str, refused: io::Error) -> io::Result<File> {
        let root = self.path.canonicalize()?;
        let end = root.join(relative).canonicalize()?;
        match end.strip_prefix(&root) {
            Ok(inside) if inside.as_os_str().is_empty() => self.open_beneath("."),
            Ok(inside) => self.open_beneath(inside),
            Err(_) => Err(refused),
        }
    }
}

fn regular(file: File, metadata: Metadata, path: String) -> Result<Found, OpenError> {
    if !metadata.is_file() {
        return Err(OpenError::NotFound);
    }
    Ok(Found::File(OpenFile {
        stamp: Stamp::from(&metadata),
        file,
        path,
    }))
}

/// cap-std's own error, told from the kernel's by having no number.
fn leads_out(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

impl OpenError {
    fn of(error: io::Error) -> Self {
        match error.raw_os_error() {
            // ENXIO: a socket, or a FIFO opened in a way that it doesn't take. ENODEV: a device without a driver.
            Some(
                libc::ENOENT
                | libc::ENOTDIR
                | libc::ELOOP
                | libc::ENAMETOOLONG
                | libc::ENXIO
                | libc::ENODEV,
            ) => Self::NotFound,
            Some(libc::EACCES | libc::EPERM) => Self::Forbidden,
            None if leads_out(&error) => Self::NotFound,
            _ => Self::Failed(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart() {
        let of = |number| OpenError::of(io::Error::from_raw_os_error(number));
        for number in [libc::ENOENT, libc::ENOTDIR, libc::ELOOP, libc::ENAMETOOLONG] {
            assert!(matches!(of(number), OpenError::NotFound), "{number}");
        }
        assert!(matches!(of(libc::EACCES), OpenError::Forbidden));
        for number in [libc::EMFILE, libc::EIO] {
            assert!(matches!(of(number), OpenError::Failed(_)), "{number}");
        }
        let no_number = OpenError::of(io::ErrorKind::UnexpectedEof.into());
        assert!(matches!(no_number, OpenError::Failed(_)));
    }
}
