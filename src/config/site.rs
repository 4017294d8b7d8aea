//! What is the affair of one site: what is behind the gate, who may come in, which certificates are shown.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::identity::IdentitySettings;
use super::proxy_protocol::UpstreamProxyProtocol;
use super::ready::ReadyUpstreams;
use super::routes::RouteSettings;
use super::server_name::ServerName;
use super::shadow::ShadowSettings;
use super::sources::{CrlSource, StapleFrom};
use super::upstream::Upstream;
use super::values::{
    ClientAuth, CrlCheck, CrlPolicy, OcspPolicy, OcspScope, Refusal, Switch, VerifyDepth,
};
use crate::fetch::Url;

/// The connections that ask for certain server names, and what is theirs.
#[derive(Debug, Clone)]
pub struct Site {
    /// Empty for the site of all other connections, which is the first in
    /// [`Settings::sites`](super::Settings::sites).
    pub names: Vec<ServerName>,
    /// Where it was written: `site a.example of /etc/certgate.toml`. Empty for the first.
    pub label: String,
    /// Its own, and where it has none those of the first.
    pub settings: SiteSettings,
}

impl Site {
    /// What tells its tickets from another site's, for as long as its first name stays.
    pub fn id(&self) -> String {
        self.names
            .first()
            .map(ToString::to_string)
            .unwrap_or_default()
    }
}

/// What an operator can set for one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSettings {
    /// Whether a client certificate is needed.
    pub client_auth: ClientAuth,
    /// How a refused client is told.
    pub refusal: Refusal,
    /// Intermediates between client certificate and CA.
    pub verify_depth: VerifyDepth,
    /// Revocation lists.
    pub crls: CrlSettings,
    /// What responders are asked about clients.
    pub ocsp: OcspSettings,
    /// What clients are told about the server.
    pub staple: StapleSettings,
    /// Whether an intermediate can be an anchor.
    pub partial_chain: Switch,
    /// Whether certificates that aren't for clientAuth are accepted.
    pub any_purpose: Switch,
    /// Whether chains must keep to RFC 5280.
    pub verify_strict: Switch,
    /// Whether clients are told the names of the client CAs.
    pub advertise_ca: Switch,
    /// What client certificates must chain to; `None` for the file in `certs-dir`.
    pub client_ca: Option<PathBuf>,
    /// Certificates and their keys; empty for the files in `certs-dir`.
    pub identities: Vec<IdentityFiles>,
    /// Rules that let clients in, as written.
    pub allow: WrittenRules,
    /// Rules that keep clients out, as written.
    pub deny: WrittenRules,
    /// What is judged beside all this, and decides nothing.
    pub shadow: Option<ShadowSettings>,
    /// What an HTTP upstream is told of a client.
    pub identity: IdentitySettings,
    /// What a tunnel's upstream is told of a client.
    pub upstream_proxy_protocol: UpstreamProxyProtocol,
    /// What an admitted client gets.
    pub content: ContentSettings,
    /// What is otherwise for some paths.
    pub routes: Vec<RouteSettings>,
    /// Which of the upstreams of all that must be usable for the process to be ready.
    pub ready_upstreams: ReadyUpstreams,
}

/// Which revocation lists there are, and what they decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlSettings {
    /// Where `sources` was written.
    pub place: String,
    /// Lists beside that of the certs directory.
    pub sources: Vec<CrlSource>,
    /// Whether that of the certs directory counts: it is of the client CA there.
    pub usual: bool,
    /// Which certificates are looked up in them.
    pub check: CrlCheck,
    /// What becomes of clients without one.
    pub policy: CrlPolicy,
}

/// Where the OCSP status of the server's certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StapleSettings {
    /// A file, a responder, or nothing.
    pub from: StapleFrom,
    /// Who is asked instead of the one that the certificate names.
    pub responder: Option<Url>,
    /// Where `from` was written.
    pub place: String,
}

/// What OCSP responders are asked about clients' certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspSettings {
    /// Of which certificates.
    pub scope: OcspScope,
    /// What becomes of a client whose status nobody tells.
    pub policy: OcspPolicy,
    /// Who is asked instead of the one that the certificate names.
    pub responder: Option<Url>,
    /// For one answer.
    pub timeout: Duration,
}

/// Rules that nobody has read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenRules {
    /// Where they were written.
    pub place: String,
    /// One each.
    pub rules: Vec<String>,
}

/// Where a certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityFiles {
    /// The certificate, and what goes with it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What is behind the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentSettings {
    /// Files below a directory.
    Static {
        /// The directory.
        root: PathBuf,
        /// Whether nobody chose it: then it need not exist.
        is_default: bool,
    },
    /// HTTP proxied to these; all of one protocol.
    Proxy(Vec<Upstream>),
    /// Raw bytes to these.
    Tunnel(Vec<Upstream>),
}

impl ContentSettings {
    /// Where it comes from; empty for files.
    pub fn upstreams(&self) -> &[Upstream] {
        match self {
            Self::Static { .. } => &[],
            Self::Proxy(upstreams) | Self::Tunnel(upstreams) => upstreams,
        }
    }
}

impl fmt::Display for ContentSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, upstreams) = match self {
            Self::Static { root, .. } => return write!(f, "files of {}", root.display()),
            Self::Proxy(upstreams) => ("proxy to", upstreams),
            Self::Tunnel(upstreams) => ("tunnel to", upstreams),
        };
        write!(f, "{kind}")?;
        upstreams
            .iter()
            .try_for_each(|upstream| write!(f, " {}", upstream.address))
    }
}
