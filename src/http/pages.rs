//! The pages that certgate itself makes: errors, the refusal page, the welcome page.
//!
//! Takes a status, hands on a complete response. Pages are self-contained (no script, image or font is fetched), carry
//! no word of the request, and say nothing about the server or the reason of a refusal.

use std::sync::LazyLock;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};

use super::body::Body;

/// The page of an error or a redirect. Statuses without a text of their own get a general one.
pub fn error(status: StatusCode) -> Response<Body> {
    let (title, text) = words(status);
    let html = ERROR
        .replace("{{status}}", status.as_str())
        .replace("{{title}}", title)
        .replace("{{text}}", text);
    page(status, html.into())
}

/// 403 for a client that was let through the handshake without an accepted certificate (`--refusal page`). The same
/// bytes whatever the reason was.
pub fn refusal() -> Response<Body> {
    page(StatusCode::FORBIDDEN, REFUSAL.clone())
}

/// 200 at `/` while the document root holds no `index.html`.
pub fn welcome() -> Response<Body> {
    page(StatusCode::OK, WELCOME.clone())
}

/// 429 for a client that is over a limit, and may ask again after `wait` (RFC 6585 section 4).
pub fn too_many(wait: Duration) -> Response<Body> {
    let mut response = error(StatusCode::TOO_MANY_REQUESTS);
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn page(status: StatusCode, html: Bytes) -> Response<Body> {
    let length = HeaderValue::from(html.len());
    let mut response = Response::new(Body::full(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HTML);
    headers.insert(CONTENT_LENGTH, length);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    // Also the welcome page: the next request may find the operator's own index.html.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    response
}

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const STYLE: &str = include_str!("pages/style.css");

static ERROR: LazyLock<String> = LazyLock::new(|| styled(include_str!("pages/error.html")));
static REFUSAL: LazyLock<Bytes> =
    LazyLock::new(|| styled(include_str!("pages/refusal.html")).into());
static WELCOME: LazyLock<Bytes> =
    LazyLock::new(|| styled(include_str!("pages/welcome.html")).into());

/// Nothing may be fetched or run; the one inline style is named by its hash (CSP level 3 section 2.3.1).
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(openssl::sha::sha256(STYLE.as_bytes()));
    HeaderValue::try_from(format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ))
    // Base64 and the words around it are visible ASCII; should that change, nothing is allowed rather than all.
    .unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

fn styled(html: &str) -> String {
    html.replace("{{style}}", STYLE)
}

fn words(status: StatusCode) -> (&'static str, &'static str) {
    let text = match status.as_u16() {
        301 => "This address ends in a slash; your browser should go there by itself.",
        400 => "The request could not be understood.",
        403 => "You may not see what is at this address.",
        404 => "There is nothing at this address.",
        405 => "This address does not take requests of that kind.",
        408 => "The request took too long to arrive.",
        412 => "What is at this address is not in the state that the request asked for.",
        413 => "The request is larger than what is taken here.",
        416 => "The part that was asked for lies beyond the end of what is here.",
        421 => "This connection was not made for that host name. Try again on a new one.",
        429 => "There were too many requests of yours. Try again a little later.",
        431 => "The request's header is larger than what is taken here.",
        500 => "Something failed on this side. Trying again later may help.",
        502 => "The service behind this address gave no usable answer.",
        503 => "The service is not available at the moment. Try again shortly.",
        504 => "The service behind this address took too long to answer.",
        _ => "The request was not fulfilled.",
    };
    (status.canonical_reason().unwrap_or("Error"), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn html_of(response: Response<Body>) -> String {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    fn all() -> Vec<Response<Body>> {
        let statuses = [
            301, 400, 403, 404, 405, 408, 412, 413, 416, 421, 431, 500, 502, 503, 504, 599,
        ];
        let errors = statuses.map(|code| error(StatusCode::from_u16(code).unwrap()));
        errors.into_iter().chain([refusal(), welcome()]).collect()
    }

    #[tokio::test]
    async fn each_page_is_complete_and_fetches_nothing() {
        for response in all() {
            let status = response.status();
            let length = response.headers()[CONTENT_LENGTH].clone();
            let html = html_of(response).await;
            assert_eq!(length, html.len().to_string(), "{status}");
            assert!(html.starts_with("<!doctype html>"), "{status}");
            for unwanted in ["{{", "<script", "src=", "href=", "url(", "@import"] {
                assert!(!html.contains(unwanted), "{status} holds {unwanted}");
            }
        }
    }

    #[tokio::test]
    async fn the_policy_permits_the_style_of_each_page() {
        for response in all() {
            let policy = response.headers()[CONTENT_SECURITY_POLICY].clone();
            let html = html_of(response).await;
            let style = html.split("<style>").nth(1).unwrap();
            let style = style.split("</style>").next().unwrap();
            let hash = STANDARD.encode(openssl::sha::sha256(style.as_bytes()));
            assert!(policy.to_str().unwrap().contains(&hash));
        }
    }

    #[tokio::test]
    async fn headers_keep_pages_out_of_caches_and_from_being_sniffed() {
        for response in all() {
            let headers = response.headers();
            assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8");
            assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(headers[CACHE_CONTROL], "no-store");
        }
    }

    #[tokio::test]
    async fn the_refusal_page_gives_nothing_away() {
        let response = refusal();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let html = html_of(response).await.to_lowercase();
        for telling in ["certgate", "expired", "revoked", "issuer", "openssl"] {
            assert!(!html.contains(telling), "tells {telling}");
        }
    }
}
