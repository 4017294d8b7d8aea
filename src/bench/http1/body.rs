//! Where an answer's body ends (RFC 9112 section 6.3). Its bytes are dropped.

use crate::bench::failure::Failure;

/// What is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Content-Length.
    Length(u64),
    /// Transfer-Encoding: chunked.
    Chunked(Chunk),
    /// Neither: until the server closes.
    ToTheEnd,
}

/// Where in a chunked body the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk {
    /// Digits so far, and whether an extension follows them.
    Size {
        value: u64,
        digits: u8,
        extension: bool,
    },
    /// Bytes left.
    Data(u64),
    /// The CR LF after the data.
    DataEnd(u8),
    /// Lines after the last chunk; whether this one is still empty.
    Trailer { empty: bool },
}

/// Where a chunked body begins.
pub const SIZE: Chunk = Chunk::Size {
    value: 0,
    digits: 0,
    extension: false,
};

impl Body {
    /// Takes bytes that came; true if that was all of the body.
    pub fn take(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
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
