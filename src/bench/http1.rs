//! HTTP/1.1, as little as a load generator needs: one request out, one answer in, its body dropped.
//!
//! Written by hand since hyper would cost as much as the server that is measured (RFC 9112).

use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

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

/// What is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Length(u64),
    Chunked(Chunk),
    ToTheEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunk {
    /// Digits so far, and whether an extension follows them.
    Size {
        value: u64,
        digits: u8,
        extension: bool,
    },
    Data(u64),
    /// The CR LF after the data.
    DataEnd(u8),
    /// Lines after the last chunk; whether this one is still empty.
    Trailer {
        empty: bool,
    },
}

const SIZE: Chunk = Chunk::Size {
    value: 0,
    digits: 0,
    extension: false,
};

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

impl Body {
    /// Takes bytes that came; true if that was all of the body.
    fn take(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        match self {
            Self::ToTheEnd => Ok(false),
            Self::Length(left) => {
                let length = bytes.len() as u64;
                if length > *left {
                    return Err(Failure::BadHttp("more bytes than announced"));
                }
                *left -= length;
                Ok(*left == 0)
            }
            Self::Chunked(chunk) => take_chunks(chunk, bytes),
        }
    }
}

fn take_chunks(chunk: &mut Chunk, mut bytes: &[u8]) -> Result<bool, Failure> {
    const BAD: Failure = Failure::BadHttp("a bad chunk");
    while let Some((first, rest)) = bytes.split_first() {
        match chunk {
            Chunk::Data(left) => {
                let length = bytes
                    .len()
                    .min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= length as u64;
                bytes = &bytes[length..];
                if *left == 0 {
                    *chunk = Chunk::DataEnd(0);
                }
                continue;
            }
            Chunk::Size {
                value,
                digits,
                extension,
            } => match first {
                b'\n' if *digits == 0 => return Err(BAD),
                b'\n' if *value == 0 => *chunk = Chunk::Trailer { empty: true },
                b'\n' => *chunk = Chunk::Data(*value),
                b'\r' => {}
                _ if *extension => {}
                b';' | b' ' | b'\t' => *extension = true,
                digit => {
                    let digit = char::from(*digit).to_digit(16).ok_or(BAD)?;
                    if *digits == 15 {
                        return Err(BAD);
                    }
                    (*value, *digits) = (*value * 16 + u64::from(digit), *digits + 1);
                }
            },
            Chunk::DataEnd(seen) => match (*seen, first) {
                (0, b'\r') => *seen = 1,
                (1, b'\n') => *chunk = SIZE,
                _ => return Err(BAD),
            },
            Chunk::Trailer { empty } => match first {
                b'\n' if *empty && rest.is_empty() => return Ok(true),
                b'\n' if *empty => return Err(Failure::BadHttp("more bytes than announced")),
                b'\n' => *empty = true,
                b'\r' => {}
                _ => *empty = false,
            },
        }
        bytes = rest;
    }
    Ok(false)
}

fn find(bytes: &[u8], sought: &[u8]) -> Option<usize> {
    bytes
        .windows(sought.len())
        .position(|window| window == sought)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer in pieces of so many bytes.
    fn answer(text: &str, piece: usize) -> (Result<bool, Failure>, Sample) {
        let mut stream = in_pieces(text.as_bytes(), piece);
        let mut sample = Sample::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let result = runtime.block_on(get(&mut stream, b"x", &mut Vec::new(), &mut sample));
        (result, sample)
    }

    struct Pieces(Vec<u8>, usize);

    fn in_pieces(bytes: &[u8], piece: usize) -> Pieces {
        Pieces(bytes.to_vec(), piece)
    }

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            let length = self.1.min(self.0.len()).min(buffer.remaining());
            let rest = self.0.split_off(length);
            buffer.put_slice(&std::mem::replace(&mut self.0, rest));
            std::task::Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Pieces {
        fn poll_write(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            bytes: &[u8],
        ) -> std::task::Poll<std::io::Result<usize>> {
            std::task::Poll::Ready(Ok(bytes.len()))
        }
        fn poll_flush(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::task::Poll::Ready(Ok(()))
        }
        fn poll_shutdown(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::task::Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn whole_answers_in_any_pieces() {
        for (text, keeps) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true),
            (
                "HTTP/1.1 200 OK\r\ncontent-length:5\r\nConnection: Close\r\n\r\nhello",
                false,
            ),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false),
            ("HTTP/1.1 204 No Content\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\n\r\nto the end", false),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
                true,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nabcd\r\n1F\r\n0123456789012345678901234567890\r\n0\r\nA: b\r\n\r\n",
                true,
            ),
        ] {
            for piece in [1, 3, 1000] {
                let (result, sample) = answer(text, piece);
                assert_eq!(result, Ok(keeps), "{text:?} in pieces of {piece}");
                assert_eq!(sample.requests, 1);
            }
        }
    }

    #[test]
    fn broken_answers() {
        let closed = Err(Failure::Closed(Stage::Request));
        for text in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab",
        ] {
            assert_eq!(answer(text, 7).0, closed, "{text:?}");
        }
        for text in [
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcdX",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        ] {
            let (result, sample) = answer(text, 1000);
            assert!(
                matches!(result, Err(Failure::BadHttp(_))),
                "{text:?}: {result:?}"
            );
            assert_eq!(sample.requests, 0);
        }
        let refused = answer(
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
            1000,
        )
        .0;
        assert_eq!(refused, Err(Failure::Status(403)));
    }
}
