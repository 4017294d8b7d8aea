//! Readers of the headers that tell upstreams who a client is, by the standards' words and without
//! certgate's code. `None` is what the standard has no reading for.

/// A list of byte sequences (RFC 9651 sections 4.2.1 and 4.2.7).
pub fn byte_sequences(field: &str) -> Option<Vec<Vec<u8>>> {
    let items = field.split(", ");
    items
        .map(|item| base64(item.strip_prefix(':')?.strip_suffix(':')?))
        .collect()
}

/// RFC 4648 section 4, with its padding.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let content = text.trim_end_matches('=');
    let padding = text.len() - content.len();
    if !text.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for c in content.chars() {
        bits = bits << 6 | digits.find(c)? as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    (bits & ((1 << count) - 1) == 0).then_some(bytes)
}

/// RFC 3986 section 2.1.
pub fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            bytes.push(hex(std::str::from_utf8(rest.get(..2)?).ok()?)?[0]);
            rest = &rest[2..];
        } else {
            bytes.push(byte);
        }
    }
    Some(bytes)
}

/// The one certificate in a percent-encoded PEM text (RFC 7468).
pub fn escaped_pem(text: &str) -> Option<Vec<u8>> {
    let text = String::from_utf8(percent_decoded(text)?).ok()?;
    let content = text
        .strip_prefix("-----BEGIN CERTIFICATE-----\n")?
        .strip_suffix("-----END CERTIFICATE-----\n")?;
    let mut lines: Vec<&str> = content.lines().collect();
    let last = lines.pop();
    let fits = lines.iter().all(|line| line.len() == 64) && last.is_none_or(|l| l.len() <= 64);
    base64(&content.replace('\n', "")).filter(|_| fits)
}

pub fn hex(digits: &str) -> Option<Vec<u8>> {
    let bytes = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        let is_hex = pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
        u8::from_str_radix(pair, 16).ok().filter(|_| is_hex)
    });
    bytes.collect()
}

/// The pairs of the one element of an X-Forwarded-Client-Cert, as Envoy's documentation has it: a value may be
/// in double quotes, and a quote in it is `\"`.
pub fn xfcc(field: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = field;
    loop {
        let (key, after) = rest.split_once('=')?;
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphabetic()) {
            return None;
        }
        let value;
        (value, rest) = match after.strip_prefix('"') {
            Some(quoted) => {
                let ends = quoted.match_indices('"').map(|(at, _)| at);
                let end = { ends }.find(|at| !quoted[..*at].ends_with('\\'))?;
                (quoted[..end].replace("\\\"", "\""), &quoted[end + 1..])
            }
            None => {
                let end = after.find([';', ',']).unwrap_or(after.len());
                let value = &after[..end];
                if value.contains(['"', '=']) {
                    return None;
                }
                (value.to_owned(), &after[end..])
            }
        };
        pairs.push((key.to_owned(), value));
        match rest.strip_prefix(';') {
            Some(after) => rest = after,
            None => return rest.is_empty().then_some(pairs),
        }
    }
}

/// A value of a name: text, or the DER of what is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Der(Vec<u8>),
}

/// A name in the text of RFC 4514: RDNs as they stand, each of attributes as they stand.
pub fn dn(text: &str) -> Option<Vec<Vec<(String, Value)>>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let rdns = split(text, ',')?.into_iter().map(|rdn| {
        let attributes = split(rdn, '+')?.into_iter().map(|attribute| {
            let (kind, value) = attribute.split_once('=')?;
            Some((kind.to_owned(), dn_value(value)?))
        });
        attributes.collect()
    });
    rdns.collect()
}

/// What stands between separators that no backslash stands before.
pub fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == separator => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!escaped).then_some(parts)
}

pub fn dn_value(text: &str) -> Option<Value> {
    if let Some(digits) = text.strip_prefix('#') {
        return hex(digits).map(Value::Der);
    }
    String::from_utf8(unescaped(text)?).ok().map(Value::Text)
}

/// RFC 4514 section 2.4: `\` and a special character, or `\` and two hex digits.
pub fn unescaped(text: &str) -> Option<Vec<u8>> {
    if text.starts_with(' ') || text.ends_with(' ') && !text.ends_with("\\ ") {
        return None;
    }
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some(c) = rest.chars().next() {
        if !matches!(c, ' '..='~') || matches!(c, '"' | '<' | '>' | ';' | ',') {
            return None;
        }
        rest = &rest[1..];
        if c != '\\' {
            bytes.push(c as u8);
            continue;
        }
        let next = *rest.as_bytes().first()?;
        if b" \"#+,;<=>\\".contains(&next) {
            bytes.push(next);
            rest = &rest[1..];
        } else {
            bytes.extend(hex(rest.get(..2)?)?);
            rest = &rest[2..];
        }
    }
    Some(bytes)
}
