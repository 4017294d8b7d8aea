//! Revocation lists, made when a test runs.

use openssl::asn1::{Asn1Integer, Asn1Object, Asn1OctetString};
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::x509::{X509CrlBuilder, X509Extension, X509RevokedBuilder};

use super::pki::{Identity, from_now};

/// What a list says; start with [`of`].
pub struct Recipe<'a> {
    issuer: &'a Identity,
    revoked: Vec<&'a Identity>,
    /// Seconds from now.
    this_update: i64,
    next_update: i64,
    /// Entries of certificates that nobody has.
    others: u32,
}

/// A list of this CA, in force for a day.
pub fn of(issuer: &Identity) -> Recipe<'_> {
    Recipe {
        issuer,
        revoked: Vec::new(),
        this_update: -3600,
        next_update: 86_400,
        others: 0,
    }
}

impl<'a> Recipe<'a> {
    pub fn revoking(mut self, identity: &'a Identity) -> Self {
        self.revoked.push(identity);
        self
    }

    /// Due to be replaced in so many seconds.
    pub fn until(self, next_update: i64) -> Self {
        Self {
            next_update,
            ..self
        }
    }

    /// With so many more entries.
    pub fn of_nobody(self, others: u32) -> Self {
        Self { others, ..self }
    }

    /// Made so many seconds from now.
    pub fn from(self, this_update: i64) -> Self {
        Self {
            this_update,
            ..self
        }
    }

    pub fn pem(&self) -> String {
        self.signed_by(self.issuer)
    }

    /// With another one's key.
    pub fn signed_by(&self, signer: &Identity) -> String {
        let mut crl = X509CrlBuilder::new().unwrap();
        let name = self.issuer.certificate.subject_name();
        crl.set_issuer_name(name).unwrap();
        crl.set_last_update(&from_now(self.this_update)).unwrap();
        crl.set_next_update(&from_now(self.next_update)).unwrap();
        // Both must be there.
        for (oid, value) in [("2.5.29.20", &[2, 1, 1][..]), ("2.5.29.35", &[0x30, 0])] {
            let oid = Asn1Object::from_str(oid).unwrap();
            let value = Asn1OctetString::new_from_bytes(value).unwrap();
            let extension = X509Extension::new_from_der(&oid, false, &value).unwrap();
            crl.append_extension(extension).unwrap();
        }
        for revoked in &self.revoked {
            let serial: BigNum = revoked.certificate.serial_number().to_bn().unwrap();
            let mut entry = X509RevokedBuilder::new().unwrap();
            let serial = Asn1Integer::from_bn(&serial).unwrap();
            entry.set_serial_number(&serial).unwrap();
            entry.set_revocation_date(&from_now(-600)).unwrap();
            crl.add_revoked(entry.build()).unwrap();
        }
        for number in 0..self.others {
            let serial = BigNum::from_u32(number + 1).unwrap();
            let mut entry = X509RevokedBuilder::new().unwrap();
            let serial = Asn1Integer::from_bn(&serial).unwrap();
            entry.set_serial_number(&serial).unwrap();
            entry.set_revocation_date(&from_now(-600)).unwrap();
            crl.add_revoked(entry.build()).unwrap();
        }
        crl.sign(&signer.key, MessageDigest::sha256()).unwrap();
        String::from_utf8(crl.build().unwrap().to_pem().unwrap()).unwrap()
    }
}
