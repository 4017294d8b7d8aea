//! Serving one admitted connection: HTTP/2 or HTTP/1.1, as ALPN chose.
//!
//! Takes [`Permitted`], hands each request to the content, wraps each answer so that it is counted
//! and logged when its last byte is out.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{CONNECTION, HeaderMap, HeaderValue, SERVER};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tracing::debug;

use super::body::{self, Body};
use super::in_flight::InFlight;
use super::logged::{Log, Logged};
use super::pages;
use super::proxy::Proxy;
use super::static_files::StaticFiles;
use crate::access::{Connection, Permitted, RefusedConnection};
use crate::lifecycle::Member;
use crate::net::Vectored;
use crate::telemetry::Telemetry;
use crate::tls::TlsStream;

/// What admitted clients get by HTTP.
pub enum Content {
    /// Files below a directory.
    Files(StaticFiles),
    /// What an upstream answers.
    Proxy(Box<Proxy>),
}

/// What all HTTP connections share.
pub struct HttpServer {
    /// What is behind the gate.
    pub content: Content,
    /// To receive a request's header, or idle before it.
    pub header_timeout: Duration,
    /// Where events go.
    pub telemetry: Arc<Telemetry>,
}

/// The most bytes of a request's header; nginx takes 32 KiB (`large_client_header_buffers`).
const MAX_HEADER: usize = 64 * 1024;
/// How often an HTTP/2 connection is looked at, whether it is idle.
const SHORTEST_LOOK: Duration = Duration::from_millis(50);
const LONGEST_LOOK: Duration = Duration::from_secs(5);
/// How long a client has for the end of an idle connection in order.
const GOODBYE: Duration = Duration::from_secs(1);
/// The most requests at a time on one HTTP/2 connection (nginx: `http2_max_concurrent_streams`).
const MAX_STREAMS: u32 = 128;

impl HttpServer {
    /// Serves until the client is done or the process closes.
    pub async fn serve(self: &Arc<Self>, permitted: Permitted, member: Member) {
        let (stream, connection) = permitted.into_parts();
        let http2 = connection.session.http2;
        let connection = Arc::new(connection);
        let handler = |request| {
            let (server, connection, member) = (self.clone(), connection.clone(), member.clone());
            async move { Ok::<_, Infallible>(server.answer(request, connection, &member).await) }
        };
        self.converse(stream, http2, handler, member.clone()).await;
    }

    /// Answers whatever is asked with the refusal page, for no longer than a request's header may
    /// take: an HTTP/2 connection has no such limit of its own.
    pub async fn refuse(self: &Arc<Self>, refused: RefusedConnection, member: Member) {
        let RefusedConnection {
            stream, session, ..
        } = refused;
        let http2 = session.http2;
        let connection = Arc::new(Connection {
            session,
            certificate: None,
        });
        let handler = |request: Request<Incoming>| {
            let (server, connection) = (self.clone(), connection.clone());
            async move {
                let log = Log::of(&request, connection, server.telemetry.clone());
                // One refusal is enough: the next request needs another certificate anyway.
                let persistence = (request.version() <= Version::HTTP_11).then_some("close");
                let response = finish(
                    pages::refusal(),
                    request.method() == Method::HEAD,
                    persistence,
                );
                Ok::<_, Infallible>(log.wrap(response, None))
            }
        };
        let conversation = self.converse(stream, http2, handler, member);
        // Its end in time or not: there is nothing more to tell this client.
        let _ = tokio::time::timeout(self.header_timeout, conversation).await;
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        connection: Arc<Connection>,
        member: &Member,
    ) -> Response<Logged> {
        let log = Log::of(&request, connection.clone(), self.telemetry.clone());
        let method = request.method().clone();
        let version = request.version();
        let asked_to_close = says_close(request.headers());
        let mut upstream = None;
        let response = match &self.content {
            Content::Files(_) if !has_host(&request) => pages::error(StatusCode::BAD_REQUEST),
            Content::Files(files) => {
                let uri = request.uri();
                files
                    .respond(&method, uri.path(), uri.query(), request.headers())
                    .await
            }
            Content::Proxy(proxy) => {
                let mut response = proxy.respond(request, &connection).await;
                upstream = response
                    .extensions_mut()
                    .remove()
                    .map(|super::proxy::AnsweredBy(name)| name);
                response
            }
        };
        // Only now: while an upstream was waited for, the process may have begun to close.
        let closing = member.is_closing();
        let persistence = match version {
            // Says what HTTP/1.1 means anyway; nginx says it, and clients' tests compare headers.
            Version::HTTP_11 if !asked_to_close && !closing => Some("keep-alive"),
            Version::HTTP_11 | Version::HTTP_10 if closing => Some("close"),
            _ => None,
        };
        // What an upstream answers to HEAD has no body as it is, and its length only if it said so.
        let cut = method == Method::HEAD && upstream.is_none();
        log.wrap(finish(response, cut, persistence), upstream)
    }

    async fn converse<H, F>(&self, stream: TlsStream, http2: bool, handler: H, mut member: Member)
    where
        H: Fn(Request<Incoming>) -> F,
        F: Future<Output = Result<Response<Logged>, Infallible>> + Send + 'static,
    {
        let io = TokioIo::new(Vectored(stream));
        let result = match http2 {
            true => self.converse_http2(io, handler, &mut member).await,
            false => {
                self.converse_http1(io, service_fn(handler), &mut member)
                    .await
            }
        };
        if let Err(error) = result {
            // The client's doing: it hung up, timed out or sent something else than HTTP. What was
            // answered has its own line.
            debug!(
                event = "http_connection_broken",
                error = error.to_string(),
                "connection broke"
            );
        }
    }

    async fn converse_http1<S>(
        &self,
        io: TokioIo<Vectored<TlsStream>>,
        service: S,
        member: &mut Member,
    ) -> hyper::Result<()>
    where
        S: Service<Request<Incoming>, Response = Response<Logged>, Error = Infallible>,
        S::Future: Send + 'static,
    {
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_buf_size(MAX_HEADER)
            // As nginx writes them; scripts look for `Content-Type`.
            .title_case_headers(true)
            .serve_connection(io, service)
            .with_upgrades();
        let result = tokio::select! {
            result = &mut connection => result,
            () = member.closing() => {
                std::pin::Pin::new(&mut connection).graceful_shutdown();
                (&mut connection).await
            }
        };
        // Only the header timeout: after an answer that broke off, the client must see a break.
        if result.as_ref().is_err_and(hyper::Error::is_timeout)
            && let Some(parts) = connection.into_parts()
        {
            say_goodbye(parts.io.into_inner().0).await;
        }
        result
    }

    /// hyper has no limit in time for HTTP/2: a connection on which nothing is asked for, not even
    /// its preface sent, is closed here, in order if its client lets us.
    async fn converse_http2<H, F>(
        &self,
        io: TokioIo<Vectored<TlsStream>>,
        handler: H,
        member: &mut Member,
    ) -> hyper::Result<()>
    where
        H: Fn(Request<Incoming>) -> F,
        F: Future<Output = Result<Response<Logged>, Infallible>> + Send + 'static,
    {
        let in_flight = InFlight::default();
        let service = service_fn(|request| {
            let (counted, answer) = (in_flight.enter(), handler(request));
            async move { Ok::<_, Infallible>(answer.await?.map(|body| body.hold(counted))) }
        });
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADER as u32)
            .serve_connection(io, service);
        let mut connection = pin!(connection);
        let look = (self.header_timeout / 4).clamp(SHORTEST_LOOK, LONGEST_LOOK);
        let mut busy_until = Instant::now();
        while busy_until.elapsed() < self.header_timeout {
            tokio::select! {
                result = connection.as_mut() => return result,
                () = member.closing() => {
                    connection.as_mut().graceful_shutdown();
                    return connection.await;
                }
                () = tokio::time::sleep(look) => {
                    if !in_flight.is_idle() {
                        busy_until = Instant::now();
                    }
                }
            }
        }
        connection.as_mut().graceful_shutdown();
        // A client that is gone doesn't acknowledge it.
        tokio::time::timeout(GOODBYE, connection)
            .await
            .unwrap_or(Ok(()))
    }
}

/// close_notify for a connection that hyper gave up, an idle one above all: a client that sees the
/// end without it takes the connection for cut, and throws its session ticket away.
async fn say_goodbye(mut stream: TlsStream) {
    // Neither a client that is gone nor one that doesn't read makes a difference.
    let _ = tokio::time::timeout(GOODBYE, stream.shutdown()).await;
}

/// What every answer gets; `cut` makes the one to HEAD of the one to GET, `persistence` is the value of
/// Connection, if that is said.
fn finish(
    response: Response<Body>,
    cut: bool,
    persistence: Option<&'static str>,
) -> Response<Body> {
    let mut response = match cut {
        true => body::without_body(response),
        false => response,
    };
    let headers = response.headers_mut();
    headers
        .entry(SERVER)
        .or_insert(HeaderValue::from_static("certgate"));
    if let Some(persistence) = persistence {
        headers
            .entry(CONNECTION)
            .or_insert(HeaderValue::from_static(persistence));
    }
    response
}

/// RFC 9112 section 3.2: exactly one Host in HTTP/1.1.
fn has_host(request: &Request<Incoming>) -> bool {
    match request.version() {
        Version::HTTP_11 => request.headers().get_all("host").iter().count() == 1,
        _ => true,
    }
}

fn says_close(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case("close"))
}
