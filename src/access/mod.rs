//! The decision: from a completed handshake to a permission, or to a refusal with its reason.
//!
//! Takes [`Handshaken`], hands on [`Permitted`]. Nothing else makes a `Permitted`, and the serving
//! stages take nothing else: nobody is served who wasn't admitted.

mod connection;
pub mod header;
pub mod plain;
pub mod routes;
pub mod rules;
mod wire;

use std::sync::Arc;

use crate::identity::ClientCertificate;
use crate::tls::admission::Admission;
use crate::tls::failure::Refused;
use crate::tls::{Client, Handshaken, Session, TlsStream};

pub use connection::Connection;
use routes::Routes;
pub use wire::Wire;

/// An admitted connection.
pub struct Permitted {
    stream: Wire,
    connection: Arc<Connection>,
}

impl Permitted {
    /// Who the client is; `None` where none had to be shown.
    pub fn certificate(&self) -> Option<&ClientCertificate> {
        self.connection.certificate.as_deref()
    }

    /// The stream, and who it belongs to.
    pub fn into_parts(self) -> (Wire, Arc<Connection>) {
        (self.stream, self.connection)
    }

    /// Who it belongs to.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

/// A connection that gets nothing but the refusal page.
pub struct RefusedConnection {
    /// The connection.
    pub stream: TlsStream,
    /// What was agreed.
    pub session: Session,
    /// Why.
    pub refused: Refused,
}

/// Decides about a client. `Err` is reached only where the handshake itself let the client through
/// to be told by a page. What it says of the way of its requests counts if it `is_of_proxy`; it makes nobody welcome.
pub fn decide(
    handshaken: Handshaken,
    routes: &Routes,
    is_of_proxy: bool,
) -> Result<Permitted, Box<RefusedConnection>> {
    let Handshaken {
        mut stream,
        client,
        session,
        ..
    } = handshaken;
    let origin = session.origin();
    let verdict = match client {
        // The handshake has asked the same already, so that its alert could say no.
        Client::Verified(certificate) => match routes.admit(&certificate, &origin) {
            Ok(()) => Ok(Some(certificate)),
            Err(denied) => {
                let mut refused = Refused::new(denied.reason, denied.words, stream.ssl());
                refused.certificate = Some(certificate);
                Err(refused)
            }
        },
        Client::Anonymous => match routes.decide_anonymous(&origin) {
            Ok(()) => Ok(None),
            Err(denied) => Err(Refused::new(denied.reason, denied.words, stream.ssl())),
        },
        Client::Rejected(refused) => Err(*refused),
    };
    match verdict {
        Ok(certificate) => {
            if certificate.is_some() || is_of_proxy {
                stream.get_mut().make_known();
            }
            let mut connection = Connection::new(session, certificate);
            connection.is_of_proxy = is_of_proxy;
            Ok(Permitted {
                stream: Wire::Tls(stream),
                connection: Arc::new(connection),
            })
        }
        Err(refused) => Err(Box::new(RefusedConnection {
            stream,
            session,
            refused,
        })),
    }
}
