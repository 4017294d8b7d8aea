//! A file as it is served: its headers made, its content open or in memory.
//!
//! Takes an open file, hands on what `answer` makes a response of. Blocks.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::answer;
use super::budget::Share;
use super::media_type;
use super::open::{OpenFile, Stamp};
use super::read;
use super::validators::Validators;

/// One state of a file, ready to be sent to any number of clients.
#[derive(Debug)]
pub(super) struct Representation {
    /// In bytes.
    pub size: u64,
    /// ETag and Last-Modified.
    pub validators: Validators,
    /// The value of Content-Type.
    pub media_type: HeaderValue,
    /// The headers of the answer with all of it.
    pub headers: HeaderMap,
    /// Where its bytes are.
    pub content: Content,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// On disk.
    File(Arc<File>),
    /// All of them in memory, shared by all who are being sent them.
    Memory(Bytes),
}

impl Representation {
    /// The file as it is, read when it is sent.
    pub(super) fn on_disk(found: OpenFile) -> Self {
        Self::new(found.stamp, &found.path, Content::File(found.file.into()))
    }

    fn new(stamp: Stamp, path: &str, content: Content) -> Self {
        let validators = Validators::new(stamp.mtime.0, stamp.size);
        let media_type = media_type::of(path);
        Self {
            size: stamp.size,
            headers: answer::headers_of_all(&validators, &media_type, stamp.size),
            validators,
            media_type,
            content,
        }
    }
}

/// A file that was read into memory, and what tells whether it still is what is on disk.
#[derive(Debug)]
pub(super) struct Kept {
    /// What is sent.
    pub representation: Representation,
    stamp: Stamp,
    /// Before the file was opened.
    read_at: SystemTime,
}

/// The coarsest clock that a file system sets times by (FAT: 2 seconds; NFS and old ones: 1).
const COARSEST_CLOCK: Duration = Duration::from_secs(2);

impl Kept {
    /// Reads all of it; `None` if it was changed meanwhile, since then it is no one state of the file. `share` is given
    /// back when nobody holds the content any more.
    ///
    /// # Errors
    /// When it can't be read, or became shorter.
    pub(super) fn read(
        found: &OpenFile,
        share: Share,
        read_at: SystemTime,
    ) -> io::Result<Option<Self>> {
        let content = read::read(&found.file, 0, found.stamp.size)?;
        if Stamp::of(&found.file)? != found.stamp {
            return Ok(None);
        }
        let held = Bytes::from_owner(Held {
            content,
            _share: share,
        });
        Ok(Some(Self {
            representation: Representation::new(found.stamp, &found.path, Content::Memory(held)),
            stamp: found.stamp,
            read_at,
        }))
    }

    /// Whether this is what the file holds, without reading it again. When it was read right after it was changed, a
    /// second change within the same tick of the file system's clock would leave no trace: then no stamp is trusted.
    pub(super) fn is_still(&self, stamp: &Stamp) -> bool {
        let settled = system_time(self.stamp.ctime)
            .and_then(|changed| changed.checked_add(COARSEST_CLOCK))
            .is_some_and(|settled| settled < self.read_at);
        settled && self.stamp == *stamp
    }
}

/// The content, and the room that it takes, given back together.
struct Held {
    content: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

/// `None` for what no clock shows.
fn system_time((seconds, nanoseconds): (i64, i64)) -> Option<SystemTime> {
    let nanoseconds = Duration::from_nanos(u64::try_from(nanoseconds).ok()?);
    let seconds = Duration::from_secs(u64::try_from(seconds).ok()?);
    UNIX_EPOCH.checked_add(seconds)?.checked_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::super::budget::Budget;
    use super::*;

    fn kept(after_the_change: Duration) -> (Kept, Stamp) {
        let file = tempfile::tempfile().unwrap();
        let found = OpenFile {
            stamp: Stamp::of(&file).unwrap(),
            file,
            path: "a.txt".into(),
        };
        let read_at = system_time(found.stamp.ctime).unwrap() + after_the_change;
        let share = Budget::new(10).reserve(10).unwrap();
        let kept = Kept::read(&found, share, read_at).unwrap().unwrap();
        (kept, found.stamp)
    }

    #[test]
    fn a_stamp_is_trusted_once_the_file_has_settled() {
        let (settled, stamp) = kept(COARSEST_CLOCK + Duration::from_millis(1));
        assert!(settled.is_still(&stamp));
        let (fresh, stamp) = kept(COARSEST_CLOCK - Duration::from_millis(1));
        assert!(!fresh.is_still(&stamp));
    }

    #[test]
    fn any_other_stamp_is_another_state() {
        let (kept, stamp) = kept(Duration::from_secs(60));
        let changes: [fn(&mut Stamp); 5] = [
            |stamp| stamp.size += 1,
            |stamp| stamp.mtime.0 += 1,
            |stamp| stamp.mtime.1 += 1,
            |stamp| stamp.ctime.0 += 1,
            |stamp| stamp.ctime.1 += 1,
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut changed = stamp;
            change(&mut changed);
            assert!(!kept.is_still(&changed), "change {number}");
        }
    }

    #[test]
    fn what_changes_while_it_is_read_is_not_kept() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(5).unwrap();
        let found = OpenFile {
            stamp: Stamp::of(&file).unwrap(),
            file,
            path: "a.txt".into(),
        };
        found.file.set_len(6).unwrap();
        let share = Budget::new(10).reserve(10).unwrap();
        let read = Kept::read(&found, share, SystemTime::now()).unwrap();
        assert!(read.is_none());
    }
}
