//! Raw bytes both ways between an admitted client and an upstream.

mod announcement;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;

use crate::access::{Permitted, Wire};
use crate::lifecycle::ending::Stage;
use crate::net::carry;
use crate::net::idle::{self, Idle};
use crate::telemetry::Telemetry;
use crate::telemetry::events::proxy_protocol::HeaderUnwritable;
use crate::telemetry::events::{TunnelClosed, UpstreamFailed};
use crate::upstream::Upstreams;

/// How long a client has for the end of a connection whose time is over.
const GOODBYE: Duration = Duration::from_secs(1);

pub use announcement::{Announcement, Unannounced};

/// Carries bytes until both directions are closed, or the connection's time is over. Each direction ends by itself: the end of one
/// is passed on (close_notify and FIN), the other goes on. Nothing both ways for `idle` ends it, too, unless that is zero.
///
/// With an announcement, the upstream gets its header first, whole, and the client's bytes after it.
pub async fn run(
    permitted: Permitted,
    upstreams: &Upstreams,
    announcement: Option<&Announcement>,
    idle: Duration,
    telemetry: &Arc<Telemetry>,
) {
    let (mut client, connection) = permitted.into_parts();
    let tls = match &client {
        Wire::Tls(stream) => Some(stream),
        // Plain HTTP is never tunnelled.
        Wire::Plain(_) => None,
    };
    let announced = announcement.zip(tls);
    let header = announced.map(|(announcement, tls)| announcement.header(tls, &connection));
    let header = match header.transpose() {
        Ok(header) => header.unwrap_or_default(),
        Err(error) => {
            HeaderUnwritable {
                reason: error.reason(),
                detail: error.to_string(),
                connection: connection.fields(),
            }
            .emit(telemetry);
            let _ = client.shutdown().await;
            return;
        }
    };
    let connected = upstreams.connect_saying(&header).await;
    drop(header);
    let (mut upstream, name) = match connected {
        Ok(connected) => connected,
        Err(error) => {
            UpstreamFailed {
                reason: error.reason,
                upstream: &error.upstream,
                client: connection.session.address,
                error: error.to_string(),
            }
            .emit(telemetry);
            // close_notify. A failure means that the client is gone.
            let _ = client.shutdown().await;
            return;
        }
    };
    let start = Instant::now();
    // Only close_notify ends this direction; an end without it is a break.
    client.get_mut().must_not_end();
    let before = (client.get_ref().received(), client.get_ref().sent());
    let mut timed_out = false;
    let copied = tokio::select! {
        result = idle::bounded(idle, carry::both_ways(&mut client, &mut upstream)) => match result {
            Ok(result) => result.map_err(words),
            Err(Idle) => {
                timed_out = true;
                let _ = tokio::time::timeout(GOODBYE, client.shutdown()).await;
                Err(format!("nothing both ways for {idle:?}"))
            }
        },
        // Nothing tells where something in it ends that could be waited for.
        () = connection.ending.reaches(Stage::Over) => {
            let _ = tokio::time::timeout(GOODBYE, client.shutdown()).await;
            Err("the connection's time is over".to_owned())
        }
    };
    let (received, sent) = match &copied {
        Ok(counts) => *counts,
        // What was under way is lost anyway; TLS' own bytes make the count an upper bound.
        Err(_) => (
            client.get_ref().received() - before.0,
            client.get_ref().sent() - before.1,
        ),
    };
    if copied.is_err() {
        upstream.reset_on_close();
    }
    TunnelClosed {
        connection: connection.fields(),
        upstream: &name,
        received,
        sent,
        took: start.elapsed(),
        error: copied.err(),
        idle: timed_out,
    }
    .emit(telemetry);
}

fn words(error: io::Error) -> String {
    // AWS-LC's text has code and file; its kind says what an operator needs.
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "a side closed without saying so".to_owned(),
        _ => error.to_string(),
    }
}
