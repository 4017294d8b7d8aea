//! What is in a revocation list (RFC 5280 section 5.1): which certificates, and what else there is to know.
//!
//! Takes DER that AWS-LC has read without complaint; hands on an index of the serial numbers.

use std::ops::Range;

use openssl::x509::{X509Ref, X509Revoked};

use super::CrlFault;
use super::scope::Scope;
use crate::der;

/// The entries, by serial number.
pub struct Entries {
    /// The list.
    der: Vec<u8>,
    /// The contents of the entries in it, in the order of their serial numbers' bytes: AWS-LC takes
    /// each number in one form only.
    sorted: Vec<Range<u32>>,
}

impl Entries {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// When and why the certificate was revoked, in words, if there is an entry for its number.
    pub fn find(&self, certificate: &X509Ref) -> Option<String> {
        let certificate = certificate.to_der().unwrap_or_default();
        let number = der::to_be_signed(&certificate)
            .and_then(|mut parts| parts.find(|part| part.tag == der::INTEGER));
        let Some(number) = number else {
            return Some("of an unreadable number, and so taken for revoked".to_owned());
        };
        let at = self
            .sorted
            .binary_search_by(|entry| self.number(entry).cmp(number.content))
            .ok()?;
        Some(words(self.entry(&self.sorted[at])))
    }

    fn number(&self, entry: &Range<u32>) -> &[u8] {
        der::element(self.entry(entry)).map_or(&[], |number| number.content)
    }

    fn entry(&self, entry: &Range<u32>) -> &[u8] {
        &self.der[entry.start as usize..entry.end as usize]
    }
}

/// What the list is about, and its entries. Fails if it says anything that must be understood and isn't.
pub fn contents(bytes: &[u8]) -> Result<(Scope, Entries), CrlFault> {
    let mut scope = Scope::default();
    let mut entries = Entries {
        der: bytes.to_vec(),
        sorted: Vec::new(),
    };
    let mut sequences = 0;
    for part in der::to_be_signed(bytes).into_iter().flatten() {
        // The algorithm, the issuer, and then the entries, if there are any.
        sequences += u32::from(part.tag == der::SEQUENCE);
        match part.tag {
            EXTENSIONS => scope = read_extensions(part.content)?,
            der::SEQUENCE if sequences == 3 => {
                for entry in der::elements(part.content) {
                    understand(entry.content)?;
                    let start = entry.content.as_ptr().addr() - bytes.as_ptr().addr();
                    let number = |at| u32::try_from(at).map_err(|_| CrlFault::Unclear);
                    let range = number(start)?..number(start + entry.content.len())?;
                    entries.sorted.push(range);
                }
            }
            _ => {}
        }
    }
    let mut sorted = std::mem::take(&mut entries.sorted);
    sorted.sort_by(|a, b| entries.number(a).cmp(entries.number(b)));
    entries.sorted = sorted;
    Ok((scope, entries))
}

/// Those of the whole list.
fn read_extensions(content: &[u8]) -> Result<Scope, CrlFault> {
    const AUTHORITY_KEY: [u8; 3] = [0x55, 0x1d, 0x23];
    const ISSUING_DISTRIBUTION_POINT: [u8; 3] = [0x55, 0x1d, 0x1c];
    const DELTA: [u8; 3] = [0x55, 0x1d, 0x1b];
    let list = der::element(content).ok_or(CrlFault::Unclear)?;
    let mut scope = Scope::default();
    for extension in der::extensions(list.content) {
        match extension.oid {
            oid if oid == DELTA => return Err(CrlFault::Delta),
            oid if oid == ISSUING_DISTRIBUTION_POINT => scope = Scope::of(extension.value)?,
            oid if extension.critical && oid != AUTHORITY_KEY => {
                return Err(CrlFault::CriticalExtension(der::oid_text(oid)));
            }
            _ => {}
        }
    }
    Ok(scope)
}

/// Those of an entry.
fn understand(entry: &[u8]) -> Result<(), CrlFault> {
    const CERTIFICATE_ISSUER: [u8; 3] = [0x55, 0x1d, 0x1d];
    for extension in entry_extensions(entry) {
        if extension.oid == CERTIFICATE_ISSUER {
            return Err(CrlFault::Indirect);
        }
        if extension.critical {
            let oid = der::oid_text(extension.oid);
            return Err(CrlFault::CriticalEntryExtension(oid));
        }
    }
    Ok(())
}

/// After serial number and date.
fn entry_extensions(entry: &[u8]) -> impl Iterator<Item = der::Extension<'_>> {
    let list = der::elements(entry).nth(2);
    list.into_iter()
        .flat_map(|list| der::extensions(list.content))
}

fn words(entry: &[u8]) -> String {
    let mut words = "revoked".to_owned();
    let mut whole = Vec::with_capacity(entry.len() + 4);
    whole.push(der::SEQUENCE);
    // Entries are short; a longer one goes without its date.
    if let Ok(length @ 0..=0x7f) = u8::try_from(entry.len()) {
        whole.push(length);
        whole.extend(entry);
        if let Ok(entry) = X509Revoked::from_der(&whole) {
            words += &format!(" on {}", entry.revocation_date());
        }
    }
    words + reason(entry)
}

/// RFC 5280 section 5.3.1. removeFromCRL belongs into delta CRLs: what a complete list lists is revoked.
fn reason(entry: &[u8]) -> &'static str {
    const REASON_CODE: [u8; 3] = [0x55, 0x1d, 0x15];
    let found = entry_extensions(entry).find(|extension| extension.oid == REASON_CODE);
    let code = found.and_then(|reason| der::element(reason.value)?.content.last().copied());
    match code {
        Some(1) => " (keyCompromise)",
        Some(2) => " (cACompromise)",
        Some(3) => " (affiliationChanged)",
        Some(4) => " (superseded)",
        Some(5) => " (cessationOfOperation)",
        Some(6) => " (certificateHold)",
        Some(9) => " (privilegeWithdrawn)",
        Some(10) => " (aACompromise)",
        _ => "",
    }
}

/// `[0]` of a list's to-be-signed part.
const EXTENSIONS: u8 = 0xa0;
