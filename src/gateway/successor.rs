//! Whether lists that came from a URL may take the place of those that are there.
//!
//! Lists are public and mostly come by plain http: whoever stands between us and the server can send anything,
//! old lists and those of others included. None of that may take a good list away. What can be verified is a
//! list of a client CA; one of an intermediate, whose certificate only clients send, is verified when one does.

use std::sync::Arc;

use openssl::x509::X509;

use crate::identity::rfc2253;
use crate::kept::{Span, Unfit};
use crate::tls::revocation::{Crl, Signature};

/// The times of the lists of one URL, as old as the oldest, over when the first is; or why they are no good at
/// `now` (seconds since 1970).
pub fn judge(
    lists: &[Arc<Crl>],
    before: &[Arc<Crl>],
    authorities: &[X509],
    now: i64,
) -> Result<Span, Unfit> {
    for list in lists {
        let issuer = || rfc2253(list.issuer());
        let mut named = authorities.iter().filter(|ca| list.is_named_for(ca));
        if named.clone().next().is_some() && named.all(|ca| list.signature(ca) != Signature::Good) {
            let words = format!("the list of {} isn't signed by that client CA", issuer());
            return Err(Unfit::Invalid(words));
        }
        if list.this_update() > now {
            return Err(Unfit::Invalid(list.why_not_in_force(now)));
        }
    }
    for old in before {
        follows(old, lists, authorities, now)?;
    }
    let this_update = lists.iter().map(|list| list.this_update()).min();
    let next_update = lists.iter().map(|list| list.in_force().end).min();
    Ok(Span {
        this_update: this_update.ok_or(Unfit::Invalid("no revocation list".to_owned()))?,
        next_update: next_update.filter(|end| *end != i64::MAX),
    })
}

/// Each list has a successor that is no older. Only those of CAs that are none any more need none.
fn follows(old: &Crl, lists: &[Arc<Crl>], authorities: &[X509], now: i64) -> Result<(), Unfit> {
    let mut named = authorities.iter().filter(|ca| old.is_named_for(ca));
    let is_known = named.clone().next().is_some();
    let owner = named.find(|ca| old.signature(ca) == Signature::Good);
    if is_known && owner.is_none() {
        // The CA was renewed with another key, and its lists are counted anew.
        return Ok(());
    }
    let of_owner = lists.iter().filter(|list| match owner {
        Some(ca) => list.is_named_for(ca) && list.signature(ca) == Signature::Good,
        None => list.is_of(old.issuer()),
    });
    // A CA may begin to split its lists when the one of before is over.
    let in_force = old.in_force().contains(&now);
    let alike = of_owner.filter(|list| !in_force || list.covers_what(old));
    match alike.map(|list| list.age()).max() {
        Some(newest) if newest < old.age() => Err(Unfit::Older),
        None if owner.is_some() => {
            let issuer = rfc2253(old.issuer());
            let words = format!("it has no list of {issuer} like the one that is there");
            Err(Unfit::Invalid(words))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
