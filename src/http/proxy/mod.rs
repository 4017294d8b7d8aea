//! HTTP to an upstream: streamed both ways, nothing buffered whole.
//!
//! Takes an admitted client's request, hands on the upstream's response or an error page:
//! 502 when the upstream can't be reached or talks nonsense, 504 when it is too slow, 408 when the
//! client itself stops in the middle of its request.

mod connector;
mod forwarded;
pub mod headers;
mod progress;
mod response_body;
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use self::connector::{Connector, UpstreamName};
use self::headers::NotPassedOn;
use self::progress::{Progress, RequestBody, Waits};
use self::response_body::ResponseBody;
use super::body::Body;
use super::client_body::ClientBody;
use super::pages;
use crate::access::Connection;
use crate::config::Times;
use crate::config::upstream::{Upstream, UpstreamProtocol};
use crate::identity::headers::{IdentityHeaders, Unwritable};
use crate::telemetry::Telemetry;
use crate::telemetry::events::identity::{IdentityUnwritable, Untold};
use crate::telemetry::events::timeouts::{TimedOut, Timeout};
use crate::telemetry::events::{UpstreamFailed, UpstreamFailure};
use crate::upstream::{ConnectError, Upstreams};

/// A request whose body isn't what its header says.
struct Malformed;

/// Waits for the end of a body that is said to have no bytes: in HTTP/2 it comes later, and a request
/// that turns out to be malformed must not be passed on (RFC 9113 section 8.1.1).
async fn end_of_nothing(request: &mut Request<ClientBody>) -> Result<(), Malformed> {
    let says_nothing = request.body().size_hint().exact() == Some(0);
    while says_nothing && !request.body().is_end_stream() {
        match request.body_mut().frame().await {
            Some(Ok(frame)) if frame.data_ref().is_some_and(|data| data.is_empty()) => {}
            // Trailers end it, too.
            Some(Ok(frame)) if frame.is_trailers() => return Ok(()),
            None => return Ok(()),
            Some(_) => return Err(Malformed),
        }
    }
    Ok(())
}

/// How long a connection without a request is kept. Shorter than what common servers allow
/// (Node.js: 5 s), so that hardly a request meets a connection that its upstream is closing.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// What one answer may have under way, in bytes.
const STREAM_WINDOW: u32 = 256 * 1024;
/// What all answers on one HTTP/2 connection may: as good as no limit, since all clients share the
/// connection, and one that doesn't read must not hold up the others. The streams' own bound it.
const CONNECTION_WINDOW: u32 = (1 << 30) - 1;

/// A proxy to one service.
pub struct Proxy {
    client: Client<Connector, RequestBody>,
    upstreams: Arc<Upstreams>,
    protocol: UpstreamProtocol,
    timeout: Duration,
    body_timeout: Duration,
    tunnel_idle: Duration,
    telemetry: Arc<Telemetry>,
}

/// The upstream that answered, for the access log.
#[derive(Clone)]
pub struct AnsweredBy(pub Arc<str>);

impl Proxy {
    /// Connects nowhere yet. All `upstreams` speak one protocol, as the settings have checked.
    pub fn new(upstreams: &[Upstream], times: &Times, telemetry: Arc<Telemetry>) -> Self {
        let protocol = upstreams
            .first()
            .map_or(UpstreamProtocol::Http1, |upstream| upstream.protocol);
        let upstreams = Arc::new(Upstreams::new(upstreams, times.upstream_connect));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .http2_only(protocol == UpstreamProtocol::Http2)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .build(Connector(upstreams.clone()));
        Self {
            client,
            upstreams,
            protocol,
            timeout: times.upstream,
            body_timeout: times.body,
            tunnel_idle: times.tunnel_idle,
            telemetry,
        }
    }

    /// Passes a request on and its answer back.
    pub async fn respond(
        &self,
        mut request: Request<ClientBody>,
        connection: &Arc<Connection>,
        identity: &Arc<IdentityHeaders>,
    ) -> Response<Body> {
        // TRACE would show a client the headers that only the upstream may see.
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return pages::error(StatusCode::METHOD_NOT_ALLOWED);
        }
        match tokio::time::timeout(self.body_timeout, end_of_nothing(&mut request)).await {
            Ok(Ok(())) => {}
            Ok(Err(Malformed)) => return pages::error(StatusCode::BAD_REQUEST),
            Err(_) => return self.body_timed_out(connection),
        }
        let upgrade = upgrade::of_client(&mut request);
        let way = headers::Way {
            connection,
            identity,
            protocol: self.protocol,
        };
        let request = match headers::for_upstream(request, &way, &upgrade) {
            Ok(request) => request,
            Err(NotPassedOn::Status(status)) => return pages::error(status),
            Err(NotPassedOn::Unwritable(error)) => return self.untold(error, connection),
        };
        let (parts, body) = request.into_parts();
        let repeatable = headers::repeatable(&parts, &body);
        let progress = Arc::new(Progress::default());
        let body = RequestBody::new(body, progress.clone(), identity.clone());
        let sent = self.send(Request::from_parts(parts, body), repeatable, &progress);
        match sent.await {
            Ok(response) => self
                .for_client(response, upgrade, connection, progress)
                .unwrap_or_else(|failure| self.failed(failure, connection)),
            Err(failure) => self.failed(failure, connection),
        }
    }

    /// A request whose client the upstream couldn't be told goes nowhere.
    fn untold(&self, error: &Unwritable, connection: &Connection) -> Response<Body> {
        let (reason, status) = match error {
            Unwritable::TooLarge { .. } => (
                Untold::TooLarge,
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            ),
            Unwritable::Unsayable { .. } => (Untold::Unsayable, StatusCode::BAD_GATEWAY),
        };
        IdentityUnwritable {
            reason,
            detail: error.to_string(),
            connection: connection.fields(),
        }
        .emit(&self.telemetry);
        pages::error(status)
    }

    fn for_client(
        &self,
        mut response: Response<Incoming>,
        upgrade: Option<upgrade::ClientSide>,
        connection: &Arc<Connection>,
        progress: Arc<Progress>,
    ) -> Result<Response<Body>, Failure> {
        let name = match response.extensions().get::<UpstreamName>() {
            Some(UpstreamName(name)) => name.clone(),
            None => self.upstreams.name().into(),
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            match upgrade {
                Some(client) => {
                    let telemetry = self.telemetry.clone();
                    let idle = self.tunnel_idle;
                    upgrade::connect(client, &mut response, connection.clone(), idle, telemetry);
                }
                None => return Err(Failure::UnaskedUpgrade(name)),
            }
        } else {
            headers::remove_hop_by_hop(response.headers_mut());
            headers::remove_length_of_nothing(&mut response);
        }
        let upstream = name.clone();
        let mut response = response.map(|body| {
            Body::stream(ResponseBody {
                body,
                upstream,
                client: connection.session.address,
                progress,
                telemetry: self.telemetry.clone(),
            })
        });
        response.extensions_mut().insert(AnsweredBy(name));
        Ok(response)
    }

    async fn send(
        &self,
        request: Request<RequestBody>,
        again: Option<Request<()>>,
        progress: &Arc<Progress>,
    ) -> Result<Response<Incoming>, Failure> {
        match self.send_once(request, progress).await {
            // An idle connection that the upstream closed at this very moment. The request has no
            // body and repeating it does no harm (RFC 9110 section 9.2.2).
            Err(Failure::Broken(error)) if again.is_some() && is_lost_connection(&error) => {
                let request = again.unwrap_or_default().map(|()| RequestBody::empty());
                self.send_once(request, progress).await
            }
            result => result,
        }
    }

    async fn send_once(
        &self,
        request: Request<RequestBody>,
        progress: &Progress,
    ) -> Result<Response<Incoming>, Failure> {
        tokio::select! {
            result = self.client.request(request) => result.map_err(|error| {
                match progress.client_failed() {
                    true => Failure::ClientGone,
                    false => Failure::Broken(error),
                }
            }),
            stalled = progress.stalled(self.timeout, self.body_timeout) => Err(match stalled {
                Waits::ForClient => Failure::ClientStalled,
                Waits::ForUpstream => Failure::Timeout(self.timeout),
            }),
        }
    }

    /// The rest of a request doesn't come.
    fn body_timed_out(&self, connection: &Connection) -> Response<Body> {
        TimedOut {
            timeout: Timeout::Body,
            client: Some(connection.session.address),
        }
        .emit(&self.telemetry);
        pages::error(StatusCode::REQUEST_TIMEOUT)
    }

    fn failed(&self, failure: Failure, connection: &Connection) -> Response<Body> {
        let all = self.upstreams.name();
        let (status, reason, upstream, error) = match &failure {
            Failure::ClientGone => return pages::error(StatusCode::BAD_REQUEST),
            Failure::ClientStalled => return self.body_timed_out(connection),
            Failure::Timeout(timeout) => (
                StatusCode::GATEWAY_TIMEOUT,
                UpstreamFailure::ResponseTimeout,
                all.as_str(),
                format!("no answer within {timeout:?}"),
            ),
            Failure::UnaskedUpgrade(name) => (
                StatusCode::BAD_GATEWAY,
                UpstreamFailure::BadResponse,
                &**name,
                "101, for which nobody asked".to_owned(),
            ),
            Failure::Broken(error) => match connect_error(error) {
                Some(failed) if failed.reason == UpstreamFailure::ConnectTimeout => (
                    StatusCode::GATEWAY_TIMEOUT,
                    failed.reason,
                    &*failed.upstream,
                    failed.to_string(),
                ),
                Some(failed) => (
                    StatusCode::BAD_GATEWAY,
                    failed.reason,
                    &*failed.upstream,
                    failed.to_string(),
                ),
                None => (
                    StatusCode::BAD_GATEWAY,
                    UpstreamFailure::BadResponse,
                    all.as_str(),
                    chain(error),
                ),
            },
        };
        UpstreamFailed {
            reason,
            upstream,
            client: connection.session.address,
            error,
        }
        .emit(&self.telemetry);
        pages::error(status)
    }
}

/// Why there is no answer.
enum Failure {
    /// The client closed before its request was whole.
    ClientGone,
    /// The client stopped sending before its request was whole.
    ClientStalled,
    /// The upstream didn't begin its answer in time.
    Timeout(Duration),
    /// The upstream switched protocols of its own accord.
    UnaskedUpgrade(Arc<str>),
    /// The connection couldn't be made, broke, or carried something else than HTTP.
    Broken(legacy::Error),
}

fn connect_error(error: &legacy::Error) -> Option<&ConnectError> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn is_lost_connection(error: &legacy::Error) -> bool {
    causes(error).any(|cause| {
        let http = cause.downcast_ref::<hyper::Error>();
        let io = cause.downcast_ref::<std::io::Error>();
        http.is_some_and(|e| e.is_incomplete_message() || e.is_closed() || e.is_canceled())
            || io.is_some_and(|e| {
                use std::io::ErrorKind::{BrokenPipe, ConnectionReset};
                matches!(e.kind(), ConnectionReset | BrokenPipe)
            })
    })
}

/// An error with all its causes on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let words: Vec<_> = causes(error).map(ToString::to_string).collect();
    words.join(": ")
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}
