//! Certificates for the unit tests of this folder, made at run time.

use openssl::asn1::{Asn1Integer, Asn1Object, Asn1OctetString, Asn1Time};
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

use super::test_crls;

/// A certificate with its key.
#[derive(Clone)]
pub struct Pair {
    pub certificate: X509,
    pub key: PKey<Private>,
}

/// What a test wants of a certificate; start with [`spec`] and change fields.
#[derive(Clone)]
pub struct Spec {
    pub name: &'static str,
    /// Days from now.
    pub from: i64,
    pub until: i64,
    /// `None`: no basicConstraints at all.
    pub ca: Option<bool>,
    /// Some(true): with keyCertSign. Some(false): digitalSignature only. None: no keyUsage.
    pub cert_sign: Option<bool>,
    pub san: bool,
    /// With the extended key usage serverAuth and no other.
    pub server_only: bool,
    /// Of keyUsage, beside keyCertSign.
    pub crl_sign: bool,
    /// The one of cRLDistributionPoints.
    pub crl_url: Option<&'static str>,
    /// With the extended key usage OCSPSigning and no other.
    pub ocsp_signing: bool,
    /// 2 is v3, 0 is v1.
    pub version: i32,
    pub digest: MessageDigest,
    pub key: Option<PKey<Private>>,
}

pub fn spec(name: &'static str) -> Spec {
    Spec {
        name,
        from: -1,
        until: 365,
        ca: Some(false),
        cert_sign: None,
        san: true,
        server_only: false,
        crl_sign: true,
        crl_url: None,
        ocsp_signing: false,
        version: 2,
        digest: MessageDigest::sha256(),
        key: None,
    }
}

/// A good root.
pub fn authority(name: &'static str) -> Pair {
    issue(&authority_spec(name), None)
}

pub fn authority_spec(name: &'static str) -> Spec {
    Spec {
        ca: Some(true),
        cert_sign: Some(true),
        san: false,
        ..spec(name)
    }
}

/// A good leaf under `issuer`.
pub fn leaf(name: &'static str, issuer: &Pair) -> Pair {
    issue(&spec(name), Some(issuer))
}

/// Signed by `issuer`, or by itself.
pub fn issue(spec: &Spec, issuer: Option<&Pair>) -> Pair {
    let key = spec.key.clone().unwrap_or_else(ec_key);
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(spec.version).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.rand(120, MsbOption::MAYBE_ZERO, false).unwrap();
    builder
        .set_serial_number(&Asn1Integer::from_bn(&serial).unwrap())
        .unwrap();
    builder.set_subject_name(&name(spec.name)).unwrap();
    match issuer {
        Some(i) => builder.set_issuer_name(i.certificate.subject_name()),
        None => builder.set_issuer_name(&name(spec.name)),
    }
    .unwrap();
    builder.set_not_before(&days(spec.from)).unwrap();
    builder.set_not_after(&days(spec.until)).unwrap();
    builder.set_pubkey(&key).unwrap();
    if let Some(ca) = spec.ca {
        let mut constraints = BasicConstraints::new();
        constraints.critical();
        if ca {
            constraints.ca();
        }
        builder
            .append_extension(constraints.build().unwrap())
            .unwrap();
    }
    if let Some(sign) = spec.cert_sign {
        let mut usage = KeyUsage::new();
        usage.critical();
        if sign {
            usage.key_cert_sign();
            if spec.crl_sign {
                usage.crl_sign();
            }
        } else {
            usage.digital_signature();
        }
        builder.append_extension(usage.build().unwrap()).unwrap();
    }
    if spec.server_only {
        let usage = ExtendedKeyUsage::new().server_auth().build().unwrap();
        builder.append_extension(usage).unwrap();
    }
    if let Some(url) = spec.crl_url {
        let point = test_crls::tlv(0x30, &test_crls::tlv(0xa0, &test_crls::full_name(url)));
        let value = Asn1OctetString::new_from_bytes(&test_crls::tlv(0x30, &point)).unwrap();
        let name = Asn1Object::from_str("2.5.29.31").unwrap();
        let points = X509Extension::new_from_der(&name, false, &value).unwrap();
        builder.append_extension(points).unwrap();
    }
    if spec.ocsp_signing {
        let usage = ExtendedKeyUsage::new().other("OCSPSigning").build();
        builder.append_extension(usage.unwrap()).unwrap();
    }
    if spec.san {
        let san = SubjectAlternativeName::new()
            .dns("localhost")
            .ip("127.0.0.1")
            .build(&builder.x509v3_context(None, None))
            .unwrap();
        builder.append_extension(san).unwrap();
    }
    builder
        .sign(issuer.map_or(&key, |i| &i.key), spec.digest)
        .unwrap();
    Pair {
        certificate: builder.build(),
        key,
    }
}

pub fn ec_key() -> PKey<Private> {
    ec_key_on(Nid::X9_62_PRIME256V1)
}

pub fn ec_key_on(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

/// With other bytes in the place of these, wherever they are: for algorithms that AWS-LC can't use,
/// and so can't make certificates with. The signature fits no more.
pub fn rewritten(certificate: &X509, from: &[u8], to: &[u8]) -> X509 {
    X509::from_der(&rewritten_der(&certificate.to_der().unwrap(), from, to)).unwrap()
}

/// As `rewritten`, for bytes.
pub fn rewritten_der(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "lengths around it stay as they are");
    let mut der = der.to_vec();
    let places: Vec<_> = (0..=der.len() - from.len())
        .filter(|at| der[*at..].starts_with(from))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        der[at..at + to.len()].copy_from_slice(to);
    }
    der
}

pub fn rsa_key(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

pub fn pem(certificate: &X509) -> String {
    String::from_utf8(certificate.to_pem().unwrap()).unwrap()
}

pub fn key_pem(key: &PKey<Private>) -> String {
    String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap()
}

fn name(common_name: &str) -> X509Name {
    let mut builder = X509NameBuilder::new().unwrap();
    builder
        .append_entry_by_nid(Nid::ORGANIZATIONNAME, "Example")
        .unwrap();
    builder
        .append_entry_by_nid(Nid::COMMONNAME, common_name)
        .unwrap();
    builder.build()
}

fn days(from_now: i64) -> Asn1Time {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs() as i64;
    // An hour more, so that the seconds between making and looking don't change the count of days.
    Asn1Time::from_unix(now + from_now * 86_400 + 3600).unwrap()
}
