//! Which key is whose (RFC 5280 sections 4.2.1.1 and 4.2.1.2).

use super::Place;
use super::certificate::{Certificate, id_ce};
use super::departure::Departure;
use crate::der;

/// `keyIdentifier [0] IMPLICIT OCTET STRING`.
const KEY_IDENTIFIER: u8 = 0x80;

pub fn check(certificate: &Certificate<'_>, place: Place) -> Result<(), Departure> {
    let of_issuer = certificate.extension(id_ce::AUTHORITY_KEY_IDENTIFIER);
    let names_key = |value| {
        let fields = der::element(value).map(|list| list.content);
        der::elements(fields.unwrap_or_default()).any(|e| e.tag == KEY_IDENTIFIER)
    };
    match of_issuer {
        Some(identifier) if names_key(identifier.value) => {}
        // A root's own key is its issuer's.
        None if certificate.is_self_issued() => {}
        _ => return Err(Departure::NoAuthorityKeyIdentifier),
    }
    let own = certificate.extension(id_ce::SUBJECT_KEY_IDENTIFIER);
    let is_authority = place == Place::Authority || certificate.is_authority() == Some(true);
    match own {
        None if is_authority => Err(Departure::NoSubjectKeyIdentifier),
        _ => Ok(()),
    }
}
