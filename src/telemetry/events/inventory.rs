//! What is noticed of clients' certificates.

use crate::peer::Peer;

use tracing::warn;

/// A client was let in whose certificate expires soon.
pub struct ExpiresSoon<'a> {
    /// Where the client comes from.
    pub client: Peer,
    /// The client certificate's subject.
    pub subject: &'a str,
    /// Its issuer.
    pub issuer: &'a str,
    /// Its serial number.
    pub serial: &'a str,
    /// SHA-256 of it.
    pub fingerprint: &'a str,
    /// Full days.
    pub days_left: i64,
}

impl ExpiresSoon<'_> {
    /// One line.
    pub fn emit(self) {
        warn!(
            event = "client_certificate_expires_soon",
            days_left = self.days_left,
            client = %self.client,
            subject = self.subject,
            issuer = self.issuer,
            serial = self.serial,
            fingerprint = self.fingerprint,
            "a client's certificate expires soon"
        );
    }
}
