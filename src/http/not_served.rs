//! The answer to a request that its route doesn't serve: it tells nothing of the reason, the log does.

use http::{Request, Response, StatusCode};

use super::body::Body;
use super::pages;
use super::service::HttpServer;
use crate::access::Connection;
use crate::access::routes::NotServed;
use crate::identity::{escaped, shortened};
use crate::telemetry::events::routes::RequestRefused;

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
    RequestRefused {
        reason: denied.reason,
        detail: &denied.words,
        route: route.map(ToString::to_string).as_deref(),
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
