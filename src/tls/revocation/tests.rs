//! Lists that say all kinds of things, and what becomes of a client.

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

#[test]
fn dates_decide_what_is_in_force() {
    let Pki { root, alice, .. } = pki();
    let list = || test_crls::of(&root);
    for out_of_date in [list().until(-1), list().from(60)] {
        refused(
            &strict(&root, std::slice::from_ref(&out_of_date)),
            &[&alice],
            CrlExpired,
            0,
        );
        let verified = verdict(&soft(&root, &[out_of_date]), &[&alice]).unwrap();
        let overlooked = verified.overlooked.clone().unwrap();
        assert_eq!(overlooked.reason, CrlExpired);
        assert!(overlooked.is_news());
        assert!(!overlooked.is_news());
    }
    // What an old list says still holds.
    let listed = list().revoking(&alice.certificate);
    for listed in [listed.clone().until(-1), listed.from(60)] {
        refused(
            &strict(&root, std::slice::from_ref(&listed)),
            &[&alice],
            Revoked,
            0,
        );
        refused(&soft(&root, &[listed]), &[&alice], Revoked, 0);
    }
    // One without nextUpdate never ends.
    let endless = CrlSpec {
        until: None,
        ..list()
    };
    assert!(verdict(&strict(&root, &[endless]), &[&alice]).is_ok());
}

#[test]
fn no_list_of_the_issuer_is_a_reason_of_its_own() {
    let Pki { root, alice, .. } = pki();
    let other = test_crls::of(&make::authority("other"));
    for lists in [&[][..], &[other]] {
        refused(&strict(&root, lists), &[&alice], CrlMissing, 0);
        let verified = verdict(&soft(&root, lists), &[&alice]).unwrap();
        assert_eq!(verified.overlooked.as_ref().unwrap().reason, CrlMissing);
    }
}

#[test]
fn of_several_lists_the_newest_in_force_decides() {
    let Pki { root, alice, .. } = pki();
    let (clean, listed) = (
        || test_crls::of(&root),
        || test_crls::of(&root).revoking(&alice.certificate),
    );
    let good = |lists: &[CrlSpec]| assert!(verdict(&strict(&root, lists), &[&alice]).is_ok());
    // A hold that was lifted; a revocation that was added.
    good(&[listed().from(-7200), clean()]);
    good(&[clean(), listed().from(-7200)]);
    refused(
        &strict(&root, &[clean().from(-7200), listed()]),
        &[&alice],
        Revoked,
        0,
    );
    // An old one beside it does no harm, whatever it lists.
    good(&[listed().from(-9000).until(-60), clean()]);
    // A newer one that isn't in force any more, or not yet, still says who is revoked.
    refused(
        &strict(&root, &[listed().until(-60), clean().from(-7200)]),
        &[&alice],
        Revoked,
        0,
    );
    refused(
        &strict(&root, &[listed().from(60), clean()]),
        &[&alice],
        Revoked,
        0,
    );
    // Of one second, the higher number is the newer.
    let second = CrlSpec {
        number: 2,
        ..listed()
    };
    refused(
        &strict(&root, &[clean(), second.clone()]),
        &[&alice],
        Revoked,
        0,
    );
    refused(&strict(&root, &[second, clean()]), &[&alice], Revoked, 0);
}

#[test]
fn only_the_key_that_signed_the_certificate_signs_its_list() {
    let Pki { root, alice, .. } = pki();
    // Another CA of the same name.
    let namesake = test_crls::of(&make::authority("root")).revoking(&alice.certificate);
    let mut broken = test_crls::of(&root).der();
    *broken.last_mut().unwrap() ^= 1;
    refused(
        &strict(&root, std::slice::from_ref(&namesake)),
        &[&alice],
        CrlMissing,
        0,
    );
    assert!(verdict(&soft(&root, std::slice::from_ref(&namesake)), &[&alice]).is_ok());
    // It doesn't hide the right one either.
    assert!(verdict(&strict(&root, &[namesake, test_crls::of(&root)]), &[&alice]).is_ok());
    let broken = Arc::new(Crl::from_der(&broken).unwrap());
    let revocation = Revocation::new(vec![broken], CrlCheck::Chain, CrlPolicy::Strict);
    let trust = Trust {
        revocation: Some(revocation),
        ..Trust::of(std::slice::from_ref(&root.certificate))
    };
    refused(&Verifier::new(trust).unwrap(), &[&alice], CrlMissing, 0);
}

#[test]
fn a_ca_that_may_not_sign_lists_has_none() {
    let spec = Spec {
        crl_sign: false,
        ..make::authority_spec("root")
    };
    let root = make::issue(&spec, None);
    let alice = make::leaf("alice", &root);
    refused(
        &strict(&root, &[test_crls::of(&root)]),
        &[&alice],
        CrlMissing,
        0,
    );
    // Without any keyUsage, it may.
    let spec = Spec {
        cert_sign: None,
        ..make::authority_spec("root")
    };
    let root = make::issue(&spec, None);
    let alice = make::leaf("alice", &root);
    assert!(verdict(&strict(&root, &[test_crls::of(&root)]), &[&alice]).is_ok());
}

#[test]
fn a_list_counts_for_those_that_it_is_about() {
    let pki = pki();
    let Pki {
        root,
        intermediate,
        alice,
        bob,
    } = &pki;
    let only = |tag| issuing_distribution_point(&[tlv(tag, &[0xff])]);
    let users = || test_crls::of(root).with(only(0x81));
    let authorities = || test_crls::of(root).with(only(0x82));
    let below = || test_crls::of(intermediate);
    let good = |lists: &[CrlSpec], chain: &[&Pair]| {
        assert!(verdict(&strict(root, lists), chain).is_ok());
    };
    good(&[users()], &[alice]);
    good(&[authorities(), below()], &[bob, intermediate]);
    refused(&strict(root, &[authorities()]), &[alice], CrlMissing, 0);
    refused(
        &strict(root, &[users(), below()]),
        &[bob, intermediate],
        CrlMissing,
        1,
    );
    good(&[users(), authorities(), below()], &[bob, intermediate]);
    let revoking = authorities().revoking(&intermediate.certificate);
    refused(
        &strict(root, &[users(), revoking, below()]),
        &[bob, intermediate],
        Revoked,
        1,
    );

    // The part of a list that is for certificates of one distribution point.
    let named = |url: &'static str| {
        let spec = Spec {
            crl_url: Some(url),
            ..make::spec("carol")
        };
        make::issue(&spec, Some(root))
    };
    let (one, two) = (named("http://crl.example/1"), named("http://crl.example/2"));
    let part = issuing_distribution_point(&[tlv(0xa0, &full_name("http://crl.example/1"))]);
    let part = test_crls::of(root)
        .with(part)
        .revoking(&one.certificate)
        .revoking(&two.certificate);
    refused(
        &strict(root, std::slice::from_ref(&part)),
        &[&one],
        Revoked,
        0,
    );
    refused(
        &strict(root, std::slice::from_ref(&part)),
        &[&two],
        CrlMissing,
        0,
    );
    refused(
        &strict(root, std::slice::from_ref(&part)),
        &[alice],
        CrlMissing,
        0,
    );
    // One for all is for them as well.
    good(&[part, test_crls::of(root)], &[&two]);
}

#[test]
fn what_is_not_understood_is_not_used() {
    let Pki { root, alice, .. } = pki();
    let list = || test_crls::of(&root);
    let point = |parts: &[Vec<u8>]| list().with(issuing_distribution_point(parts));
    let on = |tag| tlv(tag, &[0xff]);
    let example = &[0x2b, 6, 1, 4, 1, 0x81, 0xfd, 0x59, 1];
    let entry = |oid: &[u8], critical| {
        list().revoking_with(&alice.certificate, &[extension(oid, critical, &[5, 0])])
    };
    let unknown = "1.3.6.1.4.1.32473.1".to_owned();
    for (spec, fault) in [
        (
            list().with(extension(&[0x55, 0x1d, 0x1b], true, &tlv(2, &[1]))),
            CrlFault::Delta,
        ),
        (
            list().with(extension(&[0x55, 0x1d, 0x1b], false, &tlv(2, &[1]))),
            CrlFault::Delta,
        ),
        (point(&[on(0x84)]), CrlFault::Indirect),
        (point(&[tlv(0x83, &[1, 0x40])]), CrlFault::SomeReasons),
        (point(&[on(0x85)]), CrlFault::AttributeCertificates),
        (point(&[on(0x81), on(0x82)]), CrlFault::Unclear),
        (
            list().with(extension(example, true, &[5, 0])),
            CrlFault::CriticalExtension(unknown.clone()),
        ),
        (
            entry(example, true),
            CrlFault::CriticalEntryExtension(unknown),
        ),
        (entry(&[0x55, 0x1d, 0x1d], true), CrlFault::Indirect),
    ] {
        assert_eq!(Crl::from_der(&spec.der()).unwrap_err(), fault);
    }
    for fine in [
        list().with(extension(example, false, &[5, 0])),
        list().with(extension(&[0x55, 0x1d, 0x2e], false, &[0x30, 0])),
        point(&[]),
    ] {
        assert!(verdict(&strict(&root, &[fine]), &[&alice]).is_ok());
    }
    refused(
        &strict(&root, &[entry(example, false)]),
        &[&alice],
        Revoked,
        0,
    );
    let mut two = list().der();
    two.push(0);
    assert_eq!(Crl::from_der(&two).unwrap_err(), CrlFault::TrailingBytes);
    let certificate = alice.certificate.to_der().unwrap();
    assert!(matches!(
        Crl::from_der(&certificate),
        Err(CrlFault::Unreadable(_))
    ));
    assert!(openssl::error::ErrorStack::get().errors().len() < 10);
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

#[test]
fn an_anchor_is_trusted_unless_it_is_listed() {
    let pki = pki();
    let Pki {
        root,
        intermediate,
        alice,
        bob,
    } = &pki;
    // As OpenSSL: a root that revokes itself is revoked.
    let itself = test_crls::of(root).revoking(&root.certificate);
    refused(&strict(root, &[itself]), &[alice], Revoked, 1);

    // With partial_chain: the intermediate needs no list of its issuer, but is refused if one names it.
    let partial = |authorities: &[&Pair], lists: &[CrlSpec]| {
        let trust = trust(authorities, CrlCheck::Chain, CrlPolicy::Strict, lists);
        Verifier::new(Trust {
            partial_chain: true,
            ..trust
        })
        .unwrap()
    };
    let below = test_crls::of(intermediate);
    let above = test_crls::of(root).revoking(&intermediate.certificate);
    assert!(
        verdict(
            &partial(&[intermediate], std::slice::from_ref(&below)),
            &[bob]
        )
        .is_ok()
    );
    refused(&partial(&[intermediate], &[]), &[bob], CrlMissing, 0);
    let both = [below, above];
    refused(&partial(&[intermediate, root], &both), &[bob], Revoked, 1);
    // A client that is an anchor itself still needs a list.
    let own = make::issue(&make::spec("own"), None);
    refused(
        &strict(&own, &[test_crls::of(root)]),
        &[&own],
        CrlMissing,
        0,
    );
}

#[test]
fn an_intermediate_alone_is_an_anchor_by_setting_only() {
    let Pki {
        root,
        intermediate,
        bob,
        ..
    } = pki();
    let authorities = std::slice::from_ref(&intermediate.certificate);
    let plain = Verifier::new(Trust::of(authorities)).unwrap();
    refused(&plain, &[&bob], RefusalReason::UnknownCa, 1);
    let partial = Trust {
        partial_chain: true,
        ..Trust::of(authorities)
    };
    let partial = Verifier::new(partial).unwrap();
    assert!(verdict(&partial, &[&bob]).is_ok());
    assert!(verdict(&partial, &[&bob, &intermediate]).is_ok());
    refused(
        &partial,
        &[&make::leaf("alice", &root)],
        RefusalReason::UnknownCa,
        0,
    );
}

#[test]
fn another_purpose_is_accepted_by_setting_only() {
    let root = make::authority("root");
    let server = make::issue(
        &Spec {
            server_only: true,
            ..make::spec("server")
        },
        Some(&root),
    );
    let authorities = std::slice::from_ref(&root.certificate);
    let plain = Verifier::new(Trust::of(authorities)).unwrap();
    refused(&plain, &[&server], RefusalReason::WrongPurpose, 0);
    let any = Trust {
        any_purpose: true,
        ..Trust::of(authorities)
    };
    let any = Verifier::new(any).unwrap();
    assert!(verdict(&any, &[&server]).is_ok());
    // No CA is one by this: not a leaf, not one without keyCertSign.
    let below = make::leaf("below", &server);
    refused(&any, &[&below, &server], RefusalReason::WrongPurpose, 1);
    let spec = Spec {
        cert_sign: Some(false),
        ..make::authority_spec("no signer")
    };
    let no_signer = make::issue(&spec, Some(&root));
    let below = make::leaf("below", &no_signer);
    assert!(verdict(&any, &[&below, &no_signer]).is_err());
    // And none that may not sign a handshake.
    let spec = Spec {
        cert_sign: Some(true),
        ..make::spec("certificates only")
    };
    let other = make::issue(&spec, Some(&root));
    refused(&any, &[&other], RefusalReason::WrongPurpose, 0);
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
