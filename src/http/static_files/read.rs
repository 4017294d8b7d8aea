//! Reads of a file by position.

use std::fs::File;
use std::io::{self, IoSliceMut};

use rustix::io::{Errno, ReadWriteFlags, preadv2};

/// What came of a read that doesn't wait.
pub(super) enum AtOnce {
    /// All that was asked for.
    Read(Vec<u8>),
    /// Not all of it is in memory, or the file became shorter: the matter of a read that may wait.
    NotNow,
    /// The file system can't say whether it would wait.
    Never,
}

/// Exactly `count` bytes from position `at`, if the kernel has them all in memory: a hop to a blocking thread and back
/// costs more than to read them.
pub(super) fn read_at_once(file: &File, at: u64, count: u64) -> AtOnce {
    let mut chunk = vec![0; count as usize];
    let buffers = &mut [IoSliceMut::new(&mut chunk)];
    match preadv2(file, buffers, at, ReadWriteFlags::NOWAIT) {
        Ok(read) if read as u64 == count => AtOnce::Read(chunk),
        Ok(_) | Err(Errno::AGAIN | Errno::INTR) => AtOnce::NotNow,
        Err(_) => AtOnce::Never,
    }
}

/// Exactly `count` bytes from position `at`.
///
/// # Errors
/// When they can't be read, or the file is shorter.
pub(super) fn read(file: &File, at: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(count as usize);
    read_into(&mut chunk, file, at, count)?;
    Ok(chunk)
}

/// Appends exactly `count` bytes from position `at`. Needs the room for them in `buffer`. The standard library's
/// `read_at` would have the room zeroed first, each byte to be overwritten at once; rustix takes it as it is.
pub(super) fn read_into(buffer: &mut Vec<u8>, file: &File, at: u64, count: u64) -> io::Result<()> {
    let begin = buffer.len();
    let end = begin + count as usize;
    while buffer.len() < end {
        let offset = at + (buffer.len() - begin) as u64;
        match rustix::io::pread(file, rustix::buffer::spare_capacity(buffer), offset) {
            Ok(0) => return Err(shrunk()),
            Ok(_) => {}
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // The spare room may be larger than asked for, and the file go on.
    buffer.truncate(end);
    Ok(())
}

fn shrunk() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the file became shorter while it was sent",
    )
}
