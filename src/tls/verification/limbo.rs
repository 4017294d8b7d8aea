//! The cases of C2SP's x509-limbo (<https://x509-limbo.com>, Apache-2.0) for client certificates, held against the
//! very code of the live decision. docs/verification.md names each difference and its reason.

use std::sync::Arc;

use openssl::x509::{X509, X509Crl};
use serde_json::Value;

use super::*;
use crate::config::values::{CrlCheck, CrlPolicy};
use crate::tls::revocation::{Crl, Revocation};

/// One case of the suite.
struct Case {
    id: String,
    accept: bool,
    openssl_accepts: bool,
    chain: Vec<Vec<u8>>,
    trust: Result<Trust, String>,
}

fn cases() -> Vec<Case> {
    let text = include_str!("../../../tests/data/x509-limbo-clientauth.json");
    let cases: Value = serde_json::from_str(text).unwrap();
    cases["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(Case::of)
        .collect()
}

fn pems(value: &Value) -> impl Iterator<Item = &[u8]> {
    let texts = value.as_array().unwrap().iter();
    texts.map(|text| text.as_str().unwrap().as_bytes())
}

fn ders(pem: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(pem).unwrap();
    let body: String = text.lines().filter(|l| !l.starts_with("-----")).collect();
    openssl::base64::decode_block(&body).unwrap()
}

impl Case {
    fn of(case: &Value) -> Self {
        let trust = || -> Result<Trust, String> {
            let roots = pems(&case["roots"])
                .map(|pem| X509::from_pem(pem).map_err(|e| format!("root: {e}")))
                .collect::<Result<Vec<_>, _>>()?;
            let lists = pems(&case["crls"])
                .map(|pem| {
                    let list = X509Crl::from_pem(pem).map_err(|e| e.to_string())?;
                    Crl::from_der(&list.to_der().unwrap())
                        .map(Arc::new)
                        .map_err(|e| e.to_string())
                })
                .collect::<Result<Vec<_>, _>>()?;
            let revocation = (!lists.is_empty())
                .then(|| Revocation::new(lists, CrlCheck::Chain, CrlPolicy::Strict));
            let plain = Trust::of(&roots);
            Ok(Trust {
                revocation,
                depth: case["max_chain_depth"]
                    .as_u64()
                    .map_or(plain.depth, |d| d as u32),
                at: case["time"].as_str().map(|time| {
                    let time = time.split(['.', '+']).next().unwrap();
                    let time = humantime::parse_rfc3339_weak(time).unwrap();
                    time.duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
                }),
                ..plain
            })
        };
        let leaf = case["leaf"].as_str().unwrap().as_bytes();
        Self {
            id: case["id"].as_str().unwrap().to_owned(),
            accept: case["expected"] == "accept",
            openssl_accepts: case["openssl_verify_3_0"] == "accept",
            chain: std::iter::once(leaf)
                .chain(pems(&case["intermediates"]))
                .map(ders)
                .collect(),
            trust: trust(),
        }
    }

    /// Reason, depth and words of a refusal.
    fn verdict(&self, strict: bool) -> Result<(), String> {
        let trust = self.trust.clone()?;
        let verifier = Verifier::new(Trust { strict, ..trust }).unwrap();
        let verdict = verifier.verify(ChainDigest::of(&self.chain), &self.chain);
        verdict
            .map(drop)
            .map_err(|r| format!("{} at {}: {}", r.reason.label(), r.depth, r.words))
    }
}

/// What differs from the suite by default and under `verify-strict` alike, and what certgate says.
const ALWAYS: &[(&str, &str)] = &[
    // Anchors that are no roots need `partial-chain`.
    ("cve::cve-2024-0567", "unknown_ca at 2"),
    ("rfc5280::root-and-intermediate-swapped", "unknown_ca at 1"),
    // `verify-depth` counts every certificate, as OpenSSL and nginx do.
    (
        "pathlen::max-chain-depth-1-self-issued",
        "chain_too_long at 2",
    ),
];

/// What is let in by default though the suite wouldn't, and what `verify-strict` says of it.
const LET_IN: &[(&str, &str)] = &[
    (
        "crl::crlnumber-missing",
        "crl_missing at 0: no revocation list: the one of CN=x509-limbo-root has no cRLNumber",
    ),
    (
        "rfc5280::aki::leaf-missing-aki",
        "certificate 0: it has no authorityKeyIdentifier",
    ),
    (
        "rfc5280::aki::intermediate-missing-aki",
        "certificate 1: it has no authorityKeyIdentifier",
    ),
    (
        "rfc5280::nc::permitted-dns-match-noncritical",
        "certificate 1: nameConstraints is not critical",
    ),
    (
        "rfc5280::nc::invalid-dnsname-leading-period",
        "certificate 1: nameConstraints has a dNSName",
    ),
    (
        "rfc5280::nc::not-allowed-in-ee-noncritical",
        "certificate 0: nameConstraints is not critical",
    ),
    (
        "rfc5280::nc::not-allowed-in-ee-critical",
        "certificate 0: it has nameConstraints, but is no CA's",
    ),
    (
        "rfc5280::nc::nc-permits-invalid-dns-san",
        "certificate 0: subjectAltName has a dNSName",
    ),
    (
        "rfc5280::pc::ica-noncritical-pc",
        "certificate 1: policyConstraints is not critical",
    ),
    (
        "rfc5280::san::noncritical-with-empty-subject",
        "certificate 0: it has no subject name and no critical subjectAltName",
    ),
    (
        "rfc5280::serial::too-long",
        "certificate 0: its serial number has 23 octets",
    ),
    (
        "rfc5280::serial::zero",
        "certificate 0: its serial number is not positive",
    ),
    (
        "rfc5280::ski::root-missing-ski",
        "certificate 1: it is a CA's without subjectKeyIdentifier",
    ),
    (
        "rfc5280::ski::intermediate-missing-ski",
        "certificate 1: it is a CA's without subjectKeyIdentifier",
    ),
    (
        "rfc5280::root-non-critical-basic-constraints",
        "certificate 1: basicConstraints is not critical",
    ),
    (
        "rfc5280::leaf-ku-keycertsign",
        "certificate 0: its keyUsage has keyCertSign",
    ),
    (
        "webpki::aki::root-with-aki-missing-keyidentifier",
        "certificate 1: it has no authorityKeyIdentifier with a keyIdentifier",
    ),
    (
        "webpki::nc::intermediate-permitted-excluded-subtrees-both-null",
        "certificate 1: its nameConstraints have no or an empty list",
    ),
    (
        "webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences",
        "certificate 1: its nameConstraints have no or an empty list",
    ),
    (
        "webpki::malformed-aia",
        "certificate 0: authorityInfoAccess is malformed",
    ),
    (
        "webpki::forbidden-dsa-root",
        "certificate 1: its key is of DSA",
    ),
    (
        "webpki::forbidden-rsa-not-divisible-by-8-in-root",
        "certificate 1: its RSA key has 2052 bits",
    ),
    (
        "webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf",
        "certificate 0: its RSA key has 2052 bits",
    ),
    (
        "webpki::v1-cert",
        "certificate 0: it has no authorityKeyIdentifier",
    ),
    (
        "webpki::ee-basicconstraints-ca",
        "certificate 0: its basicConstraints say CA",
    ),
];

/// What is refused under `verify-strict`, and the suite would let in.
const TOO_STRICT: &[(&str, &str)] = &[
    // The suite has section 6.3.3 in mind here, and certgate section 4.2.1.3 too.
    (
        "crl::issuer-no-keyusage-extension",
        "certificate 1: it is a CA's without keyUsage",
    ),
    // Its twin, rfc5280::nc::permitted-dns-match-noncritical, wants the opposite.
    (
        "webpki::nc::permitted-dns-match-noncritical",
        "certificate 1: nameConstraints is not critical",
    ),
];

/// Every case: what differs is what is written above, for the reason that is written there.
fn agrees(strict: bool, differing: &[&[(&str, &str)]]) {
    let cases = cases();
    assert_eq!(cases.len(), 175);
    let differing: Vec<_> = differing.concat();
    for (id, _) in &differing {
        assert!(cases.iter().any(|case| case.id == *id), "{id}");
    }
    let mut wrong = Vec::new();
    for case in &cases {
        let verdict = case.verdict(strict);
        let said = differing.iter().find(|(id, _)| *id == case.id);
        let accept = case.accept == said.is_none();
        let has_words = match (&verdict, said) {
            (Err(words), Some((_, expected))) => words.contains(expected),
            _ => true,
        };
        if verdict.is_ok() != accept || !has_words {
            wrong.push(format!("{}: {verdict:?}", case.id));
        }
        // What OpenSSL 3.0 decides rightly by default.
        let openssl_is_right = case.openssl_accepts == case.accept;
        let differs = said.is_some();
        assert!(strict || !(openssl_is_right && differs), "{}", case.id);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn agrees_with_147_of_175_by_default() {
    agrees(false, &[ALWAYS, LET_IN]);
    assert_eq!(175 - ALWAYS.len() - LET_IN.len(), 147);
}

#[test]
fn agrees_with_170_of_175_under_verify_strict() {
    agrees(true, &[ALWAYS, TOO_STRICT]);
    assert_eq!(175 - ALWAYS.len() - TOO_STRICT.len(), 170);
}

/// And names the fault, the certificate and the rule.
#[test]
fn verify_strict_says_which_rule_is_broken() {
    for case in &cases() {
        let Some((_, expected)) = LET_IN.iter().find(|(id, _)| *id == case.id) else {
            continue;
        };
        assert_eq!(case.verdict(false), Ok(()), "{}", case.id);
        let words = case.verdict(true).unwrap_err();
        assert!(words.contains(expected), "{}: {words}", case.id);
        let names_source = words.contains("section ") || words.contains("Baseline Requirements ");
        assert!(names_source, "{}: {words}", case.id);
    }
}

/// Two cases have an anchor that is no root: with the setting for that they are as the suite wants them.
#[test]
fn partial_chain_is_for_anchors_that_are_no_roots() {
    for id in [ALWAYS[0].0, ALWAYS[1].0] {
        let mut case = cases().into_iter().find(|case| case.id == id).unwrap();
        case.trust.as_mut().unwrap().partial_chain = true;
        assert_eq!(case.verdict(false), Ok(()), "{id}");
    }
}

/// What a verifier remembers is what it found, and a strict one doesn't remember what another let in.
#[test]
fn what_is_remembered_is_as_strict() {
    for case in cases() {
        let Ok(trust) = case.trust.clone() else {
            continue;
        };
        let digest = ChainDigest::of(&case.chain);
        for strict in [false, true] {
            let trust = trust.clone();
            let verifier = Verifier::new(Trust { strict, ..trust }).unwrap();
            let first = verifier.verify(digest, &case.chain).is_ok();
            let explained = verifier.explain(&case.chain);
            assert_eq!(explained.verdict.is_ok(), first, "{}", case.id);
            assert!(first || verifier.recall(&digest).is_none(), "{}", case.id);
            let second = verifier.verify(digest, &case.chain).is_ok();
            assert_eq!(second, first, "{}", case.id);
        }
    }
}

/// RFC 5280 section 4.1.2.5; and what is remembered holds as long.
#[test]
fn the_last_second_of_a_validity_is_inside() {
    let id = "rfc5280::validity::notafter-exact";
    let case = cases().into_iter().find(|case| case.id == id).unwrap();
    let trust = case.trust.unwrap();
    let end = trust.at.unwrap();
    let verdict = |at| {
        let trust = Trust {
            at: Some(at),
            ..trust.clone()
        };
        let verifier = Verifier::new(trust).unwrap();
        let verdict = verifier.verify(ChainDigest::of(&case.chain), &case.chain);
        verdict.map(|verified| verified.validity.end)
    };
    assert_eq!(verdict(end - 1).unwrap(), end + 1);
    assert_eq!(verdict(end).unwrap(), end + 1);
    assert_eq!(verdict(end + 1).unwrap_err().reason, RefusalReason::Expired);
}

#[test]
fn every_difference_is_named_in_the_documentation() {
    let page = include_str!("../../../docs/verification.md");
    for (id, _) in [ALWAYS, LET_IN, TOO_STRICT].concat() {
        assert!(page.contains(&format!("`{id}`")), "{id}");
    }
}

/// A key that can't sign a handshake is refused in words, whether AWS-LC can read it or not.
#[test]
fn the_client_s_own_key_must_be_fit_for_a_handshake() {
    for (id, words) in [
        (
            "webpki::forbidden-dsa-leaf",
            "a DSA key can't sign a handshake",
        ),
        (
            "webpki::forbidden-p192-leaf",
            "the key is of a kind or on a curve",
        ),
        ("webpki::explicit-curve", "explicit ECC parameters"),
    ] {
        let case = cases().into_iter().find(|case| case.id == id).unwrap();
        let found = case.verdict(false).unwrap_err();
        assert!(
            found.starts_with("invalid_certificate at 0"),
            "{id}: {found}"
        );
        assert!(found.contains(words), "{id}: {found}");
    }
}
