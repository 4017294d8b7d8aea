//! Whose request it is, where a load balancer says so with each request (`client-auth header`).

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};

use crate::access::Connection;
use crate::access::header::{ByHeader, HEADER, Identified};
use crate::inventory::Inventory;
use crate::telemetry::Telemetry;
use crate::telemetry::events::RevocationUnknown;
use crate::telemetry::events::header_auth::RequestRefused;
use crate::tls::failure::Refused;
use crate::tls::verification::unix_now;

/// The client's own connection in the place of the load balancer's. The header is taken off on the way to
/// an upstream, as everything that only certgate may say.
///
/// # Errors
/// If it is nobody's who may come in; that has been logged.
pub async fn identify(
    headers: &HeaderMap,
    connection: &Arc<Connection>,
    by_header: &ByHeader,
    inventory: &Inventory,
    telemetry: &Telemetry,
) -> Result<Arc<Connection>, Nobody> {
    let values = headers.get_all(HEADER).into_iter();
    let values = values.map(HeaderValue::as_bytes);
    match by_header.identify(connection, values).await {
        Ok(Identified { connection, is_new }) => {
            if let (true, Some(certificate)) = (is_new, &connection.certificate) {
                inventory.note(certificate, None, connection.session.address, unix_now());
            }
            if let (true, Some(overlooked)) = (is_new, &connection.session.overlooked) {
                RevocationUnknown {
                    reason: overlooked.reason,
                    client: connection.session.address,
                    depth: overlooked.depth,
                    detail: &overlooked.words,
                    news: overlooked.is_news(),
                }
                .emit(telemetry);
            }
            Ok(connection)
        }
        Err(refused) => {
            if let Some(certificate) = &refused.certificate {
                let client = connection.session.address;
                inventory.note(certificate, Some(refused.reason), client, unix_now());
            }
            log(&refused, connection, telemetry);
            Err(Nobody)
        }
    }
}

/// Whether a request says whose it is.
pub fn is_told(headers: &HeaderMap) -> bool {
    headers.contains_key(HEADER)
}

/// Somebody who isn't let in.
pub struct Nobody;

fn log(refused: &Refused, connection: &Connection, telemetry: &Telemetry) {
    let certificate = refused.certificate.as_ref();
    RequestRefused {
        reason: refused.reason,
        client: connection.session.address,
        sni: refused.sni.as_deref(),
        subject: certificate.map(|c| c.subject.as_str()),
        issuer: certificate.map(|c| c.issuer.as_str()),
        serial: certificate.map(|c| c.serial.as_str()),
        depth: refused.depth,
        detail: &refused.detail,
    }
    .emit(telemetry);
}
