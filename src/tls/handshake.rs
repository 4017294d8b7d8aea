//! The handshake: from [`Accepted`] to [`Handshaken`], or to the reason why not.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openssl::error::ErrorStack;
use openssl::ssl::{self, NameType, SslRef};
use tokio::io::AsyncWriteExt;
use tokio_openssl::SslStream;

use super::TlsContext;
use super::admission::Origin;
use super::failure::{Refused, sni};
use super::ffi::server::WANT_VERDICT;
use super::policy::note;
use super::resumption::Proven;
use super::revocation::Overlooked;
use super::shadow::Exhibit;
use super::standing::Standing;
use super::verification::Verified;
use crate::identity::ClientCertificate;
use crate::net::give_way;
use crate::net::proxy_protocol::Via;
use crate::net::{Accepted, ClientStream};
use crate::peer::Peer;
use crate::refusal::RefusalReason;

/// A TLS connection.
pub type TlsStream = SslStream<ClientStream>;

/// A connection whose handshake is complete. Only [`perform`] makes one, and nothing is served
/// until the access stage has turned it into a permission.
pub struct Handshaken {
    /// The connection.
    pub stream: TlsStream,
    /// Who is at its other end.
    pub client: Client,
    /// What was agreed.
    pub session: Session,
    /// What a candidate is to judge, if there is one.
    pub exhibit: Option<Exhibit>,
}

/// Who the handshake found at the other end.
pub enum Client {
    /// The holder of a certificate that chains to the client CA.
    Verified(Arc<ClientCertificate>),
    /// Somebody without a certificate.
    Anonymous,
    /// Somebody with a certificate that isn't accepted; only with `refusal = page`.
    Rejected(Box<Refused>),
}

/// What was agreed in the handshake.
#[derive(Debug, Clone)]
pub struct Session {
    /// The client's address.
    pub address: Peer,
    /// The proxy that it came by.
    pub via: Option<Arc<Via>>,
    /// The server name that the client asked for.
    pub sni: Option<String>,
    /// The number of the site that it is for.
    pub site: usize,
    /// Which of the site's certificates the client was shown.
    pub identity: usize,
    /// TLSv1.3, …
    pub version: &'static str,
    /// The cipher by the name that OpenSSL gave it.
    pub cipher: &'static str,
    /// Whether a ticket spared the certificates.
    pub resumed: bool,
    /// Whether ALPN chose HTTP/2.
    pub http2: bool,
    /// From accept to the end of the handshake.
    pub took: Duration,
    /// What the client was let in in spite of.
    pub overlooked: Option<Arc<Overlooked>>,
    /// What the client was let in by; `None` where none had to be shown.
    pub standing: Option<Standing>,
}

impl Session {
    /// Where the connection comes from.
    pub fn origin(&self) -> Origin {
        Origin {
            client: self.address,
            via: self.via.clone(),
        }
    }

    /// The AWS VPC endpoint that the client came in by.
    pub fn vpc_endpoint(&self) -> Option<&str> {
        self.via.as_ref()?.vpc_endpoint()
    }
}

/// The server name that the client asked for, as it wrote it.
pub fn server_name(ssl: &SslRef) -> Option<&str> {
    ssl.servername(NameType::HOST_NAME)
}

/// How a handshake ends that doesn't succeed.
pub enum Failure {
    /// The client closed without having sent a byte: a load balancer's health check.
    Ping,
    /// There were too many handshakes, and this one's client had been silent longest.
    PushedOut,
    /// The client was refused or gave up. If the reason is who it is, a candidate may judge that, too.
    Refused(Box<Refused>, Option<Exhibit>),
}

/// Performs the handshake within the context's time limit. On failure the client has been sent its
/// alert, and the connection is closed in such a way that the alert arrives.
pub async fn perform(accepted: Accepted, context: &TlsContext) -> Result<Handshaken, Failure> {
    let Accepted {
        stream,
        client,
        via,
        at,
    } = accepted;
    let origin = Origin { client, via };
    let prepared = context
        .connection()
        .and_then(|ssl| SslStream::new(ssl, stream));
    let mut stream = match prepared {
        Ok(stream) => stream,
        Err(error) => return Err(out_of_memory(&error)),
    };
    if let Some(note) = note(stream.ssl()) {
        let _ = note.from.set(origin.clone());
    }
    let timeout = context.handshake_timeout.saturating_sub(at.elapsed());
    let accepting = give_way::bounded(context.most_handshakes, accept(&mut stream));
    let failure = match tokio::time::timeout(timeout, accepting).await {
        Ok(Err(give_way::PushedOut)) => return Err(Failure::PushedOut),
        Ok(Ok(Ok(()))) => {
            return Ok(Handshaken {
                client: client_of(stream.ssl()),
                exhibit: exhibit_of(stream.ssl()),
                session: session_of(stream.ssl(), origin, at),
                stream,
            });
        }
        Ok(Ok(Err(_))) if stream.get_ref().received() == 0 => return Err(Failure::Ping),
        Ok(Ok(Err(error))) => {
            Refused::of(&error, stream.ssl()).after(stream.get_ref().last_received(), &error)
        }
        Err(_) => {
            let words = format!("no handshake within {timeout:?}");
            Refused::new(RefusalReason::Timeout, words, stream.ssl())
        }
    };
    if !matches!(
        failure.reason,
        RefusalReason::Timeout | RefusalReason::ClientHungUp
    ) {
        // The alert goes out, if the client reads; one that doesn't is not waited for any longer than for
        // its handshake. A failure means that it is gone.
        let timeout = context.handshake_timeout.saturating_sub(at.elapsed());
        let _ = tokio::time::timeout(timeout, stream.get_mut().shutdown()).await;
    }
    let exhibit = match failure.reason == RefusalReason::NoCertificate || was_rejected(stream.ssl())
    {
        true => exhibit_of(stream.ssl()),
        false => None,
    };
    Err(Failure::Refused(Box::new(failure), exhibit))
}

/// `SSL_accept`, again after what it had to wait for.
async fn accept(stream: &mut TlsStream) -> Result<(), ssl::Error> {
    loop {
        let result = Pin::new(&mut *stream).accept().await;
        let waits = |error: &ssl::Error| error.code().as_raw() == WANT_VERDICT;
        if !result.as_ref().is_err_and(waits) {
            return result;
        }
        let Some(waiting) = note(stream.ssl()).and_then(|note| note.waiting.get().cloned()) else {
            return result;
        };
        let answers = waiting.settle().await;
        // Once: who waits again, waits for nothing.
        if note(stream.ssl()).is_none_or(|note| note.answers.set(answers).is_err()) {
            return result;
        }
    }
}

fn client_of(ssl: &SslRef) -> Client {
    let Some(note) = note(ssl) else {
        return Client::Anonymous;
    };
    if let Some(rejection) = note.rejection.get() {
        return Client::Rejected(Box::new(Refused::rejected(rejection, ssl)));
    }
    match note.lineage(ssl).map(|lineage| &lineage.client) {
        Some(Proven::Chain(_, verified)) => Client::Verified(verified.certificate.clone()),
        Some(Proven::Anonymous) | None => Client::Anonymous,
    }
}

fn session_of(ssl: &SslRef, origin: Origin, accepted_at: Instant) -> Session {
    Session {
        address: origin.client,
        via: origin.via,
        sni: sni(ssl),
        site: note(ssl)
            .and_then(|note| note.site.get())
            .copied()
            .unwrap_or(0),
        identity: note(ssl)
            .and_then(|note| note.identity.get())
            .copied()
            .unwrap_or(0),
        version: ssl.version_str(),
        cipher: ssl.current_cipher().map_or("", |cipher| cipher.name()),
        resumed: ssl.session_reused(),
        http2: ssl.selected_alpn_protocol() == Some(b"h2"),
        took: accepted_at.elapsed(),
        overlooked: verified_of(ssl).and_then(|verified| verified.overlooked.clone()),
        standing: Standing::of(ssl, verified_of(ssl)),
    }
}

fn verified_of(ssl: &SslRef) -> Option<&Arc<Verified>> {
    match &note(ssl)?.lineage(ssl)?.client {
        Proven::Chain(_, verified) => Some(verified),
        Proven::Anonymous => None,
    }
}

fn exhibit_of(ssl: &SslRef) -> Option<Exhibit> {
    let witness = note(ssl)?.witness.get()?;
    Some(witness.exhibit(ssl.session_reused()))
}

fn was_rejected(ssl: &SslRef) -> bool {
    note(ssl).is_some_and(|note| note.rejection.get().is_some())
}

fn out_of_memory(error: &ErrorStack) -> Failure {
    let refused = Refused {
        reason: RefusalReason::HandshakeFailure,
        detail: error.to_string(),
        depth: None,
        certificate: None,
        sni: None,
    };
    Failure::Refused(Box::new(refused), None)
}
