//! Which lists nothing follows: when such a one ends, its issuer's clients are refused.

use std::sync::Arc;

use openssl::x509::X509;

use super::Crl;

/// Those of `lists` that end, and that none of `all` takes the place of in time.
pub fn unfollowed<'a>(
    lists: &'a [Arc<Crl>],
    all: &'a [Arc<Crl>],
    authorities: &'a [X509],
) -> impl Iterator<Item = &'a Arc<Crl>> {
    let ending = lists.iter().filter(|list| list.in_force().end != i64::MAX);
    ending.filter(|list| {
        let mut others = all.iter();
        !others.any(|other| follows(other, list, authorities))
    })
}

/// Whether `other` is in force when `list` isn't any more, of the same issuer and for the same certificates.
fn follows(other: &Crl, list: &Crl, authorities: &[X509]) -> bool {
    let end = list.in_force().end;
    let is_there = other.this_update() <= end && other.in_force().end > end;
    if !is_there || !other.is_of(list.issuer()) || !other.covers_what(list) {
        return false;
    }
    // A CA that has another key now may sign lists with both: each is for the certificates of its own.
    let mut named = authorities.iter().filter(|ca| list.is_named_for(ca));
    named.all(|ca| other.signature(ca) == list.signature(ca))
}
