//! The decision: from a completed handshake to a permission, or to a refusal with its reason.
//!
//! Takes [`Handshaken`], hands on [`Permitted`]. Nothing else makes a `Permitted`, and the serving
//! stages take nothing else: nobody is served who wasn't admitted.

mod connection;

use crate::config::values::ClientAuth;
use crate::refusal::RefusalReason;
use crate::telemetry::events::OpenConnection;
use crate::tls::failure::Refused;
use crate::tls::{Client, Handshaken, Session, TlsStream};

pub use connection::Connection;

/// An admitted connection.
pub struct Permitted {
    stream: TlsStream,
    connection: Connection,
    open: OpenConnection,
}

impl Permitted {
    /// The stream, who it belongs to, and the guard that counts it as open.
    pub fn into_parts(self) -> (TlsStream, Connection, OpenConnection) {
        (self.stream, self.connection, self.open)
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
    /// Counts it as open until it is dropped.
    pub open: OpenConnection,
}

/// Decides about a client. `Err` is reached only where the handshake itself let the client through
/// to be told by a page.
pub fn decide(
    handshaken: Handshaken,
    mode: ClientAuth,
) -> Result<Permitted, Box<RefusedConnection>> {
    let Handshaken {
        stream,
        client,
        session,
        open,
    } = handshaken;
    let verdict = match client {
        Client::Verified(certificate) => Ok(Some(certificate)),
        Client::Anonymous if mode != ClientAuth::Required => Ok(None),
        Client::Anonymous => Err(Refused::new(
            RefusalReason::NoCertificate,
            "peer did not return a certificate",
            stream.ssl(),
        )),
        Client::Rejected(refused) => Err(*refused),
    };
    match verdict {
        Ok(certificate) => Ok(Permitted {
            stream,
            connection: Connection {
                session,
                certificate,
            },
            open,
        }),
        Err(refused) => Err(Box::new(RefusedConnection {
            stream,
            session,
            refused,
            open,
        })),
    }
}
