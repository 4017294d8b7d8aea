//! A TLS client that can be told everything, and tells everything.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use openssl::ssl::{
    Ssl, SslContext, SslMethod, SslSession, SslSessionCacheMode, SslStream, SslVerifyMode,
    SslVersion,
};

use super::PATIENCE;
use super::http::{self, Response};
use super::pki::Identity;

/// How to connect; the defaults are what curl does.
#[derive(Clone, Default)]
pub struct Client {
    identity: Option<Identity>,
    version: Option<SslVersion>,
    session: Option<SslSession>,
    alpn: Option<Vec<u8>>,
    sni: Option<String>,
    ciphers: Option<String>,
    groups: Option<String>,
}

/// A connection, and the last ticket that came over it.
pub struct Connection {
    pub stream: SslStream<TcpStream>,
    ticket: Arc<Mutex<Option<SslSession>>>,
}

/// No certificate.
pub fn anonymous() -> Client {
    Client::default()
}

/// With this certificate, whoever signed it.
pub fn with(identity: &Identity) -> Client {
    Client {
        identity: Some(identity.clone()),
        ..Client::default()
    }
}

impl Client {
    /// Exactly this TLS version.
    pub fn version(mut self, version: SslVersion) -> Self {
        self.version = Some(version);
        self
    }

    pub fn tls12(self) -> Self {
        self.version(SslVersion::TLS1_2)
    }

    pub fn tls13(self) -> Self {
        self.version(SslVersion::TLS1_3)
    }

    /// Tries to resume.
    pub fn session(mut self, session: SslSession) -> Self {
        self.session = Some(session);
        self
    }

    /// ALPN's wire format: `b"\x02h2"`.
    pub fn alpn(mut self, protocols: &[u8]) -> Self {
        self.alpn = Some(protocols.to_vec());
        self
    }

    pub fn sni(mut self, name: &str) -> Self {
        self.sni = Some(name.to_owned());
        self
    }

    /// For TLS 1.2 and older, as OpenSSL writes it.
    pub fn ciphers(mut self, list: &str) -> Self {
        self.ciphers = Some(list.to_owned());
        self
    }

    pub fn groups(mut self, list: &str) -> Self {
        self.groups = Some(list.to_owned());
        self
    }

    /// Connects and performs the handshake. In TLS 1.3 a refusal comes later, with the first read.
    pub fn connect(&self, address: SocketAddr) -> Result<Connection, String> {
        let ticket = Arc::new(Mutex::new(None));
        let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
        context.set_security_level(0);
        // Whom the server is doesn't matter here.
        context.set_verify(SslVerifyMode::NONE);
        context
            .set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        let store = ticket.clone();
        context.set_new_session_callback(move |_, session| {
            *store.lock().unwrap() = Some(session);
        });
        context
            .set_min_proto_version(Some(self.version.unwrap_or(SslVersion::TLS1)))
            .unwrap();
        context.set_max_proto_version(self.version).unwrap();
        context
            .set_cipher_list(self.ciphers.as_deref().unwrap_or("DEFAULT:@SECLEVEL=0"))
            .unwrap();
        if let Some(groups) = &self.groups {
            context.set_groups_list(groups).unwrap();
        }
        if let Some(identity) = &self.identity {
            context.set_certificate(&identity.certificate).unwrap();
            for certificate in &identity.chain {
                context.add_extra_chain_cert(certificate.clone()).unwrap();
            }
            context.set_private_key(&identity.key).unwrap();
        }
        if let Some(alpn) = &self.alpn {
            context.set_alpn_protos(alpn).unwrap();
        }
        if let Some(session) = &self.session {
            // Sessions belong to no context in OpenSSL 1.1 and later, as long as versions fit.
            context.set_session_cache_mode(SslSessionCacheMode::CLIENT);
            let _ = session;
        }
        let context = context.build();
        let mut ssl = Ssl::new(&context).unwrap();
        if let Some(name) = &self.sni {
            ssl.set_hostname(name).unwrap();
        }
        if let Some(session) = &self.session {
            ffi::set_session(&mut ssl, session);
        }
        let tcp = TcpStream::connect(address).map_err(|e| e.to_string())?;
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut stream = SslStream::new(ssl, tcp).unwrap();
        stream.connect().map_err(|e| e.to_string())?;
        Ok(Connection { stream, ticket })
    }

    /// One GET on a connection of its own, closed in order.
    pub fn get(&self, address: SocketAddr, path: &str) -> Result<Response, String> {
        let mut connection = self.connect(address)?;
        let response = connection.get(path)?;
        connection.close();
        Ok(response)
    }

    /// Connects and asks until the refusal shows; what OpenSSL says of it.
    #[track_caller]
    pub fn refusal(&self, address: SocketAddr) -> String {
        match self.get(address, "/") {
            Ok(response) => panic!("not refused: {response:?}"),
            Err(words) => words,
        }
    }
}

impl Connection {
    /// `GET`, keeping the connection.
    pub fn get(&mut self, path: &str) -> Result<Response, String> {
        self.request(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// Any request without a body, as it is.
    pub fn request(&mut self, request: &str) -> Result<Response, String> {
        http::exchange(&mut self.stream, request).map_err(|e| e.to_string())
    }

    pub fn resumed(&self) -> bool {
        self.stream.ssl().session_reused()
    }

    /// The ticket to resume with. In TLS 1.3 it comes with the first bytes that are read.
    pub fn ticket(&self) -> Option<SslSession> {
        self.ticket.lock().unwrap().clone()
    }

    /// close_notify both ways; what else comes is dropped. A connection that isn't closed in order
    /// doesn't resume.
    pub fn close(&mut self) {
        let _ = self.stream.shutdown();
        let _ = self.stream.get_ref().shutdown(std::net::Shutdown::Write);
        let _ = self.stream.read_to_end(&mut Vec::new());
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

mod ffi {
    use openssl::ssl::{SslRef, SslSession};

    /// The crate's method is unsafe, because a session must belong to a context with the same
    /// callbacks; these are the same for all contexts here.
    pub fn set_session(ssl: &mut SslRef, session: &SslSession) {
        // SAFETY: all sessions come from contexts that `Client::connect` made alike.
        unsafe { ssl.set_session(session) }.unwrap();
    }
}
