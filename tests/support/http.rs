//! As much HTTP/1.1 as a test needs, byte by byte, so that nothing is hidden.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::PATIENCE;

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header, however its name is written.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends a request without a body and reads one response.
pub fn exchange(stream: &mut (impl Read + Write), request: &str) -> std::io::Result<Response> {
    stream.write_all(request.as_bytes())?;
    read_response(stream, request.starts_with("HEAD "))
}

/// Reads one response: by Content-Length, chunked, or to the end of the stream.
pub fn read_response(stream: &mut impl Read, head_only: bool) -> std::io::Result<Response> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return Err(std::io::Error::new(
                std::io::ErrorKind::UnexpectedEof,
                "no whole header",
            ));
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let status = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .nth(1)
        .unwrap_or_default();
    let mut response = Response {
        status: status.parse().unwrap_or(0),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: Vec::new(),
    };
    let length = response
        .header("content-length")
        .and_then(|l| l.parse::<u64>().ok());
    let chunked = response.header("transfer-encoding") == Some("chunked");
    if head_only || matches!(response.status, 101 | 204 | 304) {
        return Ok(response);
    }
    match (chunked, length) {
        (true, _) => read_chunks(stream, &mut response.body)?,
        (false, Some(length)) => {
            stream.take(length).read_to_end(&mut response.body)?;
        }
        (false, None) => {
            stream.read_to_end(&mut response.body)?;
        }
    }
    Ok(response)
}

fn read_chunks(stream: &mut impl Read, body: &mut Vec<u8>) -> std::io::Result<()> {
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            line.push(byte[0]);
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        let length = u64::from_str_radix(&text, 16).map_err(std::io::Error::other)?;
        stream.take(length).read_to_end(body)?;
        stream.read_exact(&mut [0; 2])?;
        if length == 0 {
            return Ok(());
        }
    }
}

/// `GET` without TLS.
pub fn plain_get(address: SocketAddr, path: &str) -> Response {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    exchange(&mut stream, &request).unwrap()
}
