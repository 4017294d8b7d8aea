//! WebSocket through the proxy (RFC 6455): after 101, raw bytes both ways.

use http::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tracing::debug;

use crate::http::client_body::ClientBody;
use crate::net::carry;

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

/// Connects the two halves once the client has been sent the upstream's 101.
pub fn connect(client: ClientSide, response: &mut Response<Incoming>) {
    let upstream = hyper::upgrade::on(response);
    tokio::spawn(async move {
        let halves = tokio::try_join!(client.0, upstream);
        let result = match halves {
            Ok((client, upstream)) => {
                let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
                carry::both_ways(&mut client, &mut upstream)
                    .await
                    .map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = result {
            debug!(event = "upgrade_broken", error, "upgraded connection broke");
        }
    });
}

fn has_token(headers: &HeaderMap, name: &str, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}
