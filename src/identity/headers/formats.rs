//! The formats that others defined. Each value can be read back to what it says of the certificate.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::sha::{sha1, sha256};

use super::Unwritable;
use crate::config::identity::IdentityFormat;
use crate::identity::hex;
use crate::identity::holder::Holder;
use crate::identity::name::Style;

/// A header's name in lower case, and its value.
pub type Header = (&'static str, String);

/// What a format says of a client; `None` is one without a certificate.
///
/// # Errors
/// If the certificate has something that the format has no way to say.
pub fn headers(format: IdentityFormat, holder: Option<&Holder>) -> Result<Vec<Header>, Unwritable> {
    let Some(holder) = holder else {
        return Ok(match format {
            IdentityFormat::Nginx => vec![("x-ssl-client-verify", "NONE".to_owned())],
            _ => Vec::new(),
        });
    };
    Ok(match format {
        IdentityFormat::Rfc9440 => rfc9440(holder),
        IdentityFormat::Xfcc => vec![("x-forwarded-client-cert", xfcc(holder)?)],
        IdentityFormat::Alb => alb(holder),
        IdentityFormat::Nginx => nginx(holder),
    })
}

/// RFC 9440 section 2: byte sequences of RFC 9651 section 3.3.5.
fn rfc9440(holder: &Holder) -> Vec<Header> {
    let item = |der: &[u8]| format!(":{}:", STANDARD.encode(der));
    let mut headers = vec![("client-cert", item(holder.leaf()))];
    if let Some(issuers @ [_, ..]) = holder.chain.get(1..) {
        let items: Vec<_> = issuers.iter().map(|der| item(der)).collect();
        headers.push(("client-cert-chain", items.join(", ")));
    }
    headers
}

/// One element, as Envoy has it (`forward_client_cert_details: SANITIZE_SET`).
fn xfcc(holder: &Holder) -> Result<String, Unwritable> {
    let mut element = format!(
        "Hash={};Cert=\"{}\";Subject=\"{}\"",
        hex(&sha256(holder.leaf())),
        escaped_pem(holder.leaf(), b"-._~"),
        holder.subject.text(Style::Hex(""))
    );
    for (key, names) in [("URI", &holder.uris), ("DNS", &holder.dns)] {
        for name in names {
            let name = san(name).ok_or(Unwritable::Unsayable {
                header: "x-forwarded-client-cert",
                what: "a URI or DNS name with characters that none has",
            })?;
            let _ = write!(element, ";{key}={name}");
        }
    }
    Ok(element)
}

/// In quotes where Envoy wants them. There is no way to write a quote or a backslash that every reader
/// takes for the same, and no URI or DNS name has one, or what isn't visible ASCII.
fn san(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let sayable = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    let is_plain = !name.is_empty() && !name.contains([',', ';', '=', ' ']);
    match name.chars().all(sayable) {
        true if is_plain => Some(name.to_owned()),
        true => Some(format!("\"{name}\"")),
        false => None,
    }
}

/// As an ALB in verify mode has them.
fn alb(holder: &Holder) -> Vec<Header> {
    let validity = format!(
        "NotBefore={};NotAfter={}",
        moment(holder.not_before),
        moment(holder.not_after)
    );
    vec![
        (
            "x-amzn-mtls-clientcert-serial-number",
            holder.serial.clone(),
        ),
        (
            "x-amzn-mtls-clientcert-issuer",
            holder.issuer.text(Style::Ascii),
        ),
        (
            "x-amzn-mtls-clientcert-subject",
            holder.subject.text(Style::Ascii),
        ),
        ("x-amzn-mtls-clientcert-validity", validity),
        // "+=/ as safe characters"
        (
            "x-amzn-mtls-clientcert-leaf",
            escaped_pem(holder.leaf(), b"-._~+=/"),
        ),
    ]
}

/// What `$ssl_client_verify`, `$ssl_client_s_dn` and the others are in nginx.
fn nginx(holder: &Holder) -> Vec<Header> {
    vec![
        ("x-ssl-client-verify", "SUCCESS".to_owned()),
        ("x-ssl-client-s-dn", holder.subject.text(Style::Ascii)),
        ("x-ssl-client-i-dn", holder.issuer.text(Style::Ascii)),
        ("x-ssl-client-serial", holder.serial.clone()),
        ("x-ssl-client-fingerprint", hex(&sha1(holder.leaf()))),
        ("x-ssl-client-cert", escaped_pem(holder.leaf(), b"-._~")),
    ]
}

/// A PEM block (RFC 7468), percent-encoded but for letters, digits and `left`.
fn escaped_pem(der: &[u8], left: &[u8]) -> String {
    let mut out = String::with_capacity(der.len() * 3 / 2 + 100);
    let mut push = |text: &str| {
        for byte in text.bytes() {
            match byte.is_ascii_alphanumeric() || left.contains(&byte) {
                true => out.push(char::from(byte)),
                // Writing to a String can't fail.
                false => drop(write!(out, "%{byte:02X}")),
            }
        }
    };
    push("-----BEGIN CERTIFICATE-----\n");
    // 48 bytes are a line of 64.
    for line in der.chunks(48) {
        push(&STANDARD.encode(line));
        push("\n");
    }
    push("-----END CERTIFICATE-----\n");
    out
}

/// RFC 3339, in UTC: `2026-11-22T12:00:00Z`.
pub(super) fn moment(unix: i64) -> String {
    let (days, seconds) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    // Howard Hinnant's civil_from_days: years begin in March, so that leap days are last.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        for (unix, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (-631_152_000, "1950-01-01T00:00:00Z"),
        ] {
            assert_eq!(moment(unix), text);
        }
    }

    #[test]
    fn names_stay_within_their_field() {
        let san = |name: &str| san(name.as_bytes());
        assert_eq!(san("spiffe://a/b?c").as_deref(), Some("spiffe://a/b?c"));
        assert_eq!(san("a;URI=b").as_deref(), Some("\"a;URI=b\""));
        assert_eq!(san("").as_deref(), Some("\"\""));
        for odd in ["a\"b", "a\\", "a\nb", "a\0", "\u{fc}"] {
            assert_eq!(san(odd), None, "{odd:?}");
        }
    }
}
