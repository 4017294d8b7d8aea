//! Whether a client's chain leads to the client CA, and if not, why not.
//!
//! Takes certificates as bytes, hands on [`Verified`] or a [`Rejection`]. The same for a full
//! handshake, for a resumption and offline. AWS-LC builds and checks the chain (X509_verify_cert(3));
//! that the client has the key to its certificate is libssl's part.

mod fault;

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::error::ErrorStack;
use openssl::stack::{Stack, StackRef};
use openssl::x509::store::X509Store;
use openssl::x509::{X509, X509Ref, X509StoreContext, X509StoreContextRef};

use self::fault::{Fault, X509_V_ERR_CERT_CHAIN_TOO_LONG, X509_V_ERR_PATH_LENGTH_EXCEEDED};
use super::ffi::server::{BAD_CERTIFICATE, alert_of};
use super::ocsp::Question;
use super::revocation::{Overlooked, Unrevoked};
use super::strength::{Standing, weakness};
use super::trust::Trust;
use super::verified_chains::{ChainDigest, VerifiedChains};
use crate::der;
use crate::identity::{ClientCertificate, unix_seconds};
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
    /// to the earliest notAfter, which is outside, as it is to AWS-LC (X509_cmp_time(3)); and no longer than
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
    pub fn new(trust: Trust) -> Result<Self, ErrorStack> {
        let store = trust.store()?;
        if let Some(revocation) = &trust.revocation {
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
        let no_memory = |error| unreadable(super::failure::words(&error));
        let mut others = Stack::new().map_err(no_memory)?;
        for certificate in certificates {
            let certificate = certificate.map_err(unreadable)?;
            others.push(certificate).map_err(no_memory)?;
        }
        let mut certificate = ClientCertificate::of(&leaf);
        let found = match self.judge(&leaf, &certificate, &others, built) {
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
        others: &StackRef<X509>,
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

    /// Builds and checks the chain; tells it, if somebody wants to know.
    fn build_chain(
        &self,
        store: &X509Store,
        leaf: &X509Ref,
        others: &StackRef<X509>,
        built: Option<&mut Vec<X509>>,
    ) -> Result<Found, Broken> {
        let unexpected = |error| Broken::by_a_stranger(Fault::unexpected(error));
        let mut context = X509StoreContext::new().map_err(unexpected)?;
        let verdict = context.init(store, leaf, others, |context| {
            let holds = context.verify_cert()?;
            if let Some(built) = built {
                let chain = context.chain().into_iter().flatten();
                built.extend(chain.map(ToOwned::to_owned));
            }
            Ok(match holds {
                true => self.examine(context).map_err(|fault| Broken {
                    fault,
                    vouched: true,
                }),
                false => Err(Broken {
                    fault: Fault::of(context),
                    vouched: fault::only_the_time_is_wrong(context),
                }),
            })
        });
        verdict.unwrap_or_else(|error| Err(unexpected(error)))
    }

    /// What AWS-LC doesn't look at, or not so.
    fn examine(&self, context: &X509StoreContextRef) -> Result<Found, Fault> {
        let validity = examine(context, self.trust.depth as usize)?;
        let Some(chain) = context.chain() else {
            return Err(Fault::unexpected(ErrorStack::get()));
        };
        if chain.get(0).is_some_and(|leaf| !self.trust.may_sign(leaf)) {
            return Err(Fault::wrong_purpose());
        }
        let revocation = self.trust.revocation.as_ref();
        let unrevoked = revocation
            .map(|lists| lists.examine(chain, &self.trust.authorities, self.trust.moment()))
            .transpose()?;
        let questions = self.trust.questions(chain);
        Ok(Found {
            chain: below_the_anchor(chain).map_err(Fault::unexpected)?,
            validity,
            unrevoked,
            questions: questions.map_err(Fault::unexpected)?,
        })
    }
}

/// A verdict, and what led to it.
pub struct Explanation {
    /// The client's certificate first, and what was found above it; empty if it can't be read.
    pub built: Vec<X509>,
    /// The verdict itself.
    pub verdict: Result<Arc<Verified>, Box<Rejection>>,
}

/// What a good chain brings along.
struct Found {
    /// DER, without the anchor.
    chain: Box<[Box<[u8]>]>,
    /// When every certificate of it is valid.
    validity: Range<i64>,
    /// What the revocation lists say, if there are any.
    unrevoked: Option<Unrevoked>,
    /// What responders are to be asked.
    questions: Vec<Arc<Question>>,
}

/// Why there is no chain.
struct Broken {
    fault: Fault,
    /// Whether a trusted CA has signed the client's own certificate all the same.
    vouched: bool,
}

impl Broken {
    fn by_a_stranger(fault: Fault) -> Self {
        Self {
            fault,
            vouched: false,
        }
    }
}

/// What upstreams are told of a chain: whom they trust themselves they know (RFC 9440 section 2.3). A leaf
/// that is an anchor itself stays.
fn below_the_anchor(chain: &StackRef<X509>) -> Result<Box<[Box<[u8]>]>, ErrorStack> {
    let count = (chain.len() - 1).max(1);
    let certificates = chain.iter().take(count);
    let ders = certificates.map(|certificate| certificate.to_der().map(Into::into));
    ders.collect()
}

/// One certificate, and nothing after it: AWS-LC itself would pass over that.
fn read(bytes: &[u8]) -> Result<X509, String> {
    let certificate = X509::from_der(bytes).map_err(|error| super::failure::words(&error))?;
    match der::element(bytes) {
        Some(element) if element.rest.is_empty() => Ok(certificate),
        _ => Err("bytes after a certificate".to_owned()),
    }
}

/// What AWS-LC leaves to others: the strength of what the chain rests on; and its length, which to
/// AWS-LC is a reason not to find the issuer.
fn examine(context: &X509StoreContextRef, depth: usize) -> Result<Range<i64>, Fault> {
    let chain = context.chain();
    let count = chain.map_or(0, StackRef::len);
    if count > depth + 2 {
        return Err(Fault {
            reason: RefusalReason::ChainTooLong,
            words: format!(
                "chain too long: {} intermediate certificates, at most {depth}",
                count - 2
            ),
            depth: u32::try_from(depth + 1).unwrap_or(u32::MAX),
            alert: alert_of(X509_V_ERR_CERT_CHAIN_TOO_LONG),
        });
    }
    let mut validity = i64::MIN..i64::MAX;
    let mut below = 0;
    for (depth, certificate) in chain.into_iter().flatten().enumerate() {
        if depth > 0 {
            check_path_length(certificate, below, depth)?;
            below += u32::from(!is_self_issued(certificate));
        }
        let standing = match depth + 1 == count {
            true => Standing::Anchor,
            false => Standing::Issued,
        };
        if let Some(weakness) = weakness(certificate, standing) {
            return Err(Fault {
                reason: RefusalReason::WeakCertificate,
                words: weakness.to_string(),
                depth: u32::try_from(depth).unwrap_or(u32::MAX),
                alert: BAD_CERTIFICATE,
            });
        }
        validity.start = validity.start.max(unix_seconds(certificate.not_before()));
        validity.end = validity.end.min(unix_seconds(certificate.not_after()));
    }
    Ok(validity)
}

/// How many intermediate certificates may be below this authority's (RFC 5280 section 4.2.1.9), counted
/// as OpenSSL does. AWS-LC leaves out what a root says, and any other authority of its own issuer's
/// name; and it takes one off for the client's own certificate even where it has not counted that.
fn check_path_length(authority: &X509Ref, below: u32, depth: usize) -> Result<(), Fault> {
    match authority.pathlen() {
        Some(most) if below > most => Err(Fault {
            reason: RefusalReason::ChainTooLong,
            words: "path length constraint exceeded".to_owned(),
            depth: u32::try_from(depth).unwrap_or(u32::MAX),
            alert: alert_of(X509_V_ERR_PATH_LENGTH_EXCEEDED),
        }),
        _ => Ok(()),
    }
}

/// Whether it has its issuer's name; such intermediate certificates count for no path length. What can't
/// be compared counts.
fn is_self_issued(certificate: &X509Ref) -> bool {
    let (subject, issuer) = (certificate.subject_name(), certificate.issuer_name());
    subject.try_cmp(issuer).is_ok_and(Ordering::is_eq)
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
