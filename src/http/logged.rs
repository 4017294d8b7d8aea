//! The access log's line, written when the last byte of an answer is out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Version};
use http_body::{Body as _, Frame, SizeHint};

use super::body::{Body, BoxError};
use crate::access::Connection;
use crate::telemetry::Telemetry;
use crate::telemetry::events::RequestServed;

/// What a request's line will say, before its answer is known.
pub struct Log {
    connection: Arc<Connection>,
    telemetry: Arc<Telemetry>,
    method: Method,
    path: String,
    version: Version,
    start: Instant,
}

impl Log {
    /// Starts the clock.
    pub fn of<B>(
        request: &Request<B>,
        connection: Arc<Connection>,
        telemetry: Arc<Telemetry>,
    ) -> Self {
        Self {
            connection,
            telemetry,
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            version: request.version(),
            start: Instant::now(),
        }
    }

    /// The answer whose end writes the line.
    pub fn wrap(self, response: Response<Body>, upstream: Option<Arc<str>>) -> Response<Logged> {
        let status = response.status();
        response.map(|body| Logged {
            // hyper never asks for these bodies; they are complete as they are.
            complete: body.is_end_stream()
                || self.method == Method::HEAD
                || status == StatusCode::NOT_MODIFIED,
            body,
            log: self,
            status,
            upstream,
            bytes: 0,
        })
    }
}

/// A body that counts itself and writes its line when hyper drops it: at its end, or when the
/// client is gone.
pub struct Logged {
    body: Body,
    log: Log,
    status: StatusCode,
    upstream: Option<Arc<str>>,
    bytes: u64,
    complete: bool,
}

impl Drop for Logged {
    fn drop(&mut self) {
        RequestServed {
            connection: self.log.connection.fields(),
            method: self.log.method.as_str(),
            path: &self.log.path,
            http: version(self.log.version),
            status: self.status.as_u16(),
            bytes: self.bytes,
            took: self.log.start.elapsed(),
            upstream: self.upstream.as_deref(),
            complete: self.complete,
        }
        .emit(&self.log.telemetry);
    }
}

impl http_body::Body for Logged {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                self.complete = self.body.is_end_stream();
            }
            Poll::Ready(None) => self.complete = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
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

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_11 => "HTTP/1.1",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP",
    }
}
