//! A response from a file.

use std::path::Path;

use super::{Staple, StapleFault, check};
use crate::findings::{Finding, Findings};
use crate::regular_file;
use crate::tls::ocsp::Question;
use crate::tls::ocsp::answer::AnswerFault;

/// Responses have about 2,000 bytes.
const LONGEST: u64 = 64 * 1024;

/// Reads a DER response about the server's certificate at `now` (seconds since 1970). What can't be sent any
/// more, but could once, is a warning; all else that can't is an error.
pub fn read(
    path: &Path,
    question: Option<&Question>,
    now: i64,
    findings: &mut Findings,
) -> Option<Staple> {
    let place = format!("staple {}", path.display());
    let Some(question) = question else {
        findings.push(no_issuer(place));
        return None;
    };
    let wrong = match regular_file::read(path, LONGEST + 1) {
        Err(error) => format!("can't be read: {error}"),
        Ok(response) if response.len() as u64 > LONGEST => format!("more than {LONGEST} bytes"),
        Ok(response) => match check(question, &response, now) {
            Ok(staple) if now < staple.until => return Some(staple),
            Ok(_) => return outdated(place, "its time is over", findings),
            Err(StapleFault::Answer(fault @ AnswerFault::NotCurrent(_))) => {
                return outdated(place, &fault.to_string(), findings);
            }
            Err(fault) => fault.to_string(),
        },
    };
    findings.push(
        Finding::error(place, wrong)
            .expected("an OCSP response in DER about the server's certificate, signed by its issuer or that one's responder")
            .advice("`openssl ocsp -issuer CA.pem -cert server_cert.cer -url URL -respout FILE` fetches one; --staple on does that by itself."),
    );
    None
}

fn outdated(place: String, words: &str, findings: &mut Findings) -> Option<Staple> {
    findings.push(
        Finding::warning(place, format!("not stapled: {words}"))
            .advice("Fetch a new one, or let --staple on do that."),
    );
    None
}

/// What `--staple on` lacks to ask anybody.
pub fn nobody_to_ask(question: Option<&Question>) -> Findings {
    match question {
        None => no_issuer("staple on").into(),
        Some(question) if question.responder.is_none() => Finding::warning(
            "staple on",
            "nothing is stapled: the server's certificate names no http or https OCSP responder",
        )
        .advice("Name one with --staple-responder.")
        .into(),
        Some(_) => Findings::default(),
    }
}

/// Without the issuer nobody can be asked, and nothing checked.
fn no_issuer(place: impl Into<String>) -> Finding {
    Finding::warning(
        place,
        "nothing is stapled: the issuer of the server's certificate is unknown",
    )
    .expected("it in SSL_SERVER_CERTIFICATE, after the certificate, or in SSL_CLIENT_CERTIFICATE")
}
