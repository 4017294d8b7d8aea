//! What the access stage is asked in the middle of a handshake.
//!
//! Who may come in is its decision, not this stage's. But only in the handshake can a client be told by
//! an alert, and only there can a ticket be passed over.

use super::pins::Pins;
use crate::identity::ClientCertificate;
use crate::refusal::RefusalReason;

/// Decides about verified clients.
pub trait Admission: Send + Sync {
    /// Whether the holder of this certificate may come in, at this moment.
    ///
    /// # Errors
    /// Why not.
    fn admit(&self, client: &ClientCertificate) -> Result<(), Denied>;

    /// Whether somebody without a certificate may come in, where none is required.
    fn admit_anonymous(&self) -> bool;

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
    fn admit(&self, _: &ClientCertificate) -> Result<(), Denied> {
        Ok(())
    }

    fn admit_anonymous(&self) -> bool {
        true
    }

    fn pins(&self) -> Pins {
        Pins::default()
    }
}
