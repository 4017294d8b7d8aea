//! From how a connection ended to what that says about the client.

use super::answer::Answer;
use super::attempt::{End, Seen};
use super::meaning;
use crate::bench::failure::Failure;

/// What became of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// `None` if the server didn't say.
    pub accepted: Option<bool>,
    /// What happened.
    pub words: String,
    /// What to do.
    pub advice: Option<&'static str>,
    /// The number of the alert that said it.
    pub alert: Option<u8>,
    /// The answer, if one came.
    pub answer: Option<Answer>,
}

impl Verdict {
    /// Of what was seen.
    pub fn of(seen: &Seen) -> Self {
        match &seen.end {
            End::Answered(answer) => Self::of_answer(*answer),
            End::Spoke => Self::accepted("the handshake is done, and the server spoke".to_owned()),
            End::Quiet(time) => Self::accepted(format!(
                "the handshake is done, and no alert came within {:.1} s",
                time.as_secs_f64()
            )),
            End::Failed(Failure::Alert(number)) => Self::of_alert(*number),
            End::Failed(failure) => Self::of_failure(failure, seen),
        }
    }

    fn accepted(words: String) -> Self {
        Self {
            accepted: Some(true),
            words,
            advice: None,
            alert: None,
            answer: None,
        }
    }

    fn of_answer(answer: Answer) -> Self {
        let status = answer.status;
        let mut verdict = Self::accepted(match status {
            401 | 403 => {
                format!("TLS let the client in; HTTP status {status} is the service's own decision")
            }
            _ => format!("the server answered with HTTP status {status}"),
        });
        verdict.answer = Some(answer);
        if let Some(refusal) = answer.refusal {
            verdict.accepted = Some(false);
            verdict.words = format!("HTTP status {status}: {}", refusal.words());
            verdict.advice = Some(refusal.advice());
        }
        verdict
    }

    fn of_alert(number: u8) -> Self {
        let meaning = meaning::of(number);
        Self {
            accepted: Some(false),
            words: meaning.words.to_owned(),
            advice: Some(meaning.advice),
            alert: Some(number),
            answer: None,
        }
    }

    /// In TLS 1.2 a server that has finished its handshake has accepted the client.
    fn of_failure(failure: &Failure, seen: &Seen) -> Self {
        let is_done = seen
            .agreed
            .as_ref()
            .is_some_and(|agreed| agreed.version != "TLSv1.3");
        let advice = match failure {
            Failure::NotTls => {
                "Is it the port of TLS, or does something before TLS go on there (STARTTLS, a PROXY header)?"
            }
            Failure::Closed(_) | Failure::Reset(_) => {
                "Some servers close without an alert; others wait for a PROXY header. The server's log may tell."
            }
            Failure::Timeout(_) => "Is it the right port? See --timeout.",
            Failure::Tls(_) => {
                "The two can't agree, or this side's AWS-LC refuses what the server sent."
            }
            _ => "Is the server there, and is the way to it open?",
        };
        Self {
            accepted: is_done.then_some(true),
            words: match is_done {
                true => format!("the handshake is done; then {failure}"),
                false => failure.to_string(),
            },
            advice: (!is_done).then_some(advice),
            alert: None,
            answer: None,
        }
    }
}
