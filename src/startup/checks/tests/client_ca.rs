//! The client CA file, held against what OpenSSL really does with it.

use openssl::hash::MessageDigest;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyParam;
use openssl::x509::{X509PurposeId, X509StoreContext};

use super::*;

/// What the TLS server would do: the client's certificate against this file, at this level.
fn lets_in(ca: &[&Pair], client: &Pair, level: u32) -> bool {
    let mut store = X509StoreBuilder::new().unwrap();
    for pair in ca {
        store.add_cert(pair.certificate.clone()).unwrap();
    }
    let mut param = X509VerifyParam::new().unwrap();
    param.set_auth_level(level as i32);
    param.set_purpose(X509PurposeId::SSL_CLIENT).unwrap();
    store.set_param(&param).unwrap();
    X509StoreContext::new()
        .unwrap()
        .init(
            &store.build(),
            &client.certificate,
            &Stack::new().unwrap(),
            |c| c.verify_cert(),
        )
        .unwrap()
}

#[test]
fn the_client_ca_is_an_error_exactly_where_openssl_lets_nobody_in() {
    let root = make::authority("root");
    let authority = |spec: Spec, issuer: Option<&Pair>| make::issue(&spec, issuer);
    let good = make::authority_spec("ca");
    let bare = Spec {
        ca: None,
        cert_sign: None,
        ..good.clone()
    };
    let cases: Vec<(&str, Pair, Option<&Pair>, u32)> = vec![
        ("a root", authority(good.clone(), None), None, 2),
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
            2,
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
            2,
        ),
        ("a leaf", authority(make::spec("ca"), Some(&root)), None, 2),
        (
            "a leaf beside its root",
            authority(make::spec("ca"), Some(&root)),
            Some(&root),
            2,
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
            2,
        ),
        (
            "an intermediate alone",
            authority(good.clone(), Some(&root)),
            None,
            2,
        ),
        (
            "an intermediate and its root",
            authority(good.clone(), Some(&root)),
            Some(&root),
            2,
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
            2,
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
            2,
        ),
        (
            "RSA 1024, level 2",
            authority(
                Spec {
                    key: Some(make::rsa_key(1024)),
                    ..good.clone()
                },
                None,
            ),
            None,
            2,
        ),
        (
            "RSA 1024, level 1",
            authority(
                Spec {
                    key: Some(make::rsa_key(1024)),
                    ..good.clone()
                },
                None,
            ),
            None,
            1,
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
            2,
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
            2,
        ),
        (
            "the same, level 0",
            authority(
                Spec {
                    digest: MessageDigest::sha1(),
                    ..good.clone()
                },
                Some(&root),
            ),
            Some(&root),
            0,
        ),
    ];
    let server = make::issue(&make::spec("server"), None);
    for (what, ca, beside, level) in cases {
        let file: Vec<&Pair> = std::iter::once(&ca).chain(beside).collect();
        // Someone whom this certificate, or one beside it, issued.
        let mut clients = vec![make::leaf("client", &ca)];
        clients.extend(beside.map(|b| make::leaf("client", b)));
        let reality = clients.iter().any(|client| lets_in(&file, client, level));
        let m = materials(&[&server], &server, &file);
        let report = inspect(&m, SystemTime::now(), level);
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
    assert!(lets_in(&[&client], &client, 2));
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
    assert!(lets_in(&[&root], &root, 2));
}

#[test]
fn a_self_signed_leaf_for_servers_only_lets_nobody_in() {
    let spec = Spec {
        server_only: true,
        ..make::spec("server")
    };
    let server = make::issue(&spec, None);
    assert!(!lets_in(&[&server], &server, 2));
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
fn an_intermediate_with_sha1_is_useless_only_where_openssl_refuses_it() {
    let root = make::authority("root");
    let spec = Spec {
        digest: MessageDigest::sha1(),
        ..make::authority_spec("intermediate")
    };
    let intermediate = make::issue(&spec, Some(&root));
    let client = make::leaf("client", &intermediate);
    let file = [&intermediate, &root];
    let server = make::leaf("server", &root);
    for level in 0..=2 {
        let m = materials(&[&server], &server, &file);
        let text = inspect(&m, SystemTime::now(), level).to_string();
        assert!(text.contains("SHA-1"), "{text}");
        let accepted = lets_in(&file, &client, level);
        assert_eq!(
            text.contains("OpenSSL refuses"),
            !accepted,
            "{level} {text}"
        );
    }
}
