//! Extensions: none twice, and critical or not as they must be (RFC 5280 sections 4.2, 4.2.1 and 4.2.2).

use super::certificate::{Certificate, id_ce};
use super::departure::Departure;
use crate::der::{self, Extension};

/// What an extension's criticality must be.
enum Rule {
    /// Each certificate's.
    Critical,
    /// A CA's.
    CriticalInAuthority,
    /// Each certificate's.
    NotCritical,
    /// Either is allowed.
    Free,
}

/// Those that the RFC defines.
const KNOWN: &[(&[u8], &str, &str, Rule)] = &[
    (
        &id_ce::AUTHORITY_KEY_IDENTIFIER,
        "authorityKeyIdentifier",
        "4.2.1.1",
        Rule::NotCritical,
    ),
    (
        &id_ce::SUBJECT_KEY_IDENTIFIER,
        "subjectKeyIdentifier",
        "4.2.1.2",
        Rule::NotCritical,
    ),
    (&id_ce::KEY_USAGE, "keyUsage", "4.2.1.3", Rule::Free),
    (
        &[0x55, 0x1d, 32],
        "certificatePolicies",
        "4.2.1.4",
        Rule::Free,
    ),
    (&[0x55, 0x1d, 33], "policyMappings", "4.2.1.5", Rule::Free),
    (
        &id_ce::SUBJECT_ALT_NAME,
        "subjectAltName",
        "4.2.1.6",
        Rule::Free,
    ),
    (
        &id_ce::ISSUER_ALT_NAME,
        "issuerAltName",
        "4.2.1.7",
        Rule::Free,
    ),
    (
        &[0x55, 0x1d, 9],
        "subjectDirectoryAttributes",
        "4.2.1.8",
        Rule::NotCritical,
    ),
    (
        &id_ce::BASIC_CONSTRAINTS,
        "basicConstraints",
        "4.2.1.9",
        Rule::CriticalInAuthority,
    ),
    (
        &id_ce::NAME_CONSTRAINTS,
        "nameConstraints",
        "4.2.1.10",
        Rule::Critical,
    ),
    (
        &[0x55, 0x1d, 36],
        "policyConstraints",
        "4.2.1.11",
        Rule::Critical,
    ),
    (&EXT_KEY_USAGE, "extKeyUsage", "4.2.1.12", Rule::Free),
    (
        &[0x55, 0x1d, 31],
        "cRLDistributionPoints",
        "4.2.1.13",
        Rule::Free,
    ),
    (
        &[0x55, 0x1d, 54],
        "inhibitAnyPolicy",
        "4.2.1.14",
        Rule::Critical,
    ),
    (
        &[0x55, 0x1d, 46],
        "freshestCRL",
        "4.2.1.15",
        Rule::NotCritical,
    ),
    (
        &AUTHORITY_INFO_ACCESS,
        "authorityInfoAccess",
        "4.2.2.1",
        Rule::NotCritical,
    ),
    (
        &SUBJECT_INFO_ACCESS,
        "subjectInfoAccess",
        "4.2.2.2",
        Rule::NotCritical,
    ),
];
const EXT_KEY_USAGE: [u8; 3] = [0x55, 0x1d, 37];
/// 1.3.6.1.5.5.7.1.1 and .11.
const AUTHORITY_INFO_ACCESS: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 1, 1];
const SUBJECT_INFO_ACCESS: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 1, 11];

pub fn check(certificate: &Certificate<'_>) -> Result<(), Departure> {
    let is_authority = certificate.is_authority() == Some(true);
    for (at, extension) in certificate.extensions.iter().enumerate() {
        let known = KNOWN.iter().find(|(oid, ..)| *oid == extension.oid);
        let before = &certificate.extensions[..at];
        if before.iter().any(|other| other.oid == extension.oid) {
            let name = known.map_or("of another standard", |(_, name, ..)| name);
            return Err(Departure::Twice(name));
        }
        let Some((_, name, section, rule)) = known else {
            continue;
        };
        match rule {
            Rule::Critical if !extension.critical => {
                return Err(Departure::NotCritical(name, section));
            }
            Rule::CriticalInAuthority if is_authority && !extension.critical => {
                return Err(Departure::NotCritical(name, section));
            }
            Rule::NotCritical if extension.critical => {
                return Err(Departure::Critical(name, section));
            }
            _ => {}
        }
        check_content(extension, name, section)?;
    }
    Ok(())
}

/// `SEQUENCE SIZE (1..MAX)`, and of what.
fn check_content(
    extension: &Extension<'_>,
    name: &'static str,
    section: &'static str,
) -> Result<(), Departure> {
    let is_item: fn(&[u8]) -> bool = match extension.oid {
        oid if oid == EXT_KEY_USAGE => |item| item.first() == Some(&der::OID),
        // A method and where to find it: a GeneralName, which has a tag of its context.
        oid if oid == AUTHORITY_INFO_ACCESS || oid == SUBJECT_INFO_ACCESS => |item| {
            let description = der::element(item).filter(|e| e.tag == der::SEQUENCE);
            let method = description.and_then(|e| der::element(e.content));
            let location = method.filter(|e| e.tag == der::OID);
            location
                .and_then(|method| der::element(method.rest))
                .is_some_and(|e| e.tag & 0xc0 == 0x80 && e.rest.is_empty())
        },
        _ => return Ok(()),
    };
    match list_of(extension.value, is_item) {
        true => Ok(()),
        false => Err(Departure::Malformed(name, section)),
    }
}

/// Whether it is a SEQUENCE of such items, of one at least, and nothing after it.
fn list_of(value: &[u8], is_item: fn(&[u8]) -> bool) -> bool {
    let Some(list) = der::element(value).filter(|e| e.tag == der::SEQUENCE && e.rest.is_empty())
    else {
        return false;
    };
    let mut rest = list.content;
    while let Some(item) = der::element(rest) {
        if !is_item(rest) {
            return false;
        }
        rest = item.rest;
    }
    rest.is_empty() && !list.content.is_empty()
}
