//! Certificates in words: names, keys, dates.
//!
//! Takes OpenSSL's types; hands on text that can't break a line or a terminal, whatever the
//! certificate's maker put into it.

use std::fmt::Write;
use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKeyRef, Public};
use openssl::x509::{GeneralNameRef, X509NameRef, X509Ref};

/// RFC 2253: `CN=leaf,O=Example`, the most specific part first.
pub(super) fn name(name: &X509NameRef) -> String {
    let parts: Vec<String> = name
        .entries()
        .map(|entry| {
            let kind = match entry.object().nid() {
                Nid::UNDEF => entry.object().to_string(),
                nid => nid.short_name().unwrap_or("?").to_owned(),
            };
            let value = match entry.data().to_string() {
                Ok(text) => escaped_value(&text),
                Err(_) => format!("#{}", hex(entry.data().as_slice(), "")),
            };
            format!("{kind}={value}")
        })
        .collect();
    if parts.is_empty() {
        return "(empty name)".to_owned();
    }
    parts.into_iter().rev().collect::<Vec<_>>().join(",")
}

/// The subject alternative names, `DNS:…`, `IP:…`, `URI:…`, `email:…`.
pub(super) fn alternative_names(certificate: &X509Ref) -> Vec<String> {
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
        Id::ED448 => "Ed448".to_owned(),
        other => Nid::from_raw(other.as_raw()).long_name().map_or_else(
            |_| format!("{} bits of another kind", key.bits()),
            str::to_owned,
        ),
    }
}

/// The algorithm that it was signed with, as OpenSSL calls it.
pub(super) fn signature_algorithm(certificate: &X509Ref) -> String {
    let object = certificate.signature_algorithm().object();
    match object.nid() {
        Nid::UNDEF => object.to_string(),
        nid => nid.long_name().unwrap_or("unknown").to_owned(),
    }
}

/// SHA-1, MD5 or older, by name, if the signature rests on that.
pub(super) fn broken_digest(certificate: &X509Ref) -> Option<&'static str> {
    let algorithm = certificate.signature_algorithm().object().nid();
    match algorithm.signature_algorithms()?.digest {
        Nid::SHA1 => Some("SHA-1"),
        Nid::MD5 => Some("MD5"),
        Nid::MD4 => Some("MD4"),
        Nid::MD2 => Some("MD2"),
        _ => None,
    }
}

/// Whether today's rules of thumb call the key weak: RSA and DSA below 2048 bits, EC below 224.
pub(super) fn is_weak(key: &PKeyRef<Public>) -> bool {
    match key.id() {
        Id::RSA | Id::RSA_PSS | Id::DSA => key.bits() < 2048,
        Id::EC => key.bits() < 224,
        _ => false,
    }
}

/// Hex, without leading zeros' sign games: as `openssl x509 -serial` has it.
pub(super) fn serial(certificate: &X509Ref) -> String {
    certificate
        .serial_number()
        .to_bn()
        .and_then(|number| number.to_hex_str().map(|hex| hex.to_string()))
        .unwrap_or_else(|_| "unknown".to_owned())
}

/// The SHA-256 over the certificate, as `openssl x509 -fingerprint -sha256` has it.
pub(super) fn fingerprint(certificate: &X509Ref) -> String {
    certificate
        .digest(MessageDigest::sha256())
        .map_or_else(|_| "unknown".to_owned(), |digest| hex(&digest, ":"))
}

/// Seconds since 1970, negative before.
pub(super) fn seconds(time: &Asn1TimeRef) -> i64 {
    Asn1Time::from_unix(0)
        .and_then(|epoch| epoch.diff(time))
        .map_or(0, |diff| {
            i64::from(diff.days) * 86_400 + i64::from(diff.secs)
        })
}

/// ISO 8601 in UTC: `2026-11-22T05:28:52Z`.
pub(super) fn time(time: &Asn1TimeRef) -> String {
    match u64::try_from(seconds(time)) {
        Ok(seconds) => {
            let moment = UNIX_EPOCH + Duration::from_secs(seconds);
            humantime::format_rfc3339_seconds(moment).to_string()
        }
        // OpenSSL's own form: `Jan  1 00:00:00 1950 GMT`.
        Err(_) => escaped(&time.to_string()),
    }
}

/// Control characters, and those that turn text around or are invisible, as `\0A`: RFC 2253's form.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if harmless(c) {
            out.push(c);
        } else {
            push_hex(&mut out, c);
        }
    }
    out
}

fn escaped_value(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (index, c) in text.chars().enumerate() {
        let at_the_edge = (c == ' ' && (index == 0 || index == last)) || (c == '#' && index == 0);
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') || at_the_edge {
            out.push('\\');
            out.push(c);
        } else if harmless(c) {
            out.push(c);
        } else {
            push_hex(&mut out, c);
        }
    }
    out
}

fn harmless(c: char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !hidden
}

fn push_hex(out: &mut String, c: char) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        // Writing to a String can't fail.
        let _ = write!(out, "\\{byte:02X}");
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
        format!("directory:{}", self::name(directory))
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
    use openssl::x509::X509NameBuilder;

    use super::*;
    use crate::startup::test_certificates as make;

    #[test]
    fn a_name_can_not_break_a_line_or_a_terminal() {
        let mut builder = X509NameBuilder::new().unwrap();
        let mut add = |nid, value| builder.append_entry_by_nid(nid, value).unwrap();
        add(Nid::ORGANIZATIONNAME, "Grüße, \"GmbH\" + Co\\");
        add(Nid::ORGANIZATIONALUNITNAME, " #edges ");
        add(Nid::COMMONNAME, "a\nb\u{1b}[31mc\u{202e}d\u{7f}");
        assert_eq!(
            name(&builder.build()),
            r#"CN=a\0Ab\1B[31mc\E2\80\AEd\7F,OU=\ #edges\ ,O=Grüße\, \"GmbH\" \+ Co\\"#
        );
        let empty = X509NameBuilder::new().unwrap().build();
        assert_eq!(name(&empty), "(empty name)");
    }

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
