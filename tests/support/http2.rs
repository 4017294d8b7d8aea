//! HTTP/2: a client by hyper, an upstream by hyper, and frames as they are.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

use super::client::Connection;
use super::content::{Blocks, Sum, Summing};
use super::duplex::{self, Options, runtime};
use super::pki::Identity;

pub type Body = BoxBody<Bytes, Infallible>;

/// A client's connection.
pub struct Client(pub SendRequest<Body>);

/// A whole response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub trailers: HeaderMap,
}

/// Connects with this certificate.
pub fn connect(identity: &Identity, address: SocketAddr) -> Client {
    connect_by(
        Options {
            alpn: b"\x02h2",
            ..duplex::with(identity)
        },
        address,
    )
}

pub fn connect_by(options: Options, address: SocketAddr) -> Client {
    connect_with_window(options, address, None)
}

/// Connects and lets each answer have `window` bytes under way.
pub fn connect_with_window(options: Options, address: SocketAddr, window: Option<u32>) -> Client {
    duplex::block_on(async {
        let stream = options.connect(address).await.unwrap();
        assert_eq!(stream.ssl().selected_alpn_protocol(), Some(&b"h2"[..]));
        let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        if window.is_some() {
            builder.initial_stream_window_size(window);
        }
        let (client, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
        runtime().spawn(connection);
        Client(client)
    })
}

impl Client {
    /// Sends a request and reads the whole response.
    pub fn send(&mut self, request: Request<Body>) -> Result<Answer, hyper::Error> {
        duplex::block_on(async {
            let (parts, body) = self.0.send_request(request).await?.into_parts();
            let collected = body.collect().await?;
            Ok(Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                trailers: collected.trailers().cloned().unwrap_or_default(),
                body: collected.to_bytes().to_vec(),
            })
        })
    }
}

/// Sums up a body, without keeping it.
pub async fn sum(mut body: Incoming) -> Result<Sum, hyper::Error> {
    let mut summing = Summing::default();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            summing.add(&data);
        }
    }
    Ok(summing.sum())
}

/// `https://localhost` and this path, without a body.
pub fn get(path: &str) -> Request<Body> {
    let request = Request::get(format!("https://localhost{path}"));
    request.body(empty()).unwrap()
}

pub fn empty() -> Body {
    Empty::new().boxed()
}

pub fn full(content: &str) -> Body {
    Full::from(content.to_owned()).boxed()
}

/// Content that doesn't say its length, and trailers after it.
pub fn with_trailers(content: &str, trailers: HeaderMap) -> Body {
    let data = Frame::data(Bytes::from(content.to_owned()));
    BodyExt::boxed(Frames(vec![Frame::trailers(trailers), data]))
}

/// The last one is sent first.
struct Frames(Vec<Frame<Bytes>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop().map(Ok))
    }
}

/// Much content.
pub fn large(length: u64) -> Body {
    BodyExt::boxed(Large(std::sync::Mutex::new(Blocks::new(length))))
}

/// In a mutex because a boxed body must be `Sync`.
struct Large(std::sync::Mutex<Blocks>);

impl http_body::Body for Large {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut blocks = self.0.lock().unwrap();
        let block = blocks.next().map(Bytes::copy_from_slice);
        Poll::Ready(block.map(|block| Ok(Frame::data(block))))
    }
}

/// A server without TLS that answers each request with what `answer` makes of it, its body and its
/// trailers.
pub fn upstream(
    answer: impl Fn(Answered) -> Response<Body> + Clone + Send + Sync + 'static,
) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    runtime().spawn(async move {
        let listener = TcpListener::from_std(listener).unwrap();
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    let (parts, body) = request.into_parts();
                    let collected = body.collect().await?;
                    Ok::<_, hyper::Error>(answer(Answered {
                        parts,
                        trailers: collected.trailers().cloned().unwrap_or_default(),
                        body: collected.to_bytes().to_vec(),
                    }))
                }
            });
            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            runtime().spawn(builder.serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

/// A request as the upstream has it.
#[derive(Debug)]
pub struct Answered {
    pub parts: http::request::Parts,
    pub body: Vec<u8>,
    pub trailers: HeaderMap,
}

/// A connection on which frames are sent as a test writes them, rules or no rules.
pub struct Raw(Connection);

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was answered; 0 is a status that HPACK's static table doesn't have.
    Status(u16),
    /// Its stream was reset.
    Reset,
    /// The whole connection was closed.
    Closed,
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

impl Raw {
    /// Says hello over a connection that agreed on h2.
    pub fn new(connection: Connection) -> Self {
        let mut raw = Self(connection);
        // A failure means that the connection was refused, which the verdict tells.
        let _ = raw.0.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        raw.frame(SETTINGS, 0, 0, b"");
        raw
    }

    /// One HEADERS frame with these fields, as they are.
    pub fn headers(&mut self, stream: u32, fields: &[(&str, &str)], end: bool) {
        let mut block = Vec::new();
        for (name, value) in fields {
            // HPACK: literal, not indexed, new name (RFC 7541 section 6.2.2).
            block.push(0);
            for text in [name, value] {
                assert!(text.len() < 127);
                block.push(text.len() as u8);
                block.extend(text.as_bytes());
            }
        }
        let flags = END_HEADERS | if end { END_STREAM } else { 0 };
        self.frame(HEADERS, flags, stream, &block);
    }

    pub fn data(&mut self, stream: u32, content: &[u8], end: bool) {
        let flags = if end { END_STREAM } else { 0 };
        self.frame(DATA, flags, stream, content);
    }

    /// Takes a request back.
    pub fn reset(&mut self, stream: u32) {
        const CANCEL: u32 = 8;
        self.frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes());
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, content: &[u8]) {
        let mut frame = (content.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(content);
        // A failure means that the connection was closed, which the verdict tells.
        let _ = self.0.write_all(&frame);
    }

    /// Waits for what becomes of a stream's request.
    pub fn verdict(&mut self, stream: u32) -> Verdict {
        let mut head = [0; 9];
        while self.0.read_exact(&mut head).is_ok() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let about = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let mut content = vec![0; length];
            if self.0.read_exact(&mut content).is_err() {
                break;
            }
            match head[3] {
                // HPACK's static table has seven statuses, at 8 to 14.
                HEADERS if about == stream => {
                    let known = [200, 204, 206, 304, 400, 404, 500];
                    let index = (content[0] & 0x7f).wrapping_sub(8) as usize;
                    let indexed = content[0] & 0x80 != 0;
                    let status = known.get(index).filter(|_| indexed);
                    return Verdict::Status(status.copied().unwrap_or(0));
                }
                RST_STREAM if about == stream => return Verdict::Reset,
                GOAWAY => return Verdict::Closed,
                _ => {}
            }
        }
        Verdict::Closed
    }
}
