//! Whether a client's chain leads to the client CA, and if not, why not.
//!
//! Takes certificates as bytes, hands on [`Verified`] or a [`Rejection`]. The same for a full
//! handshake, for a resumption and offline. AWS-LC builds and checks the chain (X509_verify_cert(3));
//! that the client has the key to its certificate is libssl's part.

mod building;
mod fault;
#[cfg(test)]
mod limbo;
mod signing;

use std::ops::Range;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::error::ErrorStack;
use openssl::x509::store::X509Store;
use openssl::x509::{X509, X509Ref};

use self::building::{Broken, Found};
use self::fault::{Fault, X509_V_ERR_CERT_CHAIN_TOO_LONG};
use super::ffi::server::{BAD_CERTIFICATE, alert_of};
use super::ocsp::Question;
use super::revocation::Overlooked;
use super::trust::Trust;
use super::verified_chains::{ChainDigest, VerifiedChains};
use crate::der;
use crate::identity::ClientCertificate;
use crate::refusal::RefusalReason;

/// How many accepted chains are remembered; about 3 KB each, and what was written of them for upstreams.
const REMEMBERED_CHAINS: usize = 8192;
/// The largest chain that is, in bytes of DER: three usual certificates have less than 6 KiB.
const REMEMBERED_SIZE: usize = 16 << 10;

/// A client whose chain was accepted.
#[derive(Debug)]
pub struct Verified {
    /// Its own certificate.
    pub certificate: Arc<ClientCertificate>,
    /// When every certificate of the chain is valid, in seconds since 1970: from the latest notBefore
    /// through the earliest notAfter, which is a second inside (RFC 5280 section 4.1.2.5); and no longer than
    /// the revocation lists that were asked are in force.
    pub validity: Range<i64>,
    /// The earliest notAfter alone: an expired list is no expired certificate.
    pub expires: i64,
    /// What was let pass.
    pub overlooked: Option<Arc<Overlooked>>,
    /// What is to be asked of OCSP responders, each time; none if that isn't wanted.
    pub questions: Vec<Arc<Question>>,
}

/// Why a client's certificate wasn't accepted.
#[derive(Debug, Clone)]
pub struct Rejection {
    /// In certgate's words.
    pub reason: RefusalReason,
    /// In the library's.
    pub words: String,
    /// Which certificate of the chain is at fault: 0 is the client's own.
    pub depth: u32,
    /// The client's own certificate, as far as it could be read.
    pub certificate: Option<Arc<ClientCertificate>>,
    /// The alert that says it in the handshake (RFC 8446 section 6.2).
    pub alert: u8,
}

/// One immutable view of whom to trust.
pub struct Verifier {
    trust: Trust,
    store: X509Store,
    chains: VerifiedChains,
}

impl Verifier {
    /// Holds clients against this.
    pub fn new(mut trust: Trust) -> Result<Self, ErrorStack> {
        let store = trust.store()?;
        if let Some(revocation) = &mut trust.revocation {
            if trust.strict {
                revocation.demand_numbers();
            }
            revocation.prepare(&trust.authorities);
        }
        Ok(Self {
            trust,
            store,
            chains: VerifiedChains::new(REMEMBERED_CHAINS),
        })
    }

    /// The verdict of a chain, DER, the client's own certificate first.
    pub fn verify<Der: AsRef<[u8]>>(
        &self,
        digest: ChainDigest,
        chain: &[Der],
    ) -> Result<Arc<Verified>, Box<Rejection>> {
        if let Some(verified) = self.recall(&digest) {
            return Ok(verified);
        }
        let verified = self.verify_anew(chain, None).map(Arc::new);
        // What stays in the thread's error queue would fail the next read or write, of this
        // connection or of another one on the thread (SSL_get_error(3)).
        drop(ErrorStack::get());
        let verified = verified?;
        // Thousands of names, or junk beside them, are verified each time: memory is for the usual.
        let size: usize = chain.iter().map(|der| der.as_ref().len()).sum();
        if size <= REMEMBERED_SIZE {
            self.chains.insert(digest, verified.clone());
        }
        Ok(verified)
    }

    /// The same verdict anew, with the chain that was built, as far as it was.
    pub fn explain<Der: AsRef<[u8]>>(&self, chain: &[Der]) -> Explanation {
        let mut built = Vec::new();
        let verdict = self.verify_anew(chain, Some(&mut built)).map(Arc::new);
        drop(ErrorStack::get());
        Explanation { built, verdict }
    }

    /// The verdict of a chain that was accepted before, if it still holds.
    pub fn recall(&self, digest: &ChainDigest) -> Option<Arc<Verified>> {
        self.chains.get(digest, unix_now())
    }

    fn verify_anew<Der: AsRef<[u8]>>(
        &self,
        chain: &[Der],
        built: Option<&mut Vec<X509>>,
    ) -> Result<Verified, Box<Rejection>> {
        // Before anything is parsed: a stranger may send hundreds.
        if chain.len() > self.trust.depth as usize + SUPERFLUOUS {
            return Err(Box::new(Rejection {
                reason: RefusalReason::ChainTooLong,
                words: format!("chain too long: {} certificates were sent", chain.len()),
                depth: 0,
                certificate: None,
                alert: alert_of(X509_V_ERR_CERT_CHAIN_TOO_LONG),
            }));
        }
        // Where the client's own certificate is known, it is all that counts.
        let chain = match &self.trust.pins {
            Some(_) => chain.get(..1).unwrap_or_default(),
            None => chain,
        };
        let mut certificates = chain.iter().map(|der| read(der.as_ref()));
        let unreadable = |words| {
            Box::new(Rejection {
                reason: RefusalReason::InvalidCertificate,
                words,
                depth: 0,
                certificate: None,
                alert: BAD_CERTIFICATE,
            })
        };
        let leaf = certificates.next().unwrap_or_else(|| Err(String::new()));
        let leaf = leaf.map_err(unreadable)?;
        let others = certificates.collect::<Result<Vec<_>, _>>();
        let others = others.map_err(unreadable)?;
        let mut certificate = ClientCertificate::of(&leaf);
        let found = match self.judge(&leaf, &certificate, others, built) {
            Ok(found) => found,
            Err(Broken { fault, vouched }) => {
                certificate.vouched = vouched;
                return Err(Box::new(Rejection {
                    reason: fault.reason,
                    words: fault.words,
                    depth: fault.depth,
                    certificate: Some(certificate.into()),
                    alert: fault.alert,
                }));
            }
        };
        certificate.chain = found.chain;
        certificate.vouched = true;
        let mut validity = found.validity;
        let expires = validity.end;
        let mut overlooked = None;
        if let Some(unrevoked) = found.unrevoked {
            validity.end = validity.end.min(unrevoked.until);
            overlooked = unrevoked.overlooked;
        }
        Ok(Verified {
            certificate: certificate.into(),
            validity,
            expires,
            overlooked,
            questions: found.questions,
        })
    }

    /// Whether a CA vouches for the client, or it is known itself.
    fn judge(
        &self,
        leaf: &X509Ref,
        certificate: &ClientCertificate,
        others: Vec<X509>,
        built: Option<&mut Vec<X509>>,
    ) -> Result<Found, Broken> {
        let Some(pins) = &self.trust.pins else {
            return self.build_chain(&self.store, leaf, others, built);
        };
        if !pins.include(&certificate.facts) {
            if let Some(built) = built {
                built.push(leaf.to_owned());
            }
            return Err(Broken::by_a_stranger(Fault::not_pinned(pins.count())));
        }
        let store = self.trust.store_of_pinned(leaf);
        let store = store.map_err(|error| Broken::by_a_stranger(Fault::unexpected(error)))?;
        self.build_chain(&store, leaf, others, built)
    }
}

/// A verdict, and what led to it.
pub struct Explanation {
    /// The client's certificate first, and what was found above it; empty if it can't be read.
    pub built: Vec<X509>,
    /// The verdict itself.
    pub verdict: Result<Arc<Verified>, Box<Rejection>>,
}

/// One certificate, and nothing after it: AWS-LC itself would pass over that.
fn read(bytes: &[u8]) -> Result<X509, String> {
    let certificate = X509::from_der(bytes).map_err(|error| super::failure::words(&error))?;
    match der::element(bytes) {
        Some(element) if element.rest.is_empty() => Ok(certificate),
        _ => Err("bytes after a certificate".to_owned()),
    }
}

/// How many more certificates than intermediates may stand in a chain a client may send: its own, the
/// authority's, and some that don't belong.
const SUPERFLUOUS: usize = 10;

/// Seconds since 1970.
pub fn unix_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64)
}
