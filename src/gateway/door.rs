//! What is closed before its handshake, because too much is open.

use std::sync::Arc;

use crate::config::overload::OverloadSettings;
use crate::net::Accepted;
use crate::net::give_way;
use crate::net::places::Places;
use crate::peer::Peer;
use crate::telemetry::Telemetry;
use crate::telemetry::events::overload::{TooMany, connection_refused, connections_open};

/// How many connections there may be. Of one snapshot; what is open is known to all of them.
pub(super) struct Door {
    connections: usize,
    /// Zero is no bound.
    per_address: u32,
    places: Arc<Places>,
}

impl Door {
    /// Counts by what is open now, and in `places`.
    pub(super) fn new(settings: &OverloadSettings, places: &Arc<Places>) -> Self {
        Self {
            connections: settings.connections(),
            per_address: settings.per_address.0,
            places: places.clone(),
        }
    }

    /// Whether there is no room for another connection, whoever's it is, not even in place of one that has been silent
    /// and isn't let in yet. Asked before anything is read of it.
    pub(super) fn is_full(&self, peer: Peer, telemetry: &Telemetry) -> bool {
        let full = connections_open(telemetry) > self.connections && !give_way::make_room();
        if full {
            connection_refused(telemetry, TooMany::Connections, peer);
        }
        full
    }

    /// Whether this connection may go on. It counts itself among those that are open already.
    pub(super) fn lets_in(&self, accepted: &mut Accepted, telemetry: &Telemetry) -> bool {
        // Clients of a unix socket have no address: they are not one client.
        let (Some(address), 1..) = (accepted.client.ip(), self.per_address) else {
            return true;
        };
        match self.places.take(address, self.per_address) {
            Some(place) => accepted.stream.keep(place),
            None => {
                connection_refused(telemetry, TooMany::OfAddress, accepted.client);
                return false;
            }
        }
        true
    }
}
