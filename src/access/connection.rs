//! What all requests and the tunnel of one admitted connection have in common.

use std::sync::Arc;

use crate::identity::ClientCertificate;
use crate::telemetry::events::ConnectionFields;
use crate::tls::Session;

/// An admitted connection, described.
pub struct Connection {
    /// What was agreed in the handshake.
    pub session: Session,
    /// Who the client is; `None` where none had to be shown.
    pub certificate: Option<Arc<ClientCertificate>>,
}

impl Connection {
    /// The same for a log line.
    pub fn fields(&self) -> ConnectionFields<'_> {
        let certificate = self.certificate.as_ref();
        ConnectionFields {
            client: self.session.address,
            subject: certificate.map(|c| c.subject.as_str()),
            serial: certificate.map(|c| c.serial.as_str()),
            fingerprint: certificate.map(|c| c.fingerprint.as_str()),
            sni: self.session.sni.as_deref(),
            tls: self.session.version,
            cipher: self.session.cipher,
            resumed: self.session.resumed,
        }
    }
}
