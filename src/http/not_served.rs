//! The answer to a request that its route doesn't serve: it tells nothing of the reason, the log does.

use http::{Request, Response, StatusCode};

use super::body::Body;
use super::pages;
use super::service::HttpServer;
use crate::access::Connection;
use crate::access::routes::NotServed;
use crate::identity::{escaped, shortened};
use crate::refusal::RefusalReason;
use crate::telemetry::events::routes::RequestRefused;
use crate::tls::admission::Denied;

/// The longest path in a line, in bytes.
const PATH_LIMIT: usize = 2048;

pub(super) fn not_served<B>(
    server: &HttpServer,
    not: &NotServed<'_>,
    request: &Request<B>,
    connection: &Connection,
) -> Response<Body> {
    let NotServed::Denied { denied, route } = not else {
        return pages::error(StatusCode::BAD_REQUEST);
    };
    let route = route.map(ToString::to_string);
    refuse(server, denied, route.as_deref(), request, connection)
}

/// The same where nobody can have shown a certificate, and one is needed.
pub(super) fn no_certificate<B>(
    server: &HttpServer,
    request: &Request<B>,
    connection: &Connection,
) -> Response<Body> {
    let denied = Denied {
        reason: RefusalReason::NoCertificate,
        words: "plain HTTP, and a certificate is required".to_owned(),
    };
    refuse(server, &denied, None, request, connection)
}

fn refuse<B>(
    server: &HttpServer,
    denied: &Denied,
    route: Option<&str>,
    request: &Request<B>,
    connection: &Connection,
) -> Response<Body> {
    RequestRefused {
        reason: denied.reason,
        detail: &denied.words,
        route,
        method: request.method().as_str(),
        path: &shortened(escaped(request.uri().path()), PATH_LIMIT),
        connection: connection.fields(),
    }
    .emit(&server.telemetry);
    match server.refuses_by_page {
        true => pages::refusal(),
        false => pages::error(StatusCode::FORBIDDEN),
    }
}
