//! One revocation list (RFC 5280 section 5): read once, asked for each client that isn't known yet.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use openssl::asn1::Asn1TimeRef;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::x509::{CrlNumber, X509Crl, X509KeyUsage, X509NameRef, X509Ref};

use super::entries::{Entries, contents};
use super::scope::Scope;
use crate::der;
use crate::identity::{rfc2253, unix_seconds};
use crate::tls::failure::words;

/// A complete list that certgate understands all of.
pub struct Crl {
    list: X509Crl,
    this_update: i64,
    /// `i64::MAX` if it says nothing of a next one.
    next_update: i64,
    /// Big endian; empty if it has none.
    number: Vec<u8>,
    scope: Scope,
    /// Its own, since AWS-LC sorts at the first lookup, under a lock that all lists share: 0.1 s for
    /// 100,000 entries, in which no handshake could look anything up.
    entries: Entries,
    /// By the issuing certificate's SHA-256: hashing a list of 100,000 entries anew for each client
    /// would cost milliseconds.
    signatures: RwLock<Vec<([u8; 32], Signature)>>,
}

/// Whether a list is its issuer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// It is.
    Good,
    /// Another key signed it, or it was changed.
    Wrong,
    /// The issuer has a keyUsage without cRLSign (RFC 5280 section 6.3.3 (f)).
    NotAllowed,
    /// The issuer's certificate isn't known.
    Unknown,
}

impl Signature {
    /// Completes "the list of … ".
    pub fn words(self) -> &'static str {
        match self {
            Self::Good => "is signed by it",
            Self::Wrong => "is not signed with its key",
            Self::NotAllowed => {
                "is signed by a CA that may not sign any (keyUsage without cRLSign)"
            }
            Self::Unknown => "can't be verified without its certificate",
        }
    }
}

/// Why a list can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrlFault {
    /// No list at all.
    #[error("no revocation list: {0}")]
    Unreadable(String),
    /// More than one list.
    #[error("bytes after the revocation list")]
    TrailingBytes,
    /// What changed since another one.
    #[error("a delta CRL, which lists only what is new since another list")]
    Delta,
    /// It lists certificates of several issuers.
    #[error("an indirect CRL, which lists certificates of other issuers than its own")]
    Indirect,
    /// There is another list for the other reasons.
    #[error("a CRL for some reasons of revocation only (onlySomeReasons)")]
    SomeReasons,
    /// It is about attribute certificates.
    #[error("a CRL for attribute certificates only (onlyContainsAttributeCerts)")]
    AttributeCertificates,
    /// A distribution point's name that AWS-LC doesn't read either.
    #[error("a CRL whose distribution point is named relative to its issuer")]
    RelativeName,
    /// An issuingDistributionPoint or an entry that breaks the rules.
    #[error("a CRL whose issuingDistributionPoint or entries are invalid")]
    Unclear,
    /// RFC 5280 section 5.2: then the list must not be used.
    #[error("a CRL with the critical extension {0}, which certgate doesn't know")]
    CriticalExtension(String),
    /// RFC 5280 section 5.3: then the list must not be used for any certificate.
    #[error("a CRL with an entry that has the critical extension {0}, which certgate doesn't know")]
    CriticalEntryExtension(String),
}

impl Crl {
    /// Reads DER.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CrlFault> {
        let list = X509Crl::from_der(bytes).map_err(|e| CrlFault::Unreadable(words(&e)))?;
        if der::element(bytes).is_none_or(|element| !element.rest.is_empty()) {
            return Err(CrlFault::TrailingBytes);
        }
        let (scope, entries) = contents(bytes)?;
        // They were read twice, by AWS-LC and here: two opinions would be no basis to let anybody in.
        if entries.len() != list.get_revoked().map_or(0, |entries| entries.len()) {
            return Err(CrlFault::Unclear);
        }
        Ok(Self {
            this_update: unix_seconds(list.last_update()),
            next_update: list.next_update().map_or(i64::MAX, unix_seconds),
            number: number(&list).unwrap_or_default(),
            scope,
            entries,
            signatures: RwLock::default(),
            list,
        })
    }

    /// DER.
    pub fn to_der(&self) -> Result<Vec<u8>, ErrorStack> {
        self.list.to_der()
    }

    /// Who issued it.
    pub fn issuer(&self) -> &X509NameRef {
        self.list.issuer_name()
    }

    /// When it was made, in seconds since 1970.
    pub fn this_update(&self) -> i64 {
        self.this_update
    }

    /// When it was made, as it is written.
    pub fn this_update_time(&self) -> &Asn1TimeRef {
        self.list.last_update()
    }

    /// When the next one is due at the latest, as it is written.
    pub fn next_update_time(&self) -> Option<&Asn1TimeRef> {
        self.list.next_update()
    }

    /// cRLNumber, big endian; empty without one.
    pub fn number(&self) -> &[u8] {
        &self.number
    }

    /// From thisUpdate to nextUpdate, which is outside, as it is to AWS-LC; in seconds since 1970.
    pub fn in_force(&self) -> Range<i64> {
        self.this_update..self.next_update
    }

    /// How many certificates it lists.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Whether its issuer has this name.
    pub fn is_of(&self, name: &X509NameRef) -> bool {
        let order = self.list.issuer_name().try_cmp(name);
        order.is_ok_and(Ordering::is_eq)
    }

    /// Whether this authority has its issuer's name.
    pub fn is_named_for(&self, authority: &X509Ref) -> bool {
        self.is_of(authority.subject_name())
    }

    /// Whether this authority signed it; looked at once for each.
    pub fn signature(&self, authority: &X509Ref) -> Signature {
        let Ok(digest) = authority.digest(MessageDigest::sha256()) else {
            return Signature::Unknown;
        };
        let known = self.signatures.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        if let Some((_, signature)) = known.iter().find(|(of, _)| of[..] == digest[..]) {
            return *signature;
        }
        drop(known);
        let signature = self.verify(authority);
        let mut known = self.signatures.write();
        let known = known.as_mut().unwrap_or_else(|poisoned| poisoned.get_mut());
        // Only authorities of chains that were verified come here: there are few of one name.
        if let Ok(digest) = <[u8; 32]>::try_from(&digest[..])
            && known.len() < REMEMBERED_SIGNERS
        {
            known.push((digest, signature));
        }
        signature
    }

    fn verify(&self, authority: &X509Ref) -> Signature {
        let usage = authority.key_usage();
        if usage.is_some_and(|usage| !usage.contains(X509KeyUsage::CRL_SIGN)) {
            return Signature::NotAllowed;
        }
        let key = authority.public_key();
        let good = key.and_then(|key| self.list.verify(&key)).unwrap_or(false);
        // What a wrong signature leaves would fail another connection's read.
        drop(ErrorStack::get());
        match good {
            true => Signature::Good,
            false => Signature::Wrong,
        }
    }

    /// Whether it is about this certificate of its issuer.
    pub fn covers(&self, certificate: &X509Ref) -> bool {
        self.scope.covers(certificate)
    }

    /// Whether it is about the same certificates of its issuer as another one is.
    pub fn covers_what(&self, other: &Self) -> bool {
        self.scope == other.scope
    }

    /// What orders the lists of one issuer: when it was made, then its number.
    pub fn age(&self) -> (i64, usize, &[u8]) {
        (self.this_update, self.number.len(), &self.number)
    }

    /// If it lists this certificate of its issuer: when and why, in words.
    pub fn lists(&self, certificate: &X509Ref) -> Option<String> {
        let words = self.entries.find(certificate)?;
        Some(format!("{words} by {}", rfc2253(self.issuer())))
    }

    /// What is wrong with its dates at `now`.
    pub fn why_not_in_force(&self, now: i64) -> String {
        let issuer = rfc2253(self.issuer());
        match self.next_update_time() {
            _ if self.this_update > now => format!(
                "the revocation list of {issuer} is from the future ({})",
                self.this_update_time()
            ),
            Some(next) => format!("the revocation list of {issuer} was to be replaced by {next}"),
            None => format!("the revocation list of {issuer} is not in force"),
        }
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crl({}, {:?})", rfc2253(self.issuer()), self.in_force())
    }
}

/// Certificates of one authority: renewed, cross-signed.
const REMEMBERED_SIGNERS: usize = 64;

fn number(list: &X509Crl) -> Option<Vec<u8>> {
    let (_, number) = list.extension::<CrlNumber>().ok()??;
    number.to_bn().ok().map(|number| number.to_vec())
}
