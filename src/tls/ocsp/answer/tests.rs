//! Answers that are to be believed, and those that aren't.

use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use self::answers::Status;
use super::*;
use crate::startup::test_certificates::{self as make, Pair, Spec};
use crate::tls::verification::unix_now;

#[path = "../../../../tests/support/ocsp_answers.rs"]
#[allow(dead_code, reason = "the black-box tests use the rest")]
mod answers;

struct Case {
    ca: Pair,
    leaf: Pair,
}

impl Case {
    fn new() -> Self {
        let ca = make::authority("CA");
        let leaf = make::leaf("leaf", &ca);
        Self { ca, leaf }
    }

    fn answer(&self) -> answers::Answer {
        answers::Answer::new(&self.leaf.certificate, &self.ca.certificate, &self.ca.key)
    }

    fn read(&self, response: &[u8]) -> Result<Found, AnswerFault> {
        let (leaf, ca) = (&self.leaf.certificate, &self.ca.certificate);
        let question = Question::new(leaf, ca, None, 0).unwrap();
        let answer = read(&question, response, unix_now()).map(|answer| answer.found);
        assert!(ErrorStack::get().errors().is_empty(), "left for others");
        answer
    }

    /// The kind of its fault.
    #[track_caller]
    fn fault(&self, answer: &answers::Answer) -> &'static str {
        self.read(&answer.der()).expect_err("believed").label()
    }

    fn responder(&self, spec: Spec) -> (X509, PKey<Private>) {
        let pair = make::issue(&spec, Some(&self.ca));
        (pair.certificate, pair.key)
    }
}

fn responder() -> Spec {
    Spec {
        ocsp_signing: true,
        ..make::spec("responder")
    }
}

#[test]
fn the_issuer_answers() {
    let case = Case::new();
    let answer = case.answer();
    assert_eq!(case.read(&answer.der()), Ok(Found::Good));
    let unknown = answer.clone().status(Status::Unknown);
    assert_eq!(case.read(&unknown.der()), Ok(Found::Unknown));
    let revoked = answer.clone().status(Status::Revoked).der();
    let Ok(Found::Revoked(words)) = case.read(&revoked) else {
        panic!("not revoked");
    };
    assert!(words.starts_with("certificate revoked since "), "{words}");
    assert!(words.ends_with(" GMT: keyCompromise"), "{words}");
    let sha256_id = answers::Answer {
        sha256_id: true,
        ..answer
    };
    assert_eq!(case.read(&sha256_id.der()), Ok(Found::Good));
}

#[test]
fn so_does_a_responder_that_it_appointed() {
    let case = Case::new();
    let (certificate, key) = case.responder(responder());
    let answer = case.answer().signed_by(&certificate, &key);
    assert_eq!(case.read(&answer.der()), Ok(Found::Good));
}

#[test]
fn nobody_else_does() {
    let case = Case::new();
    let other = make::authority("Other CA");
    let namesake = make::authority("CA");
    let below = make::issue(&make::authority_spec("Intermediate"), Some(&case.ca));
    let of = |spec: &Spec, issuer: &Pair| make::issue(spec, Some(issuer));
    for (who, signer) in [
        ("a stranger", make::leaf("stranger", &other)),
        ("another CA", other.clone()),
        ("a CA of the same name", namesake.clone()),
        ("a client of the same CA", make::leaf("bob", &case.ca)),
        ("the certificate itself", case.leaf.clone()),
        ("another CA's responder", of(&responder(), &other)),
        ("a namesake's responder", of(&responder(), &namesake)),
        (
            "a responder of an authority below",
            of(&responder(), &below),
        ),
        ("an authority below", below.clone()),
        (
            "an expired responder",
            of(
                &Spec {
                    from: -9,
                    until: -2,
                    ..responder()
                },
                &case.ca,
            ),
        ),
    ] {
        let mut answer = case.answer().signed_by(&signer.certificate, &signer.key);
        assert_eq!(case.fault(&answer), "bad_signature", "{who}");
        answer.certificates.push(below.certificate.clone());
        answer.certificates.push(other.certificate.clone());
        assert_eq!(case.fault(&answer), "bad_signature", "{who}, with others");
        answer.signer = case.ca.certificate.clone();
        assert_eq!(case.fault(&answer), "bad_signature", "{who}, as the issuer");
    }
}

#[test]
fn no_bit_may_be_touched() {
    let case = Case::new();
    let der = case.answer().der();
    for at in 0..der.len() {
        let mut touched = der.clone();
        touched[at] ^= 1;
        let found = case.read(&touched);
        assert!(found.is_err(), "byte {at}: {found:?}");
        assert!(case.read(&der[..at]).is_err(), "{at} bytes");
    }
    let longer = [&der[..], &[0]].concat();
    assert_eq!(case.read(&longer), Err(AnswerFault::Malformed));
}

#[test]
fn what_is_too_weak_for_certificates_is_for_answers() {
    let case = Case::new();
    let weak = answers::Answer {
        weak_signature: true,
        ..case.answer()
    };
    assert_eq!(
        case.read(&weak.der()),
        Err(AnswerFault::Weak("signed with SHA-1".to_owned()))
    );
    let (certificate, key) = case.responder(Spec {
        digest: openssl::hash::MessageDigest::sha1(),
        ..responder()
    });
    let answer = case.answer().signed_by(&certificate, &key);
    let Err(AnswerFault::Weak(words)) = case.read(&answer.der()) else {
        panic!("not weak");
    };
    assert_eq!(
        words,
        "its responder's certificate: signed with SHA-1, a digest too weak"
    );
}

#[test]
fn an_answer_is_about_one_certificate() {
    let case = Case::new();
    let other = Case::new();
    let sibling = make::leaf("leaf", &case.ca);
    for answer in [
        answers::Answer {
            subject: sibling.certificate,
            ..case.answer()
        },
        answers::Answer {
            issuer: other.ca.certificate.clone(),
            signer: case.ca.certificate.clone(),
            ..case.answer()
        },
    ] {
        let kind = case.fault(&answer);
        // With another issuer's name in it, it isn't even known who may sign it.
        assert!(
            ["other_certificate", "bad_signature"].contains(&kind),
            "{kind}"
        );
    }
}

#[test]
fn an_answer_has_its_time() {
    let case = Case::new();
    let day = 86_400;
    for (this, next, current) in [
        (-10, Some(60), true),
        (-10 * day, Some(60), true),
        (SKEW - 5, Some(day), true),
        (SKEW + 5, Some(day), false),
        (-day, Some(-SKEW + 5), true),
        (-day, Some(-SKEW - 5), false),
        (-10, Some(-20), false),
        (-AGE_WITHOUT_END + 5, None, true),
        (-AGE_WITHOUT_END - 5, None, false),
    ] {
        let answer = case.answer().times(this, next);
        let found = case.read(&answer.der());
        match current {
            true => assert_eq!(found, Ok(Found::Good), "{this}, {next:?}"),
            false => assert_eq!(case.fault(&answer), "not_current", "{this}, {next:?}"),
        }
    }
}

#[test]
fn a_responder_may_have_no_answer() {
    let case = Case::new();
    for (status, words) in [
        (1, "malformedRequest"),
        (2, "internalError"),
        (3, "tryLater"),
        (6, "unauthorized: it doesn't know the certificate"),
        (99, "an unknown status"),
    ] {
        let found = case.read(&answers::declined(status));
        assert_eq!(found, Err(AnswerFault::Declined(words)));
    }
    // "successful", with nothing in it.
    let found = case.read(&answers::declined(0));
    assert_eq!(found, Err(AnswerFault::Malformed));
    for garbage in [&b""[..], b"<html>", &[0x30, 0x80], &[0; 100]] {
        assert_eq!(case.read(garbage), Err(AnswerFault::Malformed));
    }
}
