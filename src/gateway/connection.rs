//! The way of one connection: accepted -> handshaken -> permitted -> served.

use std::net::SocketAddr;
use std::sync::Arc;

use super::snapshot::{Behind, Snapshot};
use crate::access;
use crate::http::service::Conversation;
use crate::lifecycle::Member;
use crate::net::proxy_protocol::{self, ProxyHeaders, Via};
use crate::net::{Accepted, Connected};
use crate::telemetry::events::{self, ClientRefused, HandshakeCompleted, RevocationUnknown};
use crate::tls::failure::Refused;
use crate::tls::handshake::{self, Failure};
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
        let accepted = match &self.proxy_headers {
            None => connected.into(),
            Some(headers) => Box::pin(self.announced(connected, headers)).await?,
        };
        let (client, via) = (accepted.client, accepted.via.clone());
        let handshaken = match handshake::perform(accepted, &self.tls).await {
            Ok(handshaken) => handshaken,
            Err(Failure::Ping) => {
                events::tcp_ping(&self.telemetry);
                return None;
            }
            Err(Failure::Refused(refused)) => {
                self.refused(&refused, client, via.as_deref());
                return None;
            }
        };
        let (resumed, took) = (handshaken.session.resumed, handshaken.session.took);
        let overlooked = handshaken.session.overlooked.clone();
        let site = self.sites.get(handshaken.session.site)?;
        let permitted = match access::decide(handshaken, site.client_auth, &site.rules) {
            Ok(permitted) => permitted,
            Err(refused) => {
                self.refused(&refused.refused, client, via.as_deref());
                if let Behind::Http(server) = &site.behind {
                    server.refuse(*refused, member).await;
                }
                return None;
            }
        };
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
        Some(match &site.behind {
            Behind::Http(server) => server.serve(permitted, member),
            Behind::Tunnel(upstreams) => {
                let (upstreams, telemetry) = (upstreams.clone(), self.telemetry.clone());
                let announcement = site.announcement.clone();
                Box::pin(async move {
                    tunnel::run(permitted, &upstreams, announcement.as_deref(), &telemetry).await;
                })
            }
        })
    }

    /// Takes the PROXY header off a connection. Whoever isn't let in has been counted when this returns.
    async fn announced(&self, connected: Connected, headers: &ProxyHeaders) -> Option<Accepted> {
        let peer = connected.peer;
        let limit = self.tls.handshake_timeout();
        match headers.receive(connected, limit).await {
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

    fn refused(&self, refused: &Refused, client: SocketAddr, via: Option<&Via>) {
        let certificate = refused.certificate.as_ref();
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
    }
}
