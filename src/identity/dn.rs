//! Distinguished names (RFC 5280 section 4.1.2.4) in a form in which they can be compared.
//!
//! Takes DER or the text of RFC 4514; hands on [`DistinguishedName`]. Two names are equal if RFC 5280
//! section 7.1 calls them equal: whatever string types their values have, upper or lower case, one
//! space or several, and in whatever order the parts of one multi-valued RDN stand. A value is all of
//! its characters: a NUL ends nothing.

mod written;

use crate::der::{self, Element, OID, SEQUENCE, SET};

/// A name, its RDNs in the order of the DER: the most general first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DistinguishedName(Vec<Rdn>);

/// What stands at one place of a name, sorted.
type Rdn = Vec<Attribute>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Attribute {
    /// The content of the OID.
    kind: Vec<u8>,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    /// In the form in which it is compared.
    Text(String),
    /// The DER of what is no string.
    Other(Vec<u8>),
}

/// id-at-commonName, 2.5.4.3
pub const COMMON_NAME: &[u8] = &[0x55, 4, 3];
/// id-at-organizationName, 2.5.4.10
pub const ORGANIZATION: &[u8] = &[0x55, 4, 10];
/// id-at-organizationalUnitName, 2.5.4.11
pub const ORGANIZATIONAL_UNIT: &[u8] = &[0x55, 4, 11];

impl DistinguishedName {
    /// Reads the DER of a `Name`. `None` if it isn't one.
    pub fn from_der(name: &[u8]) -> Option<Self> {
        let sequence = der::element(name).filter(|e| e.tag == SEQUENCE && e.rest.is_empty())?;
        let rdns = all(sequence.content)?.into_iter().map(|set| {
            let attributes = all(Some(set).filter(|e| e.tag == SET)?.content)?;
            let rdn = attributes.into_iter().map(attribute);
            // At least one (X.501 section 9.3): nothing has no text that a rule could name.
            let rdn = rdn
                .collect::<Option<Vec<_>>>()
                .filter(|rdn| !rdn.is_empty());
            rdn.map(sorted)
        });
        rdns.collect::<Option<_>>().map(Self)
    }

    /// Reads the text of RFC 4514 (and 2253), as logs have it: `CN=alice,O=Example`.
    ///
    /// # Errors
    /// What is wrong, to complete a sentence that begins with "found".
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rdns = written::split(text, ',')?
            .into_iter()
            .map(|rdn| {
                let attributes = written::split(rdn, '+')?
                    .into_iter()
                    .map(written::attribute);
                attributes.collect::<Result<Vec<_>, _>>().map(sorted)
            })
            .collect::<Result<Vec<_>, String>>()?;
        rdns.reverse();
        Ok(Self(rdns))
    }

    /// Whether all of it is text that everybody reads alike. Control characters some end a text at, and some
    /// leave out (RFC 4518 section 2.2); here they count.
    pub fn is_text(&self) -> bool {
        let is_plain = |text: &str| !text.contains(char::is_control);
        let mut values = self.0.iter().flatten().map(|attribute| &attribute.value);
        values.all(|value| matches!(value, Value::Text(text) if is_plain(text)))
    }

    /// Whether it has an attribute of this kind (the content of its OID) with this text.
    pub fn has(&self, kind: &[u8], text: &ComparableText) -> bool {
        self.0.iter().flatten().any(|attribute| {
            attribute.kind == kind
                && matches!(&attribute.value, Value::Text(value) if *value == text.0)
        })
    }

    /// Whether the other has the same RDNs, in whatever order.
    pub fn has_same_parts(&self, other: &Self) -> bool {
        let sorted = |name: &Self| {
            let mut rdns = name.0.clone();
            rdns.sort();
            rdns
        };
        sorted(self) == sorted(other)
    }
}

/// Text as names compare it (RFC 5280 section 7.1): without case, inner spaces as one, none outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparableText(String);

impl ComparableText {
    /// Of any text.
    pub fn new(text: &str) -> Self {
        let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).collect();
        Self(words.join(" ").to_lowercase())
    }
}

/// All elements; `None` if something is left over.
fn all(content: &[u8]) -> Option<Vec<Element<'_>>> {
    let elements: Vec<_> = der::elements(content).collect();
    match elements.last() {
        Some(last) => last.rest.is_empty().then_some(elements),
        None => content.is_empty().then_some(elements),
    }
}

fn sorted(mut rdn: Rdn) -> Rdn {
    rdn.sort();
    rdn
}

fn attribute(pair: Element<'_>) -> Option<Attribute> {
    let pair = Some(pair).filter(|e| e.tag == SEQUENCE)?;
    let kind = der::element(pair.content).filter(|e| e.tag == OID)?;
    let value = der::element(kind.rest).filter(|e| e.rest.is_empty())?;
    Some(Attribute {
        kind: kind.content.to_vec(),
        value: value_of(value, kind.rest),
    })
}

fn value_of(value: Element<'_>, der: &[u8]) -> Value {
    match text_of(value) {
        Some(text) => Value::Text(ComparableText::new(&text).0),
        None => Value::Other(der.to_vec()),
    }
}

/// The characters of a string type (X.690, X.680 section 41).
pub(super) fn text_of(value: Element<'_>) -> Option<String> {
    let bytes = value.content;
    match value.tag {
        // UTF8String; NumericString, PrintableString, IA5String, VisibleString: ASCII
        0x0c | 0x12 | 0x13 | 0x16 | 0x1a => String::from_utf8(bytes.to_vec()).ok(),
        // TeletexString: what everybody reads it as, ISO 8859-1
        0x14 => Some(bytes.iter().copied().map(char::from).collect()),
        // UniversalString: UTF-32
        0x1c => {
            let (quads, rest) = bytes.as_chunks();
            let text = quads
                .iter()
                .map(|quad| char::from_u32(u32::from_be_bytes(*quad)));
            rest.is_empty().then(|| text.collect())?
        }
        // BMPString: UTF-16
        0x1e => {
            let (pairs, rest) = bytes.as_chunks();
            let units: Vec<_> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            rest.is_empty().then(|| String::from_utf16(&units).ok())?
        }
        _ => None,
    }
}

/// Bytes from hex digits in any case; `None` for anything else.
pub fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes = pairs.iter().map(|[high, low]| {
        let byte = digit(*high)? * 16 + digit(*low)?;
        u8::try_from(byte).ok()
    });
    rest.is_empty().then(|| bytes.collect())?
}

impl std::fmt::Display for ComparableText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&super::escaped(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> DistinguishedName {
        DistinguishedName::parse(text).unwrap()
    }

    /// DER of its parts: each is tag, content.
    fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn pair(kind: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        wrap(SEQUENCE, &[wrap(OID, kind), wrap(tag, value)].concat())
    }

    fn name(rdns: &[Vec<Vec<u8>>]) -> DistinguishedName {
        let rdns: Vec<u8> = rdns
            .iter()
            .flat_map(|rdn| wrap(SET, &rdn.concat()))
            .collect();
        DistinguishedName::from_der(&wrap(SEQUENCE, &rdns)).unwrap()
    }

    #[test]
    fn encodings_make_no_difference_and_contents_do() {
        let text = "CN=Gr\u{fc}\u{df}e,O=Example";
        let value = "Gr\u{fc}\u{df}e";
        let utf16 = value.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let utf32 = value
            .chars()
            .flat_map(|c| (c as u32).to_be_bytes())
            .collect();
        for (tag, bytes) in [
            (0x0c, value.as_bytes().to_vec()),
            (0x14, b"Gr\xfc\xdfe".to_vec()),
            (0x1e, utf16),
            (0x1c, utf32),
        ] {
            let o = pair(ORGANIZATION, 0x13, b"EXAMPLE");
            let name = name(&[vec![o], vec![pair(COMMON_NAME, tag, &bytes)]]);
            assert_eq!(name, parsed(text), "{tag}");
        }
        for other in [
            "CN=Gr\u{fc}\u{df}e",
            "CN=Gr\u{fc}\u{df}e,O=Example,C=DE",
            "O=Example,CN=Gr\u{fc}\u{df}e",
            "OU=Gr\u{fc}\u{df}e,O=Example",
            "CN=Gr\u{fc}\u{df}e\\00,O=Example",
            "CN=Gr\u{fc}\u{df}e+O=Example",
        ] {
            assert_ne!(parsed(text), parsed(other), "{other}");
        }
    }

    #[test]
    fn spellings_of_the_same_text() {
        for text in [
            "CN=alice,O=Ex Ample",
            "cn=ALICE, o=ex  ample ",
            "2.5.4.3=alice,O=Ex Ample",
            "CN=#0c05616c696365,O=Ex Ample",
            "CN=\\61lice,O=\"Ex Ample\"",
            "commonName=alice,O=Ex\\20Ample",
        ] {
            assert_eq!(parsed(text), parsed("CN=alice,O=Ex Ample"), "{text}");
        }
        assert_eq!(
            parsed("CN=a\\,b"),
            name(&[vec![pair(COMMON_NAME, 0x0c, b"a,b")]])
        );
        assert_ne!(parsed("CN=a\\,b"), parsed("CN=a"));
    }

    #[test]
    fn a_multi_valued_rdn_has_no_order_and_is_not_two() {
        let cn = pair(COMMON_NAME, 0x0c, b"alice");
        let ou = pair(ORGANIZATIONAL_UNIT, 0x13, b"Pay");
        let one = name(&[vec![cn.clone(), ou.clone()]]);
        assert_eq!(one, name(&[vec![ou.clone(), cn.clone()]]));
        assert_eq!(one, parsed("CN=alice+OU=Pay"));
        assert_eq!(one, parsed("OU=pay+CN=alice"));
        let two = name(&[vec![cn.clone()], vec![ou.clone()]]);
        assert_ne!(one, two);
        assert!(!one.has_same_parts(&two));
        assert!(two.has_same_parts(&name(&[vec![ou], vec![cn]])));
        assert!(one.has(COMMON_NAME, &ComparableText::new("Alice")));
    }

    #[test]
    fn a_nul_ends_nothing() {
        let name = name(&[vec![pair(COMMON_NAME, 0x0c, b"alice\0.evil")]]);
        assert!(!name.has(COMMON_NAME, &ComparableText::new("alice")));
        assert_ne!(name, parsed("CN=alice"));
        assert_eq!(name, parsed("CN=alice\\00.evil"));
    }

    #[test]
    fn only_a_space_is_one() {
        // Spaces to Unicode, and none to RFC 4514: they stand in logs as they are.
        for space in ["\u{a0}", "\u{2003}", "\u{3000}"] {
            for value in [space.to_owned(), format!("{space}alice{space}")] {
                let name = name(&[vec![pair(COMMON_NAME, 0x0c, value.as_bytes())]]);
                assert_eq!(name, parsed(&format!("CN={value}")), "{value:?}");
            }
        }
    }

    #[test]
    fn what_is_no_name_is_none() {
        for der in [
            &[][..],
            &[0x30],
            &[0x30, 1, 0],
            &[0x31, 0],
            &[0x30, 0, 0],
            &[0x30, 2, 0x31, 1],
            &[0x30, 2, 0x31, 0],
        ] {
            assert_eq!(DistinguishedName::from_der(der), None, "{der:?}");
        }
        for text in [
            "", "alice", "CN=a,", "CN=a\\", "XX=a", "CN=\"a", "CN=#zz", "CN=#0c05", "CN=\\ff",
        ] {
            assert!(DistinguishedName::parse(text).is_err(), "{text:?}");
        }
        // What is no string is compared as it is.
        let odd = name(&[vec![pair(COMMON_NAME, 0x04, b"alice")]]);
        assert_ne!(odd, parsed("CN=alice"));
        assert_eq!(odd, parsed("CN=#0405616c696365"));
    }
}
