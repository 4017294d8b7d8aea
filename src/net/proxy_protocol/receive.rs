//! From a new connection to one whose client is known.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use super::{Endpoints, Fault, Header, Looks, Version, Via, looks, parse};
use crate::config::networks::Networks;
use crate::config::proxy_protocol::ProxyProtocol;
use crate::net::{Accepted, ClientStream, Connected};
use crate::peer::Peer;
use crate::refusal::RefusalReason;
use crate::telemetry::Telemetry;
use crate::telemetry::events::proxy_protocol::{HeaderKind, header_received};

/// Who must or may send a header.
pub struct ProxyHeaders {
    required: bool,
    /// Whose headers are believed; with none, everybody's.
    trusted: Networks,
    telemetry: Arc<Telemetry>,
}

/// How a connection ends that never comes to its TLS handshake.
pub enum Failure {
    /// It was closed before its first byte: a load balancer's health check.
    Ping,
    /// It was refused.
    Refused {
        /// Why.
        reason: RefusalReason,
        /// What was found, in words.
        detail: String,
    },
}

impl ProxyHeaders {
    /// `None` where none are expected.
    pub fn new(
        mode: ProxyProtocol,
        trusted: &Networks,
        telemetry: &Arc<Telemetry>,
    ) -> Option<Self> {
        (mode != ProxyProtocol::Off).then(|| Self {
            required: mode == ProxyProtocol::Required,
            trusted: trusted.clone(),
            telemetry: telemetry.clone(),
        })
    }

    /// Takes the header off the stream. What follows it stays for TLS. All of it must be there within
    /// `limit` of the accept, however it is cut into pieces.
    ///
    /// # Errors
    /// Why there is no connection to go on with.
    pub async fn receive(
        &self,
        connected: Connected,
        limit: Duration,
    ) -> Result<Accepted, Failure> {
        let Connected {
            mut stream,
            peer,
            at,
        } = connected;
        let is_believed = self.is_believed(peer);
        let left = limit.saturating_sub(at.elapsed());
        let read = tokio::time::timeout(left, self.read(&mut stream, is_believed)).await;
        let header = read.unwrap_or_else(|_| Err(self.too_late(&stream, limit)))?;
        self.count(header.as_ref());
        let client = match header.as_ref().map(|header| &header.endpoints) {
            // A proxy, too, may listen for both families.
            Some(Endpoints::Tcp { source, .. }) => Peer::canonical(*source),
            _ => peer,
        };
        // A proxy's own connection came by nobody.
        let header = header.filter(|header| header.endpoints != Endpoints::Local);
        let via = header.map(|header| {
            Arc::new(Via {
                proxy: peer,
                header,
            })
        });
        Ok(Accepted {
            stream,
            client,
            via,
            at,
        })
    }

    fn is_believed(&self, peer: Peer) -> bool {
        // Without a list, `auto` would believe whoever likes to be believed: the settings forbid it.
        (self.required && self.trusted.is_empty()) || self.trusted.include(peer)
    }

    /// `None` where there is none, and none is needed.
    async fn read(
        &self,
        stream: &mut ClientStream,
        is_believed: bool,
    ) -> Result<Option<Header>, Failure> {
        loop {
            if !stream.unread().is_empty() {
                match self.judge(stream.unread(), is_believed) {
                    Ok(Judged::Whole(header, length)) => {
                        stream.skip(length);
                        return Ok(Some(header));
                    }
                    Ok(Judged::None) => return Ok(None),
                    Ok(Judged::More) => {}
                    Err(fault) => return Err(fault.into()),
                }
            }
            let received = poll_fn(|context| stream.poll_receive_more(context)).await;
            if matches!(received, Ok(1..)) {
                continue;
            }
            return Err(match stream.unread().len() {
                0 => Failure::Ping,
                length => Fault::Cut(length).into(),
            });
        }
    }

    fn judge(&self, bytes: &[u8], is_believed: bool) -> Result<Judged, Fault> {
        if !is_believed {
            return match looks(bytes) {
                _ if self.required => Err(Fault::Stranger),
                Looks::V1 | Looks::V2 => Err(Fault::Untrusted),
                Looks::Other => Ok(Judged::None),
                Looks::Undecided => Ok(Judged::More),
            };
        }
        match parse(bytes) {
            Ok(Some((header, length))) => Ok(Judged::Whole(header, length)),
            Ok(None) => Ok(Judged::More),
            Err(Fault::Missing(_)) if !self.required => Ok(Judged::None),
            Err(fault) => Err(fault),
        }
    }

    fn too_late(&self, stream: &ClientStream, limit: Duration) -> Failure {
        Failure::Refused {
            reason: match self.required || !stream.unread().is_empty() {
                true => RefusalReason::ProxyHeaderTimeout,
                false => RefusalReason::Timeout,
            },
            detail: format!(
                "{} bytes within {limit:?}, and no whole PROXY header",
                stream.received()
            ),
        }
    }

    fn count(&self, header: Option<&Header>) {
        let kind = match header.map(|header| (&header.endpoints, header.version)) {
            None => HeaderKind::None,
            Some((Endpoints::Local, _)) => HeaderKind::Local,
            Some((_, Version::V1)) => HeaderKind::V1,
            Some((_, Version::V2)) => HeaderKind::V2,
        };
        header_received(&self.telemetry, kind);
    }
}

enum Judged {
    /// A header, and how long it is.
    Whole(Header, usize),
    /// Something else.
    None,
    /// More bytes will tell.
    More,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Refused {
            reason: fault.reason(),
            detail: fault.to_string(),
        }
    }
}
