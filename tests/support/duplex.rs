//! A TLS client that reads and writes at the same time.

use std::net::SocketAddr;
use std::sync::OnceLock;

use openssl::ssl::{Ssl, SslContext, SslMethod, SslVersion};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio_openssl::SslStream;

use super::PATIENCE;
use super::pki::Identity;

/// How to connect.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    pub identity: Option<&'a Identity>,
    pub version: Option<SslVersion>,
    /// ALPN's wire format.
    pub alpn: &'a [u8],
    /// The address that the client comes from.
    pub from: &'a str,
}

/// With this certificate.
pub fn with(identity: &Identity) -> Options<'_> {
    Options {
        identity: Some(identity),
        version: None,
        alpn: b"",
        from: "127.0.0.1",
    }
}

/// Runs to its end, within the patience of tests.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    runtime().block_on(async {
        match tokio::time::timeout(PATIENCE * 3, future).await {
            Ok(output) => output,
            Err(_) => panic!("waited in vain"),
        }
    })
}

/// The one that all tests share: connections live on when `block_on` has returned.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    })
}

impl Options<'_> {
    /// Connects and performs the handshake.
    pub async fn connect(&self, address: SocketAddr) -> std::io::Result<SslStream<TcpStream>> {
        // Whom the server is doesn't matter here: nothing is verified.
        let mut context = SslContext::builder(SslMethod::tls_client())?;
        context.set_min_proto_version(self.version)?;
        context.set_max_proto_version(self.version)?;
        if let Some(identity) = self.identity {
            context.set_certificate(&identity.certificate)?;
            context.set_private_key(&identity.key)?;
        }
        if !self.alpn.is_empty() {
            context.set_alpn_protos(self.alpn)?;
        }
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(self.from.parse().unwrap(), 0))?;
        let tcp = socket.connect(address).await?;
        let mut stream = SslStream::new(Ssl::new(&context.build())?, tcp)?;
        let connected = std::pin::Pin::new(&mut stream).connect().await;
        connected.map_err(std::io::Error::other)?;
        Ok(stream)
    }
}
