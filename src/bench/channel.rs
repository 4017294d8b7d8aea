//! A connection and what is spoken on it: HTTP/1.1, HTTP/2, an echo, or nothing.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use openssl::ssl::{SslSession, SslSessionRef};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio_openssl::SslStream;

use super::dial::{Dialer, Route};
use super::failure::{Failure, Stage};
use super::http2::{self, Driver, Http2};
use super::plan::{HttpVersion, Mode, Plan};
use super::recorder::{Agreed, Sample};
use super::target::TargetFault;
use super::wire::Wire;
use super::{echo, http1, tickets};

/// How long a server that doesn't close its side is waited for, once everything is said.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// A connection.
pub struct Channel {
    /// What it is to the statistics.
    pub facts: Rc<Facts>,
    target: usize,
    speech: Speech,
}

/// What the statistics need to know of a connection.
pub struct Facts {
    /// What was negotiated.
    pub agreed: Agreed,
    /// Whether it is counted already.
    pub counted: Cell<bool>,
}

enum Speech {
    Http1(SslStream<Wire>),
    Http2(Http2, Driver),
    Raw(SslStream<Wire>),
}

/// What is sent to each target, ready-made.
pub struct Requests {
    http1: Vec<Vec<u8>>,
    http2: Vec<Request<Empty<Bytes>>>,
    payload: Vec<u8>,
}

impl Requests {
    /// Fails for a path or header that isn't one.
    pub fn new(plan: &Plan) -> Result<Self, TargetFault> {
        let closes = !plan.keeps_connections();
        let http1 = plan.targets.iter().map(|target| {
            let path = target.path.as_deref().unwrap_or("/");
            http1::request(path, &target.authority, &plan.headers, closes)
        });
        let http2 = plan.targets.iter().map(|target| {
            http2::request(target, plan).map_err(|_| TargetFault::Url(target.url.clone()))
        });
        Ok(Self {
            http1: http1.collect(),
            http2: http2.collect::<Result<_, _>>()?,
            payload: plan.payload.clone(),
        })
    }

    /// The request to the target with this index.
    pub fn http2(&self, target: usize) -> Request<Empty<Bytes>> {
        self.http2[target].clone()
    }
}

impl Channel {
    /// Dials, and begins to speak.
    pub async fn open(
        dialer: &Dialer,
        route: &Route,
        session: Option<&SslSessionRef>,
        sample: &mut Sample,
    ) -> Result<Self, Failure> {
        let dialed = dialer.dial(route, session, sample).await?;
        let facts = Rc::new(Facts {
            agreed: dialed.agreed.clone(),
            counted: Cell::new(false),
        });
        let plan = &dialer.plan;
        let speech = match plan.http {
            _ if !plan.is_http() => Speech::Raw(dialed.tls),
            HttpVersion::One => Speech::Http1(dialed.tls),
            HttpVersion::Two => {
                let (connection, driver) = Http2::begin(dialed).await?;
                Speech::Http2(connection, driver)
            }
        };
        Ok(Self {
            facts,
            target: route.target,
            speech,
        })
    }

    /// One request and its answer, or one echo. True if the connection can take another one.
    pub async fn exchange(
        &mut self,
        requests: &Requests,
        buffer: &mut Vec<u8>,
        sample: &mut Sample,
    ) -> Result<bool, Failure> {
        sample.stage = Stage::Request;
        match &mut self.speech {
            Speech::Http1(tls) => {
                http1::get(tls, &requests.http1[self.target], buffer, sample).await
            }
            Speech::Http2(connection, _) => {
                let request = requests.http2(self.target);
                connection.get(request, sample).await.map(|()| true)
            }
            Speech::Raw(_) if requests.payload.is_empty() => Ok(true),
            Speech::Raw(tls) => echo::round_trip(tls, &requests.payload, buffer, sample)
                .await
                .map(|()| true),
        }
    }

    /// For HTTP/2: one more user of this connection.
    pub fn share(&self) -> Option<(Http2, Rc<Facts>)> {
        match &self.speech {
            Speech::Http2(connection, _) if !connection.is_closed() => {
                Some((connection.clone(), Rc::clone(&self.facts)))
            }
            _ => None,
        }
    }

    /// Index of its target.
    pub fn target(&self) -> usize {
        self.target
    }

    /// Ends our side and waits for the server's. A client that got no answer learns only so whether
    /// it was let in: in TLS 1.3 its handshake is done before the server has seen its certificate.
    pub async fn confirm(&mut self, sample: &mut Sample) -> Result<(), Failure> {
        let Speech::Raw(tls) = &mut self.speech else {
            return Ok(());
        };
        sample.stage = Stage::Close;
        let failed = |error: std::io::Error| Failure::of_io(&error, Stage::Close);
        tls.shutdown().await.map_err(failed)?;
        let mut scratch = [0; 1024];
        loop {
            match tls.read(&mut scratch).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => match failed(error) {
                    // Without close_notify, but closed: nobody was refused.
                    Failure::Closed(_) => return Ok(()),
                    failure => return Err(failure),
                },
            }
        }
    }

    /// Whether the server has kept its side open, as far as can be known without a word.
    pub async fn is_alive(&mut self, sample: &mut Sample) -> Result<(), Failure> {
        sample.stage = Stage::Idle;
        let Speech::Raw(tls) = &mut self.speech else {
            return Ok(());
        };
        let mut scratch = [0; 1];
        poll_fn(|context| {
            let mut space = ReadBuf::new(&mut scratch);
            Poll::Ready(match Pin::new(&mut *tls).poll_read(context, &mut space) {
                Poll::Pending => Ok(()),
                Poll::Ready(Ok(())) if !space.filled().is_empty() => Ok(()),
                Poll::Ready(Ok(())) => Err(Failure::Closed(Stage::Idle)),
                Poll::Ready(Err(error)) => Err(Failure::of_io(&error, Stage::Idle)),
            })
        })
        .await
    }

    /// Closes in order: with close_notify, and after the server if that is about to close. Hands on the
    /// session with the newest ticket that came, if one did.
    pub async fn close(self, mode: Mode) -> Option<SslSession> {
        let (mut tls, server_first) = match self.speech {
            Speech::Http2(connection, driver) => {
                return http2::close(connection, driver, CLOSE_PATIENCE).await;
            }
            // The request said `Connection: close`.
            Speech::Http1(tls) => (
                tls,
                matches!(mode, Mode::Full | Mode::Resumed | Mode::Storm),
            ),
            Speech::Raw(tls) => (tls, false),
        };
        let orderly = async {
            if server_first {
                read_to_end(&mut tls).await;
                // Whether it arrives makes no difference to anyone.
                let _ = tls.shutdown().await;
            } else if tls.shutdown().await.is_ok() {
                read_to_end(&mut tls).await;
            }
        };
        if tokio::time::timeout(CLOSE_PATIENCE, orderly).await.is_err() {
            // Sent in any case, at the latest now.
            let _ = tokio::time::timeout(CLOSE_PATIENCE, tls.shutdown()).await;
        }
        tickets::newest(tls.ssl())
    }
}

async fn read_to_end(tls: &mut SslStream<Wire>) {
    let mut scratch = [0; 1024];
    while matches!(tls.read(&mut scratch).await, Ok(1..)) {}
}
