//! Undoes what environments, templates and copy-and-paste do to a PEM.
//!
//! Takes the raw bytes of a variable or file; hands on a [`Pem`], or the [`PemFault`] that says what
//! was found instead. Works in layers: characters are untangled (escapes, blanks, byte-order marks),
//! then either PEM blocks are there, or one encoding (percent, base64, gzip) is taken off and it
//! starts again.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::x509::X509;
use zeroize::Zeroizing;

use super::pem::{Pem, PemFault, decode_base64};

/// How many encodings may be wrapped around a PEM.
const LAYERS: usize = 3;

/// What a value may unpack to: real chains have a few KiB, thousands of client CAs a few MiB, and a gzip bomb
/// must not fill the memory.
pub const LIMIT: u64 = 4 << 20;

/// Repairs one value, whole as it came from a variable or a file.
pub fn repair(raw: &[u8]) -> Result<Pem, PemFault> {
    if raw.len() as u64 > LIMIT {
        return Err(PemFault::TooLarge);
    }
    repair_layer(raw, LAYERS)
}

/// Repairs a value that arrives in parts, in order.
///
/// The parts may be one value cut anywhere, or be quoted or encoded each on its own.
pub fn repair_parts<'a>(parts: impl Iterator<Item = &'a str> + Clone) -> Result<Pem, PemFault> {
    let joined = join(parts.clone().map(unquoted));
    let whole = repair(joined.as_bytes());
    if whole.is_ok() {
        return whole;
    }
    let decoded: Option<Vec<Zeroizing<String>>> = parts
        .map(|part| decode_base64(&untangled(unquoted(part))))
        .map(|bytes| text_of(&bytes?).ok())
        .collect();
    match decoded {
        // The fault of the value as it stands is the one to tell: the second try was a guess.
        Some(decoded) => {
            repair(join(decoded.iter().map(|part| part.as_str())).as_bytes()).or(whole)
        }
        None => whole,
    }
}

fn repair_layer(raw: &[u8], layers: usize) -> Result<Pem, PemFault> {
    let text = text_of(raw)?;
    refuse_placeholder(&text)?;
    let text = untangled(unquoted(&text));
    if text.trim().is_empty() {
        return Err(PemFault::Empty);
    }
    let peeled = match percent_decoded(&text) {
        Some(bytes) => bytes,
        None if text.contains("-----BEGIN") || text.contains("-----END") => {
            return Pem::parse(&text);
        }
        None => match decode_base64(&text) {
            Some(bytes) => bytes,
            None => return Pem::parse(&text),
        },
    };
    if layers == 0 {
        return Err(PemFault::TooDeep(LAYERS));
    }
    match repair_layer(&peeled, layers - 1) {
        // Almost any word is base64 of something: describe the value, not what it decodes to.
        Err(PemFault::NoBlock { .. } | PemFault::Empty | PemFault::Placeholder(_)) => {
            Err(PemFault::NoBlock {
                characters: text.chars().count(),
                base64: true,
            })
        }
        Err(PemFault::Binary(UNKNOWN_BINARY)) => Err(PemFault::NoBlock {
            characters: text.chars().count(),
            base64: true,
        }),
        other => other,
    }
}

/// Bytes to text: gzip, UTF-16 as PowerShell writes it, UTF-8.
fn text_of(raw: &[u8]) -> Result<Zeroizing<String>, PemFault> {
    if raw.starts_with(&[0x1f, 0x8b]) {
        return text_of(&unzipped(raw)?);
    }
    if let Some(utf16) = raw.strip_prefix(&[0xff, 0xfe]) {
        let units = utf16
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        return char::decode_utf16(units)
            .collect::<Result<String, _>>()
            .map(Zeroizing::new)
            .map_err(|_| PemFault::Binary(UNKNOWN_BINARY));
    }
    match std::str::from_utf8(raw) {
        Ok(text) if !text.contains('\0') => Ok(Zeroizing::new(text.to_owned())),
        _ => Err(PemFault::Binary(binary_kind(raw))),
    }
}

fn unzipped(raw: &[u8]) -> Result<Zeroizing<Vec<u8>>, PemFault> {
    let mut out = Zeroizing::new(Vec::with_capacity(64 << 10));
    // All members: parts that were zipped each on its own arrive joined.
    MultiGzDecoder::new(raw)
        .take(LIMIT + 1)
        .read_to_end(&mut out)
        .map_err(|_| PemFault::BadGzip)?;
    if out.len() as u64 > LIMIT {
        return Err(PemFault::TooLarge);
    }
    // Gzip in gzip would recurse without a bound.
    if out.starts_with(&[0x1f, 0x8b]) {
        return Err(PemFault::TooDeep(LAYERS));
    }
    Ok(out)
}

const UNKNOWN_BINARY: &str = "binary data";

fn binary_kind(raw: &[u8]) -> &'static str {
    if raw.first() != Some(&0x30) {
        UNKNOWN_BINARY
    } else if X509::from_der(raw).is_ok() {
        "a certificate in DER (binary) form"
    } else if PKey::private_key_from_der(raw).is_ok() {
        "a private key in DER (binary) form"
    } else if Pkcs12::from_der(raw).is_ok() {
        "a PKCS#12 file (.p12, .pfx)"
    } else {
        "DER (binary) data that is no certificate, key or PKCS#12"
    }
}

/// A reference that something before certgate should have resolved.
fn refuse_placeholder(text: &str) -> Result<(), PemFault> {
    let text = text.trim().trim_matches(['"', '\'']).trim();
    if text.len() > 1024 || text.contains("-----") || text.lines().count() > 1 {
        return Ok(());
    }
    let file_name = [".pem", ".key", ".crt", ".cer", ".p12", ".pfx", ".der"];
    let what = if text.starts_with("arn:") {
        "an ARN (arn:aws:…)"
    } else if text.starts_with("${") || text.starts_with("{{") || text.starts_with("$(") {
        "a placeholder (${…}) that was not resolved"
    } else if text.contains("://") {
        "a URL"
    } else if text.starts_with(['/', '~', '.'])
        || text.get(1..3) == Some(":\\")
        || file_name.iter().any(|end| text.ends_with(end))
    {
        "a path"
    } else {
        return Ok(());
    };
    Err(PemFault::Placeholder(what))
}

/// Takes quotes off, also several around one another, with blanks in between.
fn unquoted(text: &str) -> &str {
    let mut text = text.trim_matches(is_blank);
    while let Some(quote) = text.chars().next().filter(|c| "\"'`".contains(*c)) {
        match text[1..].strip_suffix(quote) {
            Some(inner) => text = inner.trim_matches(is_blank),
            None => break,
        }
    }
    text
}

/// Escapes to what they stand for, every kind of blank to a plain one, invisible characters gone.
fn untangled(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                // Any number of backslashes: each program on the way may have escaped once more.
                while chars.next_if_eq(&'\\').is_some() {}
                match chars.next() {
                    Some('n' | 'r' | '\n' | '\r') => out.push('\n'),
                    Some('t') => out.push(' '),
                    Some('u') => out.extend(unicode_escape(&mut chars)),
                    Some(other) => out.push(other),
                    None => {}
                }
            }
            '\n' | '\r' => out.push('\n'),
            '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}' => {}
            c if is_blank(c) => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The four digits of JSON's `\u002B`: some encoders write `+`, `/` and `=` that way.
fn unicode_escape(chars: &mut impl Iterator<Item = char>) -> Option<char> {
    let digits: String = chars.take(4).collect();
    u32::from_str_radix(&digits, 16)
        .ok()
        .and_then(char::from_u32)
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{180e}'
        )
}

/// Percent-decodes, if the value is percent-encoded: blanks, line ends or base64's own characters.
fn percent_decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    const TELLTALE: [&str; 8] = ["%0a", "%0d", "%20", "%2b", "%2f", "%3d", "%2d", "%25"];
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    if !TELLTALE.iter().any(|code| lower.contains(code)) {
        return None;
    }
    // Form encoding writes a blank as `+`, and then every real plus as %2B.
    let form = text.contains("BEGIN+");
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match (byte, hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            (b'+', _) if form => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    // A percent sign in a comment that decodes to itself must not cost a layer after layer.
    (bytes.as_slice() != text.as_bytes()).then_some(bytes)
}

fn join<'a>(parts: impl Iterator<Item = &'a str> + Clone) -> Zeroizing<String> {
    let mut joined = Zeroizing::new(String::with_capacity(parts.clone().map(str::len).sum()));
    parts.for_each(|part| joined.push_str(part));
    joined
}

#[cfg(test)]
mod tests;
