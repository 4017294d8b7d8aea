//! What is said of revocation lists.

use std::sync::Arc;

use super::*;
use crate::config::values::{CrlCheck, CrlPolicy};
use crate::startup::test_crls::{self, CrlSpec};
use crate::tls::revocation::Crl;

const DAY: i64 = 86_400;

fn report(ca: &[&Pair], policy: CrlPolicy, lists: &[CrlSpec]) -> Report {
    let lists = lists.iter().map(|spec| {
        let variable = "SSL_CLIENT_CRL";
        let crl = Crl::from_der(&spec.der()).unwrap();
        (Source::Environment { variable }, Arc::new(crl))
    });
    let crls = Crls {
        lists: lists.collect(),
        wanted: true,
        ..Crls::default()
    };
    let mut report = Report {
        ticket_secret: None,
        certificates: Vec::new(),
        fetched_crls: Vec::new(),
        routes: Vec::new(),
        crls: Vec::new(),
        findings: Findings::default(),
    };
    let rules = CrlRules {
        check: CrlCheck::Chain,
        policy,
    };
    let ca = certificates(CLIENT_CERTIFICATE, ca);
    add_crls(&mut report, &crls, Some(&ca), rules, SystemTime::now());
    report
}

#[track_caller]
fn says(report: &Report, expected: &[&str]) {
    let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings.len(), expected.len(), "{findings:#?}");
    for (finding, part) in findings.iter().zip(expected) {
        assert!(
            finding.starts_with("warning: ") && finding.contains(part),
            "{part}: {finding}"
        );
    }
}

#[test]
fn a_good_list_is_described_and_not_complained_about() {
    let ca = make::authority("CA");
    let list = test_crls::of(&ca).revoking(&make::leaf("alice", &ca).certificate);
    let report = report(&[&ca], CrlPolicy::Strict, &[list]);
    says(&report, &[]);
    let crl = &report.crls[0];
    assert_eq!(
        (crl.source.as_str(), crl.issuer.as_str()),
        ("SSL_CLIENT_CRL", "CN=CA,O=Example")
    );
    assert_eq!((crl.entries, crl.number.as_str()), (1, "01"));
    assert_eq!(crl.signature, SignatureReport::Good);
    let text = report.to_string();
    for line in [
        "revocation list (from SSL_CLIENT_CRL)",
        "  revoked   1",
        "  signature that of the client CA",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
}

#[test]
fn dates_and_signatures_and_what_they_lead_to() {
    let (ca, other) = (make::authority("CA"), make::authority("other"));
    let list = || test_crls::of(&ca);
    let check = |lists: &[CrlSpec], expected: &[&str]| {
        says(&report(&[&ca], CrlPolicy::Strict, lists), expected);
    };
    check(&[list().until(-60)], &["due to be replaced by"]);
    check(&[list().until(-60)], &["refused (crl_expired)"]);
    check(&[list().from(60)], &["in the future"]);
    check(
        &[list().from(-10 * DAY).until(DAY / 2)],
        &["is due to be replaced by"],
    );
    check(&[list().from(-10 * DAY).until(2 * DAY)], &[]);
    check(
        &[CrlSpec {
            until: None,
            ..list()
        }],
        &["(nextUpdate)"],
    );
    check(
        &[],
        &[
            "CN=CA,O=Example): a client CA without a revocation list: all its clients will be refused (crl_missing)",
        ],
    );
    check(
        &[list(), test_crls::of(&other)],
        &["whose issuer is none of the client CAs"],
    );
    let namesake = test_crls::of(&make::authority("CA"));
    check(
        &[namesake],
        &["is not signed with its key", "without a revocation list"],
    );
    let soft = |lists: &[CrlSpec]| report(&[&ca], CrlPolicy::Soft, lists);
    says(&soft(&[]), &["are let in without being looked up"]);
    says(&soft(&[list().until(-60)]), &["let in all the same"]);
}
