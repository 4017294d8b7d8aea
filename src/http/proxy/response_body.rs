//! An upstream's answer on its way to a client: that it breaks off is the upstream's failure.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::chain;
use super::progress::Progress;
use crate::peer::Peer;
use crate::telemetry::Telemetry;
use crate::telemetry::events::{UpstreamFailed, UpstreamFailure};

/// A body that tells when it breaks off.
pub struct ResponseBody {
    /// What the upstream sends.
    pub body: Incoming,
    /// Whom it comes from.
    pub upstream: Arc<str>,
    /// Whom it is for.
    pub client: Peer,
    /// Tells whether it was the client's request that broke.
    pub progress: Arc<Progress>,
    /// Where events go.
    pub telemetry: Arc<Telemetry>,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Err(error))) = &polled
            && !self.progress.client_failed()
        {
            UpstreamFailed {
                reason: UpstreamFailure::BadResponse,
                upstream: &self.upstream,
                client: self.client,
                error: chain(error),
            }
            .emit(&self.telemetry);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
