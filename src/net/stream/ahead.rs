//! What is received before anybody reads it, for a look at the first bytes of a stream.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};

use super::{ClientStream, SCRATCH};

impl ClientStream {
    /// What was received and not read yet.
    pub fn unread(&self) -> &[u8] {
        &self.unread
    }

    /// Receives more of what [`ClientStream::unread`] shows, and says how much; 0 is the client's end.
    pub fn poll_receive_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            let result = ready!(self.socket().poll_read(context, &mut buffer));
            let more = buffer.filled();
            self.client_ended |= result.is_err() || more.is_empty();
            result?;
            self.received += more.len() as u64;
            // In place, where nobody else has a part of it.
            let unread = std::mem::take(&mut self.unread).try_into_mut();
            let mut unread = unread.unwrap_or_else(|shared| BytesMut::from(&shared[..]));
            unread.extend_from_slice(more);
            self.unread = unread.freeze();
            Poll::Ready(Ok(more.len()))
        })
    }

    /// Takes so many bytes off, which then count as never received.
    pub fn skip(&mut self, length: usize) {
        self.unread.advance(length);
        self.received -= length as u64;
    }

    /// The address that the client, or the proxy before it, connected to; `None` of a unix socket.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.socket.as_ref()?.local_address()
    }
}
