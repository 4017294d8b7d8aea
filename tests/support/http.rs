//! As much HTTP/1.1 as a test needs, byte by byte, so that nothing is hidden.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::PATIENCE;

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The lines after the last chunk.
    pub trailers: String,
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
            return Err(broken("no whole header"));
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
        trailers: String::new(),
    };
    let length = response
        .header("content-length")
        .and_then(|l| l.parse::<u64>().ok());
    let chunked = response.header("transfer-encoding") == Some("chunked");
    if head_only || matches!(response.status, 101 | 204 | 304) {
        return Ok(response);
    }
    match (chunked, length) {
        (true, _) => read_chunks(stream, &mut response)?,
        (false, Some(length)) => {
            stream.take(length).read_to_end(&mut response.body)?;
            if (response.body.len() as u64) < length {
                return Err(broken("the body breaks off"));
            }
        }
        (false, None) => {
            stream.read_to_end(&mut response.body)?;
        }
    }
    Ok(response)
}

fn read_chunks(stream: &mut impl Read, response: &mut Response) -> std::io::Result<()> {
    loop {
        let line = read_line(stream)?;
        let length = u64::from_str_radix(&line, 16).map_err(std::io::Error::other)?;
        if length == 0 {
            break;
        }
        let mut chunk = vec![0; length as usize];
        stream.read_exact(&mut chunk)?;
        response.body.extend(chunk);
        stream.read_exact(&mut [0; 2])?;
    }
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            return Ok(());
        }
        response.trailers.push_str(&line);
        response.trailers.push('\n');
    }
}

fn read_line(stream: &mut impl Read) -> std::io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn broken(words: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::UnexpectedEof, words)
}

/// `GET` without TLS.
pub fn plain_get(address: SocketAddr, path: &str) -> Response {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    exchange(&mut stream, &request).unwrap()
}
