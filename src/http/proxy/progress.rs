//! Who is waited for: the client that still sends, or the upstream that doesn't answer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::headers;
use crate::http::client_body::ClientBody;
use crate::identity::headers::IdentityHeaders;

/// How often it is looked whether somebody else is waited for, once that makes a difference.
const LOOK: Duration = Duration::from_secs(1);

/// Whom a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// The rest of its body.
    ForClient,
    /// An answer, or that it takes more of the body.
    ForUpstream,
}

/// How far a request has come. The upstream's time runs from the last byte that it was sent, so
/// that a long upload isn't taken for a slow upstream.
pub struct Progress {
    start: Instant,
    /// Milliseconds after `start` of the last sign of life.
    moved: AtomicU64,
    waits_for_client: AtomicBool,
    client_failed: AtomicBool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            moved: AtomicU64::new(0),
            waits_for_client: AtomicBool::new(false),
            client_failed: AtomicBool::new(false),
        }
    }
}

impl Progress {
    /// Returns once nothing has moved for too long: `upstream`'s time, or that of the body that it waits for.
    pub async fn stalled(&self, upstream: Duration, body: Duration) -> Waits {
        loop {
            let moved = self.start + Duration::from_millis(self.moved.load(Ordering::Relaxed));
            let (waits, timeout) = match self.waits_for_client() {
                true => (Waits::ForClient, body),
                false => (Waits::ForUpstream, upstream),
            };
            let end = moved + timeout;
            let now = Instant::now();
            if now >= end {
                return waits;
            }
            // Who is waited for changes without a word: the shorter time must not be slept through.
            let look = (moved + upstream.min(body)).max(now + LOOK);
            tokio::time::sleep_until(look.min(end).into()).await;
        }
    }

    /// Whether the upstream has asked for more of the body than the client has sent.
    fn waits_for_client(&self) -> bool {
        self.waits_for_client.load(Ordering::Relaxed)
    }

    /// Whether the client's body broke off.
    pub fn client_failed(&self) -> bool {
        self.client_failed.load(Ordering::Relaxed)
    }

    fn note(&self, polled: &Poll<Option<Result<Frame<Bytes>, hyper::Error>>>) {
        self.waits_for_client
            .store(polled.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(ready) = polled {
            let millis = self.start.elapsed().as_millis() as u64;
            self.moved.store(millis, Ordering::Relaxed);
            if matches!(ready, Some(Err(_))) {
                self.client_failed.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// A client's body on its way to an upstream, without what a client may not say in trailers.
pub struct RequestBody(Option<(ClientBody, Arc<Progress>, Arc<IdentityHeaders>)>);

impl RequestBody {
    /// Notes in `progress` what happens to `body`; what `identity` reserves is removed.
    pub fn new(body: ClientBody, progress: Arc<Progress>, identity: Arc<IdentityHeaders>) -> Self {
        Self(Some((body, progress, identity)))
    }

    /// No body.
    pub fn empty() -> Self {
        Self(None)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some((body, progress, identity)) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let mut polled = Pin::new(body).poll_frame(context);
        progress.note(&polled);
        if let Poll::Ready(Some(Ok(frame))) = &mut polled
            && let Some(trailers) = frame.trailers_mut()
        {
            headers::remove_hop_by_hop(trailers);
            identity.remove_reserved(trailers, false);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Some((body, ..)) => body.is_end_stream(),
            None => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Some((body, ..)) => body.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}
