//! The decision: from a completed handshake to a permission, or to a refusal with its reason.
//!
//! Takes [`Handshaken`], hands on [`Permitted`]. Nothing else makes a `Permitted`, and the serving
//! stages take nothing else: nobody is served who wasn't admitted.

mod connection;
pub mod rules;

use crate::config::values::ClientAuth;
use crate::refusal::RefusalReason;
use crate::tls::failure::Refused;
use crate::tls::{Client, Handshaken, Session, TlsStream};

pub use connection::Connection;
use rules::Rules;

/// An admitted connection.
pub struct Permitted {
    stream: TlsStream,
    connection: Connection,
}

impl Permitted {
    /// The stream, and who it belongs to.
    pub fn into_parts(self) -> (TlsStream, Connection) {
        (self.stream, self.connection)
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
/// to be told by a page.
pub fn decide(
    handshaken: Handshaken,
    mode: ClientAuth,
    rules: &Rules,
) -> Result<Permitted, Box<RefusedConnection>> {
    let Handshaken {
        stream,
        client,
        session,
    } = handshaken;
    let endpoint = session.vpc_endpoint();
    let verdict = match client {
        // The handshake has asked the same already, so that its alert could say no.
        Client::Verified(certificate) => match rules.decide(Some(&certificate.facts), endpoint) {
            Ok(()) => Ok(Some(certificate)),
            Err(denied) => {
                let mut refused = Refused::new(denied.reason, denied.words, stream.ssl());
                refused.certificate = Some(certificate);
                Err(refused)
            }
        },
        Client::Anonymous => match (mode, rules.decide(None, endpoint)) {
            (ClientAuth::Optional | ClientAuth::Off, Ok(())) => Ok(None),
            // By where it comes from: no certificate would have helped.
            (_, Err(denied)) if denied.reason == RefusalReason::Denied => {
                Err(Refused::new(denied.reason, denied.words, stream.ssl()))
            }
            _ => Err(Refused::new(
                RefusalReason::NoCertificate,
                "peer did not return a certificate",
                stream.ssl(),
            )),
        },
        Client::Rejected(refused) => Err(*refused),
    };
    match verdict {
        Ok(certificate) => Ok(Permitted {
            stream,
            connection: Connection::new(session, certificate),
        }),
        Err(refused) => Err(Box::new(RefusedConnection {
            stream,
            session,
            refused,
        })),
    }
}
