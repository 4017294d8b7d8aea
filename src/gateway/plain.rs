//! The way of a connection without TLS: accepted -> served, each request by the newest snapshot.

use std::sync::Arc;

use super::Service;
use super::services::{Behind, SiteService};
use crate::access::plain::{PlainDoor, carrier};
use crate::config::Settings;
use crate::http::health::Health;
use crate::http::plain::{self, Current, PlainSite, PlainView};
use crate::lifecycle::Member;
use crate::lifecycle::ending::Stage;
use crate::net::Accepted;
use crate::net::give_way::{self, PushedOut};
use crate::telemetry::Telemetry;
use crate::telemetry::events::overload::{TooMany, connection_refused};

/// Serves it to its end.
pub(super) async fn connection(service: Arc<Service>, mut accepted: Accepted, member: Member) {
    let stranger = {
        let snapshot = service.current.load();
        if snapshot.door.is_full(accepted.client) || !snapshot.door.lets_in(&mut accepted) {
            return;
        }
        let is_trusted = snapshot.plain.trusted.include(accepted.client);
        (!is_trusted).then(|| snapshot.tls.most_handshakes())
    };
    let client = accepted.client;
    let carrier = Arc::new(carrier(accepted.client, accepted.at));
    {
        let snapshot = service.current.load();
        snapshot.open.enter_carrier(&carrier, &snapshot.terms);
    }
    if member.is_closing() {
        // Those who were there have been told.
        carrier.ending.tell(Stage::Closing);
    }
    let telemetry = service.lasting.telemetry.clone();
    let current: Current = Arc::new(move || service.current.load().plain.clone());
    let serving = plain::serve(accepted.stream, carrier, current);
    let Some(most) = stranger else {
        return serving.await;
    };
    // It is sent to https, at most: it is one of those who aren't let in, and gives way as they do.
    let served = give_way::bounded(most, Box::pin(serving)).await;
    if served == Err(PushedOut) {
        connection_refused(&telemetry, TooMany::Handshakes, client);
    }
}

/// The same sites as for TLS.
pub(super) fn view(
    sites: &[SiteService],
    settings: &Settings,
    health: &Option<Arc<Health>>,
    telemetry: &Arc<Telemetry>,
) -> Arc<PlainView> {
    let sites = sites.iter().map(|site| PlainSite {
        door: PlainDoor {
            by_header: site.by_header.clone(),
            routes: site.routes.clone(),
        },
        server: match &site.behind {
            Behind::Http(server) => Some(server.clone()),
            Behind::Tunnel(_) => None,
        },
    });
    Arc::new(PlainView {
        trusted: settings.trusted_proxies.clone(),
        health: health.clone(),
        names: Arc::new(settings.server_names.clone()),
        sites: sites.collect(),
        header_timeout: settings.times.header,
        send_timeout: settings.times.send,
        telemetry: telemetry.clone(),
    })
}
