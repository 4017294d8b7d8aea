//! The one place that wires the stages: accepted -> handshaken -> permitted -> served.
//!
//! Takes bound listeners and what they serve, runs until a signal has ended it all in order.

mod run;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::access;
use crate::config::values::ClientAuth;
use crate::config::{ContentSettings, Settings, Times};
use crate::findings::{Finding, Findings};
use crate::http::proxy::Proxy;
use crate::http::service::{Content, HttpServer};
use crate::http::static_files::{OpenRootError, StaticFiles};
use crate::lifecycle::Member;
use crate::net::{Accepted, Listener, listener};
use crate::telemetry::Telemetry;
use crate::telemetry::events::{self, ClientRefused, HandshakeCompleted};
use crate::tls::context::Application;
use crate::tls::failure::Refused;
use crate::tls::handshake::{self, Failure};
use crate::tls::{Credentials, TlsContext};
use crate::tunnel;
use crate::upstream::Upstreams;

/// A gateway whose ports are bound: from now on nothing of the configuration can fail.
pub struct Gateway {
    listeners: Vec<Listener>,
    admin: Option<TcpListener>,
    service: Arc<Service>,
    telemetry: Arc<Telemetry>,
    times: Times,
}

/// What becomes of an accepted connection; one immutable view for all of its life.
struct Service {
    tls: TlsContext,
    client_auth: ClientAuth,
    behind: Behind,
    telemetry: Arc<Telemetry>,
}

enum Behind {
    Http(Arc<HttpServer>),
    Tunnel(Upstreams),
}

impl Gateway {
    /// Builds the service and binds all ports, or says everything that is in the way. Needs a
    /// tokio runtime.
    pub fn prepare(
        settings: &Settings,
        credentials: &Credentials,
        telemetry: Arc<Telemetry>,
    ) -> Result<Self, Findings> {
        let mut findings = Findings::default();
        let service = Service::build(settings, credentials, &telemetry)
            .map_err(|wrong| findings.extend(wrong))
            .ok();
        let mut listeners = Vec::new();
        for address in &settings.listen {
            match Listener::bind(address.0, "listen", telemetry.clone()) {
                Ok(listener) => listeners.push(listener),
                Err(finding) => findings.push(finding),
            }
        }
        let admin = settings.admin.0.map(|a| listener::bind_plain(a, "admin"));
        let admin = admin.transpose().unwrap_or_else(|finding| {
            findings.push(finding);
            None
        });
        match service {
            Some(service) if findings.is_empty() => Ok(Self {
                listeners,
                admin,
                service: Arc::new(service),
                telemetry,
                times: settings.times,
            }),
            _ => Err(findings),
        }
    }

    /// Everything that `prepare` would complain about, with nothing left behind. Needs a tokio
    /// runtime.
    pub fn rehearse(settings: &Settings, credentials: &Credentials) -> Findings {
        match Telemetry::new(false) {
            Ok(telemetry) => Self::prepare(settings, credentials, Arc::new(telemetry))
                .err()
                .unwrap_or_default(),
            Err(finding) => finding.into(),
        }
    }

    /// The addresses of the TLS listeners, with the ports that the kernel chose for port 0.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(Listener::address).collect()
    }

    /// The address of the admin port.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin
            .as_ref()
            .and_then(|admin| admin.local_addr().ok())
    }
}

impl Service {
    fn build(
        settings: &Settings,
        credentials: &Credentials,
        telemetry: &Arc<Telemetry>,
    ) -> Result<Self, Findings> {
        let http = |content| {
            Behind::Http(Arc::new(HttpServer {
                content,
                header_timeout: settings.times.header,
                telemetry: telemetry.clone(),
            }))
        };
        let (behind, application) = match &settings.content {
            ContentSettings::Static(root) => {
                let files = StaticFiles::open(root).map_err(|error| unusable_root(root, &error))?;
                (http(Content::Files(files)), Application::Http)
            }
            ContentSettings::Proxy(upstreams) => {
                let proxy = Proxy::new(upstreams, &settings.times, telemetry.clone());
                (http(Content::Proxy(Box::new(proxy))), Application::Http)
            }
            ContentSettings::Tunnel(upstreams) => {
                let upstreams = Upstreams::new(upstreams, settings.times.upstream_connect);
                (Behind::Tunnel(upstreams), Application::Opaque)
            }
        };
        Ok(Self {
            tls: TlsContext::build(credentials, &settings.tls, application)?,
            client_auth: settings.tls.client_auth,
            behind,
            telemetry: telemetry.clone(),
        })
    }

    /// The whole way of one connection.
    async fn connection(self: Arc<Self>, accepted: Accepted, member: Member) {
        let client = accepted.client;
        let handshaken = match handshake::perform(accepted, &self.tls).await {
            Ok(handshaken) => handshaken,
            Err(Failure::Ping) => return events::tcp_ping(&self.telemetry),
            Err(Failure::Refused(refused)) => return self.refused(&refused, client),
        };
        let (resumed, took) = (handshaken.session.resumed, handshaken.session.took);
        let permitted = match access::decide(handshaken, self.client_auth) {
            Ok(permitted) => permitted,
            Err(refused) => {
                self.refused(&refused.refused, client);
                if let Behind::Http(server) = &self.behind {
                    server.refuse(*refused, member).await;
                }
                return;
            }
        };
        HandshakeCompleted {
            client,
            resumed,
            took,
        }
        .emit(&self.telemetry);
        match &self.behind {
            Behind::Http(server) => server.serve(permitted, member).await,
            Behind::Tunnel(upstreams) => {
                tunnel::run(permitted, upstreams, &self.telemetry, member).await;
            }
        }
    }

    fn refused(&self, refused: &Refused, client: SocketAddr) {
        let certificate = refused.certificate.as_ref();
        ClientRefused {
            reason: refused.reason,
            client,
            sni: refused.sni.as_deref(),
            subject: certificate.map(|c| c.subject.as_str()),
            issuer: certificate.map(|c| c.issuer.as_str()),
            serial: certificate.map(|c| c.serial.as_str()),
            depth: refused.depth,
            openssl: &refused.openssl,
        }
        .emit(&self.telemetry);
    }
}

fn unusable_root(root: &Path, error: &OpenRootError) -> Findings {
    Finding::error(format!("root {}", root.display()), error.to_string())
        .advice("Create the directory, mount your content there, or set --root.")
        .into()
}
