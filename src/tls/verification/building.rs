//! From the certificates that were sent to a chain that holds, or to what is wrong with it.
//!
//! AWS-LC builds one chain and says whether it holds. Here is what it leaves to others: another way where a client
//! sent two certificates of one CA, the last second of a validity, the strength of what a chain rests on, how long it
//! may be, revocation, and the strict rules.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::stack::{Stack, StackRef};
use openssl::x509::store::X509StoreRef;
use openssl::x509::{X509, X509Ref, X509StoreContext, X509StoreContextRef};

use super::Verifier;
use super::fault::{
    Fault, X509_V_ERR_CERT_CHAIN_TOO_LONG, X509_V_ERR_CERT_HAS_EXPIRED,
    X509_V_ERR_PATH_LENGTH_EXCEEDED, only_the_time_is_wrong,
};
use super::signing;
use crate::identity::unix_seconds;
use crate::refusal::RefusalReason;
use crate::tls::ffi::server::BAD_CERTIFICATE;
use crate::tls::ocsp::Question;
use crate::tls::revocation::Unrevoked;
use crate::tls::strength::{Standing, weakness};
use crate::tls::strictness;
use crate::tls::trust::Trust;

/// How many more chains are tried after one that doesn't hold.
const OTHER_WAYS: usize = 3;

/// What a good chain brings along.
pub(super) struct Found {
    /// DER, without the anchor.
    pub chain: Box<[Box<[u8]>]>,
    /// When every certificate of it is valid.
    pub validity: Range<i64>,
    /// What the revocation lists say, if there are any.
    pub unrevoked: Option<Unrevoked>,
    /// What responders are to be asked.
    pub questions: Vec<Arc<Question>>,
}

/// Why there is no chain.
pub(super) struct Broken {
    pub fault: Fault,
    /// Whether a trusted CA has signed the client's own certificate all the same.
    pub vouched: bool,
}

impl Broken {
    pub fn by_a_stranger(fault: Fault) -> Self {
        Self {
            fault,
            vouched: false,
        }
    }
}

/// Why one chain doesn't hold, and which it was.
struct Failed {
    fault: Fault,
    vouched: bool,
    chain: Vec<X509>,
}

impl Failed {
    fn unexpected(error: ErrorStack) -> Self {
        Self {
            fault: Fault::unexpected(error),
            vouched: false,
            chain: Vec::new(),
        }
    }
}

impl Verifier {
    /// Builds and checks the chain; tells it, if somebody wants to know.
    pub(super) fn build_chain(
        &self,
        store: &X509StoreRef,
        leaf: &X509Ref,
        mut others: Vec<X509>,
        built: Option<&mut Vec<X509>>,
    ) -> Result<Found, Broken> {
        if let Some(fault) = signing::unfit(leaf) {
            if let Some(built) = built {
                built.push(leaf.to_owned());
            }
            return Err(Broken::by_a_stranger(fault));
        }
        let wanted = built.is_some();
        let tell = |chain: Vec<X509>| {
            if let Some(built) = built {
                *built = chain;
            }
        };
        let mut failed = match self.try_chain(store, leaf, &others, wanted) {
            Ok((found, chain)) => {
                tell(chain);
                return Ok(found);
            }
            Err(failed) => failed,
        };
        // Cross-signed CAs: where two certificates of one CA were sent, the other one may lead to an anchor.
        let mut last = failed.chain.clone();
        for _ in 0..OTHER_WAYS {
            let Some(dead_end) = second_choice(&last, &others) else {
                break;
            };
            others.remove(dead_end);
            match self.try_chain(store, leaf, &others, wanted) {
                Ok((found, chain)) => {
                    tell(chain);
                    return Ok(found);
                }
                Err(other) => last = other.chain,
            }
        }
        // What is said is about the first.
        tell(std::mem::take(&mut failed.chain));
        Err(Broken {
            fault: failed.fault,
            vouched: failed.vouched,
        })
    }

    /// One chain of what AWS-LC finds first.
    fn try_chain(
        &self,
        store: &X509StoreRef,
        leaf: &X509Ref,
        others: &[X509],
        wanted: bool,
    ) -> Result<(Found, Vec<X509>), Failed> {
        let mut stack = Stack::new().map_err(Failed::unexpected)?;
        for certificate in others {
            let pushed = stack.push(certificate.clone());
            pushed.map_err(Failed::unexpected)?;
        }
        let tried = self.try_in(store, leaf, &stack, wanted);
        match tried {
            Err(failed) if self.is_last_second(&failed) => {
                let before = Trust {
                    at: Some(self.trust.moment() - 1),
                    ..self.trust.clone()
                };
                let store = match before.pins {
                    Some(_) => before.store_of_pinned(leaf),
                    None => before.store(),
                };
                let store = store.map_err(Failed::unexpected)?;
                self.try_in(&store, leaf, &stack, wanted)
                    .map_err(|_| failed)
            }
            tried => tried,
        }
    }

    /// notAfter is inside a validity (RFC 5280 section 4.1.2.5). To AWS-LC it is outside (X509_cmp_time(3)): whoever
    /// expires in this second is held against the one before.
    fn is_last_second(&self, failed: &Failed) -> bool {
        let at_fault = failed.chain.get(failed.fault.depth as usize);
        failed.fault.code == X509_V_ERR_CERT_HAS_EXPIRED
            && at_fault.is_some_and(|at| unix_seconds(at.not_after()) == self.trust.moment())
    }

    fn try_in(
        &self,
        store: &X509StoreRef,
        leaf: &X509Ref,
        others: &StackRef<X509>,
        wanted: bool,
    ) -> Result<(Found, Vec<X509>), Failed> {
        let mut context = X509StoreContext::new().map_err(Failed::unexpected)?;
        let tried = context.init(store, leaf, others, |context| {
            let holds = context.verify_cert()?;
            let verdict = match holds {
                true => self.examine(context),
                false => Err(Fault::of(context)),
            };
            let chain = || {
                let chain = context.chain().into_iter().flatten();
                chain.map(ToOwned::to_owned).collect::<Vec<_>>()
            };
            Ok(match verdict {
                Ok(found) => Ok((found, if wanted { chain() } else { Vec::new() })),
                Err(fault) => Err(Failed {
                    fault,
                    vouched: holds || only_the_time_is_wrong(context),
                    chain: chain(),
                }),
            })
        });
        tried.unwrap_or_else(|error| Err(Failed::unexpected(error)))
    }

    /// What AWS-LC doesn't look at, or not so.
    fn examine(&self, context: &X509StoreContextRef) -> Result<Found, Fault> {
        let validity = self.examine_links(context)?;
        let Some(chain) = context.chain() else {
            return Err(Fault::unexpected(ErrorStack::get()));
        };
        if let Some(fault) = chain.get(0).and_then(signing::not_for_signatures) {
            return Err(fault);
        }
        if self.trust.strict {
            strictness::examine(chain)?;
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

    /// What AWS-LC leaves to others: the strength of what the chain rests on; and its length, which to
    /// AWS-LC is a reason not to find the issuer.
    fn examine_links(&self, context: &X509StoreContextRef) -> Result<Range<i64>, Fault> {
        let depth = self.trust.depth as usize;
        let chain = context.chain();
        let count = chain.map_or(0, StackRef::len);
        if count > depth + 2 {
            let words = format!(
                "chain too long: {} intermediate certificates, at most {depth}",
                count - 2
            );
            return Err(Fault {
                depth: u32::try_from(depth + 1).unwrap_or(u32::MAX),
                ..Fault::too_long(words, X509_V_ERR_CERT_CHAIN_TOO_LONG)
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
                    code: 0,
                });
            }
            let end = unix_seconds(certificate.not_after()).saturating_add(1);
            validity.start = validity.start.max(unix_seconds(certificate.not_before()));
            validity.end = validity.end.min(end);
        }
        Ok(validity)
    }
}

/// Which of the certificates that were sent is in the chain, though another one of the same name could be.
fn second_choice(chain: &[X509], others: &[X509]) -> Option<usize> {
    let above = chain.iter().skip(1);
    let mut sent = above.filter_map(|tried| others.iter().position(|other| other == tried));
    sent.find(|at| {
        let tried = others[*at].subject_name();
        let is_other = |other: &X509| {
            *other != others[*at]
                && other
                    .subject_name()
                    .try_cmp(tried)
                    .is_ok_and(Ordering::is_eq)
        };
        others.iter().any(is_other)
    })
}

/// What upstreams are told of a chain: whom they trust themselves they know (RFC 9440 section 2.3). A leaf
/// that is an anchor itself stays.
fn below_the_anchor(chain: &StackRef<X509>) -> Result<Box<[Box<[u8]>]>, ErrorStack> {
    let count = (chain.len() - 1).max(1);
    let certificates = chain.iter().take(count);
    let ders = certificates.map(|certificate| certificate.to_der().map(Into::into));
    ders.collect()
}

/// How many intermediate certificates may be below this authority's (RFC 5280 section 4.2.1.9), counted
/// as OpenSSL does. AWS-LC leaves out what a root says, and any other authority of its own issuer's
/// name; and it takes one off for the client's own certificate even where it has not counted that.
fn check_path_length(authority: &X509Ref, below: u32, depth: usize) -> Result<(), Fault> {
    match authority.pathlen() {
        Some(most) if below > most => Err(Fault {
            depth: u32::try_from(depth).unwrap_or(u32::MAX),
            ..Fault::too_long(
                "path length constraint exceeded".to_owned(),
                X509_V_ERR_PATH_LENGTH_EXCEEDED,
            )
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
