//! What is closed before its handshake, because too much is open, or comes too often.

use std::sync::Arc;

use super::lasting::Lasting;
use crate::config::overload::OverloadSettings;
use crate::limits::Limits;
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
    /// How often they may come; `None` without a limit.
    limits: Option<Arc<Limits>>,
    telemetry: Arc<Telemetry>,
}

impl Door {
    pub(super) fn new(
        settings: &OverloadSettings,
        limits: &Option<Arc<Limits>>,
        lasting: &Lasting,
    ) -> Self {
        Self {
            connections: settings.connections(),
            per_address: settings.per_address.0,
            places: lasting.places.clone(),
            limits: limits.clone(),
            telemetry: lasting.telemetry.clone(),
        }
    }

    /// Whether there is no room for another connection, whoever's it is, not even in place of one that has been silent
    /// and isn't let in yet. Asked before anything is read of it.
    pub(super) fn is_full(&self, peer: Peer) -> bool {
        let full = connections_open(&self.telemetry) > self.connections && !give_way::make_room();
        if full {
            connection_refused(&self.telemetry, TooMany::Connections, peer);
        }
        full
    }

    /// Whether this connection may go on, as far as that depends on its client's address. From now on it counts for that.
    pub(super) fn lets_in(&self, accepted: &mut Accepted) -> bool {
        let limits = self.limits.as_ref();
        self.has_place(accepted) && !limits.is_some_and(|limits| limits.turn_away(accepted.client))
    }

    fn has_place(&self, accepted: &mut Accepted) -> bool {
        // Clients of a unix socket have no address: they are not one client.
        let (Some(address), 1..) = (accepted.client.ip(), self.per_address) else {
            return true;
        };
        match self.places.take(address, self.per_address) {
            Some(place) => accepted.stream.keep(place),
            None => {
                connection_refused(&self.telemetry, TooMany::OfAddress, accepted.client);
                return false;
            }
        }
        true
    }
}
