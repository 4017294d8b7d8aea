//! Clients whom a load balancer has asked for their certificate (`client-auth header`): it says with each
//! request what it was shown.
//!
//! Its connection is let in as nobody's ([`ByHeader`]); then each request is decided by the chain in its
//! header, as a handshake would decide. Such connections carry many clients, and live long: what is decided by
//! is always the newest snapshot's [`HeaderGate`], not the one that the connection began with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;

use super::{Connection, Permitted, Wire};
use crate::config::networks::Networks;
use crate::identity::forwarded::{self, LIMIT};
use crate::peer::Peer;
use crate::refusal::RefusalReason;
use crate::tls::failure::Refused;
use crate::tls::judge::Judge;
use crate::tls::verification::{Rejection, Verified};
use crate::tls::{Handshaken, Session};

/// Where the chain is.
pub const HEADER: &str = "x-amzn-mtls-clientcert";

/// How many clients one connection knows without reading their chains again.
const KNOWN: usize = 8;
/// The largest value that it keeps, in bytes: three usual certificates have 6 KiB.
const KNOWN_SIZE: usize = 8 * 1024;

/// Whose word counts, and who is let in by it: one immutable view.
pub struct HeaderGate {
    /// The load balancers.
    pub trusted: Networks,
    /// Who decides about the chains.
    pub judge: Arc<Judge>,
}

/// What one site's clients are decided by at this moment; empty if no header tells its clients any more.
pub type CurrentGate = Arc<ArcSwapOption<HeaderGate>>;

/// Those of all sites, by [`Site::id`](crate::config::Site::id). They outlive snapshots.
#[derive(Default)]
pub struct HeaderGates(Mutex<HashMap<String, CurrentGate>>);

impl HeaderGates {
    /// What a site's clients will be decided by.
    pub fn of(&self, site: &str) -> CurrentGate {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates.entry(site.to_owned()).or_default().clone()
    }

    /// Takes the gates of a new snapshot. A site that isn't among them lets nobody in by a header.
    pub fn replace(&self, new: &[(String, Arc<HeaderGate>)]) {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (site, _) in new {
            gates.entry(site.clone()).or_default();
        }
        gates.retain(|site, current| {
            let gate = new.iter().find(|(of, _)| of == site);
            current.store(gate.map(|(_, gate)| gate.clone()));
            // There may be connections, and their site may come back.
            gate.is_some() || Arc::strong_count(current) > 1
        });
    }
}

/// A connection whose requests say who their client is.
pub struct ByHeader {
    /// The other end of the connection, whatever else says where a client comes from.
    peer: Peer,
    current: CurrentGate,
    known: Mutex<Vec<Known>>,
}

/// A client of such a connection.
struct Known {
    /// Its header.
    value: Box<[u8]>,
    /// Who has accepted it.
    by: Arc<HeaderGate>,
    verified: Arc<Verified>,
    connection: Arc<Connection>,
}

/// Whose request it is.
pub struct Identified {
    /// As if the client had connected by itself.
    pub connection: Arc<Connection>,
    /// Whether it wasn't known on its connection.
    pub is_new: bool,
}

/// Lets a connection in that says nothing of any client. Whoever is at its other end, a certificate of its own
/// wasn't asked for, and a ticket from the time when one was says nothing.
pub fn permit_nobody(handshaken: Handshaken, peer: Peer, current: CurrentGate) -> Permitted {
    let mut stream = handshaken.stream;
    let gate = current.load();
    if gate.as_ref().is_some_and(|gate| gate.trusted.include(peer)) {
        stream.get_mut().make_known();
    }
    drop(gate);
    let by_header = ByHeader::new(peer, current);
    Permitted {
        stream: Wire::Tls(stream),
        connection: Arc::new(Connection::by_header(handshaken.session, by_header)),
    }
}

impl ByHeader {
    /// Nobody is known yet.
    pub(super) fn new(peer: Peer, current: CurrentGate) -> Self {
        Self {
            peer,
            current,
            known: Mutex::default(),
        }
    }

    /// Whose request it is that has these values of [`HEADER`], on this connection.
    ///
    /// # Errors
    /// Why it is nobody's who may come in.
    pub async fn identify<'a>(
        &self,
        proxy: &Arc<Connection>,
        mut values: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Identified, Box<Refused>> {
        let session = &proxy.session;
        let refused = |reason, detail: String| {
            Box::new(Refused {
                reason,
                detail,
                depth: None,
                certificate: None,
                sni: session.sni.clone(),
            })
        };
        let nobody = |detail: &str| refused(RefusalReason::NoCertificate, detail.to_owned());
        let gate = self.current.load_full();
        let gate = gate.ok_or_else(|| nobody("no header tells this site's clients any more"))?;
        if !gate.trusted.include(self.peer) {
            return Err(nobody("the peer is none of trusted-proxies"));
        }
        let value = values.next();
        let value = value.ok_or_else(|| nobody("the load balancer passed on no certificate"))?;
        if values.next().is_some() {
            let words = format!("more than one {HEADER}");
            return Err(refused(RefusalReason::InvalidCertificate, words));
        }
        if let Some(connection) = self.recall(&gate, value) {
            let is_new = false;
            return Ok(Identified { connection, is_new });
        }
        let chain = forwarded::chain(value).map_err(|fault| {
            let words = format!("{HEADER}: {fault}");
            refused(RefusalReason::InvalidCertificate, words)
        })?;
        let verified = gate.judge.judge(&chain, &session.origin()).await;
        let verified = verified.map_err(|rejection| Box::new(of(*rejection, session)))?;
        let connection = Arc::new(Connection::of_proxy(proxy, &verified));
        self.remember(Known {
            value: value.into(),
            by: gate,
            verified,
            connection: connection.clone(),
        });
        let is_new = true;
        Ok(Identified { connection, is_new })
    }

    fn recall(&self, gate: &Arc<HeaderGate>, value: &[u8]) -> Option<Arc<Connection>> {
        let known = self.known();
        let known = known.iter().find(|known| *known.value == *value)?;
        let holds = Arc::ptr_eq(&known.by, gate) && gate.judge.still_holds(&known.verified);
        holds.then(|| known.connection.clone())
    }

    fn remember(&self, new: Known) {
        if new.value.len() > KNOWN_SIZE.min(LIMIT) {
            return;
        }
        let mut known = self.known();
        known.retain(|old| old.value != new.value);
        if known.len() >= KNOWN {
            known.remove(0);
        }
        known.push(new);
    }

    fn known(&self) -> MutexGuard<'_, Vec<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of(rejection: Rejection, session: &Session) -> Refused {
    Refused {
        reason: rejection.reason,
        detail: rejection.words,
        depth: Some(rejection.depth),
        certificate: rejection.certificate,
        sni: session.sni.clone(),
    }
}
