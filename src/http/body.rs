//! The one body type of all responses.
//!
//! Takes bytes in memory or any other stream of bytes, hands hyper an `http_body::Body` that knows its exact length
//! wherever there is one, so that hyper sends Content-Length and chunks only what truly has no known end.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_LENGTH};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};

/// Why a body broke off. hyper cuts the connection on it (HTTP/2: resets the stream), so that the client sees that the
/// response is incomplete.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The most bytes in a frame of what is in memory. hyper copies each frame into the connection's buffer, which stays
/// as large as it once was: a slow reader of a large content in one frame would hold a copy of all of it.
const FRAME: usize = 64 * 1024;

/// A response body, whatever its source.
#[derive(Debug, Default)]
pub struct Body(Kind);

#[derive(Debug, Default)]
enum Kind {
    #[default]
    Empty,
    /// What is left to send; never empty, becomes `Empty` with its last frame.
    Full(Bytes),
    /// One after the other; none is empty, and there is at least one.
    Pieces(VecDeque<Bytes>),
    /// Large files and proxied bodies: the box costs nothing beside what they do per frame.
    Stream(UnsyncBoxBody<Bytes, BoxError>),
}

impl Body {
    /// No content; its length is known to be 0.
    pub const fn empty() -> Self {
        Self(Kind::Empty)
    }

    /// All content at once. It is shared with whoever else holds it, and sent in frames of [`FRAME`] bytes.
    pub fn full(content: impl Into<Bytes>) -> Self {
        let content = content.into();
        if content.is_empty() {
            Self::empty()
        } else {
            Self(Kind::Full(content))
        }
    }

    /// Several contents, one after the other. They are shared and not copied, as with [`Body::full`].
    pub fn pieces(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
        let pieces: VecDeque<_> = pieces.collect();
        if pieces.is_empty() {
            Self::empty()
        } else {
            Self(Kind::Pieces(pieces))
        }
    }

    /// Any other body, say a `hyper::body::Incoming` from an upstream. Its size hint, trailers and errors pass through.
    pub fn stream<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Kind::Stream(body.map_err(Into::into).boxed_unsync()))
    }
}

impl Body {
    fn forget_what_is_sent(&mut self) {
        let done = match &mut self.0 {
            Kind::Full(content) => content.is_empty(),
            Kind::Pieces(pieces) => {
                if pieces.front().is_some_and(Bytes::is_empty) {
                    pieces.pop_front();
                }
                pieces.is_empty()
            }
            Kind::Empty | Kind::Stream(_) => false,
        };
        if done {
            self.0 = Kind::Empty;
        }
    }
}

/// The answer to HEAD made of the answer to GET: the same headers, Content-Length among them, and no body
/// (RFC 9110 section 9.3.2). A 304 or 204 gets no Content-Length, as it has none for GET either (section 8.6).
pub fn without_body(mut response: Response<Body>) -> Response<Body> {
    let bodiless = matches!(
        response.status(),
        StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT
    );
    let length = http_body::Body::size_hint(response.body()).exact();
    if let (Some(length), false) = (length, bodiless) {
        let entry = response.headers_mut().entry(CONTENT_LENGTH);
        entry.or_insert_with(|| HeaderValue::from(length));
    }
    response.map(|_| Body::empty())
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match &mut self.0 {
            Kind::Empty => None,
            Kind::Full(content) => Some(take_frame(content)),
            Kind::Pieces(pieces) => pieces.front_mut().map(take_frame),
            Kind::Stream(stream) => return Pin::new(stream).poll_frame(context),
        };
        self.forget_what_is_sent();
        Poll::Ready(frame.map(|frame| Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Full(_) | Kind::Pieces(_) => false,
            Kind::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Full(content) => SizeHint::with_exact(content.len() as u64),
            Kind::Pieces(pieces) => {
                let lengths = pieces.iter().map(|piece| piece.len() as u64);
                SizeHint::with_exact(lengths.sum())
            }
            Kind::Stream(stream) => stream.size_hint(),
        }
    }
}

fn take_frame(content: &mut Bytes) -> Bytes {
    match content.len() {
        0..=FRAME => std::mem::take(content),
        _ => content.split_to(FRAME),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;
    use http_body_util::Full;

    #[tokio::test]
    async fn each_kind_knows_its_length_and_yields_its_content() {
        for (body, content) in [
            (Body::empty(), ""),
            (Body::full(""), ""),
            (Body::full("gate"), "gate"),
            (Body::pieces([]), ""),
            (
                Body::pieces(["", "one", "", "two", ""].map(Bytes::from)),
                "onetwo",
            ),
            (Body::stream(Full::from("stream")), "stream"),
        ] {
            assert_eq!(body.size_hint().exact(), Some(content.len() as u64));
            assert_eq!(body.is_end_stream(), content.is_empty());
            let collected = body.collect().await.unwrap().to_bytes();
            assert_eq!(collected, content.as_bytes());
        }
    }

    #[tokio::test]
    async fn what_is_large_comes_in_frames_that_are_not() {
        for length in [FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 2 * FRAME + 1] {
            let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut body = Body::full(content.clone());
            let mut sent = Vec::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.unwrap().into_data().unwrap();
                assert!((1..=FRAME).contains(&frame.len()));
                sent.extend_from_slice(&frame);
                let left = (length - sent.len()) as u64;
                assert_eq!(body.size_hint().exact(), Some(left));
                assert_eq!(body.is_end_stream(), left == 0);
            }
            assert!(sent == content, "{length} bytes differ");
        }
    }

    #[test]
    fn an_answer_to_head_keeps_the_length() {
        let response = without_body(Response::new(Body::full("gate")));
        assert_eq!(response.headers()[CONTENT_LENGTH], "4");
        assert!(response.body().is_end_stream());
        let mut unchanged = Response::new(Body::empty());
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        let unchanged = without_body(unchanged);
        assert!(!unchanged.headers().contains_key(CONTENT_LENGTH));
    }
}
