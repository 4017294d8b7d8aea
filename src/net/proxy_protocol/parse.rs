//! From bytes to a header, as far as there are enough of them.

use super::{Fault, Header, v1, v2};

/// What a stream begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// A line of text.
    V1,
    /// The binary form.
    V2,
    /// Something else.
    Other,
    /// More bytes will tell.
    Undecided,
}

/// What a stream begins with (section 2.2, "identifying the protocol version").
pub fn looks(bytes: &[u8]) -> Looks {
    let begins = |signature: &[u8]| bytes.starts_with(signature);
    if begins(v1::SIGNATURE) {
        Looks::V1
    } else if begins(v2::SIGNATURE) {
        Looks::V2
    } else if v1::SIGNATURE.starts_with(bytes) || v2::SIGNATURE.starts_with(bytes) {
        Looks::Undecided
    } else {
        Looks::Other
    }
}

/// The header at the beginning of a stream, and its length in bytes; `None` while it isn't all there.
///
/// However the bytes are cut into pieces, whoever asks again with more of them gets the same in the end.
///
/// # Errors
/// What makes it impossible, as soon as that is known. More bytes don't change it.
pub fn parse(bytes: &[u8]) -> Result<Option<(Header, usize)>, Fault> {
    match looks(bytes) {
        Looks::V1 => v1::parse(bytes),
        Looks::V2 => v2::parse(bytes),
        Looks::Undecided => Ok(None),
        Looks::Other => Err(Fault::Missing(match bytes[0] {
            // RFC 8446 section 5.1, RFC 5246 section 6.2.1: a record with a handshake.
            0x16 => "TLS",
            b'A'..=b'Z' => "text",
            _ => "something else",
        })),
    }
}
