//! WebSocket through the proxy (RFC 6455): after 101, raw bytes both ways.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tracing::debug;

use crate::access::Connection;
use crate::http::client_body::ClientBody;
use crate::http::service::GOODBYE;
use crate::lifecycle::ending::Stage;
use crate::net::carry;
use crate::net::idle::{self, Idle};
use crate::telemetry::Telemetry;
use crate::telemetry::events::timeouts::{TimedOut, Timeout};

/// The client's half of an upgrade that it asked for.
pub struct ClientSide(OnUpgrade);

/// Takes the upgrade out of a request that asks for one. WebSocket only: after `Upgrade: h2c` a
/// client would speak HTTP/2 past certgate, with identity headers of its own making.
pub fn of_client(request: &mut Request<ClientBody>) -> Option<ClientSide> {
    let wants = request.version() == Version::HTTP_11
        && has_token(request.headers(), CONNECTION.as_str(), "upgrade")
        && has_token(request.headers(), UPGRADE.as_str(), "websocket");
    wants.then(|| ClientSide(hyper::upgrade::on(request)))
}

/// Asks the upstream for the same.
pub fn ask_for(_: &ClientSide, headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

/// Connects the two halves once the client has been sent the upstream's 101. There is no request in flight
/// any more whose end could be waited for: when the connection's time is over, both ends are closed.
/// Nothing both ways for `idle` ends it, too, unless that is zero.
pub fn connect(
    client: ClientSide,
    response: &mut Response<Incoming>,
    connection: Arc<Connection>,
    idle: Duration,
    telemetry: Arc<Telemetry>,
) {
    let upstream = hyper::upgrade::on(response);
    let connection = connection.carrier();
    tokio::spawn(async move {
        let halves = tokio::try_join!(client.0, upstream);
        let result = match halves {
            Ok((client, upstream)) => {
                let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
                let carried = tokio::select! {
                    result = idle::bounded(idle, carry::both_ways(&mut client, &mut upstream)) => {
                        match result {
                            Ok(result) => result.map(drop),
                            Err(Idle) => {
                                let address = connection.session.address;
                                TimedOut { timeout: Timeout::TunnelIdle, client: Some(address) }
                                    .emit(&telemetry);
                                end(&mut client).await
                            }
                        }
                    }
                    () = connection.ending.reaches(Stage::Over) => end(&mut client).await,
                };
                carried.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = result {
            debug!(event = "upgrade_broken", error, "upgraded connection broke");
        }
    });
}

/// close_notify, for a client that reads.
async fn end(client: &mut TokioIo<Upgraded>) -> io::Result<()> {
    let said = tokio::time::timeout(GOODBYE, client.shutdown()).await;
    said.unwrap_or(Ok(()))
}

fn has_token(headers: &HeaderMap, name: &str, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}
