//! Reads the chain that a load balancer was shown: PEM in percent-encoding, as an AWS ALB in passthrough
//! mode writes it.
//!
//! Takes the value of a header, hands on DER, the client's own certificate first. Strict: what such a load
//! balancer doesn't write is an error, never a guess.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most bytes of a value: ten certificates of the usual size.
pub const LIMIT: usize = 32 * 1024;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Why a value is no chain. It never repeats what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// More than [`LIMIT`].
    #[error("{0} bytes, more than {LIMIT}")]
    TooLarge(usize),
    /// RFC 3986 section 2.1.
    #[error("no percent-encoded text")]
    Encoding,
    /// RFC 7468 section 2.
    #[error("no CERTIFICATE blocks of PEM, one after the other")]
    Pem,
    /// RFC 4648 section 4.
    #[error("a CERTIFICATE block that is no base64")]
    Base64,
}

/// The certificates in a value, at least one.
///
/// # Errors
/// If it is anything else.
pub fn chain(value: &[u8]) -> Result<Vec<Vec<u8>>, Unreadable> {
    if value.len() > LIMIT {
        return Err(Unreadable::TooLarge(value.len()));
    }
    let text = percent_decoded(value)?;
    let mut rest = text.trim_end_matches(['\r', '\n']);
    let mut chain = Vec::new();
    while !rest.is_empty() || chain.is_empty() {
        let body = rest.strip_prefix(BEGIN).ok_or(Unreadable::Pem)?;
        let (body, after) = body.split_once(END).ok_or(Unreadable::Pem)?;
        chain.push(decoded(body)?);
        rest = after.trim_start_matches(['\r', '\n']);
        if !rest.is_empty() && rest.len() == after.len() {
            return Err(Unreadable::Pem);
        }
    }
    Ok(chain)
}

/// The lines between BEGIN and END.
fn decoded(body: &str) -> Result<Vec<u8>, Unreadable> {
    let is_line_break = |c| matches!(c, '\r' | '\n');
    if !(body.starts_with(is_line_break) && body.ends_with(is_line_break)) {
        return Err(Unreadable::Pem);
    }
    let digits: String = body.split(is_line_break).collect();
    match STANDARD.decode(digits) {
        Ok(der) if !der.is_empty() => Ok(der),
        _ => Err(Unreadable::Base64),
    }
}

/// `+`, `=` and `/` stand for themselves, and a space can't stand there at all.
fn percent_decoded(value: &[u8]) -> Result<String, Unreadable> {
    let mut text = String::with_capacity(value.len());
    let mut bytes = value.iter();
    while let Some(byte) = bytes.next() {
        let decoded = match byte {
            b'%' => {
                let mut digit = || {
                    let digit = char::from(*bytes.next()?).to_digit(16)?;
                    u8::try_from(digit).ok()
                };
                let (high, low) = (digit(), digit());
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(Unreadable::Encoding);
                };
                high << 4 | low
            }
            byte if byte.is_ascii_graphic() => *byte,
            _ => return Err(Unreadable::Encoding),
        };
        // PEM is ASCII, and a NUL in it is nobody's.
        if !(decoded.is_ascii_graphic() || matches!(decoded, b' ' | b'\r' | b'\n')) {
            return Err(Unreadable::Encoding);
        }
        text.push(char::from(decoded));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As AWS shows it: `-----BEGIN%20CERTIFICATE-----%0AMIID…`.
    fn written(blocks: &[&str]) -> String {
        let block = |body: &&str| {
            format!("-----BEGIN%20CERTIFICATE-----%0A{body}%0A-----END%20CERTIFICATE-----%0A")
        };
        blocks.iter().map(block).collect()
    }

    #[test]
    fn blocks_are_read_in_their_order() {
        let value = written(&["QUI+/w==", "QUJD%0AREVG"]);
        let expected = vec![b"AB>\xff".to_vec(), b"ABCDEF".to_vec()];
        assert_eq!(chain(value.as_bytes()), Ok(expected.clone()));
        let others = [
            value.replace("%0A", "%0a"),
            value.replace("%0A", "%0D%0A"),
            value.replace('+', "%2B").replace("==", "%3D%3D"),
            value.trim_end_matches("%0A").to_owned(),
        ];
        for value in others {
            assert_eq!(chain(value.as_bytes()), Ok(expected.clone()), "{value}");
        }
    }

    #[test]
    fn nothing_else_is() {
        use Unreadable::{Base64, Encoding, Pem};
        let good = written(&["QUI+/w=="]);
        for (value, fault) in [
            (String::new(), Pem),
            ("MIIB".to_owned(), Pem),
            (good.replace("%20", " "), Encoding),
            (good.replace("%20", "+"), Pem),
            (good.replace("%0A", "%0"), Encoding),
            (good.replace("%0A", "%0G"), Encoding),
            (good.replace("%0A", "%00"), Encoding),
            (good.replace("%0A", "%+A"), Encoding),
            (good.replace("%0A", ""), Pem),
            (good.replace("QUI", "QU\u{fc}"), Encoding),
            (good.replace("QUI", "Q%20I"), Base64),
            (good.replace("==", "="), Base64),
            (good.replace("QUI+/w==", "QUI-_w=="), Base64),
            (good.replace("QUI+/w==", ""), Base64),
            (good.replace("CERTIFICATE", "X509%20CERTIFICATE"), Pem),
            (good.replace("BEGIN", "begin"), Pem),
            (format!("x{good}"), Pem),
            (format!("{good}x"), Pem),
            (format!("{good}%20{good}"), Pem),
            (good.trim_end_matches("%0A").repeat(2), Pem),
            (good.replace("-----END", "-----EN"), Pem),
            (format!("%250A{good}"), Pem),
            (good.replace('%', "%25"), Pem),
            (
                written(&["QUI+/w==-----BEGIN%20CERTIFICATE-----%0AQUI="]),
                Base64,
            ),
        ] {
            assert_eq!(chain(value.as_bytes()), Err(fault), "{value}");
        }
        let large = written(&[&"QUJD".repeat(LIMIT / 4)]);
        assert_eq!(
            chain(large.as_bytes()),
            Err(Unreadable::TooLarge(large.len()))
        );
    }
}
