//! A stream that may begin with a header that means nothing to its reader: the admin port's. Load
//! balancers send one ahead of their health checks, too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::{Fault, parse};

/// A stream behind its header.
pub struct Behind<S> {
    stream: S,
    /// What was received with the header.
    unread: BytesMut,
}

/// Reads up to the end of a header, or until it is clear that there is none.
///
/// # Errors
/// If the stream fails, or the header is malformed.
pub async fn header<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<Behind<S>> {
    let mut unread = BytesMut::new();
    loop {
        match parse(&unread) {
            Ok(Some((_, length))) => {
                unread.advance(length);
                break;
            }
            Err(Fault::Missing(_)) => break,
            Err(fault) => return Err(io::Error::new(io::ErrorKind::InvalidData, fault)),
            Ok(None) => {}
        }
        if stream.read_buf(&mut unread).await? == 0 {
            break;
        }
    }
    Ok(Behind { stream, unread })
}

impl<S: AsyncRead + Unpin> AsyncRead for Behind<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.unread.len().min(buffer.remaining());
        buffer.put_slice(&self.unread.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Behind<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
