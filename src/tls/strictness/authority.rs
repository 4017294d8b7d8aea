//! Who is a CA, and says so (RFC 5280 sections 4.2.1.3 and 4.2.1.9).

use super::Place;
use super::certificate::Certificate;
use super::departure::Departure;

/// `keyCertSign` in `KeyUsage`.
const KEY_CERT_SIGN: u8 = 5;

pub fn check(certificate: &Certificate<'_>, place: Place) -> Result<(), Departure> {
    let signs = certificate.usage(KEY_CERT_SIGN);
    if place == Place::Authority {
        match (certificate.is_authority(), signs) {
            (None, _) => return Err(Departure::NoBasicConstraints),
            (_, None) => return Err(Departure::NoKeyUsage),
            _ => {}
        }
    }
    match (certificate.is_authority().unwrap_or(false), signs) {
        (true, Some(false)) => Err(Departure::NoCertSign),
        (false, Some(true)) => Err(Departure::CertSign),
        (is_authority, _) if !is_authority && certificate.has_path_length() => {
            Err(Departure::PathLength)
        }
        _ => Ok(()),
    }
}
