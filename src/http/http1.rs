//! HTTP/1.1 on one connection. Between two requests it holds its stream and little more.
//!
//! hyper keeps two buffers of 8 KiB and its state for as long as its connection lives. So it lives from
//! the first byte of a request to the last one of the answer (nginx frees its buffers then, too), and a
//! client that waits costs what TLS needs. Only of a client that asks at every moment it is kept, until
//! a second passes without a request.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1::{Builder, UpgradeableConnection};
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;

use super::client_body::ClientBody;
use super::end::End;
use super::in_flight::InFlight;
use super::logged::Logged;
use super::service::{GOODBYE, MAX_HEADER};
use super::watched::Watched;
use crate::access::{Connection, Wire};
use crate::net::give_way::{self, Kind, PushedOut};

/// Serves until the client is done or the connection has to end. A request's header may take `limit`, and so
/// may the time before its first byte.
pub async fn converse<H, F>(
    stream: Wire,
    limit: Duration,
    handler: H,
    connection: Arc<Connection>,
) -> hyper::Result<()>
where
    H: Fn(Request<ClientBody>) -> F,
    F: Future<Output = Result<Response<Logged>, Infallible>> + Send + 'static,
{
    let in_flight = InFlight::default();
    let is_known = stream.get_ref().is_known();
    let service = service_fn(|request: Request<Incoming>| {
        let counted = in_flight.enter();
        let answer = handler(request.map(|body| ClientBody::new(body, &in_flight)));
        async move { Ok::<_, Infallible>(answer.await?.map(|body| body.hold(counted, None))) }
    });
    let sleep = pin!(tokio::time::sleep(limit));
    let mut end = End::new(&connection.ending, limit, sleep, in_flight.progress());
    let mut stream = Watched::new(stream, in_flight.clone());
    loop {
        stream = match turn(begin(stream, &service), &in_flight, &mut end).await {
            Turn::Over(result) => return result,
            Turn::Paused(stream) => stream,
        };
        let more = poll_fn(|context| match end.poll(context) {
            Poll::Ready(()) => Poll::Ready(false),
            Poll::Pending => stream.poll_readable(context).map(|()| true),
        });
        let more = match is_known {
            true => Ok(more.await),
            // In a box: whoever is known needs no room for it.
            false => Box::pin(give_way::expendable(Kind::Idle, more)).await,
        };
        if more != Ok(true) {
            let mut stream = stream.into_inner();
            if more == Err(PushedOut) {
                stream.get_mut().never_linger();
            } else if let Some(timeout) = end.timeout() {
                let client = connection.session.address;
                stream.get_ref().timed_out(timeout, Some(client));
            }
            // In a box: what comes once must not have its room all the time.
            Box::pin(say_goodbye(stream)).await;
            return Ok(());
        }
    }
}

/// How one use of hyper's connection ended.
enum Turn {
    /// With the connection; its stream may have become another protocol's.
    Over(hyper::Result<()>),
    /// Between two requests, or at [`End`].
    Paused(Watched),
}

/// In a box, so that no room is kept for it while there is none.
type Running<S> = Box<UpgradeableConnection<TokioIo<Watched>, S>>;

fn begin<S>(stream: Watched, service: S) -> Running<S>
where
    S: Service<Request<Incoming>, Response = Response<Logged>, Error = Infallible>,
    S::Future: Send + 'static,
{
    let connection = Builder::new()
        // The clock is ours: hyper's would be wound up anew for each request.
        .header_read_timeout(None)
        .max_buf_size(MAX_HEADER)
        // As nginx writes them; scripts look for `Content-Type`.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    Box::new(connection)
}

async fn turn<S>(mut running: Running<S>, in_flight: &InFlight, end: &mut End<'_>) -> Turn
where
    S: Service<Request<Incoming>, Response = Response<Logged>, Error = Infallible>,
    S::Future: Send + 'static,
{
    let over = poll_fn(|context| {
        loop {
            if let Poll::Ready(result) = Pin::new(&mut *running).poll(context) {
                return Poll::Ready(Some(result));
            }
            if end.poll_cut(context).is_ready() {
                return Poll::Ready(Some(Ok(())));
            }
            end.note(in_flight.progress());
            let late = end.poll_late(context).is_ready();
            if late || in_flight.is_paused() && !end.is_hot(context) {
                return Poll::Ready(None);
            }
            if end.has_closed() || end.poll_closing(context).is_pending() {
                return Poll::Pending;
            }
            Pin::new(&mut *running).graceful_shutdown();
        }
    });
    match over.await {
        Some(result) => Turn::Over(result),
        // Only an upgrade takes them away, and after that it is over.
        None => running.into_parts().map_or(Turn::Over(Ok(())), |parts| {
            Turn::Paused(parts.io.into_inner().with(parts.read_buf))
        }),
    }
}

/// close_notify for a connection that ends between requests: a client that sees the end without it takes
/// the connection for cut, and throws its session ticket away.
async fn say_goodbye(mut stream: Wire) {
    // Neither a client that is gone nor one that doesn't read makes a difference.
    let _ = tokio::time::timeout(GOODBYE, stream.shutdown()).await;
}
