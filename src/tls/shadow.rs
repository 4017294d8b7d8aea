//! A candidate that is judged beside what decides about clients: it sees what the handshake saw, afterwards, and
//! decides nothing.
//!
//! Takes the chain that was shown, or that a ticket stands for; hands on an [`Exhibit`], which tells what the
//! candidate makes of it once the client has its answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use openssl::error::ErrorStack;

use super::admission::{Admission, Denied, Origin};
use super::trust::Trust;
use super::verification::{Rejection, Verified, Verifier};
use super::verified_chains::ChainDigest;
use crate::config::values::ClientAuth;
use crate::identity::ClientCertificate;
use crate::refusal::RefusalReason;
use crate::telemetry::throttle::ThrottleEach;

/// How many chains are remembered that the candidate refuses.
const REMEMBERED_REFUSALS: usize = 256;
/// The largest of them, in bytes: a certificate's names take many times their room in memory, and anybody can make
/// one that is refused.
const REMEMBERED_SIZE: usize = 4 * 1024;
/// How long: time may make them good.
const REFUSED_FOR: Duration = Duration::from_secs(60);
/// From one line about a client to the next.
const BETWEEN_LINES: Duration = Duration::from_secs(600);
/// How many clients lines are counted of; some 60 bytes each.
const CLIENTS: usize = 8192;

/// One immutable candidate.
pub struct Shadow {
    verifier: Verifier,
    admission: Arc<dyn Admission>,
    client_auth: ClientAuth,
    refused: Mutex<HashMap<ChainDigest, (Instant, Arc<Rejection>)>>,
    /// Of each client, by what is said of it.
    pub lines: ThrottleEach<([u8; 32], &'static str)>,
}

impl Shadow {
    /// Judges by this.
    pub fn new(
        trust: Trust,
        admission: Arc<dyn Admission>,
        client_auth: ClientAuth,
    ) -> Result<Self, ErrorStack> {
        Ok(Self {
            verifier: Verifier::new(trust)?,
            admission,
            client_auth,
            refused: Mutex::default(),
            lines: ThrottleEach::new(BETWEEN_LINES, CLIENTS),
        })
    }

    /// What is known of a chain.
    fn recall(&self, digest: &ChainDigest) -> Option<Opinion> {
        if let Some(verified) = self.verifier.recall(digest) {
            return Some(Ok(verified));
        }
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, rejection) = refused.get(digest)?;
        (since.elapsed() < REFUSED_FOR).then(|| Err(rejection.clone()))
    }

    fn verify(&self, digest: ChainDigest, chain: &[Box<[u8]>]) -> Opinion {
        self.verifier.verify(digest, chain).map_err(|rejection| {
            let rejection: Arc<Rejection> = rejection.into();
            if chain
                .iter()
                .map(|certificate| certificate.len())
                .sum::<usize>()
                > REMEMBERED_SIZE
            {
                return rejection;
            }
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            if refused.len() >= REMEMBERED_REFUSALS {
                refused.clear();
            }
            refused.insert(digest, (Instant::now(), rejection.clone()));
            rejection
        })
    }

    fn judge(&self, evidence: Evidence, origin: &Origin) -> Option<Judgement> {
        let opinion = match evidence {
            Evidence::None => return Some(self.judge_anonymous(origin)),
            Evidence::Lost => return None,
            Evidence::Known(opinion) => opinion,
            Evidence::Chain(digest, chain) => match self.recall(&digest) {
                Some(opinion) => opinion,
                None => self.verify(digest, &chain),
            },
        };
        Some(match opinion {
            Ok(verified) => Judgement {
                verdict: self.admission.admit(&verified.certificate, origin),
                certificate: Some(verified.certificate.clone()),
            },
            Err(rejection) => Judgement {
                verdict: Err(Denied {
                    reason: rejection.reason,
                    words: rejection.words.clone(),
                }),
                certificate: rejection.certificate.clone(),
            },
        })
    }

    fn judge_anonymous(&self, origin: &Origin) -> Judgement {
        let admitted =
            self.client_auth != ClientAuth::Required && self.admission.admit_anonymous(origin);
        let denied = || Denied {
            reason: RefusalReason::NoCertificate,
            words: "no certificate".to_owned(),
        };
        Judgement {
            verdict: admitted.then_some(()).ok_or_else(denied),
            certificate: None,
        }
    }
}

/// Of a chain, before the rules.
type Opinion = Result<Arc<Verified>, Arc<Rejection>>;

/// What a handshake saw of its client.
enum Evidence {
    /// No certificate.
    None,
    /// A chain that the candidate knows.
    Known(Opinion),
    /// One that it doesn't, DER.
    Chain(ChainDigest, Vec<Box<[u8]>>),
    /// One that can't be told again.
    Lost,
}

/// What the candidate makes of a client.
pub struct Judgement {
    /// Whether it would come in.
    pub verdict: Result<(), Denied>,
    /// Its certificate, as far as there is one that can be read.
    pub certificate: Option<Arc<ClientCertificate>>,
}

/// What a candidate needs of a connection, kept until its handshake is over.
pub struct Witness {
    shadow: Arc<Shadow>,
    shown: Mutex<Option<Evidence>>,
    offered: Mutex<Option<Evidence>>,
    by_responder: OnceLock<()>,
}

impl Witness {
    /// Has seen nothing yet.
    pub fn of(shadow: &Arc<Shadow>) -> Self {
        Self {
            shadow: shadow.clone(),
            shown: Mutex::default(),
            offered: Mutex::default(),
            by_responder: OnceLock::new(),
        }
    }

    /// The client has shown this chain.
    pub fn shown<Der: AsRef<[u8]>>(&self, digest: ChainDigest, chain: &[Der]) {
        let evidence = self.evidence(digest, || {
            let chain = chain.iter().map(|der| der.as_ref().into());
            Some(chain.collect())
        });
        *lock(&self.shown) = Some(evidence);
    }

    /// The client has a ticket that stands for this chain.
    pub fn offered(&self, digest: ChainDigest, chain: impl FnOnce() -> Option<Vec<Vec<u8>>>) {
        let evidence = self.evidence(digest, || {
            let chain = chain()?.into_iter().map(Into::into);
            Some(chain.collect())
        });
        *lock(&self.offered) = Some(evidence);
    }

    /// The client is refused by what a responder says, of which the candidate has no other opinion.
    pub fn refused_by_responder(&self) {
        let _ = self.by_responder.set(());
    }

    fn evidence(
        &self,
        digest: ChainDigest,
        chain: impl FnOnce() -> Option<Vec<Box<[u8]>>>,
    ) -> Evidence {
        match self.shadow.recall(&digest) {
            Some(opinion) => Evidence::Known(opinion),
            None => match chain() {
                Some(chain) => Evidence::Chain(digest, chain),
                None => Evidence::Lost,
            },
        }
    }

    /// What was seen, which is then no longer kept; of the ticket, if that was what counted.
    pub fn exhibit(&self, resumed: bool) -> Exhibit {
        let seen = if resumed { &self.offered } else { &self.shown };
        let evidence = lock(seen).take().unwrap_or(Evidence::None);
        drop((lock(&self.shown).take(), lock(&self.offered).take()));
        Exhibit {
            shadow: self.shadow.clone(),
            evidence,
            by_responder: self.by_responder.get().is_some(),
        }
    }
}

fn lock(evidence: &Mutex<Option<Evidence>>) -> std::sync::MutexGuard<'_, Option<Evidence>> {
    evidence.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client for the candidate to judge, after the decision.
pub struct Exhibit {
    shadow: Arc<Shadow>,
    evidence: Evidence,
    /// Whether a responder's word refused the client.
    pub by_responder: bool,
}

impl Exhibit {
    /// Whether the verdict costs next to nothing.
    pub fn is_quick(&self) -> bool {
        !matches!(self.evidence, Evidence::Chain(..))
    }

    /// The verdict; `None` if nobody can tell any more what there was to judge.
    pub fn judge(self, origin: &Origin) -> Option<Judgement> {
        self.shadow.judge(self.evidence, origin)
    }

    /// Who judges.
    pub fn shadow(&self) -> Arc<Shadow> {
        self.shadow.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Peer;
    use crate::startup::test_certificates::{self as make, Pair};
    use crate::tls::pins::Pins;

    fn nowhere() -> Origin {
        Origin {
            client: Peer::Ip(([127, 0, 0, 1], 1).into()),
            via: None,
        }
    }

    struct Nobody;

    impl Admission for Nobody {
        fn admit(&self, _: &ClientCertificate, _: &Origin) -> Result<(), Denied> {
            Err(Denied {
                reason: RefusalReason::Denied,
                words: "nobody".to_owned(),
            })
        }

        fn admit_anonymous(&self, _: &Origin) -> bool {
            false
        }

        fn may_admit_anonymous(&self) -> bool {
            false
        }

        fn pins(&self) -> Pins {
            Pins::default()
        }
    }

    fn shadow(ca: &Pair, admission: Arc<dyn Admission>, mode: ClientAuth) -> Arc<Shadow> {
        let trust = Trust::of(std::slice::from_ref(&ca.certificate));
        Arc::new(Shadow::new(trust, admission, mode).unwrap())
    }

    fn exhibit(shadow: &Arc<Shadow>, client: &Pair) -> Exhibit {
        let chain = [client.certificate.to_der().unwrap()];
        let witness = Witness::of(shadow);
        witness.shown(ChainDigest::of(&chain), &chain);
        witness.exhibit(false)
    }

    fn reason(exhibit: Exhibit) -> Option<RefusalReason> {
        let judgement = exhibit.judge(&nowhere()).unwrap();
        judgement.verdict.err().map(|denied| denied.reason)
    }

    /// The second time, no chain is copied or verified: neither of whom it would let in, nor of whom not.
    #[test]
    fn each_chain_is_judged_once() {
        let ca = make::authority("CA");
        let shadow = shadow(&ca, Arc::new(()), ClientAuth::Required);
        let good = make::leaf("alice", &ca);
        let bad = make::leaf("mallory", &make::authority("Other"));
        for (client, expected) in [(good, None), (bad, Some(RefusalReason::UnknownCa))] {
            let first = exhibit(&shadow, &client);
            assert!(!first.is_quick());
            assert_eq!(reason(first), expected);
            let again = exhibit(&shadow, &client);
            assert!(again.is_quick());
            assert_eq!(reason(again), expected);
        }
    }

    #[test]
    fn rules_and_modes_count() {
        let ca = make::authority("CA");
        let alice = make::leaf("alice", &ca);
        let denies = shadow(&ca, Arc::new(Nobody), ClientAuth::Optional);
        assert_eq!(
            reason(exhibit(&denies, &alice)),
            Some(RefusalReason::Denied)
        );
        let anonymous = |shadow: &Arc<Shadow>| reason(Witness::of(shadow).exhibit(false));
        let refused = Some(RefusalReason::NoCertificate);
        assert_eq!(anonymous(&denies), refused);
        let optional = shadow(&ca, Arc::new(()), ClientAuth::Optional);
        assert_eq!(anonymous(&optional), None);
        let required = shadow(&ca, Arc::new(()), ClientAuth::Required);
        assert_eq!(anonymous(&required), refused);
    }

    #[test]
    fn what_counts_is_the_ticket_only_if_it_resumed() {
        let ca = make::authority("CA");
        let shadow = shadow(&ca, Arc::new(()), ClientAuth::Required);
        let der = |pair: &Pair| vec![pair.certificate.to_der().unwrap()];
        let [good, bad] = [
            make::leaf("alice", &ca),
            make::leaf("mallory", &make::authority("Other")),
        ];
        for resumed in [false, true] {
            let witness = Witness::of(&shadow);
            witness.shown(ChainDigest::of(&der(&good)), &der(&good));
            witness.offered(ChainDigest::of(&der(&bad)), || Some(der(&bad)));
            assert_eq!(reason(witness.exhibit(resumed)).is_some(), resumed);
        }
    }

    #[test]
    fn the_memory_of_refusals_is_bounded() {
        let ca = make::authority("CA");
        let shadow = shadow(&ca, Arc::new(()), ClientAuth::Required);
        for number in 0..REMEMBERED_REFUSALS + 2 {
            let junk: Box<[u8]> = number.to_string().into_bytes().into();
            let chain = [junk];
            assert!(shadow.verify(ChainDigest::of(&chain), &chain).is_err());
        }
        assert!(shadow.refused.lock().unwrap().len() <= REMEMBERED_REFUSALS);
    }
}
