//! What an admitted client's bytes go over.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::ClientStream;
use crate::tls::TlsStream;

/// A client's connection, at its outermost layer.
pub enum Wire {
    /// TLS.
    Tls(TlsStream),
    /// Plain HTTP of a load balancer that ends TLS itself. In a box: TLS has its stream behind a pointer, too.
    Plain(Box<ClientStream>),
}

impl Wire {
    /// What is below.
    pub fn get_ref(&self) -> &ClientStream {
        match self {
            Self::Tls(stream) => stream.get_ref(),
            Self::Plain(stream) => stream,
        }
    }

    /// What is below.
    pub fn get_mut(&mut self) -> &mut ClientStream {
        match self {
            Self::Tls(stream) => stream.get_mut(),
            Self::Plain(stream) => stream,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each open connection has one.
    #[test]
    fn it_takes_a_word_more_than_tls_alone() {
        let word = size_of::<usize>();
        assert!(size_of::<Wire>() <= size_of::<TlsStream>() + word);
    }
}
