//! Requests that a load balancer passes on without TLS, which it has ended itself.
//!
//! Its connection lets nobody in. Each request is of the site that it names, and of a client that nobody here has asked
//! for a certificate: the load balancer's header may tell (`client-auth header`), else it is somebody without one.

use std::sync::Arc;
use std::time::Instant;

use super::Connection;
use super::header::{ByHeader, CurrentGate};
use super::routes::Routes;
use crate::peer::Peer;
use crate::tls::Session;
use crate::tls::admission::{Admission, Origin};

/// Who may come in at a site by plain HTTP.
pub struct PlainDoor {
    /// What each request is decided by, if that is how its client is told.
    pub by_header: Option<CurrentGate>,
    /// Who may ask for what.
    pub routes: Arc<Routes>,
}

/// The connection of whoever is at the other end: it is for no site.
pub fn carrier(address: Peer, accepted: Instant) -> Connection {
    let session = Session {
        address,
        sni: None,
        site: 0,
        identity: 0,
        via: None,
        version: "",
        cipher: "",
        resumed: false,
        http2: false,
        took: accepted.elapsed(),
        overlooked: None,
        standing: None,
    };
    Connection::new(session, None)
}

impl PlainDoor {
    /// What requests for the site of this number are, over that connection; whether they may be served at all is asked
    /// of [`PlainDoor::lets_in`].
    pub fn connection(&self, carrier: &Arc<Connection>, site: usize) -> Connection {
        let by_header = self
            .by_header
            .clone()
            .map(|current| Box::new(ByHeader::new(carrier.session.address, current)));
        let mut connection = Connection::at_site(carrier, site);
        connection.by_header = by_header;
        connection
    }

    /// Whether anybody may come in here from there: by a header, or without a certificate.
    pub fn lets_in(&self, origin: &Origin) -> bool {
        self.by_header.is_some() || self.routes.admit_anonymous(origin)
    }
}
