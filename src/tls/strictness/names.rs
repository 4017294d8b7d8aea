//! Alternative names: whether they are names at all (RFC 5280 sections 4.2.1.6 and 4.2.1.7).

use super::certificate::{Certificate, id_ce};
use super::departure::Departure;
use crate::der::{self, Element};

/// `GeneralName`, by tag.
pub const EMAIL: u8 = 0x81;
pub const DNS: u8 = 0x82;
pub const URI: u8 = 0x86;
pub const IP: u8 = 0x87;

pub fn check(certificate: &Certificate<'_>) -> Result<(), Departure> {
    for (oid, extension, section) in [
        (id_ce::SUBJECT_ALT_NAME, "subjectAltName", "4.2.1.6"),
        (id_ce::ISSUER_ALT_NAME, "issuerAltName", "4.2.1.7"),
    ] {
        let Some(found) = certificate.extension(oid) else {
            continue;
        };
        let list =
            der::element(found.value).filter(|e| e.tag == der::SEQUENCE && e.rest.is_empty());
        let mut names = der::elements(list.map_or(&[][..], |list| list.content)).peekable();
        if names.peek().is_none() {
            return Err(Departure::Malformed(extension, section));
        }
        if let Some(kind) = names.find_map(bad) {
            return Err(Departure::BadName(extension, kind, section));
        }
    }
    Ok(())
}

/// The kind of a name that is none.
fn bad(name: Element<'_>) -> Option<&'static str> {
    let (kind, good) = match name.tag {
        EMAIL => ("rfc822Name", is_mailbox(name.content)),
        DNS => ("dNSName", is_host(name.content)),
        URI => ("uniformResourceIdentifier", is_uri(name.content)),
        IP => ("iPAddress", matches!(name.content.len(), 4 | 16)),
        _ => return None,
    };
    (!good).then_some(kind)
}

/// RFC 1034 section 3.5 and RFC 1123 section 2.1; the first label may be `*` (RFC 9525 section 6.3).
fn is_host(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"*.").unwrap_or(name);
    is_domain(name)
}

/// Labels of letters, digits and hyphens.
pub fn is_domain(name: &[u8]) -> bool {
    name.len() <= 253 && name.split(|byte| *byte == b'.').all(is_label)
}

fn is_label(label: &[u8]) -> bool {
    let is_inside = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let ends = [label.first(), label.last()];
    matches!(label.len(), 1..=63)
        && label.iter().all(is_inside)
        && ends.into_iter().flatten().all(u8::is_ascii_alphanumeric)
}

/// `Mailbox` of RFC 2821 section 4.1.2, with a dot-string before the `@`.
fn is_mailbox(name: &[u8]) -> bool {
    let Some(at) = name.iter().rposition(|byte| *byte == b'@') else {
        return false;
    };
    let (local, host) = (&name[..at], &name[at + 1..]);
    let is_atom = |atom: &[u8]| {
        let is_text =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(byte);
        !atom.is_empty() && atom.iter().all(is_text)
    };
    local.split(|byte| *byte == b'.').all(is_atom) && is_domain(host)
}

/// Absolute: a scheme, and something of it (RFC 3986 section 4.3).
fn is_uri(name: &[u8]) -> bool {
    let Some(colon) = name.iter().position(|byte| *byte == b':') else {
        return false;
    };
    let (scheme, rest) = (&name[..colon], &name[colon + 1..]);
    let is_inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(is_inside)
        && !rest.is_empty()
        && rest.iter().all(u8::is_ascii_graphic)
}
