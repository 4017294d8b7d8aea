//! HTTP/2 over a test's TLS client.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_openssl::SslStream;

use super::PATIENCE;
use super::client::Client;

/// An HTTP/2 connection.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    end: JoinHandle<hyper::Result<()>>,
    runtime: tokio::runtime::Runtime,
}

/// Connects as `client` and insists on HTTP/2.
pub fn connect(client: &Client, address: SocketAddr) -> Connection {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (ssl, _) = client.clone().alpn(b"\x02h2").ssl();
    let (sender, end) = runtime.block_on(async {
        let tcp = TcpStream::connect(address).await.unwrap();
        let mut tls = SslStream::new(ssl, tcp).unwrap();
        std::pin::Pin::new(&mut tls).connect().await.unwrap();
        assert_eq!(tls.ssl().selected_alpn_protocol(), Some(&b"h2"[..]));
        let io = TokioIo::new(tls);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        (sender, tokio::spawn(connection))
    });
    Connection {
        sender,
        end,
        runtime,
    }
}

impl Connection {
    /// One request, and its whole answer.
    pub fn request(&mut self, method: &str, path: &str, body: &'static str) -> Response<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://localhost{path}"))
            .body(Full::from(body))
            .unwrap();
        self.send(request)
    }

    /// Any request, and its whole answer.
    pub fn send(&mut self, request: Request<Full<Bytes>>) -> Response<Bytes> {
        let sender = &mut self.sender;
        self.runtime.block_on(async {
            sender.ready().await.unwrap();
            let (head, body) = sender.send_request(request).await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Response::from_parts(head, body)
        })
    }

    /// Waits, silent, until the server has closed the connection.
    pub fn until_closed(self) {
        let Self { end, runtime, .. } = self;
        let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, end).await });
        // In order or not makes no difference.
        let _ = ended.expect("the server doesn't close the connection");
    }
}
