//! Certificates, made when a test runs.

use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
};
use openssl::x509::{X509, X509Builder, X509Extension, X509Name, X509NameBuilder};

use super::ocsp_answers;

/// A certificate and its key.
#[derive(Clone)]
pub struct Identity {
    pub certificate: X509,
    pub key: PKey<Private>,
    /// What is sent after the certificate.
    pub chain: Vec<X509>,
}

impl Identity {
    /// What is sent, certificate by certificate.
    pub fn chain_der(&self) -> Vec<Vec<u8>> {
        let chain = std::iter::once(&self.certificate).chain(&self.chain);
        chain.map(|c| c.to_der().unwrap()).collect()
    }

    /// The certificate, and its chain after it.
    pub fn certificate_pem(&self) -> String {
        std::iter::once(&self.certificate)
            .chain(&self.chain)
            .map(pem)
            .collect()
    }

    /// The same certificate, its signature's last bit turned over.
    pub fn with_a_broken_signature(&self) -> Self {
        let mut der = self.certificate.to_der().unwrap();
        *der.last_mut().unwrap() ^= 1;
        Self {
            certificate: X509::from_der(&der).unwrap(),
            ..self.clone()
        }
    }

    /// The same certificate with another private key. OpenSSL compares the public halves only, so
    /// the certificate's own stays.
    pub fn with_another_key(&self) -> Self {
        let own = self.key.ec_key().unwrap();
        let other = Key::P256.generate().ec_key().unwrap();
        let key =
            EcKey::from_private_components(own.group(), other.private_key(), own.public_key());
        Self {
            key: PKey::from_ec_key(key.unwrap()).unwrap(),
            ..self.clone()
        }
    }

    /// The serial number as certgate writes it.
    pub fn serial(&self) -> String {
        let number = self.certificate.serial_number().to_bn().unwrap();
        number.to_hex_str().unwrap().to_string()
    }

    /// PKCS#8.
    pub fn key_pem(&self) -> String {
        String::from_utf8(self.key.private_key_to_pem_pkcs8().unwrap()).unwrap()
    }
}

fn pem(certificate: &X509) -> String {
    String::from_utf8(certificate.to_pem().unwrap()).unwrap()
}

/// A recipe for a certificate; the defaults make a good client certificate.
#[derive(Clone)]
pub struct Recipe {
    pub common_name: String,
    /// DER in the place of the usual name.
    pub subject: Option<Vec<u8>>,
    /// DER in the place of a SAN extension of `dns_names`.
    pub alternative_names: Option<Vec<u8>>,
    /// Seconds from now.
    pub not_before: i64,
    pub not_after: i64,
    pub ca: bool,
    /// `pathlen` of basicConstraints.
    pub path_length: Option<u32>,
    /// No extensions at all, as `openssl req -x509` of old or X.509 v1.
    pub bare: bool,
    /// A critical extension that nobody knows.
    pub unknown_rule: bool,
    pub purpose: Purpose,
    pub dns_names: Vec<String>,
    /// The OCSP responder that it names.
    pub ocsp: Option<String>,
    pub key: Key,
    pub digest: MessageDigest,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Purpose {
    Client,
    Server,
    Ocsp,
    Any,
}

#[derive(Clone, Copy)]
pub enum Key {
    P256,
    P384,
    P521,
    Rsa(u32),
    /// For leafs: the `openssl` crate can't sign certificates with it on AWS-LC.
    Ed25519,
}

pub fn client(name: &str) -> Recipe {
    Recipe {
        common_name: name.to_owned(),
        subject: None,
        alternative_names: None,
        not_before: -3600,
        not_after: 86_400,
        ca: false,
        path_length: None,
        bare: false,
        unknown_rule: false,
        purpose: Purpose::Client,
        dns_names: Vec::new(),
        ocsp: None,
        key: Key::P256,
        digest: MessageDigest::sha256(),
    }
}

pub fn server() -> Recipe {
    Recipe {
        purpose: Purpose::Server,
        dns_names: vec!["localhost".to_owned()],
        ..client("localhost")
    }
}

pub fn authority(name: &str) -> Recipe {
    Recipe {
        ca: true,
        purpose: Purpose::Any,
        ..client(name)
    }
}

impl Recipe {
    /// Names this OCSP responder.
    pub fn asked_at(self, url: &str) -> Self {
        let ocsp = Some(url.to_owned());
        Self { ocsp, ..self }
    }

    pub fn self_signed(&self) -> Identity {
        self.self_signed_with(&self.key.generate())
    }

    /// The same with a key that is there.
    pub fn self_signed_with(&self, key: &PKey<Private>) -> Identity {
        let certificate = self.build(key, None);
        Identity {
            certificate,
            key: key.clone(),
            chain: Vec::new(),
        }
    }

    /// Signed by `issuer`; if that is an intermediate CA, it is sent along.
    pub fn signed_by(&self, issuer: &Identity) -> Identity {
        self.certifying(&self.key.generate(), issuer)
    }

    /// The same for a key that is there.
    pub fn certifying(&self, key: &PKey<Private>, issuer: &Identity) -> Identity {
        let certificate = self.build(key, Some(issuer));
        let is_root = issuer.certificate.issuer_name().to_der().unwrap()
            == issuer.certificate.subject_name().to_der().unwrap();
        let mut chain = Vec::new();
        if !is_root {
            chain.push(issuer.certificate.clone());
            chain.extend(issuer.chain.iter().cloned());
        }
        Identity {
            certificate,
            key: key.clone(),
            chain,
        }
    }

    fn build(&self, key: &PKey<Private>, issuer: Option<&Identity>) -> X509 {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_text("O", "Tests").unwrap();
        if self.subject.is_none() {
            name.append_entry_by_text("CN", &self.common_name).unwrap();
        }
        let name = match &self.subject {
            Some(der) => X509Name::from_der(der).unwrap(),
            None => name.build(),
        };
        let mut builder = X509Builder::new().unwrap();
        builder.set_version(if self.bare { 0 } else { 2 }).unwrap();
        let mut serial = BigNum::new().unwrap();
        serial.rand(120, MsbOption::MAYBE_ZERO, false).unwrap();
        builder
            .set_serial_number(&serial.to_asn1_integer().unwrap())
            .unwrap();
        builder.set_subject_name(&name).unwrap();
        builder
            .set_issuer_name(issuer.map_or(&name, |i| i.certificate.subject_name()))
            .unwrap();
        builder.set_not_before(&from_now(self.not_before)).unwrap();
        builder.set_not_after(&from_now(self.not_after)).unwrap();
        builder.set_pubkey(key).unwrap();
        if !self.bare {
            self.extend(&mut builder, issuer);
        }
        builder
            .sign(issuer.map_or(key, |i| &i.key), self.digest)
            .unwrap();
        builder.build()
    }

    fn extend(&self, builder: &mut X509Builder, issuer: Option<&Identity>) {
        let mut constraints = BasicConstraints::new();
        constraints.critical();
        if self.ca {
            constraints.ca();
        }
        if let Some(length) = self.path_length {
            constraints.pathlen(length);
        }
        builder
            .append_extension(constraints.build().unwrap())
            .unwrap();
        if self.ca {
            // With digitalSignature, so that the CA itself can be tried as a client.
            let usage = KeyUsage::new()
                .key_cert_sign()
                .crl_sign()
                .digital_signature()
                .build();
            builder.append_extension(usage.unwrap()).unwrap();
        }
        if self.unknown_rule {
            let name = Asn1Object::from_str("1.3.6.1.4.1.32473.1").unwrap();
            let null = Asn1OctetString::new_from_bytes(&[5, 0]).unwrap();
            let rule = X509Extension::new_from_der(&name, true, &null).unwrap();
            builder.append_extension(rule).unwrap();
        }
        let purpose = match self.purpose {
            Purpose::Client => Some(ExtendedKeyUsage::new().client_auth().build()),
            Purpose::Server => Some(ExtendedKeyUsage::new().server_auth().build()),
            Purpose::Ocsp => Some(ExtendedKeyUsage::new().other("OCSPSigning").build()),
            Purpose::Any => None,
        };
        if let Some(purpose) = purpose {
            builder.append_extension(purpose.unwrap()).unwrap();
        }
        if let Some(url) = &self.ocsp {
            // authorityInfoAccess
            let name = Asn1Object::from_str("1.3.6.1.5.5.7.1.1").unwrap();
            let access = Asn1OctetString::new_from_bytes(&ocsp_answers::access(url)).unwrap();
            let access = X509Extension::new_from_der(&name, false, &access).unwrap();
            builder.append_extension(access).unwrap();
        }
        if let Some(der) = &self.alternative_names {
            let name = Asn1Object::from_str("2.5.29.17").unwrap();
            let names = Asn1OctetString::new_from_bytes(der).unwrap();
            let names = X509Extension::new_from_der(&name, false, &names).unwrap();
            builder.append_extension(names).unwrap();
        } else if !self.dns_names.is_empty() {
            let mut names = SubjectAlternativeName::new();
            for name in &self.dns_names {
                names.dns(name);
            }
            names.ip("127.0.0.1");
            let context = builder.x509v3_context(issuer.map(|i| &*i.certificate), None);
            let names = names.build(&context).unwrap();
            builder.append_extension(names).unwrap();
        }
    }
}

impl Key {
    pub fn generate(self) -> PKey<Private> {
        let on = |curve| {
            let group = EcGroup::from_curve_name(curve).unwrap();
            PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
        };
        match self {
            Key::P256 => on(Nid::X9_62_PRIME256V1),
            Key::P384 => on(Nid::SECP384R1),
            Key::P521 => on(Nid::SECP521R1),
            Key::Ed25519 => PKey::generate_ed25519().unwrap(),
            Key::Rsa(bits) => PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap(),
        }
    }
}

pub fn from_now(seconds: i64) -> Asn1Time {
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    Asn1Time::from_unix(now + seconds).unwrap()
}

/// The usual set: one CA, a server and a client of it.
pub struct Pki {
    pub ca: Identity,
    pub server: Identity,
    pub client: Identity,
}

impl Pki {
    pub fn new() -> Self {
        let ca = authority("Test CA").self_signed();
        Self {
            server: server().signed_by(&ca),
            client: client("alice").signed_by(&ca),
            ca,
        }
    }
}
