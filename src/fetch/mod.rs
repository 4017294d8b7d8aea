//! What certgate fetches from elsewhere: statuses of certificates (OCSP), lists of revoked ones.
//!
//! A small HTTP client, bounded in time and size, with one connection for each exchange: those are rare, and a
//! pooled connection would belong to the thread that made it. A leaf, as [`upstream`](crate::upstream) is: it
//! takes a [`Request`] and hands on the body of the answer, or says in a [`FetchError`] what an operator should
//! look at. Whether the body is to be believed is for others to find out.

mod connect;
mod error;
pub mod pace;
mod url;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{
    ACCEPT, CONNECTION, CONTENT_TYPE, ETAG, HOST, HeaderMap, HeaderName, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, USER_AGENT,
};
use http::{Method, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

pub use error::FetchError;
pub use url::{Url, UrlFault};

/// How often an answer may point elsewhere.
const REDIRECTS: usize = 3;
const AGENT: &str = concat!("certgate/", env!("CARGO_PKG_VERSION"));

/// What to ask.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where.
    pub url: Url,
    /// What to send; without, it is a GET.
    pub post: Option<Post>,
    /// What an earlier answer said of itself, so that the same need not come again.
    pub known: Validators,
}

/// The body of a POST.
#[derive(Debug, Clone)]
pub struct Post {
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub body: Bytes,
}

/// What tells two versions of an answer apart (RFC 9110 section 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

/// How much an answer may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the look-up of the name to the last byte, redirects included.
    pub time: Duration,
    /// Of the body, in bytes.
    pub size: usize,
}

/// What came.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A body, and how to ask for it next time.
    Body(Bytes, Validators),
    /// It is what it was (304).
    NotModified,
}

impl Request {
    /// A plain GET.
    pub fn get(url: Url) -> Self {
        Self {
            url,
            post: None,
            known: Validators::default(),
        }
    }
}

impl Validators {
    fn of(headers: &HeaderMap) -> Self {
        Self {
            etag: headers.get(ETAG).cloned(),
            last_modified: headers.get(LAST_MODIFIED).cloned(),
        }
    }

    fn ask(&self, headers: &mut HeaderMap) {
        let conditions: [(HeaderName, _); 2] = [
            (IF_NONE_MATCH, &self.etag),
            (IF_MODIFIED_SINCE, &self.last_modified),
        ];
        for (name, value) in conditions {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
    }
}

/// Performs one exchange, following redirects.
pub async fn fetch(request: &Request, limits: Limits) -> Result<Answer, FetchError> {
    match tokio::time::timeout(limits.time, follow(request, limits.size)).await {
        Ok(result) => result,
        Err(_) => Err(FetchError::Timeout(limits.time)),
    }
}

async fn follow(request: &Request, size: usize) -> Result<Answer, FetchError> {
    let mut url = request.url.clone();
    for _ in 0..=REDIRECTS {
        match exchange(&url, request, size).await? {
            Step::Answer(answer) => return Ok(answer),
            Step::Elsewhere(next) => url = next,
        }
    }
    Err(FetchError::TooManyRedirects(REDIRECTS))
}

enum Step {
    Answer(Answer),
    Elsewhere(Url),
}

async fn exchange(url: &Url, request: &Request, size: usize) -> Result<Step, FetchError> {
    let stream = TokioIo::new(connect::connect(url).await?);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(protocol)?;
    // It ends with this exchange, or when that is given up.
    let _driver = Driver(tokio::spawn(connection));
    let response = sender
        .send_request(message(url, request)?)
        .await
        .map_err(protocol)?;
    let (head, body) = response.into_parts();
    match head.status {
        StatusCode::OK => {
            let bytes = collect(body, size).await?;
            Ok(Step::Answer(Answer::Body(
                bytes,
                Validators::of(&head.headers),
            )))
        }
        StatusCode::NOT_MODIFIED if request.known != Validators::default() => {
            Ok(Step::Answer(Answer::NotModified))
        }
        // A POST stays one: what it asks can't be asked otherwise.
        StatusCode::MOVED_PERMANENTLY
        | StatusCode::FOUND
        | StatusCode::TEMPORARY_REDIRECT
        | StatusCode::PERMANENT_REDIRECT => elsewhere(url, &head.headers).map(Step::Elsewhere),
        status => Err(FetchError::Status(status.as_u16())),
    }
}

fn message(url: &Url, request: &Request) -> Result<http::Request<Full<Bytes>>, FetchError> {
    let body = request.post.as_ref().map(|post| post.body.clone());
    let mut message = http::Request::new(Full::new(body.unwrap_or_default()));
    *message.uri_mut() = url
        .path()
        .parse::<Uri>()
        .map_err(|_| FetchError::Url(UrlFault))?;
    let headers = message.headers_mut();
    headers.insert(HOST, url.authority());
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    request.known.ask(headers);
    if let Some(post) = &request.post {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(post.media_type));
        *message.method_mut() = Method::POST;
    }
    Ok(message)
}

fn elsewhere(from: &Url, headers: &HeaderMap) -> Result<Url, FetchError> {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    location
        .and_then(|location| from.join(location))
        .ok_or(FetchError::BadRedirect)
}

async fn collect(mut body: Incoming, size: usize) -> Result<Bytes, FetchError> {
    let announced = body.size_hint().lower();
    if announced > size as u64 {
        return Err(FetchError::TooLarge(size));
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(protocol)?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > size {
            return Err(FetchError::TooLarge(size));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

fn protocol(error: hyper::Error) -> FetchError {
    FetchError::Protocol(error::chain(&error))
}

struct Driver(tokio::task::JoinHandle<hyper::Result<()>>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests;
