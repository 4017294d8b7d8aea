//! Name constraints: what they are written like. What they forbid, AWS-LC sees to (RFC 5280 section 4.2.1.10).

use super::certificate::{Certificate, id_ce};
use super::departure::Departure;
use super::names::{DNS, EMAIL, IP, URI, is_domain};
use crate::der::{self, Element};

const NAME: &str = "nameConstraints";
const SECTION: &str = "4.2.1.10";

pub fn check(certificate: &Certificate<'_>) -> Result<(), Departure> {
    let Some(constraints) = certificate.extension(id_ce::NAME_CONSTRAINTS) else {
        return Ok(());
    };
    if certificate.is_authority() != Some(true) {
        return Err(Departure::ConstraintsOfNoAuthority);
    }
    let lists = der::element(constraints.value).map_or(&[][..], |lists| lists.content);
    let mut lists = der::elements(lists).peekable();
    if lists.peek().is_none() {
        return Err(Departure::NoConstraints);
    }
    // permittedSubtrees and excludedSubtrees.
    lists.try_for_each(|list| match list.content.is_empty() {
        true => Err(Departure::NoConstraints),
        false => der::elements(list.content).try_for_each(check_subtree),
    })
}

fn check_subtree(subtree: Element<'_>) -> Result<(), Departure> {
    let Some(base) = der::element(subtree.content) else {
        return Err(Departure::Malformed(NAME, SECTION));
    };
    if !base.rest.is_empty() {
        return Err(Departure::ConstraintDistance);
    }
    let domain = |name: &[u8]| name.is_empty() || is_domain(name);
    // A leading period means "below it" for hosts of mailboxes and URIs, and nothing for dNSName.
    let below = |name: &[u8]| domain(name.strip_prefix(b".").unwrap_or(name));
    let (kind, good) = match base.tag {
        DNS => ("dNSName", domain(base.content)),
        URI => ("uniformResourceIdentifier", below(base.content)),
        EMAIL => (
            "rfc822Name",
            base.content.contains(&b'@') || below(base.content),
        ),
        IP => ("iPAddress", is_network(base.content)),
        _ => return Ok(()),
    };
    match good {
        true => Ok(()),
        false => Err(Departure::BadName(NAME, kind, SECTION)),
    }
}

/// An address and its mask, ones before zeros (RFC 4632).
fn is_network(content: &[u8]) -> bool {
    let mask = match content.len() {
        8 | 32 => &content[content.len() / 2..],
        _ => return false,
    };
    let ones: u32 = mask.iter().map(|byte| byte.leading_ones()).sum();
    let set: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
    let full = mask.iter().take_while(|byte| **byte == 0xff).count();
    ones == set && mask.iter().skip(full + 1).all(|byte| *byte == 0)
}
