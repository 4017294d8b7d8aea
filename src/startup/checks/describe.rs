//! Certificates in words: keys, dates, alternative names.
//!
//! Takes AWS-LC's types; hands on text that can't break a line or a terminal, whatever the
//! certificate's maker put into it.

use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use openssl::asn1::Asn1TimeRef;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKeyRef, Public};
use openssl::x509::{GeneralNameRef, X509Ref};

use crate::identity::{escaped, rfc2253, unix_seconds};
use crate::tls::strength::Weakness;

/// The subject alternative names, `DNS:…`, `IP:…`, `URI:…`, `email:…`.
pub fn alternative_names(certificate: &X509Ref) -> Vec<String> {
    let names = certificate.subject_alt_names();
    names.iter().flatten().map(alternative_name).collect()
}

/// `EC P-256`, `RSA 2048`, `Ed25519`
pub(super) fn key(key: &PKeyRef<Public>) -> String {
    match key.id() {
        Id::RSA => format!("RSA {}", key.bits()),
        Id::RSA_PSS => format!("RSA-PSS {}", key.bits()),
        Id::DSA => format!("DSA {}", key.bits()),
        Id::EC => match key.ec_key().ok().and_then(|k| k.group().curve_name()) {
            Some(Nid::X9_62_PRIME256V1) => "EC P-256".to_owned(),
            Some(Nid::SECP384R1) => "EC P-384".to_owned(),
            Some(Nid::SECP521R1) => "EC P-521".to_owned(),
            Some(curve) => format!("EC {}", curve.short_name().unwrap_or("of an unknown curve")),
            None => format!("EC {} bits", key.bits()),
        },
        Id::ED25519 => "Ed25519".to_owned(),
        other => Nid::from_raw(other.as_raw()).long_name().map_or_else(
            |_| format!("{} bits of another kind", key.bits()),
            str::to_owned,
        ),
    }
}

/// The algorithm that it was signed with, as AWS-LC calls it.
pub(super) fn signature_algorithm(certificate: &X509Ref) -> String {
    let object = certificate.signature_algorithm().object();
    match object.nid() {
        Nid::UNDEF => object.to_string(),
        nid => nid.long_name().unwrap_or("unknown").to_owned(),
    }
}

/// What is too weak about a certificate.
pub(super) fn weakness(weakness: &Weakness) -> String {
    match weakness {
        Weakness::Key { kind, bits, .. } => format!("a weak key ({kind} {bits})"),
        Weakness::Signature { digest } => format!("a signature with {digest}"),
    }
}

/// The SHA-256 over the certificate, as `openssl x509 -fingerprint -sha256` has it.
pub(super) fn fingerprint(certificate: &X509Ref) -> String {
    certificate
        .digest(MessageDigest::sha256())
        .map_or_else(|_| "unknown".to_owned(), |digest| hex(&digest, ":"))
}

/// ISO 8601 in UTC: `2026-11-22T05:28:52Z`.
pub fn time(time: &Asn1TimeRef) -> String {
    match u64::try_from(unix_seconds(time)) {
        Ok(seconds) => {
            let moment = UNIX_EPOCH + Duration::from_secs(seconds);
            humantime::format_rfc3339_seconds(moment).to_string()
        }
        // AWS-LC's own form: `Jan  1 00:00:00 1950 GMT`.
        Err(_) => escaped(&time.to_string()),
    }
}

fn alternative_name(name: &GeneralNameRef) -> String {
    if let Some(dns) = name.dnsname() {
        format!("DNS:{}", escaped(dns))
    } else if let Some(ip) = name.ipaddress() {
        match ip_address(ip) {
            Some(ip) => format!("IP:{ip}"),
            None => format!("IP:({})", hex(ip, "")),
        }
    } else if let Some(uri) = name.uri() {
        format!("URI:{}", escaped(uri))
    } else if let Some(email) = name.email() {
        format!("email:{}", escaped(email))
    } else if let Some(directory) = name.directory_name() {
        format!("directory:{}", rfc2253(directory))
    } else {
        "a name of another kind".to_owned()
    }
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

fn hex(bytes: &[u8], between: &str) -> String {
    let bytes: Vec<String> = bytes.iter().map(|b| format!("{b:02X}")).collect();
    bytes.join(between)
}

#[cfg(test)]
mod tests {
    use openssl::asn1::Asn1Time;

    use super::*;
    use crate::startup::test_certificates as make;

    #[test]
    fn keys_have_the_names_that_people_use() {
        let describe = |key: &openssl::pkey::PKey<openssl::pkey::Private>| {
            let spec = make::Spec {
                key: Some(key.clone()),
                ..make::spec("x")
            };
            // An Ed25519 key can't sign with a digest of its own; another one signs for it.
            let pair = make::issue(&spec, Some(&make::authority("y")));
            super::key(&pair.certificate.public_key().unwrap())
        };
        assert_eq!(describe(&make::ec_key()), "EC P-256");
        assert_eq!(describe(&make::rsa_key(1024)), "RSA 1024");
        let edwards = openssl::pkey::PKey::generate_ed25519().unwrap();
        assert_eq!(describe(&edwards), "Ed25519");
    }

    #[test]
    fn dates_are_iso_8601_also_far_off() {
        let at = |text: &str| time(&Asn1Time::from_str(text).unwrap());
        assert_eq!(at("20261122052852Z"), "2026-11-22T05:28:52Z");
        assert_eq!(at("99991231235959Z"), "9999-12-31T23:59:59Z");
        assert!(at("19500101000000Z").contains("1950"));
    }
}
