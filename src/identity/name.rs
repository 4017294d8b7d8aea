//! Text from certificates that can't break out of its place, whatever their makers put into it.

use std::fmt::Write;

use openssl::nid::Nid;
use openssl::x509::{X509NameEntryRef, X509NameRef};

use super::dn;
use crate::der::{self, OID, SEQUENCE, SET};

/// A name as it is written: its RDNs in the order of the DER, each with its attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name(pub Vec<Vec<Attribute>>);

/// One attribute of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `CN`, or the dotted OID of what has no name.
    pub kind: String,
    /// The content of its OID.
    pub oid: Vec<u8>,
    /// Its value.
    pub value: Value,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A string, of whatever type.
    Text(String),
    /// The DER of anything else.
    Other(Vec<u8>),
}

/// How characters are written that mean something to RFC 2253 or can't stand in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style<'a> {
    /// `\,`, and what isn't ASCII as it is: for people.
    Readable,
    /// `\,`, and what isn't ASCII in hex: `\C3\BC`. As nginx and Envoy have it.
    Ascii,
    /// All in hex, these characters, too: no reader who looks for a comma or a quote finds one in a value.
    Hex(&'a str),
}

impl Name {
    /// Reads a name. `None` if it can't be read: it was parsed already, so that takes a lack of memory.
    pub fn of(name: &X509NameRef) -> Option<Self> {
        let der = name.to_der().ok()?;
        let sequence = der::element(&der).filter(|e| e.tag == SEQUENCE)?;
        // AWS-LC knows the attributes' names, but shows the parts without their bounds.
        let mut entries = name.entries();
        let rdns = der::elements(sequence.content).map(|set| {
            let set = Some(set).filter(|e| e.tag == SET)?;
            let attributes = der::elements(set.content)
                .map(|pair| attribute(pair.content, entries.next()?))
                .collect::<Option<Vec<_>>>();
            attributes.filter(|attributes| !attributes.is_empty())
        });
        let rdns = rdns.collect::<Option<_>>()?;
        entries.next().is_none().then_some(Self(rdns))
    }

    /// As RFC 2253 writes it: `CN=leaf,O=Example`, the last part first; a part of several is
    /// `CN=a+OU=b`, also backwards, as OpenSSL has it.
    pub fn text(&self, style: Style) -> String {
        let mut out = String::new();
        for (index, rdn) in self.0.iter().rev().enumerate() {
            if index > 0 {
                out.push(',');
            }
            for (index, attribute) in rdn.iter().rev().enumerate() {
                if index > 0 {
                    out.push('+');
                }
                out.push_str(&attribute.kind);
                out.push('=');
                attribute.write_value(&mut out, style);
            }
        }
        // HTTP trims a field, whatever stands before the space.
        if style == Style::Ascii && out.ends_with(' ') {
            out.pop();
            out.push_str("20");
        }
        out
    }

    /// All attributes of one kind (the content of its OID), in the order of [`Name::text`].
    pub fn all<'a>(&'a self, oid: &'a [u8]) -> impl Iterator<Item = &'a Attribute> {
        let all = self.0.iter().rev().flat_map(|rdn| rdn.iter().rev());
        all.filter(move |attribute| attribute.oid == oid)
    }
}

impl Attribute {
    /// Writes the value alone.
    pub fn write_value(&self, out: &mut String, style: Style) {
        let is_named = !self
            .kind
            .starts_with(|c: char| c.is_ascii_digit() || c == '#');
        match &self.value {
            Value::Text(text) if is_named || style == Style::Readable => {
                push_escaped(out, text, style);
            }
            // RFC 2253 section 2.4: who doesn't know the kind can't know its string type.
            Value::Text(text) => {
                let der = utf8_string(text);
                push_der(out, &der);
            }
            Value::Other(der) => {
                push_der(out, der);
            }
        }
    }
}

/// A name for logs and reports.
pub fn rfc2253(name: &X509NameRef) -> String {
    match Name::of(name) {
        Some(name) if name.0.is_empty() => "(empty name)".to_owned(),
        Some(name) => name.text(Style::Readable),
        None => "(unreadable name)".to_owned(),
    }
}

fn attribute(pair: &[u8], entry: &X509NameEntryRef) -> Option<Attribute> {
    let oid = der::element(pair).filter(|e| e.tag == OID)?;
    let value = der::element(oid.rest)?;
    let nid = entry.object().nid();
    let known = Some(nid).filter(|nid| *nid != Nid::UNDEF);
    let kind = match known.and_then(|nid| nid.short_name().ok()) {
        Some(name) => name.to_owned(),
        None => der::oid_text(oid.content),
    };
    Some(Attribute {
        kind,
        oid: oid.content.to_vec(),
        value: match dn::text_of(value) {
            Some(text) => Value::Text(text),
            None => Value::Other(oid.rest.to_vec()),
        },
    })
}

/// RFC 2253's form of what is no string.
pub(super) fn push_der(out: &mut String, der: &[u8]) {
    out.push('#');
    for byte in der {
        // Writing to a String can't fail.
        let _ = write!(out, "{byte:02X}");
    }
}

fn utf8_string(text: &str) -> Vec<u8> {
    let length = (text.len() as u32).to_be_bytes();
    let significant: Vec<u8> = length.iter().copied().skip_while(|b| *b == 0).collect();
    let mut der = vec![0x0c];
    match text.len() {
        short @ 0..=0x7f => der.push(short as u8),
        _ => {
            der.push(0x80 | significant.len() as u8);
            der.extend(significant);
        }
    }
    der.extend(text.as_bytes());
    der
}

/// Control characters, and those that turn text around or are invisible, as `\0A`: RFC 2253's form.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if harmless(c) {
            out.push(c);
        } else {
            push_hex(&mut out, c);
        }
    }
    out
}

fn push_escaped(out: &mut String, text: &str, style: Style) {
    let last = text.chars().count().saturating_sub(1);
    for (index, c) in text.chars().enumerate() {
        let at_the_edge = (c == ' ' && (index == 0 || index == last)) || (c == '#' && index == 0);
        let special = at_the_edge || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';');
        match style {
            Style::Readable | Style::Ascii if special => out.extend(['\\', c]),
            Style::Readable if harmless(c) => out.push(c),
            Style::Ascii if matches!(c, ' '..='~') => out.push(c),
            // An equals sign needs no escape; who splits at it finds none all the same.
            Style::Hex(more)
                if matches!(c, ' '..='~') && !special && c != '=' && !more.contains(c) =>
            {
                out.push(c);
            }
            _ => push_hex(out, c),
        }
    }
}

fn harmless(c: char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !hidden
}

fn push_hex(out: &mut String, c: char) {
    push_hex_bytes(out, c.encode_utf8(&mut [0; 4]).as_bytes());
}

pub(super) fn push_hex_bytes(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a String can't fail.
        let _ = write!(out, "\\{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509NameBuilder;

    use super::*;

    #[test]
    fn a_name_can_not_break_a_line_or_a_terminal() {
        let mut builder = X509NameBuilder::new().unwrap();
        let mut add = |nid, value| builder.append_entry_by_nid(nid, value).unwrap();
        add(Nid::ORGANIZATIONNAME, "Grüße, \"GmbH\" + Co\\");
        add(Nid::ORGANIZATIONALUNITNAME, " #edges ");
        add(Nid::COMMONNAME, "a\nb\u{1b}[31mc\u{202e}d\u{7f}");
        let name = builder.build();
        assert_eq!(
            rfc2253(&name),
            r#"CN=a\0Ab\1B[31mc\E2\80\AEd\7F,OU=\ #edges\ ,O=Grüße\, \"GmbH\" \+ Co\\"#
        );
        let name = Name::of(&name).unwrap();
        assert_eq!(
            name.text(Style::Ascii),
            r#"CN=a\0Ab\1B[31mc\E2\80\AEd\7F,OU=\ #edges\ ,O=Gr\C3\BC\C3\9Fe\, \"GmbH\" \+ Co\\"#
        );
        assert_eq!(
            name.text(Style::Hex("")),
            r"CN=a\0Ab\1B[31mc\E2\80\AEd\7F,OU=\20#edges\20,O=Gr\C3\BC\C3\9Fe\2C \22GmbH\22 \2B Co\5C"
        );
        let empty = X509NameBuilder::new().unwrap().build();
        assert_eq!(rfc2253(&empty), "(empty name)");
    }

    /// Names as DER, since the `openssl` crate builds no parts of several.
    type Written<'a> = (&'a [u8], u8, &'a [u8]);

    fn name(rdns: &[&[Written]]) -> Option<Name> {
        let wrap = |tag: u8, content: &[u8]| {
            [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
        };
        let rdns: Vec<u8> = rdns
            .iter()
            .flat_map(|rdn| {
                let pairs: Vec<u8> = rdn
                    .iter()
                    .flat_map(|(oid, tag, value)| {
                        wrap(SEQUENCE, &[wrap(OID, oid), wrap(*tag, value)].concat())
                    })
                    .collect();
                wrap(SET, &pairs)
            })
            .collect();
        Name::of(&openssl::x509::X509Name::from_der(&wrap(SEQUENCE, &rdns)).unwrap())
    }

    #[test]
    fn a_part_of_several_is_one_part() {
        let (cn, ou): (Written, _) = (
            (dn::COMMON_NAME, 0x0c, b"a"),
            (dn::ORGANIZATIONAL_UNIT, 0x0c, &b"b"[..]),
        );
        let several = name(&[&[ou, cn], &[cn]]).unwrap();
        assert_eq!(several.text(Style::Ascii), "CN=a,CN=a+OU=b");
        assert_eq!(several.all(dn::COMMON_NAME).count(), 2);
    }

    #[test]
    fn what_has_no_name_or_no_text_is_hex() {
        let odd = name(&[
            // 1.2.3, and a common name that is a BIT STRING.
            &[(&[0x2a, 3], 0x13, b"x")],
            &[(dn::COMMON_NAME, 0x03, b"\0a")],
        ]);
        let odd = odd.unwrap();
        assert_eq!(odd.text(Style::Ascii), "CN=#03020061,1.2.3=#0C0178");
        // 2.5.4.3 with 140 bits more ahead of the last number: another OID.
        let long = [&[0x55, 4][..], &[0x81], &[0x80; 19], &[3]].concat();
        let odd = name(&[&[(&long, 0x13, b"root")]]).unwrap();
        assert!(odd.0[0][0].kind.starts_with('#'), "{odd:?}");
        assert_eq!(odd.all(dn::COMMON_NAME).count(), 0);
    }
}
