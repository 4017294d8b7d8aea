//! The one place that wires the stages: accepted -> handshaken -> permitted -> served.
//!
//! Takes bound listeners and what they serve, runs until a signal has ended it all in order.

mod run;
mod workers;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::access;
use crate::config::values::{ClientAuth, StapleFrom};
use crate::config::{ContentSettings, Settings, Times};
use crate::findings::{Finding, Findings};
use crate::http::proxy::Proxy;
use crate::http::service::{Content, Conversation, HttpServer};
use crate::http::static_files::{OpenRootError, StaticFiles};
use crate::lifecycle::Member;
use crate::net::listener::bind_plain;
use crate::net::{Accepted, BoundListener};
use crate::telemetry::Telemetry;
use crate::telemetry::events::{self, ClientRefused, HandshakeCompleted};
use crate::tls::context::{Application, Live};
use crate::tls::failure::Refused;
use crate::tls::handshake::{self, Failure};
use crate::tls::ocsp::Statuses;
use crate::tls::stapling::{self, Refresher, Stapled};
use crate::tls::{Credentials, TlsContext};
use crate::tunnel;
use crate::upstream::Upstreams;

/// A gateway whose ports are bound: from now on nothing of the configuration can fail.
pub struct Gateway {
    ports: Ports,
    service: Arc<Service>,
    telemetry: Arc<Telemetry>,
    /// Keeps the server's OCSP status fresh.
    stapler: Option<Refresher>,
    times: Times,
    /// How many threads serve.
    workers: usize,
}

struct Ports {
    listeners: Vec<BoundListener>,
    admin: Option<TcpListener>,
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
    Tunnel(Arc<Upstreams>),
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
        let (stapled, stapler) = stapling_of(settings, credentials, &telemetry);
        let live = Live {
            statuses: Arc::new(Statuses::new(telemetry.clone())),
            stapled,
        };
        let tls = TlsContext::build(credentials, &settings.tls, application(settings), &live);
        let tls = findings.note(tls);
        let behind = findings.note(Behind::build(settings, &telemetry));
        let ports = findings.note(Ports::bind(settings, &telemetry));
        let (Some(tls), Some(behind), Some(ports)) = (tls, behind, ports) else {
            findings.locate(|name| settings.place_of(name));
            return Err(findings);
        };
        let service = Service {
            tls,
            client_auth: settings.tls.client_auth,
            behind,
            telemetry: telemetry.clone(),
        };
        Ok(Self {
            ports,
            service: Arc::new(service),
            telemetry,
            stapler,
            times: settings.times,
            workers: settings.workers.count(),
        })
    }

    /// Everything that `prepare` would complain about, with nothing left behind; without
    /// credentials, what can be said without. Needs a tokio runtime.
    pub fn rehearse(settings: &Settings, credentials: Option<&Credentials>) -> Findings {
        let mut findings = Findings::default();
        let Some(telemetry) = findings.note(Telemetry::new(false).map_err(Findings::from)) else {
            return findings;
        };
        let telemetry = Arc::new(telemetry);
        findings.note(match credentials {
            Some(credentials) => {
                let live = Live {
                    statuses: Arc::new(Statuses::new(telemetry.clone())),
                    stapled: stapling::fixed(None),
                };
                let application = application(settings);
                TlsContext::build(credentials, &settings.tls, application, &live).map(drop)
            }
            None => TlsContext::check(&settings.tls),
        });
        findings.note(Behind::build(settings, &telemetry));
        findings.note(Ports::bind(settings, &telemetry));
        findings.locate(|name| settings.place_of(name));
        findings
    }

    /// The addresses of the TLS listeners, with the ports that the kernel chose for port 0.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.ports
            .listeners
            .iter()
            .map(BoundListener::address)
            .collect()
    }

    /// The address of the admin port.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.ports
            .admin
            .as_ref()
            .and_then(|admin| admin.local_addr().ok())
    }
}

impl Ports {
    fn bind(settings: &Settings, telemetry: &Arc<Telemetry>) -> Result<Self, Findings> {
        let mut findings = Findings::default();
        let listeners = settings.listen.iter().filter_map(|address| {
            let bound = BoundListener::bind(address.0, "listen", telemetry.clone());
            findings.note(bound.map_err(Findings::from))
        });
        let listeners = listeners.collect();
        let admin = settings.admin.0.map(|address| bind_plain(address, "admin"));
        let admin = findings.note(admin.transpose().map_err(Findings::from));
        match admin {
            Some(admin) if findings.is_empty() => Ok(Self { listeners, admin }),
            _ => Err(findings),
        }
    }
}

impl Behind {
    fn build(settings: &Settings, telemetry: &Arc<Telemetry>) -> Result<Self, Findings> {
        let content = match &settings.content {
            ContentSettings::Static { root, is_default } => match StaticFiles::open(root) {
                // Nobody chose it: a first start shows the welcome page.
                Err(OpenRootError::Missing(root)) if *is_default => {
                    Content::Files(StaticFiles::at(&root))
                }
                opened => Content::Files(opened.map_err(|error| unusable_root(root, &error))?),
            },
            ContentSettings::Proxy(upstreams) => {
                let proxy = Proxy::new(upstreams, &settings.times, telemetry.clone());
                Content::Proxy(Box::new(proxy))
            }
            ContentSettings::Tunnel(upstreams) => {
                let timeout = settings.times.upstream_connect;
                let upstreams = Upstreams::new(upstreams, timeout);
                return Ok(Self::Tunnel(Arc::new(upstreams)));
            }
        };
        Ok(Self::Http(Arc::new(HttpServer {
            content,
            header_timeout: settings.times.header,
            telemetry: telemetry.clone(),
        })))
    }
}

impl Service {
    /// The whole way of one connection. Each part of it is in a box of its own, so that none holds the
    /// room of another that is over.
    fn connection(
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
    async fn admit(self: Arc<Self>, accepted: Accepted, member: Member) -> Option<Conversation> {
        let client = accepted.client;
        let handshaken = match handshake::perform(accepted, &self.tls).await {
            Ok(handshaken) => handshaken,
            Err(Failure::Ping) => {
                events::tcp_ping(&self.telemetry);
                return None;
            }
            Err(Failure::Refused(refused)) => {
                self.refused(&refused, client);
                return None;
            }
        };
        let (resumed, took) = (handshaken.session.resumed, handshaken.session.took);
        let permitted = match access::decide(handshaken, self.client_auth) {
            Ok(permitted) => permitted,
            Err(refused) => {
                self.refused(&refused.refused, client);
                if let Behind::Http(server) = &self.behind {
                    server.refuse(*refused, member).await;
                }
                return None;
            }
        };
        HandshakeCompleted {
            client,
            resumed,
            took,
        }
        .emit(&self.telemetry);
        Some(match &self.behind {
            Behind::Http(server) => server.serve(permitted, member),
            Behind::Tunnel(upstreams) => {
                let (upstreams, telemetry) = (upstreams.clone(), self.telemetry.clone());
                Box::pin(async move { tunnel::run(permitted, &upstreams, &telemetry).await })
            }
        })
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
            detail: &refused.detail,
        }
        .emit(&self.telemetry);
    }
}

/// What is stapled, and who keeps it fresh.
fn stapling_of(
    settings: &Settings,
    credentials: &Credentials,
    telemetry: &Arc<Telemetry>,
) -> (Stapled, Option<Refresher>) {
    let staple = &settings.tls.staple;
    let asked = (staple.from == StapleFrom::Responder).then(|| credentials.question(staple));
    let refresher = asked
        .flatten()
        .and_then(|question| Refresher::new(question, telemetry.clone()));
    match refresher {
        Some((refresher, stapled)) => (stapled, Some(refresher)),
        None => (stapling::fixed(credentials.staple.clone()), None),
    }
}

fn application(settings: &Settings) -> Application {
    match settings.content {
        ContentSettings::Static { .. } | ContentSettings::Proxy(_) => Application::Http,
        ContentSettings::Tunnel(_) => Application::Opaque,
    }
}

fn unusable_root(root: &Path, error: &OpenRootError) -> Findings {
    Finding::error(format!("root {}", root.display()), error.to_string())
        .advice("Create the directory, mount your content there, or set --root.")
        .into()
}
