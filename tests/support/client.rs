//! A TLS client that can be told everything, and tells everything.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslSession, SslSessionCacheMode, SslStream,
    SslVerifyMode, SslVersion,
};

use super::PATIENCE;
use super::http::{self, Response};
use super::pki::Identity;

/// How to connect; the defaults are what curl does.
#[derive(Clone, Default)]
pub struct Client {
    identity: Option<Identity>,
    /// Sent in the place of the identity's certificates.
    sent: Option<Vec<Vec<u8>>>,
    version: Option<SslVersion>,
    session: Option<SslSession>,
    alpn: Option<Vec<u8>>,
    sni: Option<String>,
    ciphers: Option<String>,
    suites: Option<String>,
    signature_algorithms: Option<String>,
    groups: Option<String>,
    verifying: bool,
}

/// The last ticket that came.
type Ticket = Arc<Mutex<Option<SslSession>>>;

/// A connection, and the last ticket that came over it.
pub struct Connection {
    pub stream: SslStream<TcpStream>,
    ticket: Ticket,
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
    /// Sends these bytes as its certificates, whatever they are. `Err` if AWS-LC refuses to: it looks for
    /// the key in the first one.
    pub fn sending(mut self, chain: &[Vec<u8>]) -> Result<Self, String> {
        let key = &self.identity.as_ref().unwrap().key;
        ffi::send(&mut ffi::bytes_context(), chain, key)?;
        self.sent = Some(chain.to_vec());
        Ok(self)
    }

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

    /// Tries to resume, however old the ticket is.
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

    /// For TLS 1.3.
    pub fn suites(mut self, list: &str) -> Self {
        self.suites = Some(list.to_owned());
        self
    }

    pub fn signature_algorithms(mut self, list: &str) -> Self {
        self.signature_algorithms = Some(list.to_owned());
        self
    }

    pub fn groups(mut self, list: &str) -> Self {
        self.groups = Some(list.to_owned());
        self
    }

    /// Trusts no CA, and so refuses the server.
    pub fn trusting_nobody(mut self) -> Self {
        self.verifying = true;
        self
    }

    /// Connects and performs the handshake. In TLS 1.3 a refusal comes later, with the first read.
    pub fn connect(&self, address: SocketAddr) -> Result<Connection, String> {
        self.connect_over(dial(address))
    }

    /// As `connect`, over a connection that is there.
    pub fn connect_over(&self, tcp: TcpStream) -> Result<Connection, String> {
        let (ssl, ticket) = self.ssl();
        let mut stream = SslStream::new(ssl, tcp).unwrap();
        stream.connect().map_err(|e| words(&e))?;
        Ok(Connection { stream, ticket })
    }

    /// What connects.
    pub fn ssl(&self) -> (Ssl, Ticket) {
        let ticket = Ticket::default();
        let mut context = match self.sent {
            None => SslContext::builder(SslMethod::tls_client()).unwrap(),
            Some(_) => ffi::bytes_context(),
        };
        self.apply(&mut context);
        let store = ticket.clone();
        context.set_new_session_callback(move |_, session| {
            *store.lock().unwrap() = Some(session);
        });
        let mut ssl = Ssl::new(&context.build()).unwrap();
        if let Some(name) = &self.sni {
            ssl.set_hostname(name).unwrap();
        }
        if let Some(session) = &self.session {
            ffi::set_session(&mut ssl, session);
        }
        (ssl, ticket)
    }

    fn apply(&self, context: &mut SslContextBuilder) {
        // Whom the server is doesn't matter, unless a test says so.
        if self.sent.is_none() {
            context.set_verify(match self.verifying {
                true => SslVerifyMode::PEER,
                false => SslVerifyMode::NONE,
            });
        }
        context
            .set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        context
            .set_min_proto_version(Some(self.version.unwrap_or(SslVersion::TLS1)))
            .unwrap();
        context.set_max_proto_version(self.version).unwrap();
        context
            .set_cipher_list(self.ciphers.as_deref().unwrap_or("ALL"))
            .unwrap();
        if let Some(suites) = &self.suites {
            ffi::set_ciphersuites(context, suites);
        }
        if let Some(algorithms) = &self.signature_algorithms {
            ffi::set_sigalgs(context, algorithms);
        }
        if let Some(groups) = &self.groups {
            context.set_groups_list(groups).unwrap();
        }
        if let (Some(identity), Some(sent)) = (&self.identity, &self.sent) {
            ffi::send(context, sent, &identity.key).unwrap();
        } else if let Some(identity) = &self.identity {
            context.set_certificate(&identity.certificate).unwrap();
            for certificate in &identity.chain {
                context.add_extra_chain_cert(certificate.clone()).unwrap();
            }
            context.set_private_key(&identity.key).unwrap();
        }
        if let Some(alpn) = &self.alpn {
            context.set_alpn_protos(alpn).unwrap();
        }
    }

    /// The bytes of the ClientHello.
    pub fn hello(&self) -> Vec<u8> {
        let mut stream = SslStream::new(self.ssl().0, Recorder::default()).unwrap();
        assert!(stream.connect().is_err(), "nobody answers");
        std::mem::take(&mut stream.get_mut().0)
    }

    /// One GET on a connection of its own; also the address that it came from.
    pub fn attempt(&self, address: SocketAddr) -> (SocketAddr, Result<Response, String>) {
        let tcp = dial(address);
        let local = tcp.local_addr().unwrap();
        let result = self.connect_over(tcp).and_then(|mut connection| {
            let response = connection.get("/")?;
            connection.close();
            Ok(response)
        });
        (local, result)
    }

    /// One GET on a connection of its own, closed in order.
    pub fn get(&self, address: SocketAddr, path: &str) -> Result<Response, String> {
        let mut connection = self.connect(address)?;
        let response = connection.get(path)?;
        connection.close();
        Ok(response)
    }

    /// Connects and asks until the refusal shows; in AWS-LC's words.
    #[track_caller]
    pub fn refusal(&self, address: SocketAddr) -> String {
        match self.get(address, "/") {
            Ok(response) => panic!("not refused: {response:?}"),
            Err(words) => words,
        }
    }
}

/// A TCP connection that doesn't wait for ever.
pub fn dial(address: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    tcp.set_write_timeout(Some(PATIENCE)).unwrap();
    tcp
}

impl Connection {
    /// The address that it comes from, as certgate sees it.
    pub fn local(&self) -> SocketAddr {
        self.stream.get_ref().local_addr().unwrap()
    }

    /// The name of the cipher, as OpenSSL writes it.
    pub fn cipher(&self) -> &'static str {
        self.stream.ssl().current_cipher().unwrap().name()
    }

    /// The key exchange group's number (IANA's, "TLS Supported Groups"); 0 if it was none.
    pub fn group(&self) -> u16 {
        ffi::group(self.stream.ssl())
    }

    /// `GET`, keeping the connection.
    pub fn get(&mut self, path: &str) -> Result<Response, String> {
        self.request(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// Any request without a body, as it is.
    pub fn request(&mut self, request: &str) -> Result<Response, String> {
        http::exchange(&mut self.stream, request).map_err(|e| words(&e))
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

/// Keeps what is written, answers nothing.
#[derive(Default)]
struct Recorder(Vec<u8>);

impl Read for Recorder {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::WouldBlock.into())
    }
}

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Why it failed: `NO_SHARED_CIPHER` is `no shared cipher`, `TLSV1_ALERT_UNKNOWN_CA` is `tlsv1 alert
/// unknown ca`.
pub fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut next = Some(error);
    while let Some(error) = next {
        let ssl = error.downcast_ref::<openssl::ssl::Error>();
        if let Some(stack) = ssl.and_then(|error| error.ssl_error()) {
            let reasons = stack.errors().iter().filter_map(|error| error.reason());
            let reasons: Vec<_> = reasons.collect();
            return reasons.join(", ").to_lowercase().replace('_', " ");
        }
        let io = error.downcast_ref::<std::io::Error>();
        next = match io.and_then(|error| error.get_ref()) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    error.to_string()
}

mod ffi {
    use std::ffi::CString;

    use foreign_types::ForeignTypeRef;
    use openssl::error::ErrorStack;
    use openssl::pkey::{PKey, Private};
    use openssl::ssl::{SslContext, SslContextBuilder, SslMethod, SslRef, SslSession};
    use openssl_sys as lc;

    /// A context to which certificates are bytes, and which trusts every server.
    pub fn bytes_context() -> SslContextBuilder {
        unsafe extern "C" fn fine(_: *mut lc::SSL, _: *mut u8) -> lc::ssl_verify_result_t {
            lc::ssl_verify_result_t_ssl_verify_ok
        }
        // SAFETY: the method is a constant, the context valid, the callback a function.
        unsafe {
            let method = SslMethod::from_ptr(lc::TLS_with_buffers_method());
            let context = SslContext::builder(method).unwrap();
            lc::SSL_CTX_set_custom_verify(context.as_ptr(), lc::SSL_VERIFY_PEER, Some(fine));
            context
        }
    }

    /// Makes such a context send these certificates.
    pub fn send(
        context: &mut SslContextBuilder,
        chain: &[Vec<u8>],
        key: &PKey<Private>,
    ) -> Result<(), String> {
        // SAFETY: the bytes are valid for the calls, which copy them; the context takes references of
        // its own to the buffers and the key.
        let set = unsafe {
            let buffer = |der: &Vec<u8>| {
                lc::CRYPTO_BUFFER_new(der.as_ptr(), der.len(), std::ptr::null_mut())
            };
            let buffers: Vec<_> = chain.iter().map(buffer).collect();
            let (first, count) = (buffers.as_ptr().cast(), buffers.len());
            let (context, method) = (context.as_ptr(), std::ptr::null());
            let set = lc::SSL_CTX_set_chain_and_key(context, first, count, key.as_ptr(), method);
            for buffer in buffers {
                lc::CRYPTO_BUFFER_free(buffer);
            }
            set
        };
        match set {
            1 => Ok(()),
            _ => Err(ErrorStack::get().to_string()),
        }
    }

    /// The suites of TLS 1.3.
    pub fn set_ciphersuites(context: &mut SslContextBuilder, list: &str) {
        let list = CString::new(list).unwrap();
        // SAFETY: both are valid for the call, which keeps nothing of the text.
        let set = unsafe { openssl_sys::SSL_CTX_set_ciphersuites(context.as_ptr(), list.as_ptr()) };
        assert_eq!(set, 1, "{list:?}");
    }

    /// What this end signs and verifies with.
    pub fn set_sigalgs(context: &mut SslContextBuilder, list: &str) {
        let list = CString::new(list).unwrap();
        // SAFETY: both are valid for the call, which keeps nothing of the text.
        let set =
            unsafe { openssl_sys::SSL_CTX_set1_sigalgs_list(context.as_ptr(), list.as_ptr()) };
        assert_eq!(set, 1, "{list:?}");
    }

    /// A copy, and made to look new, because AWS-LC doesn't offer a session that is too old: what the
    /// server makes of such a ticket is the question.
    pub fn set_session(ssl: &mut SslRef, session: &SslSession) {
        let session = SslSession::from_der(&session.to_der().unwrap()).unwrap();
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        // SAFETY: the session is valid, and only a number in it is changed. It belongs to no context.
        unsafe {
            openssl_sys::SSL_SESSION_set_time(session.as_ptr(), now);
            ssl.set_session(&session).unwrap();
        }
    }

    pub fn group(ssl: &SslRef) -> u16 {
        // SAFETY: the connection is valid; this reads a number.
        unsafe { openssl_sys::SSL_get_group_id(ssl.as_ptr()) }
    }
}
