//! Revocation lists for the unit tests, byte by byte: also such as no library would make.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use openssl::x509::X509;

use super::test_certificates::Pair;

/// What a test wants of a list; start with [`of`] and change fields.
#[derive(Clone)]
pub struct CrlSpec {
    /// Name, DER.
    pub issuer: Vec<u8>,
    pub key: PKey<Private>,
    /// Seconds from now.
    pub from: i64,
    pub until: Option<i64>,
    /// Serial number and extensions (DER).
    pub entries: Vec<(Vec<u8>, Vec<u8>)>,
    pub extensions: Vec<Vec<u8>>,
    pub number: u8,
}

/// A list of this authority that is in force for a day.
pub fn of(authority: &Pair) -> CrlSpec {
    CrlSpec {
        issuer: authority.certificate.subject_name().to_der().unwrap(),
        key: authority.key.clone(),
        from: -3600,
        until: Some(86_400),
        entries: Vec::new(),
        extensions: Vec::new(),
        number: 1,
    }
}

impl CrlSpec {
    pub fn revoking(self, certificate: &X509) -> Self {
        self.revoking_with(certificate, &[])
    }

    /// With extensions of the entry.
    pub fn revoking_with(mut self, certificate: &X509, extensions: &[Vec<u8>]) -> Self {
        let serial = certificate.serial_number().to_bn().unwrap().to_vec();
        self.entries.push((serial, extensions.concat()));
        self
    }

    pub fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    pub fn from(self, from: i64) -> Self {
        Self { from, ..self }
    }

    pub fn until(self, until: i64) -> Self {
        Self {
            until: Some(until),
            ..self
        }
    }

    pub fn der(&self) -> Vec<u8> {
        let algorithm = [0x30, 0x0a, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
        let mut list = tlv(0x02, &[1]);
        list.extend(algorithm);
        list.extend(&self.issuer);
        list.extend(time(self.from));
        list.extend(self.until.map(time).unwrap_or_default());
        if !self.entries.is_empty() {
            let entries = self.entries.iter().map(|(serial, extensions)| {
                let mut entry = integer(serial);
                entry.extend(time(-600));
                if !extensions.is_empty() {
                    entry.extend(tlv(0x30, extensions));
                }
                tlv(0x30, &entry)
            });
            list.extend(tlv(0x30, &entries.collect::<Vec<_>>().concat()));
        }
        let number = extension(&[0x55, 0x1d, 0x14], false, &tlv(0x02, &[self.number]));
        let extensions = [number, self.extensions.concat()].concat();
        list.extend(tlv(0xa0, &tlv(0x30, &extensions)));
        let list = tlv(0x30, &list);
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key).unwrap();
        let signature = signer.sign_oneshot_to_vec(&list).unwrap();
        let signature = tlv(0x03, &[&[0], &signature[..]].concat());
        tlv(0x30, &[&list[..], &algorithm, &signature].concat())
    }
}

/// `Extension`
pub fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let mut content = tlv(0x06, oid);
    if critical {
        content.extend([0x01, 1, 0xff]);
    }
    content.extend(tlv(0x04, value));
    tlv(0x30, &content)
}

/// issuingDistributionPoint with these parts.
pub fn issuing_distribution_point(parts: &[Vec<u8>]) -> Vec<u8> {
    let value = tlv(0x30, &parts.concat());
    extension(&[0x55, 0x1d, 0x1c], true, &value)
}

/// `fullName` with a URL.
pub fn full_name(url: &str) -> Vec<u8> {
    tlv(0xa0, &tlv(0x86, url.as_bytes()))
}

/// An element.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=0x7f => out.push(short as u8),
        length => {
            let bytes = length.to_be_bytes();
            let digits: Vec<_> = bytes.iter().copied().skip_while(|b| *b == 0).collect();
            out.push(0x80 | digits.len() as u8);
            out.extend(digits);
        }
    }
    out.extend(content);
    out
}

/// Of a number's bytes.
pub fn integer(number: &[u8]) -> Vec<u8> {
    let zeroes = number.iter().take_while(|byte| **byte == 0).count();
    let number = &number[zeroes..];
    let sign = number.first().is_none_or(|byte| byte & 0x80 != 0);
    let content = [if sign { &[0][..] } else { &[] }, number].concat();
    tlv(0x02, &content)
}

/// `UTCTime`
fn time(from_now: i64) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seconds = now.as_secs().checked_add_signed(from_now).unwrap();
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds));
    let digits: String = text.to_string();
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    tlv(0x17, format!("{}Z", &digits[2..]).as_bytes())
}
