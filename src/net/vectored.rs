//! Several slices in one write to a stream that takes one at a time.
//!
//! TLS seals what one write gives it into records of up to 16 KiB. Written slice by slice, a small header
//! and a body would become two records; joined whole beforehand, a large body would be copied for nothing.
//! So the first record is joined, and a slice that fills records by itself is passed on as it is.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most plaintext of a TLS record, in bytes (RFC 8446 section 5.1).
const RECORD: usize = 16 * 1024;

thread_local! {
    /// Of use only within one call of `poll_write_vectored`.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; RECORD].into_boxed_slice());
}

/// Takes slices for a stream that doesn't.
pub struct Vectored<S>(pub S);

impl<S: AsyncWrite + Unpin> AsyncWrite for Vectored<S> {
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let inner = Pin::new(&mut self.0);
        let mut filled = slices.iter().filter(|slice| !slice.is_empty());
        match (filled.next(), filled.next()) {
            (Some(first), second) if second.is_none() || first.len() >= RECORD => {
                inner.poll_write(context, first)
            }
            _ => {
                SCRATCH.with_borrow_mut(|scratch| inner.poll_write(context, join(slices, scratch)))
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Vectored<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

/// As much of the slices as the scratch holds.
fn join<'a>(slices: &[IoSlice<'_>], scratch: &'a mut [u8]) -> &'a [u8] {
    let mut length = 0;
    for slice in slices {
        let room = &mut scratch[length..];
        let part = slice.len().min(room.len());
        room[..part].copy_from_slice(&slice[..part]);
        length += part;
    }
    &scratch[..length]
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// Remembers each write, and takes so many bytes of it.
    struct Writes(Vec<Vec<u8>>, usize);

    impl AsyncWrite for Writes {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.1);
            self.0.push(bytes[..taken].to_vec());
            Poll::Ready(Ok(taken))
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Writes all of the parts, with what is left of them each time, as hyper does.
    async fn written(parts: &[&[u8]], takes: usize) -> Vec<Vec<u8>> {
        let mut stream = Vectored(Writes(Vec::new(), takes));
        let total: usize = parts.iter().map(|part| part.len()).sum();
        let mut done = 0;
        while done < total {
            let mut before = 0;
            let slices: Vec<_> = parts
                .iter()
                .map(|part| {
                    let skip = done.saturating_sub(before).min(part.len());
                    before += part.len();
                    IoSlice::new(&part[skip..])
                })
                .collect();
            done += poll_fn(|context| Pin::new(&mut stream).poll_write_vectored(context, &slices))
                .await
                .unwrap();
        }
        stream.0.0
    }

    #[tokio::test]
    async fn small_slices_are_one_write() {
        assert_eq!(
            written(&[b"header", b"", b"body"], 1 << 20).await,
            [b"headerbody"]
        );
        assert_eq!(written(&[b"", b"body"], 1 << 20).await, [b"body"]);
        assert!(written(&[b"", b""], 1 << 20).await.is_empty());
    }

    #[tokio::test]
    async fn nothing_is_lost_doubled_or_copied_without_need() {
        let body: Vec<u8> = (0..100_000u32).map(|n| (n % 241) as u8).collect();
        for takes in [1_000, RECORD, 1 << 20] {
            let writes = written(&[b"header", &body, b"end"], takes).await;
            assert_eq!(writes.concat(), [b"header", &body[..], b"end"].concat());
        }
        let writes = written(&[b"header", &body, b"end"], 1 << 20).await;
        let lengths: Vec<_> = writes.iter().map(Vec::len).collect();
        let rest = body.len() - (RECORD - 6);
        assert_eq!(lengths, [RECORD, rest, 3], "the body itself is not copied");
    }
}
