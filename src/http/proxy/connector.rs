//! hyper-util's pool asks here for new connections.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;

use crate::upstream::{ConnectError, UpstreamStream, Upstreams};

/// Connects to the service's addresses in turn, whatever the URI says: the URI's authority is only
/// the key of the pool.
#[derive(Clone)]
pub struct Connector(pub Arc<Upstreams>);

/// The address that a response came from; hyper-util puts it into the response's extensions.
#[derive(Clone)]
pub struct UpstreamName(pub Arc<str>);

/// A pooled connection that knows its address.
pub struct Named {
    io: TokioIo<UpstreamStream>,
    name: UpstreamName,
}

impl tower_service::Service<Uri> for Connector {
    type Response = Named;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Named, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let upstreams = self.0.clone();
        Box::pin(async move {
            let (stream, name) = upstreams.connect().await?;
            Ok(Named {
                io: TokioIo::new(stream),
                name: UpstreamName(name),
            })
        })
    }
}

impl Connection for Named {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.name.clone())
    }
}

impl Read for Named {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Named {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }
}
