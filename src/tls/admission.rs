//! What the access stage is asked in the middle of a handshake.
//!
//! Who may come in is its decision, not this stage's. But only in the handshake can a client be told by
//! an alert, and only there can a ticket be passed over.

use std::sync::Arc;

use super::pins::Pins;
use crate::identity::ClientCertificate;
use crate::net::proxy_protocol::Via;
use crate::peer::Peer;
use crate::refusal::RefusalReason;

/// Where a connection comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The client's address.
    pub client: Peer,
    /// The proxy that it came by.
    pub via: Option<Arc<Via>>,
}

impl Origin {
    /// The AWS VPC endpoint that the client came in by.
    pub fn vpc_endpoint(&self) -> Option<&str> {
        self.via.as_ref()?.vpc_endpoint()
    }
}

/// Decides about verified clients.
pub trait Admission: Send + Sync {
    /// Whether the holder of this certificate may come in from there, at this moment.
    ///
    /// # Errors
    /// Why not.
    fn admit(&self, client: &ClientCertificate, origin: &Origin) -> Result<(), Denied>;

    /// Whether somebody without a certificate may come in from there, where none is required.
    fn admit_anonymous(&self, origin: &Origin) -> bool;

    /// Whether somebody without a certificate may come in from anywhere at all.
    fn may_admit_anonymous(&self) -> bool;

    /// Whose certificates are taken where no CA vouches for clients.
    fn pins(&self) -> Pins;
}

/// Why somebody is kept out whose certificate is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// In the closed list.
    pub reason: RefusalReason,
    /// Which rule, in words.
    pub words: String,
}

/// Everybody.
#[cfg(test)]
impl Admission for () {
    fn admit(&self, _: &ClientCertificate, _: &Origin) -> Result<(), Denied> {
        Ok(())
    }

    fn admit_anonymous(&self, _: &Origin) -> bool {
        true
    }

    fn may_admit_anonymous(&self) -> bool {
        true
    }

    fn pins(&self) -> Pins {
        Pins::default()
    }
}
