//! The way of one connection: accepted -> handshaken -> permitted -> served.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::shadow;
use super::snapshot::{Behind, Snapshot};
use crate::access::{self, Permitted, header};
use crate::http::service::Conversation;
use crate::identity::ClientCertificate;
use crate::lifecycle::Member;
use crate::lifecycle::ending::Stage;
use crate::net::Accepted;
use crate::refusal::RefusalReason;
use crate::telemetry::events::inventory::ExpiresSoon;
use crate::telemetry::events::overload::{TooMany, connection_refused};
use crate::telemetry::events::{self, ClientRefused, HandshakeCompleted, RevocationUnknown};
use crate::tls::failure::Refused;
use crate::tls::handshake::{self, Failure};
use crate::tls::verification::unix_now;
use crate::tunnel;

impl Snapshot {
    /// The whole way of one connection. Each part of it is in a box of its own, so that none holds the
    /// room of another that is over.
    pub(super) fn connection(
        self: Arc<Self>,
        accepted: Accepted,
        member: Member,
    ) -> impl Future<Output = ()> + Send {
        let admission = Box::pin(self.admit(accepted, member));
        async {
            if let Some(conversation) = admission.await {
                conversation.await;
            }
        }
    }

    /// Hands on what follows. Whoever isn't let in has been told when this returns.
    async fn admit(
        self: Arc<Self>,
        mut accepted: Accepted,
        member: Member,
    ) -> Option<Conversation> {
        // The other end of TCP, whatever a PROXY header says.
        let peer = accepted.client.ip();
        let client = accepted.client;
        if !self.door.lets_in(&mut accepted, &self.telemetry) {
            return None;
        }
        if self.limits.as_ref().is_some_and(|l| l.turn_away(client)) {
            return None;
        }
        let mut handshaken = match handshake::perform(accepted, &self.tls).await {
            Ok(handshaken) => handshaken,
            Err(Failure::Ping) => {
                events::tcp_ping(&self.telemetry);
                return None;
            }
            Err(Failure::PushedOut) => {
                connection_refused(&self.telemetry, TooMany::Handshakes, client);
                return None;
            }
            Err(Failure::Refused(refused, exhibit)) => {
                self.refused(&refused, client);
                shadow::compare(exhibit, Err(refused.reason), client, &self.telemetry);
                return None;
            }
        };
        let (resumed, took) = (handshaken.session.resumed, handshaken.session.took);
        let overlooked = handshaken.session.overlooked.clone();
        let exhibit = handshaken.exhibit.take();
        let site = self.sites.get(handshaken.session.site)?;
        let decided = match &site.by_header {
            Some(current) => Ok(header::permit_nobody(handshaken, peer, current.clone())),
            None => access::decide(handshaken, &site.rules),
        };
        let permitted = match decided {
            Ok(permitted) => permitted,
            Err(refused) => {
                let is_new = self.refused(&refused.refused, client);
                let reason = refused.refused.reason;
                shadow::compare(exhibit, Err(reason), client, &self.telemetry);
                if let (Behind::Http(server), true) = (&site.behind, is_new) {
                    server.refuse(*refused, member).await;
                }
                return None;
            }
        };
        shadow::compare(exhibit, Ok(()), client, &self.telemetry);
        if let Some(certificate) = permitted.certificate() {
            self.saw(certificate, None, client);
        }
        if let Some(overlooked) = overlooked {
            RevocationUnknown {
                reason: overlooked.reason,
                client,
                depth: overlooked.depth,
                detail: &overlooked.words,
                news: overlooked.is_news(),
            }
            .emit(&self.telemetry);
        }
        HandshakeCompleted {
            client,
            resumed,
            took,
        }
        .emit(&self.telemetry);
        if let Some(wait) = self.too_many(&permitted) {
            if let Behind::Http(server) = &site.behind {
                server.turn_away(permitted, wait, member).await;
            }
            return None;
        }
        let connection = permitted.connection();
        self.open.enter(connection, &self.terms);
        if member.is_closing() {
            // Those who were there have been told.
            connection.ending.tell(Stage::Closing);
        }
        Some(match &site.behind {
            Behind::Http(server) => server.serve(permitted),
            Behind::Tunnel(upstreams) => {
                let (upstreams, telemetry) = (upstreams.clone(), self.telemetry.clone());
                let idle = self.times.tunnel_idle;
                Box::pin(async move { tunnel::run(permitted, &upstreams, idle, &telemetry).await })
            }
        })
    }

    /// How long its client must wait, if it makes too many connections.
    fn too_many(&self, permitted: &Permitted) -> Option<Duration> {
        let (limits, connection) = (self.limits.as_ref()?, permitted.connection());
        let certificate = connection.certificate.as_deref();
        let taken = limits.connection(connection.session.address, certificate);
        taken.err()
    }

    /// Says so, unless it was said of the same certificate too often.
    fn refused(&self, refused: &Refused, client: SocketAddr) -> bool {
        let certificate = refused.certificate.as_ref();
        // Else it is good, and the client may not be its holder.
        let rejected = refused.depth.and(certificate);
        let limits = self.limits.as_ref();
        if limits.is_some_and(|limits| limits.failed(client, rejected.map(|c| &**c))) {
            return false;
        }
        ClientRefused {
            reason: refused.reason,
            client,
            sni: refused.sni.as_deref(),
            subject: certificate.map(|c| c.subject.as_str()),
            issuer: certificate.map(|c| c.issuer.as_str()),
            serial: certificate.map(|c| c.serial.as_str()),
            depth: refused.depth,
            detail: &refused.detail,
        }
        .emit(&self.telemetry);
        // Its chain, or the rules, are why; not that it broke off, or hasn't the key.
        if let (Some(certificate), Some(_)) = (certificate, refused.depth) {
            self.saw(certificate, Some(refused.reason), client);
        }
        true
    }

    fn saw(
        &self,
        certificate: &ClientCertificate,
        refusal: Option<RefusalReason>,
        client: SocketAddr,
    ) {
        let now = unix_now();
        if self.inventory.saw(certificate, refusal, now) {
            ExpiresSoon {
                client,
                subject: &certificate.subject,
                issuer: &certificate.issuer,
                serial: &certificate.serial,
                fingerprint: &certificate.fingerprint,
                days_left: (certificate.not_after - now).div_euclid(86_400),
            }
            .emit();
        }
    }
}
