//! Names as RFC 4514 writes them, and as RFC 2253 did, read back.

use openssl::asn1::{Asn1Object, Asn1Type};
use openssl::error::ErrorStack;
use openssl::x509::X509NameBuilder;

use super::{Attribute, ComparableText, DistinguishedName, Value, from_hex, value_of};
use crate::der;

/// At each separator that no backslash stands before and that isn't in quotes.
pub(super) fn split(text: &str, separator: char) -> Result<Vec<&str>, String> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if c == separator && !quoted => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    if quoted || escaped {
        return Err("a quote or a backslash without its end".to_owned());
    }
    parts.push(&text[start..]);
    Ok(parts)
}

pub(super) fn attribute(text: &str) -> Result<Attribute, String> {
    let Some((kind, value)) = text.split_once('=') else {
        return Err(format!("{:?}, which has no =", text.trim()));
    };
    let kind = kind.trim_ascii();
    let oid = oid(kind).or_else(|| oid_of_name(kind)).ok_or_else(|| {
        drop(ErrorStack::get());
        format!("{kind:?}, which is no kind of attribute (CN, O, OU, …, or an OID such as 2.5.4.3)")
    })?;
    // Other spaces of Unicode are part of a value, and stand in logs as they are.
    let value = value.trim_ascii_start();
    let value = match value.strip_prefix('#') {
        Some(digits) => {
            let bytes = from_hex(digits.trim_end());
            let bytes = bytes.ok_or_else(|| format!("{value:?}, which is no hex"))?;
            let element = der::element(&bytes).filter(|e| e.rest.is_empty());
            let element = element.ok_or_else(|| format!("{value:?}, which is no DER"))?;
            value_of(element, &bytes)
        }
        None => Value::Text(ComparableText::new(&unescaped(value)?).0),
    };
    Ok(Attribute { kind: oid, value })
}

/// The content of a dotted OID.
fn oid(dotted: &str) -> Option<Vec<u8>> {
    let arcs: Option<Vec<u64>> = dotted.split('.').map(|arc| arc.parse().ok()).collect();
    let (first, second, rest) = match arcs?.as_slice() {
        [first @ 0..=1, second @ 0..=39, rest @ ..] => (*first, *second, rest.to_vec()),
        [2, second, rest @ ..] => (2, *second, rest.to_vec()),
        _ => return None,
    };
    let joined = (first * 40).checked_add(second)?;
    let mut content = Vec::new();
    for arc in std::iter::once(joined).chain(rest) {
        let digits = (64 - arc.leading_zeros()).div_ceil(7).max(1);
        for digit in (0..digits).rev() {
            let more = if digit > 0 { 0x80 } else { 0 };
            content.push((arc >> (7 * digit)) as u8 & 0x7f | more);
        }
    }
    Some(content)
}

/// That of a name that AWS-LC knows. The `openssl` crate shows an OID only within something else.
fn oid_of_name(name: &str) -> Option<Vec<u8>> {
    let known = ["CN", "OU", "O", "C", "L", "ST", "DC", "UID", "SN", "GN"];
    // RFC 4514 section 3: no matter in which case.
    let known = known.iter().find(|known| known.eq_ignore_ascii_case(name));
    let nid = Asn1Object::from_str(known.unwrap_or(&name)).ok()?.nid();
    let mut builder = X509NameBuilder::new().ok()?;
    builder
        .append_entry_by_nid_with_type(nid, "x", Asn1Type::UTF8STRING)
        .ok()?;
    let name = DistinguishedName::from_der(&builder.build().to_der().ok()?)?;
    name.0
        .into_iter()
        .flatten()
        .next()
        .map(|attribute| attribute.kind)
}

/// RFC 4514 section 2.4 backwards; quotes as RFC 2253 section 4 has them.
fn unescaped(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => {}
            b'\\' => {
                let pair = rest
                    .get(..2)
                    .and_then(|pair| from_hex(std::str::from_utf8(pair).ok()?));
                match pair.as_deref() {
                    Some([byte]) => {
                        bytes.push(*byte);
                        rest = &rest[2..];
                    }
                    _ => {
                        let Some((&byte, after)) = rest.split_first() else {
                            return Err("a backslash at the end".to_owned());
                        };
                        bytes.push(byte);
                        rest = after;
                    }
                }
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| format!("{text:?}, which is no UTF-8"))
}
