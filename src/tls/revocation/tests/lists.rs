//! Which lists count, for whom, and when.

use super::*;

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
