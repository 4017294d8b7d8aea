//! The port of plain HTTP that sends everybody to https (`--redirect`).
//!
//! Takes a bound listener, answers one request a connection: 308, or the health answer; nothing else. It has nothing of
//! the clients' traffic, and ends when the TLS listeners do.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tracing::debug;

use crate::config::overload;
use crate::http::body::{self, Body};
use crate::http::health::Health;
use crate::http::redirect::to_https;
use crate::lifecycle::Member;
use crate::net::give_way;
use crate::peer::Peer;
use crate::telemetry::Telemetry;
use crate::telemetry::events;
use crate::telemetry::events::overload::{TooMany, connection_refused};

/// For a request's header.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// The most bytes of it.
const HEADER: usize = 32 * 1024;
/// For all of a connection.
const TIME: Duration = Duration::from_secs(15);
/// For what is still sent to us after the answer, and for a connection when the process ends.
const GOODBYE: Duration = Duration::from_secs(1);
/// The most bytes of that.
const LENIENCE: u64 = 256 * 1024;
/// How long to wait when accepting fails.
const BACK_OFF: Duration = Duration::from_millis(50);

/// What the port answers by.
pub struct Redirect {
    /// What load balancers are told at this moment; `None` for nothing.
    pub health: Box<dyn Fn() -> Option<Arc<Health>> + Send + Sync>,
    /// Where events go.
    pub telemetry: Arc<Telemetry>,
}

impl Redirect {
    /// Answers until the listeners close.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, member: Member) {
        let mut closing = member.clone();
        let most = overload::beside();
        loop {
            let accepted = tokio::select! {
                biased;
                () = closing.closing() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, client)) => {
                    let (redirect, member) = (self.clone(), member.clone());
                    tokio::spawn(async move {
                        // A load balancer may ask here whether all is well: nobody takes its place by being slow.
                        let telemetry = redirect.telemetry.clone();
                        let conversation = Box::pin(redirect.converse(stream, member));
                        if give_way::bounded(most, conversation).await.is_err() {
                            let client = Peer::canonical(client);
                            connection_refused(&telemetry, TooMany::Redirects, client);
                        }
                    });
                }
                Err(error) => {
                    debug!(
                        event = "redirect_accept_failed",
                        error = error.to_string(),
                        "can't accept"
                    );
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }

    async fn converse(&self, stream: TcpStream, mut member: Member) {
        let service =
            service_fn(|request| std::future::ready(Ok::<_, Infallible>(self.answer(&request))));
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIME)
            .max_buf_size(HEADER)
            .keep_alive(false)
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), service);
        let closing = async {
            member.closing().await;
            tokio::time::sleep(GOODBYE).await;
        };
        let conversation = poll_fn(|context| connection.poll_without_shutdown(context));
        let served = tokio::select! {
            served = timeout(TIME, conversation) => served,
            () = closing => return,
        };
        if let Ok(Err(error)) = &served {
            debug!(
                event = "redirect_connection_broken",
                error = error.to_string(),
                "connection broke"
            );
        }
        if served.is_ok() {
            // Also what is no HTTP was told so.
            say_goodbye(connection.into_parts().io.into_inner()).await;
        }
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        let health = (self.health)();
        if let Some(response) = health.and_then(|health| health.answer(request)) {
            return match *request.method() == Method::HEAD {
                true => body::without_body(response),
                false => response,
            };
        }
        let response = to_https(request);
        if response.status() == StatusCode::PERMANENT_REDIRECT {
            events::health::redirected(&self.telemetry);
        }
        response
    }
}

/// A socket that is closed while its client still sends is reset, and that throws the answer away.
async fn say_goodbye(mut stream: TcpStream) {
    let rest = async {
        stream.shutdown().await?;
        let mut rest = stream.take(LENIENCE);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    // Whether it hangs up or not: the connection ends here.
    let _ = timeout(GOODBYE, rest).await;
}
