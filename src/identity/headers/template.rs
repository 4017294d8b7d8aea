//! An operator's own headers.
//!
//! Values are escaped as RFC 2253 has it, in hex, `\2C`: what isn't visible ASCII, what separates
//! values, and every mark that stands in the template's own text. So what stands between two placeholders can
//! never come from a value.

use std::net::IpAddr;

use openssl::sha::sha256;

use super::Surroundings;
use super::formats::moment;
use crate::config::identity::{HeaderTemplate, Part, Placeholder};
use crate::identity::dn::{COMMON_NAME, ORGANIZATION, ORGANIZATIONAL_UNIT};
use crate::identity::hex;
use crate::identity::holder::Holder;
use crate::identity::name::{Style, Value, push_der, push_hex_bytes};

/// Whether the template says something of the connection, and not of the certificate alone.
pub fn is_of_connection(template: &HeaderTemplate) -> bool {
    placeholders(template).any(Placeholder::is_of_connection)
}

/// The value of a template. `None` if there is nothing to say: without a certificate for one that says
/// something of it, or if all of it is empty.
pub fn value(
    template: &HeaderTemplate,
    holder: Option<&Holder>,
    surroundings: &Surroundings,
) -> Option<String> {
    if holder.is_none() && placeholders(template).any(Placeholder::needs_certificate) {
        return None;
    }
    let marks: String = template
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some(text.chars()),
            Part::Value(_) => None,
        })
        .flatten()
        .filter(|c| !c.is_ascii_alphanumeric())
        .collect();
    let mut out = Writer {
        text: String::new(),
        marks: &marks,
    };
    for part in &template.parts {
        match (part, holder) {
            (Part::Text(text), _) => out.text.push_str(text),
            (Part::Value(placeholder), _) if placeholder.is_of_connection() => {
                out.of_connection(*placeholder, surroundings);
            }
            (Part::Value(Placeholder::Verify), None) => out.text.push_str("NONE"),
            (Part::Value(placeholder), Some(holder)) => out.of_holder(*placeholder, holder),
            (Part::Value(_), None) => {}
        }
    }
    let text = out.text.trim_matches(' ');
    (!text.is_empty()).then(|| text.to_owned())
}

fn placeholders(template: &HeaderTemplate) -> impl Iterator<Item = Placeholder> {
    template.parts.iter().filter_map(|part| match part {
        Part::Value(placeholder) => Some(*placeholder),
        Part::Text(_) => None,
    })
}

struct Writer<'a> {
    text: String,
    /// What stands between placeholders.
    marks: &'a str,
}

impl Writer<'_> {
    fn of_connection(&mut self, placeholder: Placeholder, surroundings: &Surroundings) {
        match placeholder {
            Placeholder::Sni => self.push(surroundings.sni.unwrap_or_default().as_bytes()),
            Placeholder::TlsVersion => self.push(surroundings.tls_version.as_bytes()),
            Placeholder::TlsCipher => self.push(surroundings.tls_cipher.as_bytes()),
            _ => {
                let address = surroundings.address.map(|address| address.to_string());
                self.push(address.unwrap_or_default().as_bytes());
            }
        }
    }

    fn of_holder(&mut self, placeholder: Placeholder, holder: &Holder) {
        match placeholder {
            Placeholder::Subject => self.text += &holder.subject.text(Style::Hex(self.marks)),
            Placeholder::Issuer => self.text += &holder.issuer.text(Style::Hex(self.marks)),
            Placeholder::CommonName => self.attributes(holder, COMMON_NAME),
            Placeholder::Unit => self.attributes(holder, ORGANIZATIONAL_UNIT),
            Placeholder::Organization => self.attributes(holder, ORGANIZATION),
            Placeholder::Serial => self.push(holder.serial.as_bytes()),
            Placeholder::Fingerprint => self.push(hex(&sha256(holder.leaf())).as_bytes()),
            Placeholder::Dns => self.list(&holder.dns),
            Placeholder::Uri => self.list(&holder.uris),
            Placeholder::Email => self.list(&holder.emails),
            Placeholder::Ip => {
                let addresses = holder.addresses.iter().map(|bytes| address(bytes));
                self.list(&addresses.collect::<Vec<_>>());
            }
            Placeholder::NotBefore => self.text += &moment(holder.not_before),
            Placeholder::NotAfter => self.text += &moment(holder.not_after),
            Placeholder::Verify => self.text += "SUCCESS",
            // Those of the connection.
            _ => {}
        }
    }

    fn attributes(&mut self, holder: &Holder, kind: &[u8]) {
        for (index, attribute) in holder.subject.all(kind).enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            match &attribute.value {
                Value::Text(text) => self.push_value(text.as_bytes()),
                // As in the whole name; no text begins like this.
                Value::Other(der) => push_der(&mut self.text, der),
            }
        }
    }

    fn list(&mut self, values: &[impl AsRef<[u8]>]) {
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.push_value(value.as_ref());
        }
    }

    /// One of several: it doesn't look like what isn't text, and its edges can't be trimmed.
    fn push_value(&mut self, value: &[u8]) {
        let at_the_edge = |at: usize| match value[at] {
            b' ' => at == 0 || at + 1 == value.len(),
            b'#' => at == 0,
            _ => false,
        };
        for at in 0..value.len() {
            match at_the_edge(at) {
                true => push_hex_bytes(&mut self.text, &value[at..=at]),
                false => self.push(&value[at..=at]),
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let c = char::from(*byte);
            let is_special =
                matches!(c, ',' | ';' | '"' | '\\' | '<' | '>') || self.marks.contains(c);
            match matches!(c, ' '..='~') && !is_special {
                true => self.text.push(c),
                false => push_hex_bytes(&mut self.text, &[*byte]),
            }
        }
    }
}

/// An address as people write it; other lengths are none.
fn address(bytes: &[u8]) -> String {
    let address = match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    };
    address.map_or_else(
        || format!("0x{}", hex(bytes)),
        |address| address.to_string(),
    )
}
