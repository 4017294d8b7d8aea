//! The admin port: plain HTTP for load balancers, orchestrators and Prometheus.
//!
//! Takes a bound listener, answers `/healthz`, `/readyz`, `/metrics`, `/status.json`, and a page of that for people. Has nothing of the clients'
//! traffic, and goes on answering while that is drained.

mod host;
mod page;
pub mod status;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tracing::debug;

use self::status::{Page, Reporter};
use crate::config::overload;
use crate::lifecycle::readiness::Readiness;
use crate::net::give_way;
use crate::net::proxy_protocol::skip;
use crate::telemetry::Telemetry;

/// What the admin port tells of.
pub struct Admin {
    /// The numbers.
    pub telemetry: Arc<Telemetry>,
    /// Whether the process is ready for more.
    pub readiness: Arc<Readiness>,
    /// All the rest.
    pub reporter: Box<dyn Reporter>,
}

/// What there is.
const PATHS: &str = "/ /healthz /readyz /metrics /status.json";

/// A client of this port that is slower than this is dropped.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

impl Admin {
    /// Answers for ever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let most = overload::beside();
        let address = listener.local_addr();
        let is_loopback = address.is_ok_and(|at| at.ip().to_canonical().is_loopback());
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // Whoever asks whether all is well is told, however many others are slow.
                    let conversation = Box::pin(self.clone().converse(stream, is_loopback));
                    tokio::spawn(give_way::bounded(most, conversation));
                }
                Err(error) => {
                    debug!(
                        event = "admin_accept_failed",
                        error = error.to_string(),
                        "can't accept"
                    );
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    async fn converse(self: Arc<Self>, stream: TcpStream, is_loopback: bool) {
        // A load balancer's health check has a header, too. Whoever sends none is answered all the same.
        let stream = tokio::time::timeout(HEADER_TIMEOUT, skip::header(stream));
        let Ok(Ok(stream)) = stream.await else {
            return;
        };
        let service = service_fn(|request| {
            let response = self.answer(&request, is_loopback);
            async move { Ok::<_, Infallible>(response) }
        });
        let result = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = result {
            debug!(
                event = "admin_connection_broken",
                error = error.to_string(),
                "connection broke"
            );
        }
    }

    fn answer<B>(&self, request: &Request<B>, is_loopback: bool) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
            let allow = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(ALLOW, allow);
            return response;
        }
        let path = request.uri().path();
        // Health checks have the names of whom they ask; what they are told is no secret.
        if is_loopback && !matches!(path, "/healthz" | "/readyz") && !host::is_local(request) {
            return text(StatusCode::MISDIRECTED_REQUEST, host::ADVICE);
        }
        match path {
            "/healthz" => text(StatusCode::OK, "alive\n"),
            "/readyz" => match self.readiness.now() {
                Ok(()) => text(StatusCode::OK, "ready\n"),
                Err(why) => text(
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("{}\n", why.label()),
                ),
            },
            "/metrics" => self.metrics(),
            "/status.json" => self.status(request.uri().query().unwrap_or_default()),
            "/" => self.page(request.uri().query().unwrap_or_default()),
            _ => text(
                StatusCode::NOT_FOUND,
                format!("not here; there are {PATHS}\n"),
            ),
        }
    }

    fn status(&self, query: &str) -> Response<Full<Bytes>> {
        let page = match Page::read(query) {
            Ok(page) => page,
            Err(wrong) => return text(StatusCode::BAD_REQUEST, wrong + "\n"),
        };
        match serde_json::to_vec_pretty(&self.reporter.status(&page)) {
            Ok(status) => answer(StatusCode::OK, "application/json", status),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }

    fn page(&self, query: &str) -> Response<Full<Bytes>> {
        let page = match Page::read(query) {
            Ok(page) => page,
            Err(wrong) => return text(StatusCode::BAD_REQUEST, wrong + "\n"),
        };
        let html = page::html(&self.reporter.status(&page));
        let mut response = answer(StatusCode::OK, "text/html; charset=utf-8", html);
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, page::POLICY.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        self.reporter.refresh();
        match self.telemetry.metrics.text() {
            // Prometheus' text format.
            Ok(metrics) => answer(
                StatusCode::OK,
                "text/plain; version=0.0.4; charset=utf-8",
                metrics,
            ),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }
}

fn text(status: StatusCode, content: impl Into<Bytes>) -> Response<Full<Bytes>> {
    answer(status, "text/plain; charset=utf-8", content)
}

fn answer(
    status: StatusCode,
    content_type: &'static str,
    content: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(content.into()));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
