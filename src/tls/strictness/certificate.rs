//! A certificate's parts as they are written (RFC 5280 section 4.1).

use crate::der::{self, Element, Extension};

/// `[0]`, `[1]` and `[2]` in a certificate's to-be-signed part.
const VERSION: u8 = 0xa0;
const UNIQUE_IDS: [u8; 2] = [0x81, 0x82];

/// The second byte of the object identifiers `2.5.29.*` (`id-ce`).
pub mod id_ce {
    pub const SUBJECT_KEY_IDENTIFIER: [u8; 3] = [0x55, 0x1d, 14];
    pub const KEY_USAGE: [u8; 3] = [0x55, 0x1d, 15];
    pub const SUBJECT_ALT_NAME: [u8; 3] = [0x55, 0x1d, 17];
    pub const ISSUER_ALT_NAME: [u8; 3] = [0x55, 0x1d, 18];
    pub const BASIC_CONSTRAINTS: [u8; 3] = [0x55, 0x1d, 19];
    pub const NAME_CONSTRAINTS: [u8; 3] = [0x55, 0x1d, 30];
    pub const AUTHORITY_KEY_IDENTIFIER: [u8; 3] = [0x55, 0x1d, 35];
}

/// What the checks look at.
pub struct Certificate<'a> {
    /// 1, 2 or 3.
    pub version: u8,
    /// The content of the INTEGER.
    pub serial: &'a [u8],
    /// The content of both AlgorithmIdentifiers: in the signed part, and beside the signature.
    pub algorithms: [&'a [u8]; 2],
    pub issuer: &'a [u8],
    /// notBefore and notAfter.
    pub validity: [Element<'a>; 2],
    pub subject: &'a [u8],
    /// Whether it has an issuerUniqueID or a subjectUniqueID.
    pub unique_ids: bool,
    pub extensions: Vec<Extension<'a>>,
}

impl<'a> Certificate<'a> {
    /// Of DER.
    pub fn of(der: &'a [u8]) -> Option<Self> {
        let whole = der::element(der)?;
        let signed = der::element(whole.content)?;
        let outer = der::element(signed.rest)?;
        let mut parts = der::elements(signed.content).peekable();
        let version = match parts.next_if(|part| part.tag == VERSION) {
            Some(part) => der::element(part.content)?.content.last()? + 1,
            None => 1,
        };
        let serial = parts.next()?.content;
        let inner = parts.next()?;
        let issuer = parts.next()?.content;
        let validity = parts.next()?.content;
        let not_before = der::element(validity)?;
        let not_after = der::element(not_before.rest)?;
        let subject = parts.next()?.content;
        // The key.
        parts.next()?;
        Some(Self {
            version,
            serial,
            algorithms: [inner.content, outer.content],
            issuer,
            validity: [not_before, not_after],
            subject,
            unique_ids: parts.any(|part| UNIQUE_IDS.contains(&part.tag)),
            extensions: der::certificate_extensions(der).collect(),
        })
    }

    /// The extension of this name.
    pub fn extension(&self, oid: [u8; 3]) -> Option<Extension<'a>> {
        self.extensions.iter().find(|e| e.oid == oid).copied()
    }

    /// Whether it has its issuer's name, as a root has.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// The CA flag, if there are basicConstraints (section 4.2.1.9).
    pub fn is_authority(&self) -> Option<bool> {
        let constraints = self.extension(id_ce::BASIC_CONSTRAINTS)?;
        let first = der::element(constraints.value).and_then(|list| der::element(list.content));
        Some(first.is_some_and(|flag| flag.tag == der::BOOLEAN && flag.content != [0]))
    }

    /// pathLenConstraint, if there is one.
    pub fn has_path_length(&self) -> bool {
        let constraints = self.extension(id_ce::BASIC_CONSTRAINTS);
        let list = constraints.and_then(|constraints| der::element(constraints.value));
        list.is_some_and(|list| der::elements(list.content).any(|e| e.tag == der::INTEGER))
    }

    /// The keyUsage bit of this number (section 4.2.1.3), if there is a keyUsage.
    pub fn usage(&self, bit: u8) -> Option<bool> {
        let usage = der::element(self.extension(id_ce::KEY_USAGE)?.value)?;
        // The first octet is the number of unused bits.
        let octet = usage.content.get(1 + usize::from(bit / 8));
        Some(octet.is_some_and(|octet| octet & (0x80 >> (bit % 8)) != 0))
    }
}
