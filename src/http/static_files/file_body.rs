//! The content of a file, or parts of it, as a body.
//!
//! Takes a file's content and what to send of it, hands on a [`Body`]: in memory when it is there or small, otherwise a
//! stream of chunks, each read when the client has room for it, however long the file and however slow the client. What
//! the kernel has in memory is read at once; only what must come from the disk is waited for on a blocking thread.

use std::collections::VecDeque;
use std::fs::File;
use std::future::Future;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use super::read::{AtOnce, read, read_at_once, read_into};
use super::representation::Content;
use crate::http::body::{Body, BoxError};

/// Up to this many bytes, everything is read at once and the file closed before the response begins.
const WHOLE: u64 = 64 * 1024;

/// Bytes read at a time of what is larger.
///
/// It bounds what a client that asks for much and takes nothing can hold: a chunk for each of its HTTP/2 streams.
const CHUNK: u64 = 64 * 1024;

/// A stretch of a body.
#[derive(Debug)]
pub(super) enum Segment {
    /// Bytes that certgate adds, between the parts of a multipart body.
    Text(Bytes),
    /// Bytes of the file, by position.
    File(Range<u64>),
}

impl Segment {
    fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::File(range) => range.end - range.start,
        }
    }
}

/// The length in bytes of a body of these segments.
pub(super) fn length(segments: &[Segment]) -> u64 {
    segments.iter().map(Segment::length).sum()
}

/// Makes the body. Content in memory is shared, never copied. Of a file it reads, and therefore blocks: all of it if it
/// is small, else the first chunk. Later chunks may be read on tokio's blocking threads (the body must be polled within
/// a runtime).
///
/// A file that turns out shorter than its segments is an error here, and later one of the body: the announced length
/// can't be kept, so the connection has to be cut. Bytes appended meanwhile are not sent.
pub(super) fn of(content: &Content, segments: Vec<Segment>) -> io::Result<Body> {
    match content {
        Content::Memory(content) => Ok(shared(content, segments)),
        Content::File(file) => from_disk(file, segments),
    }
}

fn shared(content: &Bytes, segments: Vec<Segment>) -> Body {
    let slice = |range: Range<u64>| content.slice(range.start as usize..range.end as usize);
    if let [Segment::File(range)] = segments.as_slice() {
        return Body::full(slice(range.clone()));
    }
    Body::pieces(segments.into_iter().map(|segment| match segment {
        Segment::Text(text) => text,
        Segment::File(range) => slice(range),
    }))
}

fn from_disk(file: &Arc<File>, segments: Vec<Segment>) -> io::Result<Body> {
    let length = length(&segments);
    if length <= WHOLE {
        return in_memory(file, &segments, length).map(Body::full);
    }
    let mut stream = FileStream {
        file: Arc::clone(file),
        segments: segments.into(),
        next: Next::End,
        left: length,
        at_once: true,
    };
    stream.next = match stream.take_piece() {
        Some(Piece::Text(text)) => Next::Here(text),
        Some(Piece::Read { at, count }) => Next::Here(read(&stream.file, at, count)?.into()),
        None => Next::End,
    };
    Ok(Body::stream(stream))
}

fn in_memory(file: &File, segments: &[Segment], length: u64) -> io::Result<Bytes> {
    let mut whole = Vec::with_capacity(length as usize);
    for segment in segments {
        match segment {
            Segment::Text(text) => whole.extend_from_slice(text),
            Segment::File(range) => {
                read_into(&mut whole, file, range.start, range.end - range.start)?
            }
        }
    }
    Ok(whole.into())
}

/// A file on its way to the client.
struct FileStream {
    file: Arc<File>,
    /// What is not yet being read.
    segments: VecDeque<Segment>,
    /// The next chunk.
    next: Next,
    /// Bytes not yet handed out, for the size hint.
    left: u64,
    /// Whether the file system can say that it would have to wait.
    at_once: bool,
}

enum Next {
    Here(Bytes),
    /// Not begun: nothing is read before the client has room for it.
    Later,
    Reading(JoinHandle<io::Result<Bytes>>),
    End,
}

enum Piece {
    Text(Bytes),
    Read { at: u64, count: u64 },
}

impl FileStream {
    fn take_piece(&mut self) -> Option<Piece> {
        match self.segments.pop_front()? {
            Segment::Text(text) => Some(Piece::Text(text)),
            Segment::File(range) => {
                let count = CHUNK.min(range.end - range.start);
                let rest = range.start + count..range.end;
                if !rest.is_empty() {
                    self.segments.push_front(Segment::File(rest));
                }
                let at = range.start;
                Some(Piece::Read { at, count })
            }
        }
    }

    fn start_next(&mut self) -> Next {
        match self.take_piece() {
            Some(Piece::Text(text)) => Next::Here(text),
            Some(Piece::Read { at, count }) => {
                match self.at_once.then(|| read_at_once(&self.file, at, count)) {
                    Some(AtOnce::Read(chunk)) => return Next::Here(chunk.into()),
                    Some(AtOnce::Never) => self.at_once = false,
                    Some(AtOnce::NotNow) | None => {}
                }
                let file = Arc::clone(&self.file);
                let read = move || read(&file, at, count).map(Bytes::from);
                Next::Reading(tokio::task::spawn_blocking(read))
            }
            None => Next::End,
        }
    }
}

impl http_body::Body for FileStream {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Next::Later = self.next {
            self.next = self.start_next();
        }
        let chunk = match &mut self.next {
            Next::Here(chunk) => Ok(std::mem::take(chunk)),
            Next::Later => return Poll::Ready(None),
            Next::Reading(reading) => match ready!(Pin::new(reading).poll(context)) {
                Ok(Ok(chunk)) => Ok(chunk),
                Ok(Err(error)) => Err(error.into()),
                Err(stopped) => Err(stopped.into()),
            },
            Next::End => return Poll::Ready(None),
        };
        self.next = Next::End;
        Poll::Ready(Some(chunk.map(|chunk| {
            self.left -= chunk.len() as u64;
            if self.left > 0 {
                self.next = Next::Later;
            }
            Frame::data(chunk)
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Drop for FileStream {
    fn drop(&mut self) {
        // A read that waits for a thread needn't begin; one that runs ends by itself, with its chunk.
        if let Next::Reading(reading) = &self.next {
            reading.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;
    use http_body_util::BodyExt;
    use std::io::Write;

    const MANY: u64 = 20 * 1024 * 1024 + 7;

    /// A file of `size` bytes in which no two chunks are alike.
    fn file_of(size: u64) -> (tempfile::NamedTempFile, Vec<u8>) {
        let words = (0..size.div_ceil(8)).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut content: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        content.truncate(size as usize);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&content).unwrap();
        (file, content)
    }

    fn body_of(file: &tempfile::NamedTempFile, segments: Vec<Segment>) -> Body {
        of(&on_disk(file), segments).unwrap()
    }

    fn on_disk(file: &tempfile::NamedTempFile) -> Content {
        Content::File(file.reopen().unwrap().into())
    }

    #[tokio::test]
    async fn sizes_around_the_limits_arrive_whole() {
        for size in [0, 1, WHOLE, WHOLE + 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
            let (file, content) = file_of(size);
            let body = body_of(&file, vec![Segment::File(0..size)]);
            assert_eq!(body.size_hint().exact(), Some(size));
            let sent = body.collect().await.unwrap().to_bytes();
            assert!(sent == content, "{size} bytes differ");
        }
    }

    #[tokio::test]
    async fn a_large_file_arrives_with_the_right_hash_in_bounded_chunks() {
        let (file, content) = file_of(MANY);
        let mut body = body_of(&file, vec![Segment::File(0..MANY)]);
        let mut hash = openssl::sha::Sha256::new();
        let mut left = MANY;
        while let Some(frame) = body.frame().await {
            let chunk = frame.unwrap().into_data().unwrap();
            assert!(chunk.len() as u64 <= CHUNK);
            left -= chunk.len() as u64;
            assert_eq!(body.size_hint().exact(), Some(left));
            hash.update(&chunk);
        }
        assert_eq!(hash.finish(), openssl::sha::sha256(&content));
        assert!(body.is_end_stream());
    }

    #[tokio::test]
    async fn texts_and_parts_come_in_order() {
        for part in [10, CHUNK + 10] {
            let (file, content) = file_of(part * 2);
            let text = |text| Segment::Text(Bytes::from_static(text));
            let file_part = |range| Segment::File(range);
            let segments = || {
                let (second, first) = (file_part(part..part * 2), file_part(0..part));
                vec![text(b"<"), second, text(b"|"), first, text(b">")]
            };
            let (low, high) = content.split_at(part as usize);
            let expected = [b"<", high, b"|", low, b">"].concat();
            let in_memory = Content::Memory(content.clone().into());
            for content in [on_disk(&file), in_memory] {
                let body = of(&content, segments()).unwrap();
                assert_eq!(body.size_hint().exact(), Some(expected.len() as u64));
                let sent = body.collect().await.unwrap().to_bytes();
                assert!(sent == expected);
            }
        }
    }

    #[tokio::test]
    async fn a_file_that_shrinks_breaks_the_body_and_is_never_padded() {
        let (file, _) = file_of(MANY);
        let mut body = body_of(&file, vec![Segment::File(0..MANY)]);
        body.frame().await.unwrap().unwrap();
        file.as_file().set_len(CHUNK + 5).unwrap();
        let mut sent = CHUNK;
        let error = loop {
            match body.frame().await.unwrap() {
                Ok(frame) => sent += frame.into_data().unwrap().len() as u64,
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains("shorter"), "{error}");
        // One chunk may have been read ahead before the file shrank.
        assert!(sent <= 2 * CHUNK);
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn a_file_that_grows_is_sent_as_it_was_announced() {
        let (mut file, content) = file_of(MANY);
        let body = body_of(&file, vec![Segment::File(0..MANY)]);
        file.write_all(b"more").unwrap();
        let sent = body.collect().await.unwrap().to_bytes();
        assert!(sent == content);
    }

    #[test]
    fn a_short_file_is_an_error_before_the_response_begins() {
        let (file, _) = file_of(5);
        for wanted in [6, WHOLE + 1] {
            let error = of(&on_disk(&file), vec![Segment::File(0..wanted)]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[tokio::test]
    async fn nothing_is_read_ahead_nor_after_the_drop() {
        for at_once in [true, false] {
            read_ahead(at_once).await;
        }
    }

    async fn read_ahead(at_once: bool) {
        let (file, _) = file_of(4 * CHUNK);
        let mut stream = FileStream {
            file: Arc::new(file.reopen().unwrap()),
            segments: vec![Segment::File(0..4 * CHUNK)].into(),
            next: Next::Here(Bytes::new()),
            left: 4 * CHUNK,
            at_once,
        };
        stream.frame().await.unwrap().unwrap();
        let left = |stream: &FileStream| match stream.segments.front() {
            Some(Segment::File(range)) => range.start,
            _ => 4 * CHUNK,
        };
        for chunk in 0..4 {
            assert_eq!(left(&stream), chunk * CHUNK, "only when asked for");
            stream.frame().await.unwrap().unwrap();
        }
        let watched = Arc::downgrade(&stream.file);
        drop(stream);
        // The last reader holds the file open until its chunk is done.
        while watched.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
    }
}
