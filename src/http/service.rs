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
use super::header_auth::{self, Nobody};
use super::health::Health;
use super::logged::{Log, Logged};
use super::misdirected::Hosts;
use super::not_served::not_served;
use super::proxy::Proxy;
use super::static_files::StaticFiles;
use super::{http1, http2, pages};
use crate::access::routes::Guarded;
use crate::access::{Connection, Permitted, RefusedConnection, Wire};
use crate::identity::headers::IdentityHeaders;
use crate::inventory::Inventory;
use crate::lifecycle::Member;
use crate::lifecycle::ending::Stage;
use crate::limits::Limits;
use crate::telemetry::Telemetry;

/// What admitted clients get by HTTP.
pub enum Content {
    /// Files below a directory.
    Files(StaticFiles),
    /// What an upstream answers.
    Proxy(Box<Proxy>),
}

/// What all HTTP connections share.
pub struct HttpServer {
    /// What is behind the gate, at each path.
    pub content: Guarded<Arc<Content>>,
    /// Whether a request that may not be served is told so for people with browsers.
    pub refuses_by_page: bool,
    /// What load balancers are told, whatever else holds; `None` for nothing.
    pub health: Option<Arc<Health>>,
    /// What may be asked for.
    pub hosts: Hosts,
    /// The certificates that are seen.
    pub inventory: Arc<Inventory>,
    /// What upstreams are told about clients.
    pub identity: Arc<IdentityHeaders>,
    /// How often clients may ask; `None` without a limit.
    pub limits: Option<Arc<Limits>>,
    /// To receive a request's header, or idle before it.
    pub header_timeout: Duration,
    /// Until a client takes more of an answer.
    pub send_timeout: Duration,
    /// Where events go.
    pub telemetry: Arc<Telemetry>,
}

/// The most bytes of a request's header; nginx takes 32 KiB (`large_client_header_buffers`).
pub const MAX_HEADER: usize = 64 * 1024;
/// How long a client has for the end of an idle connection in order.
pub const GOODBYE: Duration = Duration::from_secs(1);
/// How long a client has to ask and be told that it has too many connections.
const TURNED_AWAY: Duration = Duration::from_secs(5);

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
    pub async fn refuse(self: &Arc<Self>, refused: RefusedConnection, member: Member) {
        let RefusedConnection {
            stream, session, ..
        } = refused;
        let connection = Arc::new(Connection::new(session, None));
        let dismissed = self.dismiss(Wire::Tls(stream), connection, pages::refusal, member);
        // Its end in time or not: there is nothing more to tell this client.
        let _ = tokio::time::timeout(self.header_timeout, dismissed).await;
    }

    /// Answers that there are too many connections of this client, and that it may come back after `wait`. It
    /// gets no time to make this one of them.
    pub async fn turn_away(self: &Arc<Self>, permitted: Permitted, wait: Duration, member: Member) {
        let (stream, connection) = permitted.into_parts();
        let page = move || pages::too_many(wait);
        let dismissed = self.dismiss(stream, connection, page, member);
        let limit = self.header_timeout.min(TURNED_AWAY);
        let _ = tokio::time::timeout(limit, dismissed).await;
    }

    async fn dismiss(
        self: &Arc<Self>,
        stream: Wire,
        connection: Arc<Connection>,
        page: impl Fn() -> Response<Body> + Clone + Send + Sync + 'static,
        mut member: Member,
    ) {
        let http2 = connection.session.http2;
        let (server, whose) = (self.clone(), connection.clone());
        let handler = move |request: Request<ClientBody>| {
            let (server, connection, page) = (server.clone(), whose.clone(), page.clone());
            async move {
                let log = Log::of(&request, connection, server.telemetry.clone());
                // One refusal is enough: the next request needs another connection anyway.
                let persistence = (request.version() <= Version::HTTP_11).then_some("close");
                let response = finish(page(), request.method() == Method::HEAD, persistence);
                Ok::<_, Infallible>(log.wrap(response, None))
            }
        };
        let conversation = self.converse(stream, http2, handler, connection.clone());
        let mut conversation = pin!(conversation);
        tokio::select! {
            () = conversation.as_mut() => return,
            () = member.closing() => connection.ending.tell(Stage::Closing),
        };
        conversation.await;
    }

    pub(super) async fn answer(
        &self,
        request: Request<ClientBody>,
        connection: Arc<Connection>,
    ) -> Response<Logged> {
        if let Some(response) = self.health_answer(&request) {
            let closing = connection.ending.is(Stage::Closing);
            let closing = closing && request.version() <= Version::HTTP_11;
            let cut = request.method() == Method::HEAD;
            return Log::none().wrap(finish(response, cut, closing.then_some("close")), None);
        }
        let connection = match self.client_of(&request, connection).await {
            Ok(connection) => connection,
            Err((connection, page)) => {
                let log = Log::of(&request, connection.clone(), self.telemetry.clone());
                let closing = connection.ending.is(Stage::Closing);
                let closing = closing && request.version() <= Version::HTTP_11;
                let cut = request.method() == Method::HEAD;
                return log.wrap(finish(page, cut, closing.then_some("close")), None);
            }
        };
        let log = Log::of(&request, connection.clone(), self.telemetry.clone());
        let method = request.method().clone();
        let version = request.version();
        let asked_to_close = says_close(request.headers());
        let mut upstream = None;
        let response = match self.content_for(&request, &connection) {
            Err(response) => *response,
            Ok(Content::Files(_)) if !has_host(&request) => pages::error(StatusCode::BAD_REQUEST),
            Ok(Content::Files(files)) => {
                let uri = request.uri();
                files
                    .respond(&method, uri.path(), uri.query(), request.headers())
                    .await
            }
            Ok(Content::Proxy(proxy)) => {
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

    /// What may be served, or why nothing is.
    fn content_for<B>(
        &self,
        request: &Request<B>,
        connection: &Connection,
    ) -> Result<&Content, Box<Response<Body>>> {
        if !self.hosts.include(request) {
            return Err(Box::new(pages::error(StatusCode::MISDIRECTED_REQUEST)));
        }
        match self.content.at(request.uri().path(), connection) {
            Ok(content) => Ok(content),
            Err(not) => Err(Box::new(not_served(self, &not, request, connection))),
        }
    }

    /// Whose request it is, if that one may ask now; else what it is told.
    async fn client_of(
        &self,
        request: &Request<ClientBody>,
        connection: Arc<Connection>,
    ) -> Result<Arc<Connection>, (Arc<Connection>, Response<Body>)> {
        let client = match &connection.by_header {
            None => connection,
            // Some routes may be open to whoever has no certificate, such as a health check.
            Some(_) if self.content.has_routes() && !header_auth::is_told(request.headers()) => {
                connection
            }
            Some(by_header) => {
                let headers = request.headers();
                // In a box: others need no room for it.
                let client = header_auth::identify(
                    headers,
                    &connection,
                    by_header,
                    &self.inventory,
                    &self.telemetry,
                );
                match Box::pin(client).await {
                    Ok(client) => client,
                    Err(Nobody) => return Err((connection, pages::refusal())),
                }
            }
        };
        if let Some(limits) = &self.limits {
            let (address, certificate) = (client.session.address, client.certificate.as_deref());
            if let Err(wait) = limits.request(address, certificate) {
                return Err((client, pages::too_many(wait)));
            }
        }
        Ok(client)
    }

    /// In the protocol that ALPN chose. In a box, so that a connection holds the room of what it speaks.
    pub(super) fn converse<H, F>(
        &self,
        mut stream: Wire,
        http2: bool,
        handler: H,
        connection: Arc<Connection>,
    ) -> Conversation
    where
        H: Fn(Request<ClientBody>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response<Logged>, Infallible>> + Send + 'static,
    {
        let limit = self.header_timeout;
        let send = self.send_timeout;
        stream.get_mut().cut_after(send);
        match http2 {
            true => {
                let telemetry = self.telemetry.clone();
                Box::pin(async move {
                    let served =
                        http2::converse(stream, limit, send, handler, connection, telemetry);
                    note(served.await);
                })
            }
            false => Box::pin(async move {
                note(http1::converse(stream, limit, handler, connection).await);
            }),
        }
    }
}

/// Its end is the connection's.
pub type Conversation = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) fn note(result: hyper::Result<()>) {
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
pub(super) fn finish(
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
