//! How often a client may do something: requests, connections, failed handshakes; by its certificate's key
//! and by its address.
//!
//! Takes [`LimitSettings`], decides, counts and logs. The tables are shared by all threads and outlive
//! reloads; those of limits that nobody set aren't there.

mod table;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use self::table::Table;
use crate::config::limits::{Limit, LimitSettings, Rate};
use crate::identity::ClientCertificate;
use crate::peer::Peer;
use crate::telemetry::Telemetry;
use crate::telemetry::events::limits::{ClientLimited, Limited, LimitedBy};

/// What is known of clients, of each limit.
#[derive(Default)]
pub struct Tables {
    requests: Pair,
    connections: Pair,
    failed_handshakes: Pair,
}

#[derive(Default)]
struct Pair {
    by_identity: OnceLock<Table>,
    by_address: OnceLock<Table>,
}

/// The limits of one snapshot.
pub struct Limits {
    settings: LimitSettings,
    tables: Arc<Tables>,
    telemetry: Arc<Telemetry>,
}

/// One limit, and what it is held against.
struct Gauge<'a> {
    limit: &'a Limit,
    pair: &'a Pair,
    now: Instant,
}

impl Limits {
    /// `None` if there are none.
    pub fn new(
        settings: &LimitSettings,
        tables: &Arc<Tables>,
        telemetry: &Arc<Telemetry>,
    ) -> Option<Arc<Self>> {
        let limits = || {
            Arc::new(Self {
                settings: settings.clone(),
                tables: tables.clone(),
                telemetry: telemetry.clone(),
            })
        };
        settings.is_any().then(limits)
    }

    /// Whether requests are limited at all.
    pub fn limit_requests(&self) -> bool {
        self.settings.requests.is_any()
    }

    /// Whether a new connection is to be closed at once: there are too many of its address, or too many of
    /// them have failed.
    pub fn turn_away(&self, client: Peer) -> bool {
        let failed = self.gauge(Limited::FailedHandshakes);
        let over =
            |(table, rate): (&Table, _)| table.wait(address_key(client.ip()?), rate, failed.now);
        if failed.by_address().and_then(over).is_some() {
            self.say(Limited::FailedHandshakes, LimitedBy::Address, client, None);
            return true;
        }
        let connections = self.gauge(Limited::Connections);
        let taken = connections.take_by_address(client.ip());
        if taken.is_err() {
            self.say(Limited::Connections, LimitedBy::Address, client, None);
        }
        taken.is_err()
    }

    /// Takes a handshake into account that failed. `rejected` is the certificate, if it was that which was
    /// refused; whoever showed it hasn't proven to hold it. Tells whether enough was said of it.
    pub fn failed(&self, client: Peer, rejected: Option<&ClientCertificate>) -> bool {
        let failed = self.gauge(Limited::FailedHandshakes);
        if let (Some((table, rate)), Some(address)) = (failed.by_address(), client.ip()) {
            table.charge(address_key(address), rate, failed.now);
        }
        let (Some((table, rate)), Some(rejected)) = (failed.by_identity(), rejected) else {
            return false;
        };
        // Not by the key: who shows an old certificate must not have a say about the new one.
        let over = table.take(rejected.facts.sha256, rate, failed.now).is_err();
        if over {
            let subject = Some(rejected.subject.as_str());
            self.say(
                Limited::FailedHandshakes,
                LimitedBy::Identity,
                client,
                subject,
            );
        }
        over
    }

    /// Takes a connection of a known client into account.
    ///
    /// # Errors
    /// If there are too many: how long until one may be made.
    pub fn connection(
        &self,
        client: Peer,
        identity: Option<&ClientCertificate>,
    ) -> Result<(), Duration> {
        self.gauge(Limited::Connections)
            .take_by_identity(identity)
            .inspect_err(|_| {
                let subject = identity.map(|identity| identity.subject.as_str());
                self.say(Limited::Connections, LimitedBy::Identity, client, subject);
            })
    }

    /// Takes a request into account.
    ///
    /// # Errors
    /// If there are too many: how long until one may be made.
    pub fn request(
        &self,
        client: Peer,
        identity: Option<&ClientCertificate>,
    ) -> Result<(), Duration> {
        let requests = self.gauge(Limited::Requests);
        let by_address = requests
            .take_by_address(client.ip())
            .map_err(|wait| (wait, LimitedBy::Address));
        let taken = by_address.and_then(|()| {
            let by_identity = requests.take_by_identity(identity);
            by_identity.map_err(|wait| (wait, LimitedBy::Identity))
        });
        taken.map_err(|(wait, by)| {
            let subject = identity.map(|identity| identity.subject.as_str());
            self.say(Limited::Requests, by, client, subject);
            wait
        })
    }

    fn gauge(&self, of: Limited) -> Gauge<'_> {
        let (settings, tables) = (&self.settings, &*self.tables);
        let (limit, pair) = match of {
            Limited::Requests => (&settings.requests, &tables.requests),
            Limited::Connections => (&settings.connections, &tables.connections),
            Limited::FailedHandshakes => (&settings.failed_handshakes, &tables.failed_handshakes),
        };
        Gauge {
            limit,
            pair,
            now: Instant::now(),
        }
    }

    fn say(&self, limit: Limited, by: LimitedBy, client: Peer, subject: Option<&str>) {
        ClientLimited {
            limit,
            by,
            client,
            subject,
        }
        .emit(&self.telemetry);
    }
}

impl<'a> Gauge<'a> {
    fn by_identity(&self) -> Option<(&'a Table, &'a Rate)> {
        table(&self.limit.identity, &self.pair.by_identity)
    }

    fn by_address(&self) -> Option<(&'a Table, &'a Rate)> {
        table(&self.limit.address, &self.pair.by_address)
    }

    /// Clients of a unix socket have no address: they are not one client.
    fn take_by_address(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        match (self.by_address(), address) {
            (Some((table, rate)), Some(address)) => {
                table.take(address_key(address), rate, self.now)
            }
            _ => Ok(()),
        }
    }

    /// Clients without a certificate have no identity that could be limited.
    fn take_by_identity(&self, identity: Option<&ClientCertificate>) -> Result<(), Duration> {
        match (self.by_identity(), identity) {
            (Some((table, rate)), Some(identity)) => {
                table.take(identity.facts.spki_sha256, rate, self.now)
            }
            _ => Ok(()),
        }
    }
}

fn table<'a>(rate: &'a Option<Rate>, table: &'a OnceLock<Table>) -> Option<(&'a Table, &'a Rate)> {
    let rate = rate.as_ref()?;
    Some((table.get_or_init(Table::default), rate))
}

/// A client has one IPv4 address, or all IPv6 addresses of a network (RFC 6177).
fn address_key(address: IpAddr) -> (bool, u64) {
    match address.to_canonical() {
        IpAddr::V4(address) => (false, u64::from(address.to_bits())),
        IpAddr::V6(address) => (true, (address.to_bits() >> 64) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_client() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:0:1::1"), key("2001:db8:0:1:ffff::2"));
        assert_ne!(key("2001:db8:0:1::1"), key("2001:db8:0:2::1"));
        assert_ne!(key("10.0.0.1"), key("10.0.0.2"));
        assert_eq!(key("10.0.0.1"), key("::ffff:10.0.0.1"));
        assert_ne!(key("0.0.0.1"), key("0:0:0:1::"));
    }
}
