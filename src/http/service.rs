//! Serving one admitted connection: HTTP/2 or HTTP/1.1, as ALPN chose.
//!
//! Takes [`Permitted`], hands each request to the content, wraps each answer so that it is counted
//! and logged when its last byte is out.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, HeaderMap, HeaderValue, SERVER};
use http::{Method, Request, Response, StatusCode, Version};
use tracing::debug;

use super::body::{self, Body};
use super::client_body::ClientBody;
use super::logged::{Log, Logged};
use super::misdirected::Hosts;
use super::proxy::Proxy;
use super::static_files::StaticFiles;
use super::{http1, http2, pages};
use crate::access::{Connection, Permitted, RefusedConnection};
use crate::identity::headers::IdentityHeaders;
use crate::lifecycle::Member;
use crate::lifecycle::ending::Stage;
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
    pub content: Arc<Content>,
    /// What may be asked for.
    pub hosts: Hosts,
    /// What upstreams are told about clients.
    pub identity: Arc<IdentityHeaders>,
    /// To receive a request's header, or idle before it.
    pub header_timeout: Duration,
    /// Where events go.
    pub telemetry: Arc<Telemetry>,
}

/// The most bytes of a request's header; nginx takes 32 KiB (`large_client_header_buffers`).
pub const MAX_HEADER: usize = 64 * 1024;
/// How long a client has for the end of an idle connection in order.
pub const GOODBYE: Duration = Duration::from_secs(1);

impl HttpServer {
    /// Serves until the client is done or the connection has to end.
    pub fn serve(self: &Arc<Self>, permitted: Permitted) -> Conversation {
        let (stream, connection) = permitted.into_parts();
        let http2 = connection.session.http2;
        let (server, whose) = (self.clone(), connection.clone());
        let handler = move |request| {
            let (server, connection) = (server.clone(), whose.clone());
            async move { Ok::<_, Infallible>(server.answer(request, connection).await) }
        };
        self.converse(stream, http2, handler, connection)
    }

    /// Answers whatever is asked with the refusal page, for no longer than a request's header may
    /// take: an HTTP/2 connection has no such limit of its own.
    pub async fn refuse(self: &Arc<Self>, refused: RefusedConnection, mut member: Member) {
        let RefusedConnection {
            stream, session, ..
        } = refused;
        let http2 = session.http2;
        let connection = Arc::new(Connection::new(session, None));
        let (server, whose) = (self.clone(), connection.clone());
        let handler = move |request: Request<ClientBody>| {
            let (server, connection) = (server.clone(), whose.clone());
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
        let conversation = self.converse(stream, http2, handler, connection.clone());
        // Its end in time or not: there is nothing more to tell this client.
        let mut conversation = pin!(tokio::time::timeout(self.header_timeout, conversation));
        tokio::select! {
            _ = conversation.as_mut() => return,
            () = member.closing() => connection.ending.tell(Stage::Closing),
        };
        let _ = conversation.await;
    }

    async fn answer(
        &self,
        request: Request<ClientBody>,
        connection: Arc<Connection>,
    ) -> Response<Logged> {
        let log = Log::of(&request, connection.clone(), self.telemetry.clone());
        let method = request.method().clone();
        let version = request.version();
        let asked_to_close = says_close(request.headers());
        let mut upstream = None;
        let response = match &*self.content {
            _ if !self.hosts.include(&request) => pages::error(StatusCode::MISDIRECTED_REQUEST),
            Content::Files(_) if !has_host(&request) => pages::error(StatusCode::BAD_REQUEST),
            Content::Files(files) => {
                let uri = request.uri();
                files
                    .respond(&method, uri.path(), uri.query(), request.headers())
                    .await
            }
            Content::Proxy(proxy) => {
                // In a box: hyper moves what answers, and a file needs far less room.
                let mut response =
                    Box::pin(proxy.respond(request, &connection, &self.identity)).await;
                upstream = response
                    .extensions_mut()
                    .remove()
                    .map(|super::proxy::AnsweredBy(name)| name);
                response
            }
        };
        // Only now: while an upstream was waited for, the end may have come.
        let closing = connection.ending.is(Stage::Closing);
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

    /// In the protocol that ALPN chose. In a box, so that a connection holds the room of what it speaks.
    fn converse<H, F>(
        &self,
        stream: TlsStream,
        http2: bool,
        handler: H,
        connection: Arc<Connection>,
    ) -> Conversation
    where
        H: Fn(Request<ClientBody>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response<Logged>, Infallible>> + Send + 'static,
    {
        let limit = self.header_timeout;
        match http2 {
            true => Box::pin(async move {
                note(http2::converse(stream, limit, handler, connection).await);
            }),
            false => Box::pin(async move {
                note(http1::converse(stream, limit, handler, connection).await);
            }),
        }
    }
}

/// Its end is the connection's.
pub type Conversation = Pin<Box<dyn Future<Output = ()> + Send>>;

fn note(result: hyper::Result<()>) {
    if let Err(error) = result {
        // The client's doing: it hung up or sent something else than HTTP. What was answered has its
        // own line.
        debug!(
            event = "http_connection_broken",
            error = error.to_string(),
            "connection broke"
        );
    }
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
fn has_host(request: &Request<ClientBody>) -> bool {
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
