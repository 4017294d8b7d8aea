//! A client's body, which tells its connection when it has been read.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::in_flight::{InFlight, Unread};

/// The body of a client's request.
pub struct ClientBody {
    body: Incoming,
    /// `None` if there is nothing to read any more.
    unread: Option<Unread>,
}

impl ClientBody {
    /// For HTTP/1.1, where the next request begins when `in_flight` has been told of its end.
    pub fn new(body: Incoming, in_flight: &InFlight) -> Self {
        let unread = (!body.is_end_stream()).then(|| in_flight.unread());
        Self { body, unread }
    }
}

/// For HTTP/2, whose streams end each by itself.
impl From<Incoming> for ClientBody {
    fn from(body: Incoming) -> Self {
        Self { body, unread: None }
    }
}

impl Body for ClientBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let ended = match &polled {
            Poll::Ready(None) => true,
            Poll::Ready(Some(Ok(frame))) => frame.is_trailers() || self.body.is_end_stream(),
            Poll::Ready(Some(Err(_))) | Poll::Pending => false,
        };
        if ended && let Some(unread) = self.unread.take() {
            unread.ended();
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
