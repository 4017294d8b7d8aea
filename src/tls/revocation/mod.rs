//! Revocation lists (CRLs): whether a certificate of a chain was called back (RFC 5280 section 6.3).
//!
//! Takes a chain that was built and verified; hands on until when its certificates are known to be good,
//! or the one that isn't. A list counts for a certificate if it is of its issuer's name, signed with
//! the very key that signed the certificate, by an issuer that may sign lists, and covers it. Of several,
//! the newest that is in force decides; what a newer one lists that isn't in force counts, too.

mod crl;
mod ends;
mod entries;
mod scope;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicBool};

use openssl::stack::StackRef;
use openssl::x509::{X509, X509Ref};

pub use self::crl::{Crl, CrlFault, Signature};
pub use self::ends::unfollowed;
use crate::config::values::{CrlCheck, CrlPolicy};
use crate::identity::rfc2253;
use crate::refusal::RefusalReason;

/// The lists, and what is asked of them.
#[derive(Clone)]
pub struct Revocation {
    crls: Vec<Arc<Crl>>,
    check: CrlCheck,
    policy: CrlPolicy,
    /// Whether a list without a number counts for nobody's innocence.
    numbered: bool,
}

/// What the lists say of a chain that may pass.
#[derive(Debug)]
pub struct Unrevoked {
    /// When that must be asked anew, in seconds since 1970.
    pub until: i64,
    /// What `strict` would have refused it for.
    pub overlooked: Option<Arc<Overlooked>>,
}

/// A fault that was let pass, since the operator wants it so.
#[derive(Debug)]
pub struct Overlooked {
    /// What it would have been refused for.
    pub reason: RefusalReason,
    /// In words.
    pub words: String,
    /// Which certificate of the chain it is about: 0 is the client's own.
    pub depth: u32,
    told: AtomicBool,
}

impl Overlooked {
    /// Whether nobody has asked this before: a client that comes back a thousand times is one log line.
    pub fn is_news(&self) -> bool {
        !self.told.swap(true, atomic::Ordering::Relaxed)
    }
}

/// What is wrong with a certificate of the chain.
#[derive(Debug)]
pub struct Objection {
    /// [`RefusalReason::Revoked`], [`RefusalReason::CrlExpired`] or [`RefusalReason::CrlMissing`].
    pub reason: RefusalReason,
    /// In words.
    pub words: String,
    /// Which certificate it is about.
    pub depth: u32,
}

/// What the lists say of one certificate.
enum Status {
    /// Not listed, as of a list that is in force until then.
    Good { until: i64 },
    /// Listed; in words.
    Revoked(String),
    /// No list of its issuer is in force. It may be again at this time, in seconds since 1970.
    Stale { words: String, until: i64 },
    /// There is no list that counts.
    Missing(String),
}

impl Revocation {
    /// Checks against these lists, also if there are none: then nobody passes under `strict`.
    pub fn new(mut crls: Vec<Arc<Crl>>, check: CrlCheck, policy: CrlPolicy) -> Self {
        let age = |crl: &Crl| {
            let number = crl.number().to_vec();
            (crl.this_update(), number.len(), number)
        };
        crls.sort_by_cached_key(|crl| std::cmp::Reverse(age(crl)));
        Self {
            crls,
            check,
            policy,
            numbered: false,
        }
    }

    /// From now on, a list that has no cRLNumber still revokes, but lets nobody pass (RFC 5280 section
    /// 5.2.3: issuers must number their lists).
    pub(super) fn demand_numbers(&mut self) {
        self.numbered = true;
    }

    /// Looks at the signatures that can be looked at now, so that no client waits for that.
    pub fn prepare(&self, authorities: &[X509]) {
        for crl in &self.crls {
            for authority in authorities.iter().filter(|a| crl.is_named_for(a)) {
                crl.signature(authority);
            }
        }
    }

    /// The verdict at `now` (seconds since 1970) on a chain, the client's own certificate first and its
    /// anchor last. `authorities` are all that are trusted.
    pub fn examine(
        &self,
        chain: &StackRef<X509>,
        authorities: &[X509],
        now: i64,
    ) -> Result<Unrevoked, Objection> {
        let last = match self.check {
            CrlCheck::Leaf => 0,
            CrlCheck::Chain => chain.len().saturating_sub(1),
        };
        let mut until = i64::MAX;
        let mut fault = None;
        for (depth, certificate) in chain.iter().enumerate().take(last + 1) {
            let next = chain.get(depth + 1);
            let issuer = next.or_else(|| issuer_of_anchor(certificate, authorities));
            let status = self.status(certificate, issuer, now);
            let depth_number = u32::try_from(depth).unwrap_or(u32::MAX);
            // An anchor is trusted by the operator's word and needs nobody else's, but if it is listed,
            // that counts: so does OpenSSL (X509_V_FLAG_CRL_CHECK_ALL) with a root.
            let is_anchor = depth > 0 && depth + 1 == chain.len();
            let mut note = |reason, words| {
                fault.get_or_insert(Objection {
                    reason,
                    words,
                    depth: depth_number,
                });
            };
            match status {
                Status::Revoked(words) => {
                    return Err(Objection {
                        reason: RefusalReason::Revoked,
                        words,
                        depth: depth_number,
                    });
                }
                Status::Good { until: end } => until = until.min(end),
                Status::Stale { .. } | Status::Missing(_) if is_anchor => {}
                Status::Stale { words, until: end } => {
                    until = until.min(end);
                    note(RefusalReason::CrlExpired, words);
                }
                Status::Missing(words) => note(RefusalReason::CrlMissing, words),
            }
        }
        match fault {
            Some(fault) if self.policy == CrlPolicy::Strict => Err(fault),
            fault => Ok(Unrevoked {
                until,
                overlooked: fault.map(|fault| {
                    Arc::new(Overlooked {
                        reason: fault.reason,
                        words: fault.words,
                        depth: fault.depth,
                        told: AtomicBool::new(false),
                    })
                }),
            }),
        }
    }

    /// One certificate, and who signed it, if that is known.
    fn status(&self, certificate: &X509Ref, issuer: Option<&X509Ref>, now: i64) -> Status {
        let of_name = || {
            let crls = self.crls.iter();
            crls.filter(|crl| crl.is_of(certificate.issuer_name()))
        };
        let mut useless = None;
        let mut stale: Option<&Crl> = None;
        let mut again = i64::MAX;
        // The newest first.
        for crl in of_name() {
            let signature = issuer.map_or(Signature::Unknown, |issuer| crl.signature(issuer));
            if signature != Signature::Good {
                useless.get_or_insert(signature.words());
            } else if !crl.covers(certificate) {
                useless.get_or_insert("is not for such a certificate");
            } else if let Some(words) = crl.lists(certificate) {
                return Status::Revoked(words);
            } else if self.numbered && crl.number().is_empty() {
                useless.get_or_insert("has no cRLNumber (RFC 5280 section 5.2.3)");
            } else if crl.in_force().contains(&now) {
                return Status::Good {
                    // A newer one that isn't in force yet must be asked as soon as it is.
                    until: crl.in_force().end.min(again),
                };
            } else {
                if crl.this_update() > now {
                    again = again.min(crl.this_update());
                }
                // What is said is about the newest that has been in force.
                if stale.is_none_or(|known| known.this_update() > now) {
                    stale = Some(crl);
                }
            }
        }
        match (stale, useless) {
            (Some(crl), _) => Status::Stale {
                words: crl.why_not_in_force(now),
                until: again,
            },
            (None, Some(why)) => Status::Missing(format!(
                "no revocation list: the one of {} {why}",
                rfc2253(certificate.issuer_name())
            )),
            (None, None) => Status::Missing(format!(
                "no revocation list of {}",
                rfc2253(certificate.issuer_name())
            )),
        }
    }
}

/// Above the last of a chain is itself, if that is a root; for another anchor, whoever signed it.
fn issuer_of_anchor<'a>(anchor: &'a X509Ref, authorities: &'a [X509]) -> Option<&'a X509Ref> {
    let (subject, issuer) = (anchor.subject_name(), anchor.issuer_name());
    if subject.try_cmp(issuer).is_ok_and(Ordering::is_eq) {
        return Some(anchor);
    }
    let mut authorities = authorities.iter().map(AsRef::as_ref);
    authorities.find(|authority| is_issued_by(anchor, authority))
}

/// Named as the issuer, may sign, and its key made the signature.
fn is_issued_by(certificate: &X509Ref, issuer: &X509Ref) -> bool {
    issuer.issued(certificate) == openssl::x509::X509VerifyResult::OK
        && issuer
            .public_key()
            .and_then(|key| certificate.verify(&key))
            .unwrap_or(false)
}
