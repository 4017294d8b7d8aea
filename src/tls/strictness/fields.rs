//! What is in every certificate: version, serial number, names, validity (RFC 5280 section 4.1).

use super::certificate::{Certificate, id_ce};
use super::departure::Departure;
use crate::der::Element;

/// `UTCTime` and `GeneralizedTime`.
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// Section 4.1.2.2.
const SERIAL_OCTETS: usize = 20;

pub fn check(certificate: &Certificate<'_>) -> Result<(), Departure> {
    let [inner, outer] = certificate.algorithms;
    if inner != outer {
        return Err(Departure::TwoAlgorithms);
    }
    if certificate.version != 3 && !certificate.extensions.is_empty() {
        return Err(Departure::Version(certificate.version));
    }
    if certificate.unique_ids {
        return Err(Departure::UniqueIdentifiers);
    }
    check_serial(certificate.serial)?;
    if certificate.issuer.is_empty() {
        return Err(Departure::EmptyIssuer);
    }
    let [not_before, not_after] = certificate.validity;
    check_time(not_before, "notBefore")?;
    check_time(not_after, "notAfter")?;
    check_subject(certificate)
}

fn check_serial(serial: &[u8]) -> Result<(), Departure> {
    let is_negative = serial.first().is_none_or(|first| first & 0x80 != 0);
    if is_negative || serial.iter().all(|byte| *byte == 0) {
        return Err(Departure::SerialNotPositive);
    }
    match serial.len() {
        length if length > SERIAL_OCTETS => Err(Departure::SerialTooLong(length)),
        _ => Ok(()),
    }
}

/// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from 2050, nothing else.
fn check_time(time: Element<'_>, name: &'static str) -> Result<(), Departure> {
    let digits = match time.content.split_last() {
        Some((b'Z', digits)) if digits.iter().all(u8::is_ascii_digit) => digits,
        _ => return Err(Departure::Time(name)),
    };
    match (time.tag, digits.len()) {
        (UTC_TIME, 12) => Ok(()),
        (GENERALIZED_TIME, 14) if digits >= &b"2050"[..] => Ok(()),
        _ => Err(Departure::Time(name)),
    }
}

fn check_subject(certificate: &Certificate<'_>) -> Result<(), Departure> {
    if !certificate.subject.is_empty() {
        return Ok(());
    }
    if certificate.is_authority() == Some(true) {
        return Err(Departure::EmptySubjectOfAuthority);
    }
    match certificate.extension(id_ce::SUBJECT_ALT_NAME) {
        Some(names) if names.critical => Ok(()),
        _ => Err(Departure::EmptySubject),
    }
}
