//! What can be said of a client's certificate before, and of what it has to do with what the server asks for.

use openssl::x509::{X509, X509NameRef, X509Ref};

use super::attempt::Seen;
use crate::bench::identity::Identity;
use crate::der;
use crate::identity::dn::DistinguishedName;
use crate::identity::{rfc2253, unix_seconds};
use crate::startup::checks::day;
use crate::tls::strength::{Standing, weakness};
use crate::tls::verification::unix_now;

/// Everything doubtful, one sentence each.
pub fn doubts(identity: &Identity, seen: &Seen) -> Vec<String> {
    let mut doubts = Vec::new();
    for (certificate, whose) in
        sent(identity).zip(std::iter::once("the").chain(std::iter::repeat("an intermediate")))
    {
        let subject = rfc2253(certificate.subject_name());
        let now = unix_now();
        if unix_seconds(certificate.not_after()) <= now {
            let until = day(certificate.not_after());
            doubts.push(format!(
                "{whose} certificate expired on {until} ({subject})"
            ));
        }
        if unix_seconds(certificate.not_before()) > now {
            let from = day(certificate.not_before());
            doubts.push(format!(
                "{whose} certificate isn't valid before {from} ({subject})"
            ));
        }
        let standing = match names_itself(certificate) {
            true => Standing::Anchor,
            false => Standing::Issued,
        };
        if let Some(weakness) = weakness(certificate, standing) {
            doubts.push(format!("{whose} certificate ({subject}): {weakness}"));
        }
    }
    if !is_for_clients(&identity.leaf) {
        doubts.push("the certificate's extended key usage doesn't have clientAuth".to_owned());
    }
    match (&seen.asked, &seen.agreed) {
        (Some(names), _) if !names.is_empty() && !issuer_is_among(identity, names) => {
            let sent = match identity.chain.len() {
                0 => "no intermediates are sent with the certificate".to_owned(),
                count => format!("{count} more are sent with the certificate"),
            };
            doubts.push(format!(
                "the issuer is none of the CAs that the server names, and {sent}: is the intermediate missing, or is it another CA's?"
            ));
        }
        (None, Some(_)) => doubts
            .push("the server asked for no certificate, so it has not seen this one".to_owned()),
        _ => {}
    }
    doubts
}

/// Whether one of the names is the issuer's of a certificate that is sent, or such a certificate's own.
pub fn issuer_is_among(identity: &Identity, names: &[Vec<u8>]) -> bool {
    let name = |name: &X509NameRef| {
        let der = name.to_der().unwrap_or_default();
        (DistinguishedName::from_der(&der), der)
    };
    let named: Vec<_> = names
        .iter()
        .map(|der| (DistinguishedName::from_der(der), der))
        .collect();
    let is_named = |(dn, der): (Option<DistinguishedName>, Vec<u8>)| {
        let mut named = named.iter();
        named.any(|(other, bytes)| **bytes == der || (dn.is_some() && *other == dn))
    };
    sent(identity)
        .any(|one| is_named(name(one.issuer_name())) || is_named(name(one.subject_name())))
}

fn sent(identity: &Identity) -> impl Iterator<Item = &X509> {
    std::iter::once(&identity.leaf).chain(&identity.chain)
}

fn names_itself(certificate: &X509Ref) -> bool {
    let (subject, issuer) = (certificate.subject_name(), certificate.issuer_name());
    subject.try_cmp(issuer).is_ok_and(std::cmp::Ordering::is_eq)
}

/// Extended key usage (RFC 5280 section 4.2.1.12): none, or one with clientAuth or anyExtendedKeyUsage.
fn is_for_clients(certificate: &X509Ref) -> bool {
    const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
    const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
    const ANY: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
    let der = certificate.to_der().unwrap_or_default();
    let mut extensions = der::certificate_extensions(&der);
    let Some(usage) = extensions.find(|extension| extension.oid == EXTENDED_KEY_USAGE) else {
        return true;
    };
    let list = der::element(usage.value);
    let mut purposes = list
        .into_iter()
        .flat_map(|list| der::elements(list.content));
    purposes.any(|purpose| purpose.content == CLIENT_AUTH || purpose.content == ANY)
}
