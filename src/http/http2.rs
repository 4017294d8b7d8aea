//! HTTP/2 on one connection.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use super::client_body::ClientBody;
use super::end::FIRST;
use super::in_flight::InFlight;
use super::logged::Logged;
use super::service::{GOODBYE, MAX_HEADER};
use super::streams;
use super::turns::Turns;
use crate::access::{Connection, Wire};
use crate::config::overload;
use crate::lifecycle::ending::Stage;
use crate::net::Vectored;
use crate::telemetry::Telemetry;
use crate::telemetry::events::overload::{connections_open, requests_wait};
use crate::telemetry::events::timeouts::{TimedOut, Timeout};

/// How often a connection is looked at, whether it is idle.
const SHORTEST_LOOK: Duration = Duration::from_millis(50);
const LONGEST_LOOK: Duration = Duration::from_secs(5);
/// The most requests at a time (nginx: `http2_max_concurrent_streams`).
const MAX_STREAMS: u32 = 128;
/// Streams that a client may have reset before they are looked at (CVE-2023-44487), and those that we have
/// reset because of its errors (RUSTSEC-2024-0003); beyond, the connection ends.
const MAX_RESETS: usize = 20;
const MAX_ERRORS: usize = 1024;

/// Serves until the client is done or the connection has to end. hyper has no limit in time for HTTP/2: a
/// connection on which nothing is asked for during `limit`, not even its preface sent, is closed here,
/// in order if its client lets us. An answer of which it takes nothing during `send` is reset.
pub async fn converse<H, F>(
    stream: Wire,
    limit: Duration,
    send: Duration,
    handler: H,
    whose: Arc<Connection>,
    telemetry: Arc<Telemetry>,
) -> hyper::Result<()>
where
    H: Fn(Request<ClientBody>) -> F,
    F: Future<Output = Result<Response<Logged>, Infallible>> + Send + 'static,
{
    let in_flight = InFlight::default();
    let turns = Turns::default();
    let client = whose.session.address;
    let service = service_fn(|request: Request<_>| {
        let counted = in_flight.enter();
        let answer = handler(request.map(ClientBody::from));
        let (turns, telemetry) = (turns.clone(), telemetry.clone());
        async move {
            let room = || overload::requests_beside(connections_open(&telemetry));
            let turn = turns.next(room, || requests_wait(&telemetry, client)).await;
            let answer = answer.await?.map(|body| body.hold(counted, Some(turn)));
            Ok::<_, Infallible>(answer.map(streams::Observed::from))
        }
    });
    let answers = streams::Bounded {
        timeout: send,
        client,
        telemetry: telemetry.clone(),
    };
    let connection = http2::Builder::new(answers)
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_ERRORS)
        .max_header_list_size(MAX_HEADER as u32)
        .serve_connection(TokioIo::new(Vectored(stream)), service);
    let mut connection = pin!(connection);
    let look = (limit / 4).clamp(SHORTEST_LOOK, LONGEST_LOOK);
    let mut busy_until = Instant::now();
    let mut seen = 0;
    while let Some(left) = limit.checked_sub(busy_until.elapsed()) {
        tokio::select! {
            result = connection.as_mut() => return result,
            () = whose.ending.reaches(Stage::Closing) => {
                let first = first_request(connection.as_mut(), &in_flight, &whose);
                match tokio::time::timeout(FIRST, first).await {
                    Ok(Some(result)) => return result,
                    Ok(None) => {}
                    // It doesn't even have to have sent its preface, so that it can't be waited for.
                    Err(_) => break,
                }
                connection.as_mut().graceful_shutdown();
                return tokio::select! {
                    result = connection => result,
                    () = whose.ending.reaches(Stage::Cut) => Ok(()),
                };
            }
            () = tokio::time::sleep(look.min(left)) => {
                let progress = in_flight.progress();
                // Most requests begin and end between two looks.
                if progress.busy || progress.requests != seen {
                    busy_until = Instant::now();
                    seen = progress.requests;
                }
            }
        }
    }
    if !whose.ending.is(Stage::Closing) {
        let (timeout, client) = (Timeout::Idle, Some(client));
        TimedOut { timeout, client }.emit(&telemetry);
    }
    connection.as_mut().graceful_shutdown();
    // A client that is gone doesn't acknowledge it.
    tokio::time::timeout(GOODBYE, connection)
        .await
        .unwrap_or(Ok(()))
}

/// Drives a connection until it has had its first request, or has to end at once; hands on its own end. Before that
/// request is there, a client that is told to go may take it for lost.
async fn first_request<C>(
    mut connection: Pin<&mut C>,
    in_flight: &InFlight,
    whose: &Connection,
) -> Option<C::Output>
where
    C: Future,
{
    poll_fn(|context| {
        if let Poll::Ready(result) = connection.as_mut().poll(context) {
            return Poll::Ready(Some(result));
        }
        match in_flight.progress().requests {
            0 => whose.ending.poll(Stage::Over, context).map(|()| None),
            _ => Poll::Ready(None),
        }
    })
    .await
}
