//! Clients of a unix socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use openssl::ssl::SslStream;

use super::PATIENCE;
use super::client::{Client, words};
use super::http::{self, Response};

/// A connection that doesn't wait for ever.
pub fn dial(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// TLS over it.
pub fn connect(client: &Client, path: &Path) -> Result<SslStream<UnixStream>, String> {
    over(client, dial(path))
}

/// TLS over one that is there.
pub fn over(client: &Client, stream: UnixStream) -> Result<SslStream<UnixStream>, String> {
    let (ssl, _) = client.ssl();
    let mut stream = SslStream::new(ssl, stream).unwrap();
    stream.connect().map_err(|e| words(&e))?;
    Ok(stream)
}

/// `GET /`, with further fields.
pub fn ask(stream: &mut (impl Read + Write), fields: &str) -> Result<Response, String> {
    let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    http::exchange(stream, &request).map_err(|e| words(&e))
}

/// One GET on a connection of its own.
pub fn get(client: &Client, path: &Path) -> Result<Response, String> {
    ask(&mut connect(client, path)?, "")
}
