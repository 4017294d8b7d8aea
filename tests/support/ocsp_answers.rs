//! OCSP responses (RFC 6960 section 4.2.1), written byte by byte: true ones, and such as no honest responder makes.

use std::time::{SystemTime, UNIX_EPOCH};

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sha::{sha1, sha256};
use openssl::sign::Signer;
use openssl::x509::{X509, X509NameRef, X509Ref};

/// A recipe for one; the defaults make a good answer of the issuer itself.
#[derive(Clone)]
pub struct Answer {
    pub subject: X509,
    pub issuer: X509,
    /// Whose name is in it as the responder's.
    pub signer: X509,
    pub key: PKey<Private>,
    /// What comes along.
    pub certificates: Vec<X509>,
    pub status: Status,
    /// Seconds from now.
    pub this_update: i64,
    pub next_update: Option<i64>,
    pub sha256_id: bool,
    pub weak_signature: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Status {
    Good,
    Revoked,
    Unknown,
}

impl Answer {
    pub fn new(subject: &X509, issuer: &X509, key: &PKey<Private>) -> Self {
        Self {
            subject: subject.clone(),
            issuer: issuer.clone(),
            signer: issuer.clone(),
            key: key.clone(),
            certificates: Vec::new(),
            status: Status::Good,
            this_update: -10,
            next_update: Some(3600),
            sha256_id: false,
            weak_signature: false,
        }
    }

    pub fn status(self, status: Status) -> Self {
        Self { status, ..self }
    }

    pub fn times(self, this_update: i64, next_update: Option<i64>) -> Self {
        Self {
            this_update,
            next_update,
            ..self
        }
    }

    /// Signed by another one, whose certificate comes along.
    pub fn signed_by(self, signer: &X509, key: &PKey<Private>) -> Self {
        Self {
            signer: signer.clone(),
            key: key.clone(),
            certificates: vec![signer.clone()],
            ..self
        }
    }

    pub fn der(&self) -> Vec<u8> {
        let status = match self.status {
            Status::Good => tlv(0x80, &[]),
            // keyCompromise
            Status::Revoked => tlv(0xa1, &[time(-5), tlv(0xa0, &tlv(0x0a, &[1]))].concat()),
            Status::Unknown => tlv(0x82, &[]),
        };
        let mut single = [self.id(), status, time(self.this_update)].concat();
        if let Some(next) = self.next_update {
            single.extend(tlv(0xa0, &time(next)));
        }
        let data = sequence(&[
            tlv(0xa1, &self.signer.subject_name().to_der().unwrap()),
            time(self.this_update),
            sequence(&[sequence(&[single])]),
        ]);
        let (digest, last) = match self.weak_signature {
            false => (MessageDigest::sha256(), &[0x03, 0x02][..]),
            true => (MessageDigest::sha1(), &[0x01][..]),
        };
        let mut signer = Signer::new(digest, &self.key).unwrap();
        let signature = signer.sign_oneshot_to_vec(&data).unwrap();
        let oid = [&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04][..], last].concat();
        let mut basic = vec![
            data,
            sequence(&[tlv(0x06, &oid)]),
            tlv(0x03, &[&[0], &signature[..]].concat()),
        ];
        if !self.certificates.is_empty() {
            let all: Vec<_> = self
                .certificates
                .iter()
                .map(|c| c.to_der().unwrap())
                .collect();
            basic.push(tlv(0xa0, &sequence(&all)));
        }
        // id-pkix-ocsp-basic
        let kind = tlv(0x06, &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1]);
        let bytes = sequence(&[kind, tlv(0x04, &sequence(&basic))]);
        sequence(&[tlv(0x0a, &[0]), tlv(0xa0, &bytes)])
    }

    fn id(&self) -> Vec<u8> {
        let spki = self
            .issuer
            .public_key()
            .unwrap()
            .public_key_to_der()
            .unwrap();
        let (name, key) = (name(self.issuer.subject_name()), key_bits(&spki));
        let (oid, name, key) = match self.sha256_id {
            false => (
                tlv(0x06, &[0x2b, 0x0e, 3, 2, 0x1a]),
                sha1(&name).to_vec(),
                sha1(&key).to_vec(),
            ),
            true => (
                tlv(0x06, &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]),
                sha256(&name).to_vec(),
                sha256(&key).to_vec(),
            ),
        };
        sequence(&[
            sequence(&[oid, tlv(0x05, &[])]),
            tlv(0x04, &name),
            tlv(0x04, &key),
            tlv(0x02, &serial(&self.subject)),
        ])
    }
}

/// A response without an answer: 3 is tryLater, 6 unauthorized.
pub fn declined(status: u8) -> Vec<u8> {
    sequence(&[tlv(0x0a, &[status])])
}

/// As it stands in certificates, requests and answers.
pub fn serial(certificate: &X509Ref) -> Vec<u8> {
    let bytes = certificate.serial_number().to_bn().unwrap().to_vec();
    match bytes.first() {
        Some(0x80..) | None => [&[0], &bytes[..]].concat(),
        _ => bytes,
    }
}

/// An authority information access that names an OCSP responder (RFC 5280 section 4.2.2.1).
pub fn access(url: &str) -> Vec<u8> {
    let method = tlv(0x06, &[0x2b, 6, 1, 5, 5, 7, 0x30, 1]);
    sequence(&[sequence(&[method, tlv(0x86, url.as_bytes())])])
}

fn name(name: &X509NameRef) -> Vec<u8> {
    name.to_der().unwrap()
}

/// What follows the algorithm in a SubjectPublicKeyInfo, without the count of unused bits.
fn key_bits(spki: &[u8]) -> Vec<u8> {
    let content = content(spki);
    let algorithm = 2 + content[1] as usize;
    self::content(&content[algorithm..])[1..].to_vec()
}

fn content(element: &[u8]) -> &[u8] {
    match element[1] {
        0x82 => &element[4..],
        0x81 => &element[3..],
        _ => &element[2..],
    }
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u16::try_from(content.len()).unwrap() {
        length @ 0..=0x7f => out.push(length as u8),
        length @ 0x80..=0xff => out.extend([0x81, length as u8]),
        length => {
            out.push(0x82);
            out.extend(length.to_be_bytes());
        }
    }
    out.extend(content);
    out
}

/// GeneralizedTime.
fn time(from_now: i64) -> Vec<u8> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs() as i64;
    let (days, seconds) = ((now + from_now) / 86_400, (now + from_now) % 86_400);
    let (mut year, mut day) = (1970, days);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while day >= 365 + i64::from(leap(year)) {
        day -= 365 + i64::from(leap(year));
        year += 1;
    }
    let lengths = [
        31,
        28 + i64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let text = format!(
        "{year:04}{:02}{:02}{hour:02}{minute:02}{second:02}Z",
        month + 1,
        day + 1
    );
    tlv(0x18, text.as_bytes())
}
