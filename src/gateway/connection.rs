//! The way of one connection: accepted -> handshaken -> permitted -> served.

use std::sync::Arc;
use std::time::Duration;

use super::services::{Behind, SiteService};
use super::shadow;
use super::snapshot::Snapshot;
use crate::access::{self, Permitted, RefusedConnection, header};
use crate::http::health::Outcomes;
use crate::http::service::{Conversation, HttpServer};
use crate::lifecycle::Member;
use crate::lifecycle::ending::Stage;
use crate::net::give_way::{self, PushedOut};
use crate::net::proxy_protocol::{self, ProxyHeaders, Via};
use crate::net::{Accepted, Connected};
use crate::peer::Peer;
use crate::refusal::RefusalReason;
use crate::telemetry::events::overload::{TooMany, connection_refused};
use crate::telemetry::events::{self, ClientRefused, HandshakeCompleted, RevocationUnknown};
use crate::tls::admission::Origin;
use crate::tls::failure::Refused;
use crate::tls::handshake::{self, Failure, Handshaken, Session};
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
        let accepted = self.arrive(connected).await?;
        let mut handshaken = self.shake_hands(accepted).await?;
        let exhibit = handshaken.exhibit.take();
        let site = self.sites.get(handshaken.session.site)?;
        let client = handshaken.session.address;
        let decided = match &site.by_header {
            // Behind a proxy that says for whom it speaks, that one is who says what is in a header.
            Some(current) => Ok(header::permit_nobody(handshaken, client, current.clone())),
            None => access::decide(handshaken, &site.routes, self.http_proxies.include(client)),
        };
        match decided {
            Ok(permitted) => {
                let origin = permitted.connection().session.origin();
                shadow::compare(exhibit, Ok(()), origin, &self.telemetry);
                self.let_in(permitted, site, member).await
            }
            Err(refused) => {
                self.keep_out(*refused, exhibit, &site.behind, member).await;
                None
            }
        }
    }

    /// Whose connection it is, if there is room for it.
    async fn arrive(&self, connected: Connected) -> Option<Accepted> {
        if self.door.is_full(connected.peer) {
            return None;
        }
        let mut accepted = match &self.proxy_headers {
            None => connected.into(),
            Some(headers) => Box::pin(self.receive_header(connected, headers)).await?,
        };
        self.door.lets_in(&mut accepted).then_some(accepted)
    }

    /// Takes the PROXY header off a connection. Whoever isn't let in has been counted when this returns.
    async fn receive_header(
        &self,
        connected: Connected,
        headers: &ProxyHeaders,
    ) -> Option<Accepted> {
        let peer = connected.peer;
        let limit = self.tls.handshake_timeout();
        let received = self.in_turn(peer, headers.receive(connected, limit));
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

    /// The handshake. Whoever fails it has been told, and counted, when this returns.
    async fn shake_hands(&self, accepted: Accepted) -> Option<Handshaken> {
        let (client, via) = (accepted.client, accepted.via.clone());
        match handshake::perform(accepted, &self.tls).await {
            Ok(handshaken) => return Some(handshaken),
            Err(Failure::Ping) => events::tcp_ping(&self.telemetry),
            Err(Failure::PushedOut) => {
                connection_refused(&self.telemetry, TooMany::Handshakes, client);
            }
            Err(Failure::Refused(refused, exhibit)) => {
                self.report_refusal(&refused, client, via.as_deref());
                let origin = Origin { client, via };
                shadow::compare(exhibit, Err(refused.reason), origin, &self.telemetry);
            }
        }
        None
    }

    /// Somebody who may come in, unless it is too often.
    async fn let_in(
        &self,
        permitted: Permitted,
        site: &SiteService,
        member: Member,
    ) -> Option<Conversation> {
        self.report_admission(&permitted);
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
            Behind::Tunnel(tunnel) => {
                let (tunnel, telemetry) = (tunnel.clone(), self.telemetry.clone());
                let idle = self.times.tunnel_idle;
                Box::pin(async move {
                    let announcement = tunnel.announcement.as_deref();
                    tunnel::run(permitted, &tunnel.upstreams, announcement, idle, &telemetry).await;
                })
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

    /// Somebody whose certificate, or the want of one, isn't accepted: may at most ask whether the process is ready.
    async fn keep_out(
        self: &Arc<Self>,
        refused: RefusedConnection,
        exhibit: Option<Exhibit>,
        behind: &Behind,
        member: Member,
    ) {
        let origin = refused.session.origin();
        let client = origin.client;
        let server = match behind {
            Behind::Http(server) => Some(server),
            Behind::Tunnel(_) => None,
        };
        if let Some(server) = server.filter(|server| may_check_health(server, &refused)) {
            let outcomes = self.clone().outcomes(&refused, exhibit);
            let check = Box::pin(server.check(refused, outcomes, member));
            let _ = self.in_turn(client, check).await;
            return;
        }
        let is_new = self.report_refusal(&refused.refused, client, origin.via.as_deref());
        let reason = refused.refused.reason;
        shadow::compare(exhibit, Err(reason), origin, &self.telemetry);
        if let Some(server) = server.filter(|_| is_new) {
            let page = Box::pin(server.refuse(refused, member));
            let _ = self.in_turn(client, page).await;
        }
    }

    /// What is reported of somebody who may ask for the health answer: a health check, or a refused client. Only what it asks
    /// for tells.
    fn outcomes(
        self: Arc<Self>,
        connection: &RefusedConnection,
        exhibit: Option<Exhibit>,
    ) -> Outcomes {
        let session = connection.session.clone();
        let (origin, telemetry) = (session.origin(), self.telemetry.clone());
        let checked = move || completed(&session).emit(&telemetry);
        let refused = connection.refused.clone();
        let refused = move || {
            self.report_refusal(&refused, origin.client, origin.via.as_deref());
            shadow::compare(exhibit, Err(refused.reason), origin, &self.telemetry);
        };
        Outcomes {
            checked: Box::new(checked),
            refused: Box::new(refused),
        }
    }

    /// Waits for a client that isn't let in yet, or never is, as one of those who give way to each other: however slow it
    /// is, it holds no place that a good client needs.
    async fn in_turn<F: Future>(&self, who: Peer, waiting: F) -> Result<F::Output, PushedOut> {
        let done = give_way::bounded(self.tls.most_handshakes(), waiting).await;
        done.inspect_err(|PushedOut| {
            connection_refused(&self.telemetry, TooMany::Handshakes, who);
        })
    }

    /// Says who came in, and what was overlooked.
    fn report_admission(&self, permitted: &Permitted) {
        let session = &permitted.connection().session;
        let client = session.address;
        if let Some(certificate) = permitted.certificate() {
            self.inventory.note(certificate, None, client, unix_now());
        }
        if let Some(overlooked) = &session.overlooked {
            RevocationUnknown {
                reason: overlooked.reason,
                client,
                depth: overlooked.depth,
                detail: &overlooked.words,
                news: overlooked.is_news(),
            }
            .emit(&self.telemetry);
        }
        completed(session).emit(&self.telemetry);
    }

    /// Says who was refused, unless it was said of the same certificate too often; whether it was said now.
    fn report_refusal(&self, refused: &Refused, client: Peer, via: Option<&Via>) -> bool {
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

/// Whether a client that may not come in may ask whether the process is ready: one that shows no certificate.
fn may_check_health(server: &HttpServer, refused: &RefusedConnection) -> bool {
    server.health.is_some() && refused.refused.reason == RefusalReason::NoCertificate
}

fn completed(session: &Session) -> HandshakeCompleted<'_> {
    HandshakeCompleted {
        client: session.address,
        vpce: session.vpc_endpoint(),
        resumed: session.resumed,
        took: session.took,
    }
}
