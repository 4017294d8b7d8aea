//! HTTP/1.1, as little as a load generator needs: one request out, one answer in, its body dropped.
//!
//! Written by hand since hyper would cost as much as the server that is measured (RFC 9112).

mod body;
#[cfg(test)]
mod tests;

use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use self::body::{Body, SIZE};
use super::failure::{Failure, Stage};
use super::recorder::Sample;

/// A header that is longer than this is none.
const LONGEST_HEAD: usize = 64 * 1024;

/// Makes the bytes of a GET.
pub fn request(path: &str, authority: &str, headers: &[(String, String)], close: bool) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!("GET {path} HTTP/1.1\r\n");
    let has = |name: &str| {
        headers
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    if !has("host") {
        text += &format!("Host: {authority}\r\n");
    }
    if !has("user-agent") {
        text += &format!("User-Agent: certgate-bench/{version}\r\n");
    }
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if close && !has("connection") {
        text += "Connection: close\r\n";
    }
    text += "\r\n";
    text.into_bytes()
}

/// Sends `request`, reads the whole answer. True if the connection can take another request.
/// `buffer` is scratch space of some KiB.
pub async fn get(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
    buffer: &mut Vec<u8>,
    sample: &mut Sample,
) -> Result<bool, Failure> {
    let failed = |error: std::io::Error| Failure::of_io(&error, Stage::Request);
    let begun = Instant::now();
    stream.write_all(request).await.map_err(failed)?;
    sample.sent += request.len() as u64;
    let mut filled = 0;
    let (head, rest) = loop {
        if filled == buffer.len() {
            if filled >= LONGEST_HEAD {
                return Err(Failure::BadHttp("a header of more than 64 KiB"));
            }
            buffer.resize((filled * 2).max(8 * 1024), 0);
        }
        let length = stream.read(&mut buffer[filled..]).await.map_err(failed)?;
        if length == 0 {
            return Err(Failure::Closed(Stage::Request));
        }
        if sample.first_byte.is_none() {
            sample.first_byte = Some(begun.elapsed());
        }
        filled += length;
        sample.received += length as u64;
        match whole_head(&mut filled, buffer)? {
            Some((head, length)) => break (head, length..filled),
            None => continue,
        }
    };
    let mut body = head.body;
    let mut done = body.take(&buffer[rest])?;
    while !done {
        let length = stream.read(buffer).await.map_err(failed)?;
        sample.received += length as u64;
        done = match length {
            0 if body == Body::ToTheEnd => true,
            0 => return Err(Failure::Closed(Stage::Request)),
            length => body.take(&buffer[..length])?,
        };
    }
    match head.status {
        200..=399 => {
            sample.requests += 1;
            Ok(head.keep_alive)
        }
        status => Err(Failure::Status(status)),
    }
}

/// The head of the answer and its length, if it is there; interim answers (1xx) are removed.
fn whole_head(filled: &mut usize, buffer: &mut [u8]) -> Result<Option<(Head, usize)>, Failure> {
    while let Some((head, length)) = Head::parse(&buffer[..*filled])? {
        if !(100..200).contains(&head.status) {
            return Ok(Some((head, length)));
        }
        buffer.copy_within(length..*filled, 0);
        *filled -= length;
    }
    Ok(None)
}

struct Head {
    status: u16,
    body: Body,
    keep_alive: bool,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Failure> {
        let status_line = b"HTTP/1.";
        let common = bytes.len().min(status_line.len());
        if bytes[..common] != status_line[..common] {
            return Err(Failure::BadHttp("it doesn't begin with HTTP/1"));
        }
        let Some(end) = find(bytes, b"\r\n\r\n") else {
            return Ok(None);
        };
        let digits = bytes
            .get(9..12)
            .and_then(|code| std::str::from_utf8(code).ok());
        let status = digits.and_then(|code| code.parse().ok());
        let status: u16 = status.ok_or(Failure::BadHttp("no status code"))?;
        let mut keep_alive = bytes[7] == b'1';
        let mut body = match status {
            204 | 304 => Body::Length(0),
            _ => Body::ToTheEnd,
        };
        for line in bytes[..end].split(|byte| *byte == b'\n').skip(1) {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                continue;
            };
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            if name.eq_ignore_ascii_case(b"content-length") && body == Body::ToTheEnd {
                let length = std::str::from_utf8(value)
                    .ok()
                    .and_then(|text| text.parse().ok());
                body = Body::Length(length.ok_or(Failure::BadHttp("a bad Content-Length"))?);
            } else if name.eq_ignore_ascii_case(b"transfer-encoding")
                && value.to_ascii_lowercase().ends_with(b"chunked")
            {
                body = Body::Chunked(SIZE);
            } else if name.eq_ignore_ascii_case(b"connection") {
                let has = |word: &[u8]| {
                    let mut words = value.split(|byte| *byte == b',');
                    words.any(|known| known.trim_ascii().eq_ignore_ascii_case(word))
                };
                keep_alive = (keep_alive || has(b"keep-alive")) && !has(b"close");
            }
        }
        keep_alive &= body != Body::ToTheEnd;
        let head = Self {
            status,
            body,
            keep_alive,
        };
        Ok(Some((head, end + 4)))
    }
}

fn find(bytes: &[u8], sought: &[u8]) -> Option<usize> {
    bytes
        .windows(sought.len())
        .position(|window| window == sought)
}
