//! Plain HTTP/1.1 of a load balancer that ends TLS itself (`http://` in `--listen`).
//!
//! What a trusted peer says came to it by https is served, as on the site that its Host names. All else is sent to
//! https. Each request is decided by what holds at its moment, since such connections live long and carry many clients.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{HOST, HeaderMap};
use http::uri::Authority;
use http::{Method, Request, Response, StatusCode, Version};

use super::body::Body;
use super::client_body::ClientBody;
use super::health::Health;
use super::http1;
use super::logged::{Log, Logged};
use super::not_served::no_certificate;
use super::pages;
use super::redirect::to_https;
use super::service::{HttpServer, finish, note};
use crate::access::plain::PlainDoor;
use crate::access::{Connection, Wire};
use crate::config::networks::Networks;
use crate::config::server_name::ServerNames;
use crate::lifecycle::ending::Stage;
use crate::net::ClientStream;
use crate::telemetry::Telemetry;
use crate::telemetry::events;

/// Says by what a request came to the load balancer.
const PROTO: &str = "x-forwarded-proto";

/// What requests are decided by: one immutable view.
pub struct PlainView {
    /// The load balancers.
    pub trusted: Networks,
    /// What they are told about this process; `None` for nothing.
    pub health: Option<Arc<Health>>,
    /// Which site a host belongs to.
    pub names: Arc<ServerNames>,
    /// By their numbers.
    pub sites: Vec<PlainSite>,
    /// To receive a request's header, or idle before it.
    pub header_timeout: Duration,
    /// How long the load balancer may take nothing of an answer.
    pub send_timeout: Duration,
    /// Where events go.
    pub telemetry: Arc<Telemetry>,
}

/// A site, for plain HTTP.
pub struct PlainSite {
    /// Who may come in.
    pub door: PlainDoor,
    /// What is behind it; `None` for a tunnel.
    pub server: Option<Arc<HttpServer>>,
}

/// The view of now.
pub type Current = Arc<dyn Fn() -> Arc<PlainView> + Send + Sync>;

/// One connection.
struct Plain {
    current: Current,
    carrier: Arc<Connection>,
    /// What was made of it for the sites that were asked for, by this view.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    view: Option<Arc<PlainView>>,
    /// By the numbers of their sites.
    connections: Vec<(usize, Arc<Connection>)>,
}

/// Serves until the other end is done or the connection has to end.
pub async fn serve(mut stream: ClientStream, carrier: Arc<Connection>, current: Current) {
    let limit = {
        let view = current();
        stream.cut_after(view.send_timeout);
        if view.trusted.include(carrier.session.address) {
            stream.make_known();
        }
        view.header_timeout
    };
    let plain = Arc::new(Plain {
        current,
        carrier: carrier.clone(),
        known: Mutex::default(),
    });
    let handler = move |request: Request<ClientBody>| {
        let plain = plain.clone();
        async move { Ok::<_, Infallible>(plain.answer(request).await) }
    };
    let wire = Wire::Plain(Box::new(stream));
    note(http1::converse(wire, limit, handler, carrier).await);
}

impl Plain {
    async fn answer(&self, request: Request<ClientBody>) -> Response<Logged> {
        let view = (self.current)();
        let health = view.health.as_ref();
        if let Some(response) = health.and_then(|health| health.answer(&request)) {
            return self.unlogged(response, &request);
        }
        let peer = self.carrier.session.address;
        if !(view.trusted.include(peer) && came_by_https(request.headers())) {
            let response = to_https(&request);
            if response.status() == StatusCode::PERMANENT_REDIRECT {
                events::health::redirected(&view.telemetry);
            }
            return self.unlogged(response, &request);
        }
        let Some(number) = site_of(&request, &view.names) else {
            let page = pages::error(StatusCode::BAD_REQUEST);
            return self.logged(page, &request, &self.carrier, &view);
        };
        let Some((site, server)) = view
            .sites
            .get(number)
            .and_then(|site| Some((site, site.server.as_ref()?)))
        else {
            let page = pages::error(StatusCode::MISDIRECTED_REQUEST);
            return self.logged(page, &request, &self.carrier, &view);
        };
        let connection = self.at(number, site, &view);
        if !site.door.lets_in(&connection.session.origin()) {
            let page = no_certificate(server, &request, &connection);
            return self.logged(page, &request, &connection, &view);
        }
        server.answer(request, connection).await
    }

    fn unlogged(
        &self,
        response: Response<Body>,
        request: &Request<ClientBody>,
    ) -> Response<Logged> {
        Log::none().wrap(self.finished(response, request), None)
    }

    fn logged(
        &self,
        response: Response<Body>,
        request: &Request<ClientBody>,
        connection: &Arc<Connection>,
        view: &PlainView,
    ) -> Response<Logged> {
        let log = Log::of(request, connection.clone(), view.telemetry.clone());
        log.wrap(self.finished(response, request), None)
    }

    fn finished(&self, response: Response<Body>, request: &Request<ClientBody>) -> Response<Body> {
        let closing = self.carrier.ending.is(Stage::Closing);
        let cut = request.method() == Method::HEAD;
        finish(response, cut, closing.then_some("close"))
    }

    fn at(&self, number: usize, site: &PlainSite, view: &Arc<PlainView>) -> Arc<Connection> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known {
            view: of,
            connections,
        } = &mut *known;
        if !of.as_ref().is_some_and(|of| Arc::ptr_eq(of, view)) {
            *of = Some(view.clone());
            connections.clear();
        }
        if let Some((_, connection)) = connections.iter().find(|(known, _)| *known == number) {
            return connection.clone();
        }
        let connection = Arc::new(site.door.connection(&self.carrier, number));
        connections.push((number, connection.clone()));
        connection
    }
}

/// Once, and nothing else beside it.
fn came_by_https(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(PROTO).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.as_bytes().eq_ignore_ascii_case(b"https"),
        _ => false,
    }
}

/// The number of the site that a request is for; `None` if it doesn't say. Whether that site has the host is asked
/// there once more.
fn site_of<B>(request: &Request<B>, names: &ServerNames) -> Option<usize> {
    let target = request.uri().authority().map(|a| a.host().to_owned());
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next(), request.version()) {
        (Some(value), None, _) => {
            let authority = Authority::try_from(value.as_bytes()).ok()?;
            Some(authority.host().to_owned())
        }
        (None, None, Version::HTTP_10) => None,
        _ => return None,
    };
    let host = target.or(host);
    Some(host.and_then(|host| names.find(&host)).unwrap_or(0))
}
