//! What all requests and the tunnel of one admitted connection have in common.

use std::sync::{Arc, OnceLock, Weak};

use super::header::ByHeader;
use crate::identity::ClientCertificate;
use crate::identity::headers::{Fields, IdentityHeaders, Surroundings, Unwritable};
use crate::lifecycle::ending::Ending;
use crate::telemetry::events::ConnectionFields;
use crate::tls::Session;
use crate::tls::verification::Verified;

/// An admitted connection, described.
pub struct Connection {
    /// What was agreed in the handshake.
    pub session: Session,
    /// Who the client is; `None` where none had to be shown.
    pub certificate: Option<Arc<ClientCertificate>>,
    /// If each request says who its client is: then the connection lets nobody in by itself.
    pub by_header: Option<Box<ByHeader>>,
    /// Whether a trusted load balancer stands between: then what it says of the way of a request counts.
    pub is_of_proxy: bool,
    /// What ends it from this side; that of the connection which it came over, if that is another one.
    pub ending: Arc<Ending>,
    /// The load balancer's connection that it came over, if it did.
    over: Weak<Connection>,
    /// What its upstream is told, once it was asked for.
    identity: OnceLock<Result<Fields, Box<Unwritable>>>,
}

impl Connection {
    /// Nothing was asked for yet.
    pub fn new(session: Session, certificate: Option<Arc<ClientCertificate>>) -> Self {
        Self {
            session,
            certificate,
            by_header: None,
            is_of_proxy: false,
            ending: Arc::default(),
            over: Weak::new(),
            identity: OnceLock::new(),
        }
    }

    /// One whose requests say who their client is.
    pub(super) fn by_header(session: Session, by_header: ByHeader) -> Self {
        Self {
            by_header: Some(Box::new(by_header)),
            ..Self::new(session, None)
        }
    }

    /// A client's whose chain came over a load balancer's connection.
    pub(super) fn of_proxy(proxy: &Arc<Connection>, verified: &Verified) -> Self {
        let session = Session {
            overlooked: verified.overlooked.clone(),
            ..proxy.session.clone()
        };
        Self {
            is_of_proxy: true,
            ending: proxy.ending.clone(),
            over: Arc::downgrade(proxy),
            ..Self::new(session, Some(verified.certificate.clone()))
        }
    }

    /// What a load balancer's connection without TLS is at one of the sites that its requests name.
    pub(super) fn at_site(carrier: &Arc<Connection>, site: usize) -> Self {
        let session = Session {
            site,
            ..carrier.session.clone()
        };
        Self {
            is_of_proxy: true,
            ending: carrier.ending.clone(),
            over: Arc::downgrade(carrier),
            ..Self::new(session, None)
        }
    }

    /// The connection that its bytes go over. Whoever keeps it open keeps this, since only who is registered is told
    /// to end.
    pub fn carrier(self: &Arc<Self>) -> Arc<Self> {
        match self.over.upgrade() {
            Some(over) => over.carrier(),
            None => self.clone(),
        }
    }

    /// What its upstream is told, by the headers of its site.
    pub fn identity(&self, headers: &IdentityHeaders) -> &Result<Fields, Box<Unwritable>> {
        self.identity.get_or_init(|| {
            let surroundings = Surroundings {
                address: self.session.address.ip(),
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
