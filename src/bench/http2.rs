//! HTTP/2 by hyper: here requests share a connection, and its framing is not worth a second copy.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::TokioIo;
use openssl::ssl::SslSession;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinHandle;
use tokio_openssl::SslStream;

use super::dial::Dialed;
use super::failure::{Failure, Stage};
use super::goaway;
use super::plan::Plan;
use super::recorder::Sample;
use super::target::Target;
use super::tickets;
use super::wire::Wire;

/// Large enough that flow control isn't what is measured, in bytes.
const WINDOW: u32 = 16 * 1024 * 1024;

/// An HTTP/2 connection; its clones share it.
#[derive(Clone)]
pub struct Http2 {
    send: SendRequest<Empty<Bytes>>,
    broken_by: Rc<RefCell<Option<Failure>>>,
    session: Rc<RefCell<Option<SslSession>>>,
}

/// The task that moves its bytes; it ends when the last [`Http2`] is gone.
pub type Driver = JoinHandle<()>;

impl Http2 {
    /// Begins HTTP/2 on a connection that has agreed on it.
    pub async fn begin(dialed: Dialed) -> Result<(Self, Driver), Failure> {
        if dialed.agreed.alpn != "h2" {
            return Err(Failure::NoHttp2);
        }
        let (broken_by, session) = (Rc::default(), Rc::default());
        let stream = Witness {
            tls: dialed.tls,
            broken_by: Rc::clone(&broken_by),
            session: Rc::clone(&session),
        };
        let (send, connection) = http2::Builder::new(OnThisThread)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Failure::of_io(&error, Stage::Request))?;
        let driver = tokio::task::spawn_local(async move {
            // What breaks the connection reaches the requests on it, too.
            let _ = connection.await;
        });
        Ok((
            Self {
                send,
                broken_by,
                session,
            },
            driver,
        ))
    }

    /// Sends one request, reads the whole answer.
    pub async fn get(
        &mut self,
        request: Request<Empty<Bytes>>,
        sample: &mut Sample,
    ) -> Result<(), Failure> {
        let broken_by = Rc::clone(&self.broken_by);
        let failed_unsent = |error: hyper::Error, unsent: bool| {
            let known = broken_by.borrow().clone();
            known.unwrap_or_else(|| match unsent || goaway::refuses(&error) {
                true => Failure::GoAway,
                false => Failure::of_io(&error, Stage::Request),
            })
        };
        let failed = |error| failed_unsent(error, false);
        let ready = self.send.ready().await;
        ready.map_err(|error| {
            let unsent = error.is_closed();
            failed_unsent(error, unsent)
        })?;
        let begun = Instant::now();
        let response = self.send.try_send_request(request).await;
        let response = response.map_err(|mut error| {
            let unsent = error.take_message().is_some();
            failed_unsent(error.into_error(), unsent)
        })?;
        sample.first_byte = Some(begun.elapsed());
        let status = response.status().as_u16();
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(failed)?;
            sample.received += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        match status {
            200..=399 => {
                sample.requests += 1;
                Ok(())
            }
            status => Err(Failure::Status(status)),
        }
    }

    /// Whether it can take no more requests.
    pub fn is_closed(&self) -> bool {
        self.send.is_closed()
    }
}

/// Ends the connection with GOAWAY and close_notify; hands on its session.
pub async fn close(connection: Http2, driver: Driver, patience: Duration) -> Option<SslSession> {
    let Http2 { send, session, .. } = connection;
    drop(send);
    // A server that is slow to end its side is left alone.
    let _ = tokio::time::timeout(patience, driver).await;
    session.take()
}

/// The request to a target, to be cloned.
pub fn request(target: &Target, plan: &Plan) -> Result<Request<Empty<Bytes>>, http::Error> {
    let path = target.path.as_deref().unwrap_or("/");
    let uri: Uri = format!("https://{}{path}", target.authority).parse()?;
    let mut request = Request::get(uri);
    for (name, value) in &plan.headers {
        request = request.header(name.as_str(), HeaderValue::from_str(value)?);
    }
    if !plan
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("user-agent"))
    {
        request = request.header(
            "user-agent",
            concat!("certgate-bench/", env!("CARGO_PKG_VERSION")),
        );
    }
    request.body(Empty::new())
}

/// Remembers what broke the stream (h2 passes on no more than its text, and the alert is lost), and
/// the session.
struct Witness {
    tls: SslStream<Wire>,
    broken_by: Rc<RefCell<Option<Failure>>>,
    /// Written when the connection ends: by then its tickets have come.
    session: Rc<RefCell<Option<SslSession>>>,
}

impl Witness {
    fn see<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &polled {
            let failure = Failure::of_io(error, Stage::Request);
            self.broken_by.borrow_mut().get_or_insert(failure);
        }
        polled
    }
}

impl AsyncRead for Witness {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.tls).poll_read(context, buffer);
        self.see(polled)
    }
}

impl AsyncWrite for Witness {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.tls).poll_write(context, bytes);
        self.see(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let session = tickets::newest(self.tls.ssl());
        *self.session.borrow_mut() = session;
        Pin::new(&mut self.tls).poll_shutdown(context)
    }
}

#[derive(Clone)]
struct OnThisThread;

impl<F: Future + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}
