//! `multipart/byteranges` (RFC 9110 section 14.6): several ranges of a file in one response.
//!
//! Takes the parts and the file's type and size, hands on the boundary's Content-Type and the segments of the body.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use bytes::Bytes;
use http::HeaderValue;

use super::file_body::Segment;
use super::validators::ascii;

/// The Content-Type of the whole, and its body, laid out byte for byte as nginx does.
pub(super) fn lay_out(
    parts: &[Range<u64>],
    media_type: &HeaderValue,
    size: u64,
) -> (HeaderValue, Vec<Segment>) {
    let boundary = boundary();
    let mut segments = Vec::with_capacity(parts.len() * 2 + 1);
    for part in parts {
        let mut head = format!("\r\n--{boundary}\r\nContent-Type: ").into_bytes();
        head.extend_from_slice(media_type.as_bytes());
        let range = content_range(part, size);
        head.extend_from_slice(format!("\r\nContent-Range: {range}\r\n\r\n").as_bytes());
        segments.push(Segment::Text(head.into()));
        segments.push(Segment::File(part.clone()));
    }
    segments.push(Segment::Text(Bytes::from(format!(
        "\r\n--{boundary}--\r\n"
    ))));
    let media_type = ascii(format!("multipart/byteranges; boundary={boundary}"));
    (media_type, segments)
}

/// The value of Content-Range for a part of a file of `size` bytes.
pub(super) fn content_range(part: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", part.start, part.end - 1)
}

/// 128 bits from the standard library's randomly keyed hash, new for each response: whoever writes a file can't know
/// what boundary it will be sent with, and by chance none is ever met in one.
fn boundary() -> String {
    let half = |salt: u8| RandomState::new().hash_one(salt);
    format!("{:016x}{:016x}", half(0), half(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laid_out_as_nginx_does() {
        let media_type = HeaderValue::from_static("text/plain");
        let (whole_type, segments) = lay_out(&[0..2, 5..6], &media_type, 10);
        let whole_type = whole_type.to_str().unwrap();
        let boundary = whole_type.strip_prefix("multipart/byteranges; boundary=");
        let boundary = boundary.unwrap();
        let body: String = segments
            .iter()
            .map(|segment| match segment {
                Segment::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                Segment::File(range) => {
                    "0123456789"[range.start as usize..range.end as usize].to_owned()
                }
            })
            .collect();
        let expected = format!(
            "\r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\
             \r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-5/10\r\n\r\n5\
             \r\n--{boundary}--\r\n"
        );
        assert_eq!(body, expected);
    }

    #[test]
    fn boundaries_are_valid_and_never_the_same() {
        let all: std::collections::HashSet<String> = (0..1000).map(|_| boundary()).collect();
        assert_eq!(all.len(), 1000);
        // RFC 2046 section 5.1.1: 70 characters at the most.
        assert!(all.iter().all(|boundary| boundary.len() == 32));
    }
}
