//! The way of one connection: accepted -> handshaken -> permitted -> served.

use std::sync::Arc;
use std::time::Duration;

use super::services::Behind;
use super::shadow;
use super::snapshot::Snapshot;
use crate::access::{self, Permitted, RefusedConnection, header};
use crate::http::health::Outcomes;
use crate::http::service::Conversation;
use crate::lifecycle::Member;
use crate::lifecycle::ending::Stage;
use crate::net::proxy_protocol::{self, ProxyHeaders, Via};
use crate::net::{Accepted, Connected};
use crate::peer::Peer;
use crate::refusal::RefusalReason;
use crate::telemetry::events::overload::{TooMany, connection_refused};
use crate::telemetry::events::{self, ClientRefused, HandshakeCompleted, RevocationUnknown};
use crate::tls::admission::Origin;
use crate::tls::failure::Refused;
use crate::tls::half_open::{self, PushedOut};
use crate::tls::handshake::{self, Failure};
use crate::tls::shadow::Exhibit;
use crate::tls::verification::unix_now;
use crate::tunnel;

impl Snapshot {
    /// The whole way of one connection. Each part of it is in a box of its own, so that none holds the
    /// room of another that is over.
    pub(super) fn connection(
        self: Arc<Self>,
        connected: Connected,
        member: Member,
    ) -> impl Future<Output = ()> + Send {
        let admission = Box::pin(self.admit(connected, member));
        async {
            if let Some(conversation) = admission.await {
                conversation.await;
            }
        }
    }

    /// Hands on what follows. Whoever isn't let in has been told when this returns.
    async fn admit(self: Arc<Self>, connected: Connected, member: Member) -> Option<Conversation> {
        if self.door.is_full(connected.peer, &self.telemetry) {
            return None;
        }
        let mut accepted = match &self.proxy_headers {
            None => connected.into(),
            Some(headers) => Box::pin(self.announced(connected, headers)).await?,
        };
        let (client, via) = (accepted.client, accepted.via.clone());
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
                self.refused(&refused, client, via.as_deref());
                let origin = Origin { client, via };
                shadow::compare(exhibit, Err(refused.reason), origin, &self.telemetry);
                return None;
            }
        };
        let (resumed, took) = (handshaken.session.resumed, handshaken.session.took);
        let overlooked = handshaken.session.overlooked.clone();
        let exhibit = handshaken.exhibit.take();
        let site = self.sites.get(handshaken.session.site)?;
        let decided = match &site.by_header {
            // Behind a proxy that says for whom it speaks, that one is who says what is in a header.
            Some(current) => Ok(header::permit_nobody(handshaken, client, current.clone())),
            None => access::decide(handshaken, &site.rules, self.http_proxies.include(client)),
        };
        let permitted = match decided {
            Ok(permitted) => permitted,
            Err(refused) if self.may_check_health(&refused, &site.behind) => {
                let Behind::Http(server) = &site.behind else {
                    return None;
                };
                let outcomes = self.clone().outcomes(&refused, exhibit);
                let check = Box::pin(server.check(*refused, outcomes, member));
                let _ = self.half_open(client, check).await;
                return None;
            }
            Err(refused) => {
                let is_new = self.refused(&refused.refused, client, via.as_deref());
                let reason = refused.refused.reason;
                let origin = Origin { client, via };
                shadow::compare(exhibit, Err(reason), origin, &self.telemetry);
                if let (Behind::Http(server), true) = (&site.behind, is_new) {
                    let page = Box::pin(server.refuse(*refused, member));
                    let _ = self.half_open(client, page).await;
                }
                return None;
            }
        };
        let origin = Origin {
            client,
            via: via.clone(),
        };
        shadow::compare(exhibit, Ok(()), origin, &self.telemetry);
        if let Some(certificate) = permitted.certificate() {
            self.inventory.note(certificate, None, client, unix_now());
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
            vpce: via.as_ref().and_then(|via| via.vpc_endpoint()),
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
                let (announcement, idle) = (site.announcement.clone(), self.times.tunnel_idle);
                Box::pin(async move {
                    let announcement = announcement.as_deref();
                    tunnel::run(permitted, &upstreams, announcement, idle, &telemetry).await;
                })
            }
        })
    }

    /// What somebody is waited for who isn't let in yet, or never is. It holds no place that a good client needs.
    async fn half_open<F: Future>(&self, who: Peer, waiting: F) -> Result<F::Output, PushedOut> {
        let done = half_open::bounded(self.tls.most_handshakes(), waiting).await;
        done.inspect_err(|PushedOut| {
            connection_refused(&self.telemetry, TooMany::Handshakes, who);
        })
    }

    /// Whether a client that may not come in may ask whether the process is ready: one that shows no certificate.
    fn may_check_health(&self, refused: &RefusedConnection, behind: &Behind) -> bool {
        let answers = matches!(behind, Behind::Http(server) if server.health.is_some());
        answers && refused.refused.reason == RefusalReason::NoCertificate
    }

    /// What is said of it then. It is told apart from a client by what it asks for.
    fn outcomes(
        self: Arc<Self>,
        connection: &RefusedConnection,
        exhibit: Option<Exhibit>,
    ) -> Outcomes {
        let session = &connection.session;
        let (client, resumed, took) = (session.address, session.resumed, session.took);
        let (via, origin) = (session.via.clone(), session.origin());
        let telemetry = self.telemetry.clone();
        let checked = move || {
            HandshakeCompleted {
                client,
                vpce: via.as_ref().and_then(|via| via.vpc_endpoint()),
                resumed,
                took,
            }
            .emit(&telemetry);
        };
        let refused = connection.refused.clone();
        let refused = move || {
            self.refused(&refused, client, origin.via.as_deref());
            shadow::compare(exhibit, Err(refused.reason), origin, &self.telemetry);
        };
        Outcomes {
            checked: Box::new(checked),
            refused: Box::new(refused),
        }
    }

    /// How long its client must wait, if it makes too many connections.
    fn too_many(&self, permitted: &Permitted) -> Option<Duration> {
        let (limits, connection) = (self.limits.as_ref()?, permitted.connection());
        let certificate = connection.certificate.as_deref();
        let taken = limits.connection(connection.session.address, certificate);
        taken.err()
    }

    /// Takes the PROXY header off a connection. Whoever isn't let in has been counted when this returns.
    async fn announced(&self, connected: Connected, headers: &ProxyHeaders) -> Option<Accepted> {
        let peer = connected.peer;
        let limit = self.tls.handshake_timeout();
        let received = self.half_open(peer, headers.receive(connected, limit));
        match received.await.ok()? {
            Ok(accepted) => Some(accepted),
            Err(proxy_protocol::Failure::Ping) => {
                events::tcp_ping(&self.telemetry);
                None
            }
            Err(proxy_protocol::Failure::Refused { reason, detail }) => {
                ClientRefused {
                    reason,
                    client: peer,
                    proxy: None,
                    vpce: None,
                    sni: None,
                    subject: None,
                    issuer: None,
                    serial: None,
                    depth: None,
                    detail: &detail,
                }
                .emit(&self.telemetry);
                None
            }
        }
    }

    /// Says so, unless it was said of the same certificate too often.
    fn refused(&self, refused: &Refused, client: Peer, via: Option<&Via>) -> bool {
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
            proxy: via.map(|via| via.proxy),
            vpce: via.and_then(Via::vpc_endpoint),
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
            self.inventory
                .note(certificate, Some(refused.reason), client, unix_now());
        }
        true
    }
}
