//! Keys that are strong, and yet not of this time.

use openssl::pkey::Id;
use openssl::x509::X509Ref;

use super::departure::Departure;

pub fn check(certificate: &X509Ref) -> Result<(), Departure> {
    // One that can't be read has verified nothing; AWS-LC has refused it.
    let Ok(key) = certificate.public_key() else {
        return Ok(());
    };
    match key.id() {
        Id::DSA => Err(Departure::Dsa),
        Id::RSA | Id::RSA_PSS if key.bits() % 8 != 0 => Err(Departure::RsaSize(key.bits())),
        _ => Ok(()),
    }
}
