//! What all requests and the tunnel of one admitted connection have in common.

use std::sync::{Arc, OnceLock};

use crate::identity::ClientCertificate;
use crate::identity::headers::{Fields, IdentityHeaders, Surroundings, Unwritable};
use crate::telemetry::events::ConnectionFields;
use crate::tls::Session;

/// An admitted connection, described.
pub struct Connection {
    /// What was agreed in the handshake.
    pub session: Session,
    /// Who the client is; `None` where none had to be shown.
    pub certificate: Option<Arc<ClientCertificate>>,
    /// What its upstream is told, once it was asked for.
    identity: OnceLock<Result<Fields, Box<Unwritable>>>,
}

impl Connection {
    /// Nothing was asked for yet.
    pub fn new(session: Session, certificate: Option<Arc<ClientCertificate>>) -> Self {
        Self {
            session,
            certificate,
            identity: OnceLock::new(),
        }
    }

    /// What its upstream is told, by the headers of its site.
    pub fn identity(&self, headers: &IdentityHeaders) -> &Result<Fields, Box<Unwritable>> {
        self.identity.get_or_init(|| {
            let surroundings = Surroundings {
                address: self.session.address.ip().to_canonical(),
                sni: self.session.sni.as_deref(),
                tls_version: self.session.version,
                tls_cipher: self.session.cipher,
            };
            let fields = headers.fields(self.certificate.as_deref(), &surroundings);
            fields.map_err(Box::new)
        })
    }

    /// The same for a log line.
    pub fn fields(&self) -> ConnectionFields<'_> {
        let certificate = self.certificate.as_ref();
        ConnectionFields {
            client: self.session.address,
            proxy: self.session.via.as_ref().map(|via| via.proxy),
            vpce: self.session.vpc_endpoint(),
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
