//! The status of the server's own certificate, which clients get with it (RFC 6066 section 8).
//!
//! Takes a file, or what the certificate's responder says ([`Refresher`]); hands on [`Stapled`], whose value
//! changes while the gateway runs. A [`Staple`] has been checked as a client would: signed by the issuer or its
//! responder, about this certificate, current, good. One whose time is over is not sent.

mod file;
mod refresher;

use std::sync::Arc;

use openssl::x509::{X509, X509Ref};
use tokio::sync::watch;

use super::ocsp::Question;
use super::ocsp::answer::{self, Answer, AnswerFault, Found};
use super::verification::unix_now;
use crate::fetch::Url;

pub use file::{nobody_to_ask, read};
pub use refresher::Refresher;

/// A good answer about the server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staple {
    /// The OCSP response, DER.
    pub der: Arc<[u8]>,
    /// Until when it is sent, in seconds since 1970.
    pub until: i64,
}

/// What is stapled now; `None` for nothing.
pub type Stapled = watch::Receiver<Option<Staple>>;

/// A value that doesn't change.
pub fn fixed(staple: Option<Staple>) -> Stapled {
    watch::channel(staple).1
}

/// What is to be sent at this moment.
pub fn current(stapled: &Stapled) -> Option<Arc<[u8]>> {
    let staple = stapled.borrow();
    let staple = staple.as_ref()?;
    (unix_now() < staple.until).then(|| staple.der.clone())
}

/// What is asked about the server's certificate; `None` without its issuer, which is looked for among `others`.
pub fn question(leaf: &X509Ref, others: &[X509], responder: Option<&Url>) -> Option<Question> {
    let issuer = others.iter().find(|other| {
        let key = other.public_key();
        let named = other.issued(leaf).as_raw() == 0;
        named && key.is_ok_and(|key| leaf.verify(&key).is_ok_and(|fits| fits))
    });
    let question = issuer.and_then(|issuer| Question::new(leaf, issuer, responder, 0).ok());
    // What stays in the thread's error queue would fail a connection's read.
    drop(openssl::error::ErrorStack::get());
    question
}

/// How long an answer is sent that doesn't say how long it holds, in seconds.
const WITHOUT_END: i64 = 3600;

/// Why an answer isn't sent on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StapleFault {
    /// Clients would not believe it.
    #[error("{0}")]
    Answer(#[from] AnswerFault),
    /// It would make them hang up.
    #[error("it says of the server's certificate: {0}")]
    NotGood(String),
}

/// Checks a response at `now` (seconds since 1970).
fn check(question: &Question, response: &[u8], now: i64) -> Result<Staple, StapleFault> {
    let answer = answer::read(question, response, now)?;
    match &answer.found {
        Found::Good => Ok(Staple {
            der: response.into(),
            until: until(&answer, now),
        }),
        Found::Revoked(words) => Err(StapleFault::NotGood(words.clone())),
        Found::Unknown => Err(StapleFault::NotGood("unknown".to_owned())),
    }
}

fn until(answer: &Answer, now: i64) -> i64 {
    answer.next_update.unwrap_or(now + WITHOUT_END)
}
