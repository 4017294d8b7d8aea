//! Where a chain may end.

use super::*;

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
