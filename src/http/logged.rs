//! The access log's line, written when the last byte of an answer is out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Response, StatusCode, Version};
use http_body::{Body as _, Frame, SizeHint};

use super::body::{Body, BoxError};
use super::in_flight;
use super::turns::Turn;
use crate::access::Connection;
use crate::identity::{escaped, shortened};
use crate::telemetry::Telemetry;
use crate::telemetry::events::RequestServed;

/// What a request's line will say, before its answer is known. If it is dropped before there is
/// one, the client has hung up: the line is written all the same, with nginx's status for that.
pub struct Log(Option<Request>);

/// The longest path in a line, in bytes.
const PATH_LIMIT: usize = 2048;
/// nginx: `NGX_HTTP_CLIENT_CLOSED_REQUEST`.
const CLIENT_CLOSED_REQUEST: u16 = 499;

struct Request {
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
        request: &http::Request<B>,
        connection: Arc<Connection>,
        telemetry: Arc<Telemetry>,
    ) -> Self {
        Self(Some(Request {
            connection,
            telemetry,
            method: request.method().clone(),
            path: shortened(escaped(request.uri().path()), PATH_LIMIT),
            version: request.version(),
            start: Instant::now(),
        }))
    }

    /// For an answer that has no line.
    pub fn none() -> Self {
        Self(None)
    }

    /// The answer whose end writes the line.
    pub fn wrap(
        mut self,
        response: Response<Body>,
        upstream: Option<Arc<str>>,
    ) -> Response<Logged> {
        let request = self.0.take();
        let status = response.status();
        // hyper never asks for these bodies; they are complete as they are.
        let bodiless = status == StatusCode::NOT_MODIFIED
            || request.as_ref().is_some_and(|r| r.method == Method::HEAD);
        response.map(|body| Logged {
            complete: bodiless || body.is_end_stream(),
            body,
            request,
            status,
            upstream,
            bytes: 0,
            in_flight: None,
        })
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(request) = &self.0 {
            request.emit(CLIENT_CLOSED_REQUEST, 0, None, false);
        }
    }
}

impl Request {
    fn emit(&self, status: u16, bytes: u64, upstream: Option<&str>, complete: bool) {
        RequestServed {
            connection: self.connection.fields(),
            method: self.method.as_str(),
            path: &self.path,
            http: version(self.version),
            status,
            bytes,
            took: self.start.elapsed(),
            upstream,
            complete,
        }
        .emit(&self.telemetry);
    }
}

/// A body that counts itself and writes its line when hyper drops it: at its end, or when the
/// client is gone.
pub struct Logged {
    body: Body,
    request: Option<Request>,
    status: StatusCode,
    upstream: Option<Arc<str>>,
    bytes: u64,
    complete: bool,
    in_flight: Option<(in_flight::Request, Option<Turn>)>,
}

impl Logged {
    /// Counts the request as being answered for as long as its body lives.
    pub fn hold(mut self, request: in_flight::Request, turn: Option<Turn>) -> Self {
        self.in_flight = Some((request, turn));
        self
    }

    /// What it gave last didn't go out.
    pub fn broke_off(&mut self) {
        self.complete = false;
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        if let Some(request) = &self.request {
            let upstream = self.upstream.as_deref();
            request.emit(self.status.as_u16(), self.bytes, upstream, self.complete);
        }
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
