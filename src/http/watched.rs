//! A client's stream that knows whether anything is on its way.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::in_flight::InFlight;
use crate::access::Wire;
use crate::net::Vectored;

/// The stream of an HTTP/1.1 connection.
pub struct Watched {
    stream: Vectored<Wire>,
    /// Read before, and not understood yet; comes before what the stream has.
    leftover: Bytes,
    in_flight: InFlight,
    /// Whether the last read found nothing. libssl has then no whole record left, so that only new
    /// bytes from the socket make a difference.
    drained: bool,
}

impl Watched {
    /// Tells `in_flight`.
    pub fn new(stream: Wire, in_flight: InFlight) -> Self {
        Self {
            stream: Vectored(stream),
            leftover: Bytes::new(),
            in_flight,
            drained: false,
        }
    }

    /// Gives these bytes out first.
    pub fn with(self, leftover: Bytes) -> Self {
        match leftover.is_empty() {
            // An empty rest keeps the buffer that it was cut from.
            true => self,
            false => Self { leftover, ..self },
        }
    }

    /// Returns once a read may find something, or the end.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        match self.leftover.is_empty() {
            true => self.stream.0.get_ref().poll_readable(context),
            false => Poll::Ready(()),
        }
    }

    /// The stream alone.
    pub fn into_inner(self) -> Wire {
        self.stream.0
    }

    fn tell(&self) {
        // What doesn't fit into the socket waits there first, before libssl and hyper keep something.
        let sent = self.stream.0.get_ref().is_sent();
        self.in_flight.set_quiet(self.drained && sent);
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = match self.leftover.is_empty() {
            true => Pin::new(&mut self.stream).poll_read(context, buffer),
            false => {
                let length = self.leftover.len().min(buffer.remaining());
                buffer.put_slice(&self.leftover.split_to(length));
                Poll::Ready(Ok(()))
            }
        };
        if buffer.filled().len() > before {
            self.in_flight.received();
        }
        self.drained = polled.is_pending();
        self.tell();
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.tell();
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.tell();
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.tell();
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.tell();
        polled
    }
}
