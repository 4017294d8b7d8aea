//! Whether a condition holds for a certificate.

use super::Strictness;
use super::pattern::{DnsPattern, MailPattern, UriPattern};
use crate::config::networks::Cidr;
use crate::identity::Facts;
use crate::identity::dn::{
    COMMON_NAME, ComparableText, DistinguishedName, ORGANIZATION, ORGANIZATIONAL_UNIT,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    CommonName(ComparableText),
    OrganizationalUnit(ComparableText),
    Organization(ComparableText),
    Subject(DistinguishedName),
    Issuer(DistinguishedName),
    Dns(DnsPattern),
    Uri(UriPattern),
    Email(MailPattern),
    Address(Cidr),
    Serial(String),
    Fingerprint([u8; 32]),
    Spki([u8; 32]),
    /// Of the connection, not of the certificate.
    VpcEndpoint(String),
}

impl Condition {
    pub(super) fn holds(&self, client: &Facts, strictness: Strictness) -> bool {
        let has = |kind, text| {
            client
                .subject
                .as_ref()
                .is_some_and(|name| name.has(kind, text))
        };
        let by_name = !matches!(
            self,
            Self::Serial(_) | Self::Fingerprint(_) | Self::Spki(_) | Self::VpcEndpoint(_)
        );
        if by_name && client.unreadable && strictness == Strictness::Deny {
            return true;
        }
        match self {
            Self::CommonName(text) => has(COMMON_NAME, text),
            Self::OrganizationalUnit(text) => has(ORGANIZATIONAL_UNIT, text),
            Self::Organization(text) => has(ORGANIZATION, text),
            Self::Subject(name) => same(name, client.subject.as_ref(), strictness),
            Self::Issuer(name) => same(name, client.issuer.as_ref(), strictness),
            Self::Dns(pattern) => client
                .dns
                .iter()
                .any(|name| pattern.matches(name, strictness)),
            Self::Uri(pattern) => client
                .uris
                .iter()
                .any(|uri| pattern.matches(uri, strictness)),
            Self::Email(pattern) => client
                .emails
                .iter()
                .any(|mailbox| pattern.matches(mailbox, strictness)),
            Self::Address(network) => client.addresses.iter().any(|one| network.includes(*one)),
            Self::Serial(serial) => client.serial == *serial,
            Self::Fingerprint(digest) => client.sha256 == *digest,
            Self::Spki(digest) => client.spki_sha256 == *digest,
            // No certificate says.
            Self::VpcEndpoint(_) => false,
        }
    }
}

/// The order of RDNs is part of a name. Who is kept out by name must not come in by another order of
/// its parts all the same.
fn same(
    name: &DistinguishedName,
    found: Option<&DistinguishedName>,
    strictness: Strictness,
) -> bool {
    found.is_some_and(|found| match strictness {
        Strictness::Allow => name == found,
        Strictness::Deny => name.has_same_parts(found),
    })
}
