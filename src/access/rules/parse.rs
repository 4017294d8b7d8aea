//! Reads rules as they are written: `KIND:VALUE`, several joined by ` and `.

use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::Rule;
use super::matching::Condition;
use super::pattern::{DnsPattern, MailPattern, UriPattern};
use crate::config::values::Expected;
use crate::identity::canonical_serial;
use crate::identity::dn::{ComparableText, DistinguishedName, from_hex};
use crate::net::proxy_protocol::is_endpoint_id;

/// What joins the conditions of a rule.
const AND: &str = " and ";

impl FromStr for Rule {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        let text = text.trim_ascii();
        let conditions = parts(text)?.into_iter().map(condition);
        Ok(Self {
            conditions: conditions.collect::<Result<_, _>>()?,
            text: text.to_owned(),
        })
    }
}

/// `ou:Research and Development and cn:a` are two conditions, not three. What looks like the beginning of another
/// one and isn't would make a rule that matches nobody, and nobody would notice.
fn parts(text: &str) -> Result<Vec<&str>, Expected> {
    let (mut parts, mut start) = (Vec::new(), 0);
    for (at, _) in text.match_indices(AND) {
        let next = text[at + AND.len()..].trim_ascii_start();
        if begins_condition(next) {
            parts.push(&text[start..at]);
            start = at + AND.len();
        }
    }
    parts.push(&text[start..]);
    for part in &parts {
        let value = part.split_once(':').map_or("", |(_, value)| value);
        let mut pieces = value.split([',', ';', '&', '|', ' ']).skip(1);
        if let Some(piece) = pieces.find(|piece| begins_condition(&piece.to_lowercase())) {
            let piece = piece.split(':').next().unwrap_or_default();
            return Err(format!(
                "one condition in each part; {piece:?} after something else than {AND:?} is a part of the value before it. Write each rule in a setting of its own, and conditions that must all hold as cn:a and o:b"
            )
            .into());
        }
    }
    Ok(parts)
}

/// Whether a text begins as `KIND:`.
fn begins_condition(text: &str) -> bool {
    let rest = |kind: &&str| text.strip_prefix(*kind);
    let mut after = KINDS.iter().filter_map(rest);
    after.any(|rest| rest.starts_with(':'))
}

fn condition(text: &str) -> Result<Condition, Expected> {
    let Some((kind, value)) = text.trim_ascii().split_once(':') else {
        return Err(no_kind());
    };
    if value.is_empty() {
        return Err(format!("something after {kind}:").into());
    }
    let name = |value| {
        DistinguishedName::parse(value).map_err(|found| {
            Expected(format!(
                "a name such as {kind}:CN=alice,O=Example; found {found}"
            ))
        })
    };
    let text = || ComparableText::new(value);
    Ok(match kind.trim_ascii() {
        "cn" => Condition::CommonName(text()),
        "ou" => Condition::OrganizationalUnit(text()),
        "o" => Condition::Organization(text()),
        "dn" => Condition::Subject(name(value)?),
        "issuer" => Condition::Issuer(name(value)?),
        "dns" => Condition::Dns(DnsPattern::parse(value)?),
        "uri" => Condition::Uri(UriPattern::parse(value)?),
        "email" => Condition::Email(MailPattern::parse(value)?),
        "ip" => Condition::Address(value.parse()?),
        "serial" => Condition::Serial(serial(value)?),
        "sha256" => Condition::Fingerprint(fingerprint(value)?),
        "spki" => Condition::Spki(pin(value)?),
        "vpce" => Condition::VpcEndpoint(vpc_endpoint(value)?),
        other => return Err(no_such_kind(other)),
    })
}

const KINDS: [&str; 13] = [
    "cn", "ou", "o", "dn", "dns", "uri", "email", "ip", "issuer", "serial", "sha256", "spki",
    "vpce",
];

fn no_such_kind(kind: &str) -> Expected {
    let distance = |known: &&str| strsim::damerau_levenshtein(&kind.to_lowercase(), known);
    let nearest = KINDS.iter().min_by_key(|known| distance(known));
    match nearest.filter(|known| distance(known) <= 2) {
        Some(nearest) => {
            format!("a kind in lower case, such as {nearest}: (found {kind:?})").into()
        }
        None => no_kind(),
    }
}

fn no_kind() -> Expected {
    let kinds = KINDS.join(", ");
    format!("KIND:VALUE, of the kinds {kinds}, such as ou:Payments or dns:*.svc.example").into()
}

impl From<String> for Expected {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Hex, as logs and `openssl x509 -serial` have it, with or without colons.
fn serial(text: &str) -> Result<String, Expected> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    let positive = digits.strip_prefix('-').unwrap_or(&digits);
    match !positive.is_empty() && positive.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(canonical_serial(&digits)),
        false => Err("a serial number in hex, as in serial:0A1B".into()),
    }
}

fn fingerprint(text: &str) -> Result<[u8; 32], Expected> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    from_hex(&digits)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| "64 hex digits, as `openssl x509 -fingerprint -sha256` has them".into())
}

/// `sha256:BASE64`, in the form of RFC 7469 section 2.4 (curl: --pinnedpubkey `sha256//…`).
fn pin(text: &str) -> Result<[u8; 32], Expected> {
    let digest = text
        .strip_prefix("sha256:")
        .or_else(|| text.strip_prefix("sha256//"));
    digest
        .and_then(|digest| BASE64_STANDARD.decode(digest).ok())
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| {
            "spki:sha256: and 44 characters of base64, the digest of the SubjectPublicKeyInfo"
                .into()
        })
}

fn vpc_endpoint(text: &str) -> Result<String, Expected> {
    let is_id = text.starts_with("vpce-") && is_endpoint_id(text.as_bytes());
    is_id
        .then(|| text.to_owned())
        .ok_or_else(|| "the id of a VPC endpoint, such as vpce:vpce-0123456789abcdef0".into())
}
