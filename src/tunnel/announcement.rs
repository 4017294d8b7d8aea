//! The PROXY header that an upstream gets ahead of a client's bytes (proxy-protocol.txt section 2.2.6).
//!
//! All that is in it comes from the handshake or from a trusted proxy. What it can't say is an error: an
//! upstream that was told half of it would take it for the whole.

use std::net::SocketAddr;

use crate::access::Connection;
use crate::config::proxy_protocol::UpstreamProxyProtocol;
use crate::identity::ClientCertificate;
use crate::identity::dn::COMMON_NAME;
use crate::identity::holder::Holder;
use crate::identity::name::Value;
use crate::net::proxy_protocol::{
    ALPN, AUTHORITY, AWS, Endpoints, Header, SSL, Tlvs, TooLong, UNIQUE_ID, Version, ssl_value,
};
use crate::telemetry::events::identity::Untold;
use crate::tls::{Algorithms, ServerIdentity, TlsStream, key_exchange_group};

/// What the upstreams of a site are told.
pub struct Announcement {
    version: UpstreamProxyProtocol,
    /// Of each of the server's certificates.
    server: Vec<Algorithms>,
}

/// Why a header can't be written.
#[derive(Debug, thiserror::Error)]
pub enum Unannounced {
    /// There is too much to say.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// Something that readers would misread.
    #[error("{0}")]
    Unsayable(&'static str),
}

impl Unannounced {
    /// In the closed list.
    pub fn reason(&self) -> Untold {
        match self {
            Self::TooLong(_) => Untold::TooLarge,
            Self::Unsayable(_) => Untold::Unsayable,
        }
    }
}

/// PP2_CLIENT_SSL: it came by TLS.
const BY_TLS: u8 = 0x01;
/// PP2_CLIENT_CERT_CONN: it showed its certificate in this connection.
const SHOWN: u8 = 0x02;
/// PP2_CLIENT_CERT_SESS: in this one, or in the one that this one resumes.
const KNOWN: u8 = 0x04;

/// PP2_SUBTYPE_SSL_…
mod subtype {
    pub const VERSION: u8 = 0x21;
    pub const CN: u8 = 0x22;
    pub const CIPHER: u8 = 0x23;
    pub const SIG_ALG: u8 = 0x24;
    pub const KEY_ALG: u8 = 0x25;
    pub const GROUP: u8 = 0x26;
    pub const CLIENT_CERT: u8 = 0x28;
}

impl Announcement {
    /// `None` where upstreams are told nothing.
    pub fn new(version: UpstreamProxyProtocol, server: &[ServerIdentity]) -> Option<Self> {
        (version != UpstreamProxyProtocol::Off).then(|| Self {
            version,
            server: server.iter().map(ServerIdentity::algorithms).collect(),
        })
    }

    /// The header for one connection.
    ///
    /// # Errors
    /// If there is no way to say all that there is to say.
    pub fn header(
        &self,
        stream: &TlsStream,
        connection: &Connection,
    ) -> Result<Vec<u8>, Unannounced> {
        let version = match self.version {
            UpstreamProxyProtocol::V1 => Version::V1,
            _ => Version::V2,
        };
        let mut tlvs = Tlvs::default();
        if version == Version::V2 {
            self.describe(stream, connection, &mut tlvs)?;
        }
        let endpoints = endpoints(stream, connection);
        let header = Header {
            version,
            endpoints: endpoints.unwrap_or_else(|| without_address(self.version)),
            tlvs,
        };
        Ok(header.write()?)
    }

    fn describe(
        &self,
        stream: &TlsStream,
        connection: &Connection,
        tlvs: &mut Tlvs,
    ) -> Result<(), Unannounced> {
        let by_proxy = connection.session.via.iter();
        for (kind, value) in by_proxy.flat_map(|via| via.header.tlvs.iter()) {
            if matches!(kind, AWS | UNIQUE_ID) {
                tlvs.push(kind, value)?;
            }
        }
        if self.version == UpstreamProxyProtocol::V2 {
            return Ok(());
        }
        if let Some(protocol) = stream.ssl().selected_alpn_protocol() {
            tlvs.push(ALPN, protocol)?;
        }
        if let Some(name) = crate::tls::server_name(stream.ssl()) {
            // AWS-LC takes any text for a name, and readers put it into their logs.
            match name.bytes().all(|byte| byte.is_ascii_graphic()) {
                true => tlvs.push(AUTHORITY, name.as_bytes())?,
                false => return Err(Unannounced::Unsayable("a server name that isn't one")),
            }
        }
        tlvs.push(SSL, &self.tls(stream, connection)?)?;
        Ok(())
    }

    /// The value of the TLV about the TLS connection.
    fn tls(&self, stream: &TlsStream, connection: &Connection) -> Result<Vec<u8>, Unannounced> {
        let session = &connection.session;
        let mut parts = Tlvs::default();
        parts.push(subtype::VERSION, session.version.as_bytes())?;
        parts.push(subtype::CIPHER, session.cipher.as_bytes())?;
        if let Some(server) = self.server.get(session.identity) {
            parts.push(subtype::SIG_ALG, server.signature.as_bytes())?;
            parts.push(subtype::KEY_ALG, server.key.as_bytes())?;
        }
        if let Some(group) = key_exchange_group(stream.ssl()) {
            parts.push(subtype::GROUP, group.as_bytes())?;
        }
        let mut flags = BY_TLS;
        if let Some(certificate) = &connection.certificate {
            flags |= if session.resumed {
                KNOWN
            } else {
                KNOWN | SHOWN
            };
            if let Some(name) = common_name(certificate)? {
                parts.push(subtype::CN, name.as_bytes())?;
            }
            if self.version == UpstreamProxyProtocol::V2TlsCert {
                let der = certificate.chain.first().ok_or(UNREADABLE)?;
                parts.push(subtype::CLIENT_CERT, der)?;
            }
        }
        Ok(ssl_value(flags, connection.certificate.is_some(), &parts))
    }
}

const UNREADABLE: Unannounced = Unannounced::Unsayable("the certificate can't be read again");

/// The most specific one, `CN=alice` of `CN=alice,CN=Users,DC=example`; `None` if there is none.
fn common_name(certificate: &ClientCertificate) -> Result<Option<String>, Unannounced> {
    let holder = Holder::of(&certificate.chain).ok_or(UNREADABLE)?;
    let Some(attribute) = holder.subject.all(COMMON_NAME).next() else {
        return Ok(None);
    };
    match &attribute.value {
        // Readers take it for a C string, or for a part of a line.
        Value::Text(text) if !text.contains(char::is_control) => Ok(Some(text.clone())),
        _ => Err(Unannounced::Unsayable(
            "a common name with control characters, or that is no text",
        )),
    }
}

/// What is said of a client that has no address: UNKNOWN, or LOCAL as HAProxy has it. But behind those nobody looks for
/// TLVs: where they are asked for, it is a unix socket's client, whose ends have no names.
fn without_address(version: UpstreamProxyProtocol) -> Endpoints {
    match version {
        UpstreamProxyProtocol::V2Tls | UpstreamProxyProtocol::V2TlsCert => {
            Endpoints::Unix(Box::new([[0; 108]; 2]))
        }
        _ => Endpoints::Local,
    }
}

/// The client's end, and the one that it connected to: the proxy's, if that said so; `None` if the client has no
/// address.
fn endpoints(stream: &TlsStream, connection: &Connection) -> Option<Endpoints> {
    let session = &connection.session;
    let client = session.address.address()?;
    let told = match session.via.as_ref().map(|via| &via.header.endpoints) {
        Some(Endpoints::Tcp { destination, .. }) => Some(*destination),
        _ => None,
    };
    let destination = told.or_else(|| stream.get_ref().local_address());
    Some(match destination {
        Some(destination) => Endpoints::Tcp {
            source: canonical(client),
            destination: canonical(destination),
        },
        None => Endpoints::Unknown,
    })
}

fn canonical(end: SocketAddr) -> SocketAddr {
    (end.ip().to_canonical(), end.port()).into()
}
