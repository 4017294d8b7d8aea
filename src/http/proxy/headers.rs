//! What is taken out of a request's header before an upstream sees it, and what is put in.

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, StatusCode, Uri, Version, request};
use hyper::body::Body;

use super::forwarded::Forwarded;
use super::upgrade::{self, ClientSide};
use crate::access::Connection;
use crate::config::upstream::UpstreamProtocol;
use crate::http::client_body::ClientBody;
use crate::identity::headers::{IdentityHeaders, Unwritable};

/// Where a request comes from, and how it goes on.
pub struct Way<'a> {
    /// The client's.
    pub connection: &'a Connection,
    /// What the upstream is told of the client.
    pub identity: &'a IdentityHeaders,
    /// What the upstream speaks.
    pub protocol: UpstreamProtocol,
}

/// Why a request is not passed on.
#[derive(Debug)]
pub enum NotPassedOn<'a> {
    /// The client is told this.
    Status(StatusCode),
    /// Nobody could tell the upstream who the client is.
    Unwritable(&'a Unwritable),
}

impl From<StatusCode> for NotPassedOn<'_> {
    fn from(status: StatusCode) -> Self {
        Self::Status(status)
    }
}

/// The request as the upstream gets it.
///
/// # Errors
/// If it isn't passed on.
pub fn for_upstream<'a, B: Body>(
    request: Request<B>,
    way: &Way<'a>,
    upgrade: &Option<ClientSide>,
) -> Result<Request<B>, NotPassedOn<'a>> {
    let Way {
        connection,
        identity,
        protocol,
    } = *way;
    let (mut parts, body) = request.into_parts();
    let host = host_of(&parts)?;
    // Before `Connection`, which a client writes, can name a load balancer's word away.
    let forwarded = Forwarded::of(&parts.headers, connection);
    remove_hop_by_hop(&mut parts.headers);
    // The body isn't held back until the upstream says 100: hyper has answered for us.
    parts.headers.remove(EXPECT);
    identity.remove_reserved(&mut parts.headers, connection.is_of_proxy);
    let value = HeaderValue::from_str(&host).map_err(|_| StatusCode::BAD_REQUEST)?;
    parts.headers.insert(HOST, value);
    forwarded.write(&mut parts.headers);
    match connection.identity(identity) {
        Ok(fields) => fields.write(&mut parts.headers),
        Err(error) => return Err(NotPassedOn::Unwritable(error)),
    }
    if let Some(client) = upgrade {
        upgrade::ask_for(client, &mut parts.headers);
    }
    if protocol != UpstreamProtocol::Http2 && parts.version == Version::HTTP_2 {
        join_cookies(&mut parts.headers);
    }
    (parts.uri, parts.version) = match protocol {
        UpstreamProtocol::Http2 => {
            // RFC 9113 section 8.3.1: :authority says it, Host must not say another thing.
            parts.headers.remove(HOST);
            (uri_at(&host, &parts.uri)?, Version::HTTP_2)
        }
        // One pool, whatever hosts clients ask for: the connector doesn't look at it.
        UpstreamProtocol::Http1 | UpstreamProtocol::Tcp => {
            (uri_at("upstream", &parts.uri)?, Version::HTTP_11)
        }
    };
    if protocol == UpstreamProtocol::Http1
        && !body.is_end_stream()
        && body.size_hint().exact().is_none()
    {
        // hyper leaves the body of a GET out unless it is told that there is one.
        let chunked = HeaderValue::from_static("chunked");
        parts.headers.insert(TRANSFER_ENCODING, chunked);
    }
    // What the server side left for itself must not steer the client side.
    parts.extensions.clear();
    Ok(Request::from_parts(parts, body))
}

/// A copy of a request that may be sent twice: no body, and idempotent (RFC 9110 section 9.2.2).
pub fn repeatable(parts: &request::Parts, body: &ClientBody) -> Option<Request<()>> {
    let harmless = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let upgrading = parts.headers.contains_key(UPGRADE);
    (harmless && body.is_end_stream() && !upgrading).then(|| Request::from_parts(parts.clone(), ()))
}

/// Removes what is between two neighbours only (RFC 9110 section 7.6.1): the fields that
/// `Connection` names, and those that are so by nature.
pub fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    // gRPC tells by it that trailers arrive; any other value is between neighbours.
    let trailers = headers
        .get(TE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|part| part.trim() == "trailers"));
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Removes the Content-Length of a 204, which mustn't have one, and of a 304, where it isn't the
/// length of what is sent (RFC 9110 section 8.6).
pub fn remove_length_of_nothing<B>(response: &mut Response<B>) {
    if matches!(
        response.status(),
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    ) {
        response.headers_mut().remove(CONTENT_LENGTH);
    }
}

/// Trailer isn't among them: trailers go all the way, and hyper sends only those that it announces.
static HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// One Cookie field of those that HTTP/2 may split it into (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if crumbs.len() > 1
        && let Ok(cookie) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]))
    {
        headers.insert(COOKIE, cookie);
    }
}

/// The host that the client asked for: exactly one, and a host (RFC 9112 section 3.2).
fn host_of(parts: &request::Parts) -> Result<String, StatusCode> {
    // `GET host HTTP/1.1` is the form of CONNECT only (RFC 9112 section 3.2.3).
    if parts.uri.authority().is_some() && parts.uri.scheme().is_none() {
        return Err(StatusCode::BAD_REQUEST);
    }
    let mut fields = parts.headers.get_all(HOST).iter();
    let field = fields.next().map(HeaderValue::to_str).transpose();
    let field = field.map_err(|_| StatusCode::BAD_REQUEST)?;
    if fields.next().is_some() {
        return Err(StatusCode::BAD_REQUEST);
    }
    let host = match (parts.uri.authority(), field) {
        (Some(authority), Some(field)) if parts.version == Version::HTTP_2 => {
            if !authority.as_str().eq_ignore_ascii_case(field) {
                return Err(StatusCode::BAD_REQUEST);
            }
            authority.as_str()
        }
        (Some(authority), _) => authority.as_str(),
        (None, Some(field)) => field,
        (None, None) if parts.version <= Version::HTTP_10 => return Ok(String::new()),
        (None, None) => return Err(StatusCode::BAD_REQUEST),
    };
    if host.is_empty() {
        return Ok(String::new());
    }
    match host.parse::<Authority>() {
        Ok(_) if !host.contains('@') => Ok(host.to_owned()),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

/// The same path and query at another authority, which is the key of the pool.
fn uri_at(authority: &str, uri: &Uri) -> Result<Uri, StatusCode> {
    let path = uri
        .path_and_query()
        .cloned()
        .unwrap_or_else(|| PathAndQuery::from_static("/"));
    Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(authority)
        .path_and_query(path)
        .build()
        .map_err(|_| StatusCode::BAD_REQUEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn neighbours_fields_go_no_further() {
        let mut given = headers(&[
            ("connection", "close, x-secret"),
            ("x-secret", "1"),
            ("keep-alive", "5"),
            ("te", "gzip, trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("accept", "*/*"),
        ]);
        remove_hop_by_hop(&mut given);
        assert_eq!(given, headers(&[("accept", "*/*"), ("te", "trailers")]));
    }
}
