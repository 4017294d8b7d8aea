//! Certificates byte by byte (RFC 5280 section 4.1): also such as no library would make. The defaults keep to every
//! rule of the RFC, so that a test changes one thing.

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sha::sha1;
use openssl::sign::Signer;
use openssl::x509::X509;

use super::client::{self, Client};
use super::pki::{self, Identity, Key};

pub const AKI: &[u8] = &[0x55, 0x1d, 35];
pub const SKI: &[u8] = &[0x55, 0x1d, 14];
pub const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
pub const SAN: &[u8] = &[0x55, 0x1d, 17];
pub const BASIC: &[u8] = &[0x55, 0x1d, 19];
pub const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
pub const EKU: &[u8] = &[0x55, 0x1d, 37];
pub const CN: u8 = 3;
pub const O: u8 = 10;
pub const OU: u8 = 11;
pub const UTF8: u8 = 0x0c;
pub const BMP: u8 = 0x1e;
const CLIENT_AUTH: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 3, 2];
const SERVER_AUTH: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 3, 1];
const ECDSA_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const RSA_SHA256: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];

/// What goes into a certificate.
#[derive(Clone)]
pub struct Plan {
    pub version: u8,
    pub serial: Vec<u8>,
    pub subject: Vec<u8>,
    /// In the place of the issuer's own.
    pub issuer: Option<Vec<u8>>,
    /// Whole elements, or seconds from now.
    pub not_before: Time,
    pub not_after: Time,
    pub key: PKey<Private>,
    /// Name, whether it is critical, content.
    pub extensions: Vec<(Vec<u8>, bool, Vec<u8>)>,
    pub digest: MessageDigest,
}

#[derive(Clone)]
pub enum Time {
    FromNow(i64),
    Written(Vec<u8>),
}

/// A certificate, its key, and what is sent with it.
#[derive(Clone)]
pub struct Made {
    pub der: Vec<u8>,
    pub key: PKey<Private>,
    pub name: Vec<u8>,
    pub chain: Vec<Vec<u8>>,
}

pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    out.extend(content);
    out
}

pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// An attribute of `2.5.4`, in an RDN of its own.
pub fn rdn(kind: u8, tag: u8, value: &[u8]) -> Vec<u8> {
    tlv(0x31, &attribute(kind, tag, value))
}

pub fn attribute(kind: u8, tag: u8, value: &[u8]) -> Vec<u8> {
    sequence(&[tlv(6, &[0x55, 4, kind]), tlv(tag, value)])
}

/// `O=Tests`, and this CN.
pub fn name(common_name: &str) -> Vec<u8> {
    let common_name = rdn(CN, UTF8, common_name.as_bytes());
    sequence(&[rdn(O, UTF8, b"Tests"), common_name])
}

/// The content of a SAN extension: context tag and value of each name.
pub fn names(names: &[(u8, &[u8])]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|(kind, v)| tlv(0x80 | kind, v)).collect();
    sequence(&names)
}

pub fn client(common_name: &str) -> Plan {
    let dns = (2, &b"client.example"[..]);
    Plan::new(name(common_name))
        .with(BASIC, true, &sequence(&[]))
        .with(KEY_USAGE, true, &[3, 2, 7, 0x80])
        .with(EKU, false, &sequence(&[tlv(6, &CLIENT_AUTH)]))
        .with(SAN, false, &names(&[dns]))
}

pub fn server_only() -> Vec<u8> {
    sequence(&[tlv(6, &SERVER_AUTH)])
}

pub fn authority(common_name: &str) -> Plan {
    Plan::new(name(common_name))
        .with(BASIC, true, &is_ca(None))
        .with(KEY_USAGE, true, &[3, 2, 1, 0x86])
}

/// basicConstraints of a CA.
pub fn is_ca(path_length: Option<u8>) -> Vec<u8> {
    let length = path_length.map(|length| tlv(2, &[length]));
    sequence(&[tlv(1, &[0xff]), length.unwrap_or_default()])
}

/// 0 permits, 1 excludes; context tag and value of each name.
pub type Subtrees<'a> = (u8, &'a [(u8, &'a [u8])]);

/// nameConstraints of these lists.
pub fn constraints(lists: &[Subtrees<'_>]) -> Vec<u8> {
    let list = |(kind, names): &Subtrees<'_>| {
        let trees = names
            .iter()
            .map(|(tag, value)| tlv(0x30, &tlv(*tag, value)));
        tlv(0xa0 | kind, &trees.collect::<Vec<_>>().concat())
    };
    sequence(&lists.iter().map(list).collect::<Vec<_>>())
}

impl Plan {
    fn new(subject: Vec<u8>) -> Self {
        let mut serial = [0; 12];
        openssl::rand::rand_bytes(&mut serial).unwrap();
        serial[0] = 0x40;
        Self {
            version: 3,
            serial: serial.to_vec(),
            subject,
            issuer: None,
            not_before: Time::FromNow(-3600),
            not_after: Time::FromNow(86_400),
            key: Key::P256.generate(),
            extensions: Vec::new(),
            digest: MessageDigest::sha256(),
        }
    }

    /// Also in the place of one of this name.
    pub fn with(self, name: &[u8], critical: bool, content: &[u8]) -> Self {
        self.without(name).and(name, critical, content)
    }

    /// Beside one of this name.
    pub fn and(mut self, name: &[u8], critical: bool, content: &[u8]) -> Self {
        let extension = (name.to_vec(), critical, content.to_vec());
        self.extensions.push(extension);
        self
    }

    pub fn without(mut self, name: &[u8]) -> Self {
        self.extensions.retain(|(known, ..)| known != name);
        self
    }

    pub fn named(self, subject: Vec<u8>) -> Self {
        Self { subject, ..self }
    }

    pub fn keyed(self, key: Key) -> Self {
        let key = key.generate();
        Self { key, ..self }
    }

    pub fn valid(self, not_before: i64, not_after: i64) -> Self {
        Self {
            not_before: Time::FromNow(not_before),
            not_after: Time::FromNow(not_after),
            ..self
        }
    }

    pub fn self_signed(&self) -> Made {
        let der = self.der(&self.subject, &self.key);
        Made {
            der,
            key: self.key.clone(),
            name: self.subject.clone(),
            chain: Vec::new(),
        }
    }

    /// An intermediate CA is sent along.
    pub fn signed_by(&self, issuer: &Made) -> Made {
        let is_root = issuer.is_root();
        let mut chain = issuer.chain.clone();
        if !is_root {
            chain.insert(0, issuer.der.clone());
        }
        Made {
            der: self.der(&issuer.name, &issuer.key),
            chain,
            key: self.key.clone(),
            name: self.subject.clone(),
        }
    }

    fn der(&self, issuer: &[u8], signer: &PKey<Private>) -> Vec<u8> {
        let issuer = self.issuer.as_deref().unwrap_or(issuer).to_vec();
        let (algorithm, digest) = match signer.id() {
            openssl::pkey::Id::RSA => (sequence(&[tlv(6, &RSA_SHA256), vec![5, 0]]), self.digest),
            _ => (sequence(&[tlv(6, &ECDSA_SHA256)]), self.digest),
        };
        let mut parts = vec![
            tlv(0xa0, &tlv(2, &[self.version - 1])),
            tlv(2, &self.serial),
            algorithm.clone(),
            issuer,
            sequence(&[self.not_before.der(), self.not_after.der()]),
            self.subject.clone(),
            self.key.public_key_to_der().unwrap(),
        ];
        let extensions = self.all_extensions(signer);
        if !extensions.is_empty() {
            parts.push(tlv(0xa3, &sequence(&extensions)));
        }
        let signed = sequence(&parts);
        let mut signature = vec![0];
        let mut with = Signer::new(digest, signer).unwrap();
        signature.extend(with.sign_oneshot_to_vec(&signed).unwrap());
        sequence(&[signed, algorithm, tlv(3, &signature)])
    }

    /// The identifiers of both keys too, unless there is an empty one of that name.
    fn all_extensions(&self, signer: &PKey<Private>) -> Vec<Vec<u8>> {
        let id = |key: &PKey<Private>| sha1(&key.public_key_to_der().unwrap());
        let own = (SKI.to_vec(), false, tlv(4, &id(&self.key)));
        let issuers = sequence(&[tlv(0x80, &id(signer))]);
        let issuers = (AKI.to_vec(), false, issuers);
        let mut all = self.extensions.clone();
        for identifier in [own, issuers] {
            if !all.iter().any(|(name, ..)| *name == identifier.0) {
                all.push(identifier);
            }
        }
        let wanted = all.iter().filter(|(.., content)| !content.is_empty());
        wanted
            .map(|(name, critical, content)| {
                let critical = if *critical {
                    tlv(1, &[0xff])
                } else {
                    Vec::new()
                };
                sequence(&[tlv(6, name), critical, tlv(4, content)])
            })
            .collect()
    }
}

impl Time {
    fn der(&self) -> Vec<u8> {
        match self {
            Self::Written(der) => der.clone(),
            Self::FromNow(seconds) => {
                let now = std::time::SystemTime::now();
                let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
                let time = std::time::Duration::from_secs((now + seconds) as u64);
                let text = humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + time);
                let digits: String = text
                    .to_string()
                    .chars()
                    .filter(char::is_ascii_digit)
                    .collect();
                tlv(0x17, format!("{}Z", &digits[2..]).as_bytes())
            }
        }
    }
}

impl Made {
    fn is_root(&self) -> bool {
        // Issued by its own name.
        let certificate = X509::from_der(&self.der);
        certificate
            .is_ok_and(|c| c.issuer_name().to_der().unwrap() == c.subject_name().to_der().unwrap())
    }

    /// What is sent, its own first.
    pub fn sent(&self) -> Vec<Vec<u8>> {
        std::iter::once(&self.der)
            .chain(&self.chain)
            .cloned()
            .collect()
    }

    /// Sends something else along.
    pub fn sending(&self, others: &[&Made]) -> Self {
        Self {
            chain: others.iter().map(|other| other.der.clone()).collect(),
            ..self.clone()
        }
    }

    /// Its signature's last bit turned over.
    pub fn broken(mut self) -> Self {
        *self.der.last_mut().unwrap() ^= 1;
        self
    }

    pub fn pem(&self) -> String {
        self.sent().iter().map(|der| pem(der)).collect()
    }

    /// A client with this key that sends these bytes; `Err` if AWS-LC refuses to send them.
    pub fn client(&self) -> Result<Client, String> {
        let any = pki::client("anybody").self_signed();
        let identity = Identity {
            key: self.key.clone(),
            ..any
        };
        client::with(&identity).sending(&self.sent())
    }

    /// For who wants a parsed one.
    pub fn identity(&self) -> Identity {
        let read = |der: &Vec<u8>| X509::from_der(der).unwrap();
        Identity {
            certificate: read(&self.der),
            key: self.key.clone(),
            chain: self.chain.iter().map(read).collect(),
        }
    }
}

pub fn pem(der: &[u8]) -> String {
    let text = openssl::base64::encode_block(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).collect();
    let lines: Vec<_> = lines.iter().map(|l| String::from_utf8_lossy(l)).collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}
