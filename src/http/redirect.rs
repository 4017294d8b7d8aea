//! Sends whoever came by plain HTTP to https (RFC 9110 section 15.4.9): same host, same path and query.
//!
//! Takes a request, hands on a complete answer. Nothing of the request comes back but a host that is one, and a target
//! in printable ASCII.

use std::net::Ipv6Addr;

use http::header::{ALLOW, CONTENT_LENGTH, HOST, HeaderValue, LOCATION};
use http::{Method, Request, Response, StatusCode, Version};

use super::body::Body;
use super::pages;

/// The longest host, in bytes: that of a DNS name.
const LONGEST_HOST: usize = 255;

/// 308, or 400 if the request doesn't say where to.
pub fn to_https<B>(request: &Request<B>) -> Response<Body> {
    if *request.method() == Method::CONNECT {
        let mut response = pages::error(StatusCode::METHOD_NOT_ALLOWED);
        let allow = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        response.headers_mut().insert(ALLOW, allow);
        return response;
    }
    let Some(location) = location(request) else {
        return pages::error(StatusCode::BAD_REQUEST);
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}

/// Without a port: https has its own, and that of plain HTTP says nothing of it.
fn location<B>(request: &Request<B>) -> Option<HeaderValue> {
    let uri = request.uri();
    let mut hosts = request.headers().get_all(HOST).iter();
    let own = match (hosts.next(), hosts.next(), request.version()) {
        (Some(value), None, _) => Some(host(value.to_str().ok()?)?),
        // RFC 9112 section 3.2: exactly one in HTTP/1.1.
        (None, None, Version::HTTP_10) => None,
        _ => return None,
    };
    // That of an absolute target is the one that counts (RFC 9112 section 3.2.2).
    let host = match uri.authority() {
        Some(authority) if uri.scheme_str() == Some("http") => host(authority.as_str())?,
        Some(_) => return None,
        None => own?,
    };
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let is_plain = target.bytes().all(|byte| byte.is_ascii_graphic());
    if !target.starts_with('/') || !is_plain {
        return None;
    }
    HeaderValue::try_from(format!("https://{host}{target}")).ok()
}

/// The host of `host` or `host:port`: a name, or an address (RFC 3986 section 3.2.2).
fn host(text: &str) -> Option<&str> {
    let (host, port) = match text.rfind(':') {
        Some(colon) if !text.ends_with(']') => (&text[..colon], &text[colon + 1..]),
        _ => (text, ""),
    };
    let is_port = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    let bracketed = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_host = match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !host.is_empty() && host.bytes().all(is_of_name)
        }
    };
    (is_port && is_host && host.len() <= LONGEST_HOST).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(target: &str, hosts: &[&[u8]]) -> Result<String, u16> {
        let request = Request::builder().uri(target);
        let with = |request: http::request::Builder, host: &&[u8]| {
            request.header(HOST, HeaderValue::from_bytes(host).unwrap())
        };
        let request = hosts.iter().fold(request, with).body(()).unwrap();
        let response = to_https(&request);
        match response.status().as_u16() {
            308 => Ok(response.headers()[LOCATION].to_str().unwrap().to_owned()),
            status => Err(status),
        }
    }

    #[test]
    fn host_path_and_query_stay() {
        for (target, host, location) in [
            ("/", "a.example", "https://a.example/"),
            (
                "/a/b?c=d&e",
                "a.example:8080",
                "https://a.example/a/b?c=d&e",
            ),
            (
                "/%0d%0aSet-Cookie:x",
                "A_b.example.",
                "https://A_b.example./%0d%0aSet-Cookie:x",
            ),
            (
                "//evil.example/x",
                "a.example",
                "https://a.example//evil.example/x",
            ),
            ("/", "10.0.0.1:80", "https://10.0.0.1/"),
            ("/x", "[::1]:80", "https://[::1]/x"),
            ("/x", "[2001:db8::1]", "https://[2001:db8::1]/x"),
            (
                "http://b.example:80/x?y",
                "a.example",
                "https://b.example/x?y",
            ),
            ("http://b.example", "a.example", "https://b.example/"),
        ] {
            assert_eq!(sent(target, &[host.as_bytes()]), Ok(location.to_owned()));
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let long = "a".repeat(256);
        for host in [
            "",
            ":80",
            "a@b",
            "user:pw@b",
            "a b",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "a:b",
            "a:123456",
            "[::1",
            "::1",
            "[a]",
            "[]",
            "a%2fb",
            "a,b",
            "a\tb",
            &long,
        ] {
            assert_eq!(sent("/", &[host.as_bytes()]), Err(400), "{host}");
        }
        assert_eq!(sent("/", &[b"\xff"]), Err(400));
        assert_eq!(sent("/", &[]), Err(400));
        assert_eq!(sent("/", &[b"a", b"a"]), Err(400));
        assert_eq!(sent("*", &[b"a"]), Err(400));
        assert_eq!(sent("https://b/", &[b"a"]), Err(400));
        assert_eq!(sent("http://u@b/", &[b"a"]), Err(400));
        assert_eq!(sent("http://b/", &[b"a b"]), Err(400));
        assert_eq!(sent("/\u{e4}", &[b"a"]), Err(400));
    }
}
