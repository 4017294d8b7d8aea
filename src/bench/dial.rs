//! From a route to a connection whose handshake is done, with the time of each step.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext, SslRef, SslSessionRef};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio_openssl::SslStream;

use super::failure::{Failure, Stage};
use super::plan::{Mode, Plan};
use super::proxy_header;
use super::recorder::{Agreed, Sample};
use super::tickets;
use super::wire::Wire;
use crate::tls::failure::words;
use crate::tls::ffi::client;
use crate::tls::groups;

/// Which of the plan's targets, identities and sources a connection takes: each in turn.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Index of the target.
    pub target: usize,
    /// Index of the context.
    pub identity: usize,
    /// Where to bind.
    pub source: Option<IpAddr>,
}

/// What the connections of one thread have in common.
pub struct Dialer {
    /// The run.
    pub plan: Arc<Plan>,
    contexts: Vec<SslContext>,
    /// Instead of the targets' hosts.
    sni: Option<String>,
    /// Whether the server's certificate is looked at.
    verify: bool,
}

/// A connection.
pub struct Dialed {
    /// Its stream.
    pub tls: SslStream<Wire>,
    /// What was negotiated.
    pub agreed: Agreed,
}

impl Dialer {
    /// For one thread.
    pub fn new(
        plan: Arc<Plan>,
        contexts: Vec<SslContext>,
        sni: Option<String>,
        verify: bool,
    ) -> Self {
        Self {
            plan,
            contexts,
            sni,
            verify,
        }
    }

    /// How many identities there are; at least one, which may be nobody.
    pub fn identities(&self) -> usize {
        self.contexts.len()
    }

    /// The route of the connection with this number: targets change fastest.
    pub fn route(&self, number: usize) -> Route {
        let (targets, identities) = (self.plan.targets.len(), self.contexts.len());
        let sources = &self.plan.sources;
        Route {
            target: number % targets,
            identity: number / targets % identities,
            source: match sources.len() {
                0 => None,
                sources_len => Some(sources[number / targets / identities % sources_len]),
            },
        }
    }

    /// Connects and shakes hands, offering the session if there is one.
    pub async fn dial(
        &self,
        route: &Route,
        session: Option<&SslSessionRef>,
        sample: &mut Sample,
    ) -> Result<Dialed, Failure> {
        let target = &self.plan.targets[route.target];
        let begun = Instant::now();
        sample.stage = Stage::Connect;
        let mut tcp = connect(target.address, route.source)
            .await
            .map_err(|error| Failure::of_connect(&error))?;
        let connected = Instant::now();
        sample.connect = Some(connected - begun);
        sample.stage = Stage::Handshake;
        if let Some(version) = self.plan.proxy_header {
            let addresses = tcp
                .local_addr()
                .and_then(|local| Ok((local, tcp.peer_addr()?)));
            let (client, server) =
                addresses.map_err(|error| Failure::of_io(&error, Stage::Handshake))?;
            tcp.write_all(&proxy_header::header(version, client, server))
                .await
                .map_err(|error| Failure::of_io(&error, Stage::Handshake))?;
        }
        let ssl = self.ssl(route, session, sample).map_err(ours)?;
        let mut tls = SslStream::new(ssl, Wire(tcp)).map_err(ours)?;
        if let Err(error) = Pin::new(&mut tls).connect().await {
            return Err(Failure::of_handshake(&error, tls.ssl()));
        }
        sample.handshake = Some(connected.elapsed());
        let agreed = agreed(tls.ssl());
        sample.resumed = agreed.resumed;
        sample.stage = Stage::Request;
        Ok(Dialed { tls, agreed })
    }

    fn ssl(
        &self,
        route: &Route,
        session: Option<&SslSessionRef>,
        sample: &mut Sample,
    ) -> Result<Ssl, ErrorStack> {
        let target = &self.plan.targets[route.target];
        let mut ssl = Ssl::new(&self.contexts[route.identity])?;
        if self.plan.mode == Mode::Resumed {
            tickets::prepare(&mut ssl)?;
        }
        let name = match &self.sni {
            Some(name) => Some(name.as_str()),
            None if target.ip().is_some() => None,
            None => Some(target.host.as_str()),
        };
        if let Some(name) = name {
            ssl.set_hostname(name)?;
        }
        if self.verify {
            match (name, target.ip()) {
                (Some(name), _) => ssl.param_mut().set_host(name)?,
                (None, Some(ip)) => ssl.param_mut().set_ip(ip)?,
                (None, None) => {}
            }
        }
        if let Some(session) = session.filter(|session| client::is_resumable(session)) {
            client::offer_session(&mut ssl, session)?;
            sample.offered = true;
        }
        Ok(ssl)
    }
}

/// What a handshake agreed on.
pub fn agreed(ssl: &SslRef) -> Agreed {
    Agreed {
        version: ssl.version_str(),
        cipher: ssl.current_cipher().map_or("", |cipher| cipher.name()),
        group: client::negotiated_group(ssl).map_or("", groups::name),
        alpn: match ssl.selected_alpn_protocol() {
            Some(b"h2") => "h2",
            Some(b"http/1.1") => "http/1.1",
            _ => "",
        },
        resumed: ssl.session_reused(),
    }
}

async fn connect(address: SocketAddr, source: Option<IpAddr>) -> std::io::Result<TcpStream> {
    let stream = match source {
        None => TcpStream::connect(address).await?,
        Some(source) => {
            let socket = match address {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            socket.bind(SocketAddr::new(source, 0))?;
            socket.connect(address).await?
        }
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn ours(error: ErrorStack) -> Failure {
    Failure::Local(words(&error))
}
