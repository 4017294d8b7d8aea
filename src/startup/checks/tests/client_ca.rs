//! The client CA file, held against what AWS-LC really does with it.

use openssl::hash::MessageDigest;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyParam;
use openssl::x509::{X509PurposeId, X509StoreContext};

use super::*;

/// What the TLS server would do: the client's certificate against this file, and certgate's own rule for
/// each certificate of the chain.
fn lets_in(ca: &[&Pair], client: &Pair) -> bool {
    let mut store = X509StoreBuilder::new().unwrap();
    for pair in ca {
        store.add_cert(pair.certificate.clone()).unwrap();
    }
    let mut param = X509VerifyParam::new().unwrap();
    param.set_purpose(X509PurposeId::SSL_CLIENT).unwrap();
    store.set_param(&param).unwrap();
    X509StoreContext::new()
        .unwrap()
        .init(
            &store.build(),
            &client.certificate,
            &Stack::new().unwrap(),
            |context| {
                let verified = context.verify_cert()?;
                let chain = context.chain().map_or(0, |chain| chain.len());
                let weak = context
                    .chain()
                    .into_iter()
                    .flatten()
                    .enumerate()
                    .any(|(at, c)| {
                        let standing = match at + 1 == chain {
                            true => Standing::Anchor,
                            false => Standing::Issued,
                        };
                        strength::weakness(c, standing).is_some()
                    });
                Ok(verified && !weak)
            },
        )
        .unwrap()
}

#[test]
fn the_client_ca_is_an_error_exactly_where_verification_lets_nobody_in() {
    let root = make::authority("root");
    let authority = |spec: Spec, issuer: Option<&Pair>| make::issue(&spec, issuer);
    let good = make::authority_spec("ca");
    let bare = Spec {
        ca: None,
        cert_sign: None,
        ..good.clone()
    };
    let cases: Vec<(&str, Pair, Option<&Pair>)> = vec![
        ("a root", authority(good.clone(), None), None),
        (
            "a bare v1 root",
            authority(
                Spec {
                    version: 0,
                    ..bare.clone()
                },
                None,
            ),
            None,
        ),
        (
            "no basicConstraints, keyCertSign",
            authority(
                Spec {
                    cert_sign: Some(true),
                    ..bare.clone()
                },
                None,
            ),
            None,
        ),
        ("a leaf", authority(make::spec("ca"), Some(&root)), None),
        (
            "a leaf beside its root",
            authority(make::spec("ca"), Some(&root)),
            Some(&root),
        ),
        (
            "no keyCertSign",
            authority(
                Spec {
                    cert_sign: Some(false),
                    ..good.clone()
                },
                Some(&root),
            ),
            None,
        ),
        (
            "an intermediate alone",
            authority(good.clone(), Some(&root)),
            None,
        ),
        (
            "an intermediate and its root",
            authority(good.clone(), Some(&root)),
            Some(&root),
        ),
        (
            "expired",
            authority(
                Spec {
                    from: -9,
                    until: -1,
                    ..good.clone()
                },
                None,
            ),
            None,
        ),
        (
            "not yet valid",
            authority(
                Spec {
                    from: 1,
                    ..good.clone()
                },
                None,
            ),
            None,
        ),
        (
            "RSA 1024",
            authority(
                Spec {
                    key: Some(make::rsa_key(1024)),
                    ..good.clone()
                },
                None,
            ),
            None,
        ),
        (
            "a root with SHA-1",
            authority(
                Spec {
                    digest: MessageDigest::sha1(),
                    ..good.clone()
                },
                None,
            ),
            None,
        ),
        (
            "an intermediate with SHA-1",
            authority(
                Spec {
                    digest: MessageDigest::sha1(),
                    ..good.clone()
                },
                Some(&root),
            ),
            Some(&root),
        ),
    ];
    let server = make::issue(&make::spec("server"), None);
    for (what, ca, beside) in cases {
        let file: Vec<&Pair> = std::iter::once(&ca).chain(beside).collect();
        // Someone whom this certificate, or one beside it, issued.
        let mut clients = vec![make::leaf("client", &ca)];
        clients.extend(beside.map(|b| make::leaf("client", b)));
        let reality = clients.iter().any(|client| lets_in(&file, client));
        let m = materials(&[&server], &server, &file);
        let report = inspect(&m, false, SystemTime::now());
        assert_eq!(report.findings.has_errors(), !reality, "{what}\n{report}");
    }
}

#[test]
fn a_useless_certificate_beside_a_good_root_only_warns() {
    let (root, other) = (make::authority("root"), make::authority("other"));
    let cases = [
        (make::leaf("x", &other), "can't sign others"),
        (
            make::issue(&make::authority_spec("x"), Some(&other)),
            "an intermediate CA without its root",
        ),
        (
            make::issue(
                &Spec {
                    from: -9,
                    until: -1,
                    ..make::authority_spec("x")
                },
                None,
            ),
            "expired on",
        ),
        (
            make::issue(
                &Spec {
                    from: 1,
                    ..make::authority_spec("x")
                },
                None,
            ),
            "isn't valid before",
        ),
        (
            make::issue(
                &Spec {
                    until: 3,
                    ..make::authority_spec("x")
                },
                None,
            ),
            ": 3 days left",
        ),
    ];
    let server = make::leaf("server", &root);
    for (extra, words) in &cases {
        let beside = report(&[&server], &server, &[&root, extra]);
        let text = beside.to_string();
        assert!(text.contains(words), "{text}");
        assert!(
            text.contains("certificate 2 of 2 (CN=x,O=Example)"),
            "{text}"
        );
        assert!(!beside.findings.has_errors(), "{text}");
    }
    // All of them useless: each is an error now.
    let all: Vec<&Pair> = cases[..4].iter().map(|c| &c.0).collect();
    assert_eq!(errors(&report(&[&server], &server, &all)), 4);
}

#[test]
fn a_self_signed_leaf_as_ca_lets_its_own_holder_in() {
    let client = make::issue(&make::spec("client"), None);
    assert!(lets_in(&[&client], &client));
    let server = make::issue(&make::spec("server"), None);
    let report = report(&[&server], &server, &[&client]);
    let text = report.to_string();
    assert!(text.contains("exactly one client"), "{text}");
    assert!(!report.findings.has_errors(), "{text}");
    // The CA's own certificate as the client's: what the nginx setup was tried with.
    // (One whose keyUsage is for signing certificates only is refused, there as here.)
    let spec = Spec {
        cert_sign: None,
        ..make::authority_spec("root")
    };
    let root = make::issue(&spec, None);
    assert!(lets_in(&[&root], &root));
}

#[test]
fn a_self_signed_leaf_for_servers_only_lets_nobody_in() {
    let spec = Spec {
        server_only: true,
        ..make::spec("server")
    };
    let server = make::issue(&spec, None);
    assert!(!lets_in(&[&server], &server));
    let report = report(&[&server], &server, &[&server]);
    assert!(report.findings.has_errors(), "{report}");
}

#[test]
fn the_servers_own_certificate_as_client_ca_is_told() {
    let server = make::issue(&make::spec("server"), None);
    let text = report(&[&server], &server, &[&server]).to_string();
    assert!(text.contains("the server's own certificate"), "{text}");
}

#[test]
fn what_is_too_weak_beside_a_good_root_only_warns() {
    let root = make::authority("root");
    let small = Spec {
        key: Some(make::rsa_key(1024)),
        ..make::authority_spec("x")
    };
    let sha1 = Spec {
        digest: MessageDigest::sha1(),
        ..make::authority_spec("x")
    };
    let server = make::leaf("server", &root);
    for (spec, words) in [
        (small, "a weak key (RSA 1024), which certgate refuses"),
        (sha1, "a signature with SHA-1, which certgate refuses"),
    ] {
        let intermediate = make::issue(&spec, Some(&root));
        let file = [&intermediate, &root];
        assert!(!lets_in(&file, &make::leaf("client", &intermediate)));
        let report = report(&[&server], &server, &file);
        let text = report.to_string();
        assert!(text.contains(words), "{text}");
        assert_eq!(errors(&report), 0, "{text}");
    }
}

#[test]
fn a_root_with_md5_is_a_root_all_the_same() {
    const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    const RSA_MD5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4];
    let spec = Spec {
        key: Some(make::rsa_key(2048)),
        ..make::authority_spec("old")
    };
    let mut root = make::issue(&spec, None);
    root.certificate = make::rewritten(&root.certificate, RSA_SHA256, RSA_MD5);
    let client = make::leaf("client", &root);
    assert!(lets_in(&[&root], &client));
    let server = make::issue(&make::spec("server"), None);
    let report = report(&[&server], &server, &[&root]);
    let text = report.to_string();
    assert!(text.contains("a signature with MD5"), "{text}");
    assert_eq!(errors(&report), 0, "{text}");
}

#[test]
fn a_ca_with_a_key_that_nobody_can_verify_with_is_told() {
    const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    const P192: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1];
    let mut root = make::authority("root");
    let client = make::leaf("client", &root);
    root.certificate = make::rewritten(&root.certificate, P256, P192);
    assert!(!lets_in(&[&root], &client));
    let server = make::issue(&make::spec("server"), None);
    let report = report(&[&server], &server, &[&root]);
    let text = report.to_string();
    let words = "a key that AWS-LC does not know (EC prime192v1), so that no client could get in";
    assert!(text.contains(words), "{text}");
    assert!(text.contains("key       EC prime192v1"), "{text}");
    assert_eq!(errors(&report), 1, "{text}");
}
