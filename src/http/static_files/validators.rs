//! What names the state that a file is in: its ETag and its date.
//!
//! Takes size and time of last change, hands on the two header values and what conditions compare with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;

/// The last second that an HTTP date can name: the end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// The validators of one state of one file (RFC 9110 section 8.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Validators {
    /// Exactly nginx's, so that caches filled from nginx stay valid: `"<mtime>-<size>"`, both in lower-case hex. Strong.
    pub etag: HeaderValue,
    /// Whole seconds; never before 1970 nor after 9999, as nginx clamps too.
    pub modified: SystemTime,
    /// The same as the value of Last-Modified.
    pub last_modified: HeaderValue,
}

impl Validators {
    /// `mtime` in seconds since 1970, as stat gives it; `size` in bytes.
    pub(super) fn new(mtime: i64, size: u64) -> Self {
        let seconds = u64::try_from(mtime).unwrap_or(0).min(LAST_SECOND);
        let modified = UNIX_EPOCH + Duration::from_secs(seconds);
        Self {
            etag: ascii(format!("\"{mtime:x}-{size:x}\"")),
            modified,
            last_modified: ascii(httpdate::fmt_http_date(modified)),
        }
    }
}

/// A header value from text that certgate made of digits and ASCII words.
pub(super) fn ascii(text: String) -> HeaderValue {
    // Can't fail: all callers format numbers, dates and fixed ASCII words.
    HeaderValue::try_from(text).expect("visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_nginx_writes_them() {
        for (mtime, size, etag, date) in [
            (
                0x6553_f100,
                615,
                "\"6553f100-267\"",
                "Tue, 14 Nov 2023 22:13:20 GMT",
            ),
            (0, 0, "\"0-0\"", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (
                -1,
                1,
                "\"ffffffffffffffff-1\"",
                "Thu, 01 Jan 1970 00:00:00 GMT",
            ),
            (
                i64::MAX,
                1,
                "\"7fffffffffffffff-1\"",
                "Fri, 31 Dec 9999 23:59:59 GMT",
            ),
        ] {
            let validators = Validators::new(mtime, size);
            assert_eq!(validators.etag, etag);
            assert_eq!(validators.last_modified, date);
        }
    }
}
