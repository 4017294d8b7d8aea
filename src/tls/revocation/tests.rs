//! Lists that say all kinds of things, and what becomes of a client.

mod anchors;
mod ends;
mod lists;

use super::*;
use crate::startup::test_certificates::{self as make, Pair, Spec};
use crate::startup::test_crls::{
    self, CrlSpec, extension, full_name, issuing_distribution_point, tlv,
};
use crate::tls::trust::Trust;
use crate::tls::verification::{Verified, Verifier, unix_now};
use crate::tls::verified_chains::ChainDigest;

use RefusalReason::{CrlExpired, CrlMissing, Revoked};

/// A root, an intermediate and a client of each.
struct Pki {
    root: Pair,
    intermediate: Pair,
    alice: Pair,
    bob: Pair,
}

fn pki() -> Pki {
    let root = make::authority("root");
    let intermediate = make::issue(&make::authority_spec("intermediate"), Some(&root));
    Pki {
        alice: make::leaf("alice", &root),
        bob: make::leaf("bob", &intermediate),
        root,
        intermediate,
    }
}

fn read(crls: &[CrlSpec]) -> Vec<Arc<Crl>> {
    let crls = crls.iter().map(|spec| Crl::from_der(&spec.der()).unwrap());
    crls.map(Arc::new).collect()
}

fn trust(authorities: &[&Pair], check: CrlCheck, policy: CrlPolicy, crls: &[CrlSpec]) -> Trust {
    let authorities: Vec<X509> = authorities.iter().map(|a| a.certificate.clone()).collect();
    Trust {
        revocation: Some(Revocation::new(read(crls), check, policy)),
        ..Trust::of(&authorities)
    }
}

fn strict(root: &Pair, crls: &[CrlSpec]) -> Verifier {
    Verifier::new(trust(&[root], CrlCheck::Chain, CrlPolicy::Strict, crls)).unwrap()
}

fn soft(root: &Pair, crls: &[CrlSpec]) -> Verifier {
    Verifier::new(trust(&[root], CrlCheck::Chain, CrlPolicy::Soft, crls)).unwrap()
}

/// The verdict, or reason and depth.
fn verdict(verifier: &Verifier, chain: &[&Pair]) -> Result<Arc<Verified>, (RefusalReason, u32)> {
    let chain: Vec<_> = chain
        .iter()
        .map(|p| p.certificate.to_der().unwrap())
        .collect();
    let verdict = verifier.verify(ChainDigest::of(&chain), &chain);
    let left = openssl::error::ErrorStack::get();
    assert!(left.errors().is_empty(), "left for others: {left}");
    verdict.map_err(|rejection| (rejection.reason, rejection.depth))
}

#[track_caller]
fn refused(verifier: &Verifier, chain: &[&Pair], reason: RefusalReason, depth: u32) {
    assert_eq!(verdict(verifier, chain).map(drop), Err((reason, depth)));
}

#[test]
fn who_is_listed_is_refused_and_nobody_else() {
    let Pki { root, alice, .. } = pki();
    let carol = make::leaf("carol", &root);
    let lists = [test_crls::of(&root).revoking(&alice.certificate)];
    for verifier in [strict(&root, &lists), soft(&root, &lists)] {
        refused(&verifier, &[&alice], Revoked, 0);
        assert!(verdict(&verifier, &[&carol]).unwrap().overlooked.is_none());
    }
}

#[test]
fn the_words_say_when_and_why() {
    let Pki { root, alice, .. } = pki();
    let compromised = extension(&[0x55, 0x1d, 0x15], false, &tlv(0x0a, &[1]));
    let list = test_crls::of(&root).revoking_with(&alice.certificate, &[compromised]);
    let chain = [alice.certificate.to_der().unwrap()];
    let verifier = strict(&root, &[list]);
    let rejection = verifier
        .verify(ChainDigest::of(&chain), &chain)
        .unwrap_err();
    for part in ["revoked on ", "(keyCompromise)", "by CN=root,O=Example"] {
        assert!(rejection.words.contains(part), "{}", rejection.words);
    }
    assert_eq!(rejection.alert, 44, "certificate_revoked");
}

/// Two views of one CA: what one of them remembers is nothing to the other.
#[test]
fn a_verdict_is_not_shared_between_verifiers() {
    let Pki { root, alice, .. } = pki();
    let before = strict(&root, &[test_crls::of(&root)]);
    let after = strict(&root, &[test_crls::of(&root).revoking(&alice.certificate)]);
    assert!(verdict(&before, &[&alice]).is_ok());
    refused(&after, &[&alice], Revoked, 0);
    assert!(verdict(&before, &[&alice]).is_ok());
}

#[test]
fn an_intermediate_is_looked_up_only_if_the_chain_is() {
    let pki = pki();
    let Pki {
        root,
        intermediate,
        bob,
        ..
    } = &pki;
    let lists = [
        test_crls::of(root).revoking(&intermediate.certificate),
        test_crls::of(intermediate),
    ];
    refused(&strict(root, &lists), &[bob, intermediate], Revoked, 1);
    let leaf = |crls| trust(&[root], CrlCheck::Leaf, CrlPolicy::Strict, crls);
    let verifier = Verifier::new(leaf(&lists)).unwrap();
    assert!(verdict(&verifier, &[bob, intermediate]).is_ok());
    // And for the leaf alone, the root's list isn't needed.
    let verifier = Verifier::new(leaf(&lists[1..])).unwrap();
    assert!(verdict(&verifier, &[bob, intermediate]).is_ok());
    refused(
        &strict(root, &lists[1..]),
        &[bob, intermediate],
        CrlMissing,
        1,
    );
    refused(&strict(root, &lists[..1]), &[bob, intermediate], Revoked, 1);
    let good = [test_crls::of(root)];
    refused(&strict(root, &good), &[bob, intermediate], CrlMissing, 0);
}

/// What certgate remembers of a chain, and what a ticket rests on, ends with the list.
#[test]
fn a_verdict_lives_no_longer_than_the_lists_that_it_rests_on() {
    let pki = pki();
    let Pki {
        root,
        intermediate,
        alice,
        bob,
    } = &pki;
    let ends_in = |verifier: &Verifier, chain: &[&Pair]| {
        verdict(verifier, chain).unwrap().validity.end - unix_now()
    };
    let near = |seconds: i64, expected: i64| assert!((seconds - expected).abs() < 5, "{seconds}");
    let (short, long) = (
        test_crls::of(intermediate).until(100),
        test_crls::of(root).until(500),
    );
    let lists = [short.clone(), long.clone()];
    for verifier in [strict(root, &lists), soft(root, &lists)] {
        near(ends_in(&verifier, &[alice]), 500);
        near(ends_in(&verifier, &[bob, intermediate]), 100);
    }
    let swapped = [short.until(900), long];
    near(ends_in(&strict(root, &swapped), &[bob, intermediate]), 500);
    // A list that will be in force is asked when it is.
    near(
        ends_in(&soft(root, &[test_crls::of(root).from(300)]), &[alice]),
        300,
    );
    let next = [test_crls::of(root), test_crls::of(root).from(300)];
    near(ends_in(&strict(root, &next), &[alice]), 300);
}

/// Held against AWS-LC's own lookup.
#[test]
fn every_listed_number_is_found_and_no_other() {
    let root = make::authority("root");
    let key = Some(make::ec_key());
    let client = || {
        let key = key.clone();
        make::issue(
            &Spec {
                key,
                ..make::spec("client")
            },
            Some(&root),
        )
    };
    let clients: Vec<_> = (0..300).map(|_| client()).collect();
    let listed = clients.iter().step_by(2);
    let list = listed.fold(test_crls::of(&root), |list, c| {
        list.revoking(&c.certificate)
    });
    let der = list.der();
    let theirs = openssl::x509::X509Crl::from_der(&der).unwrap();
    let ours = Crl::from_der(&der).unwrap();
    assert_eq!(ours.entries(), 150);
    for (at, client) in clients.iter().enumerate() {
        let found = theirs.get_by_cert(&client.certificate);
        let revoked = !matches!(found, openssl::x509::CrlStatus::NotRevoked);
        assert_eq!(revoked, at % 2 == 0);
        assert_eq!(ours.lists(&client.certificate).is_some(), revoked);
    }
}
