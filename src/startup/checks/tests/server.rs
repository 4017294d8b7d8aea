//! The server's chain: the key, the order, doubts and refusals.

use openssl::hash::MessageDigest;

use super::*;

#[test]
fn a_key_of_another_certificate_stops_the_start() {
    let (p, other) = (pki(), make::authority("other"));
    let report = report(&[&p.leaf, &p.intermediate], &other, &[&p.root]);
    let text = report.to_string();
    assert_eq!(errors(&report), 1, "{text}");
    assert!(
        text.contains("belongs to none of the 2 certificates"),
        "{text}"
    );
}

#[test]
fn any_order_is_put_right_and_told() {
    let p = pki();
    let right = [&p.leaf, &p.intermediate, &p.root];
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let given: Vec<&Pair> = order.iter().map(|at| right[*at]).collect();
        let m = materials(&given, &p.leaf, &[]);
        let ordered = chain::ordered(&m.identities[0].certificate, &m.identities[0].key);
        assert!(same_certificate(&ordered.leaf, &p.leaf.certificate));
        assert!(same_certificate(
            &ordered.chain[0],
            &p.intermediate.certificate
        ));
        assert!(same_certificate(&ordered.chain[1], &p.root.certificate));
        assert_eq!(ordered.findings.is_empty(), order == [0, 1, 2], "{order:?}");
        assert!(!ordered.findings.has_errors());
    }
}

#[test]
fn certificates_outside_the_chain_are_left_out() {
    let (p, other) = (pki(), make::authority("other"));
    let given = [&p.leaf, &other, &p.intermediate, &p.leaf];
    let m = materials(&given, &p.leaf, &[]);
    let ordered = chain::ordered(&m.identities[0].certificate, &m.identities[0].key);
    assert_eq!(ordered.chain.len(), 1);
    let text = ordered.findings.to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.contains("certificate 2 of 4 (CN=other,O=Example)"),
        "{text}"
    );
}

#[test]
fn an_issuer_of_the_right_name_but_another_key_is_no_issuer() {
    let p = pki();
    let impostor = make::issue(&make::authority_spec("intermediate"), Some(&p.root));
    let m = materials(&[&p.leaf, &impostor], &p.leaf, &[]);
    let ordered = chain::ordered(&m.identities[0].certificate, &m.identities[0].key);
    assert!(ordered.chain.is_empty());
    assert!(ordered.findings.to_string().contains("no part"));
}

#[test]
fn a_doubtful_server_certificate_only_warns() {
    let p = pki();
    let day = Spec {
        until: 10,
        ..make::spec("leaf")
    };
    let cases: Vec<(Pair, &str)> = vec![
        (
            make::issue(&make::spec("self"), None),
            "a self-signed server certificate",
        ),
        (make::issue(&day, Some(&p.root)), ": 10 days left"),
        (
            make::issue(
                &Spec {
                    until: -1,
                    from: -9,
                    ..day.clone()
                },
                Some(&p.root),
            ),
            "expired on",
        ),
        (
            make::issue(
                &Spec {
                    from: 5,
                    ..day.clone()
                },
                Some(&p.root),
            ),
            "not valid before",
        ),
        (
            make::issue(
                &Spec {
                    san: false,
                    ..make::spec("leaf")
                },
                Some(&p.root),
            ),
            "no subject alternative name",
        ),
        (
            make::leaf("leaf", &p.intermediate),
            "alone, without its issuer",
        ),
    ];
    for (leaf, words) in cases {
        let report = report(&[&leaf], &leaf, &[&p.root]);
        let text = report.to_string();
        assert!(text.contains(words), "{text}");
        assert!(!report.findings.has_errors(), "{text}");
        assert!(text.contains("ok: ready to serve ("), "{text}");
    }
}

#[test]
fn an_expired_intermediate_is_told() {
    let p = pki();
    let spec = Spec {
        from: -9,
        until: -1,
        ..make::authority_spec("old")
    };
    let old = make::issue(&spec, Some(&p.root));
    let leaf = make::leaf("leaf", &old);
    let text = report(&[&leaf, &old], &leaf, &[&p.root]).to_string();
    assert!(
        text.contains("certificate 2 of 2 (CN=old,O=Example): expired"),
        "{text}"
    );
}

/// certgate serves with nothing that it would refuse of a client.
#[test]
fn a_weak_server_certificate_is_an_error() {
    let root = make::authority("root");
    let small = Spec {
        key: Some(make::rsa_key(1024)),
        ..make::spec("leaf")
    };
    let sha1 = Spec {
        digest: MessageDigest::sha1(),
        ..make::spec("leaf")
    };
    for (spec, words) in [(small, "a weak key (RSA 1024)"), (sha1, "with SHA-1")] {
        let leaf = make::issue(&spec, Some(&root));
        let report = report(&[&leaf], &leaf, &[&root]);
        let text = report.to_string();
        assert!(text.contains(words), "{text}");
        assert_eq!(errors(&report), 1, "{text}");
    }
}

#[test]
fn a_weak_intermediate_of_the_server_is_an_error() {
    let p = pki();
    let spec = Spec {
        key: Some(make::rsa_key(1024)),
        ..make::authority_spec("weak")
    };
    let weak = make::issue(&spec, Some(&p.root));
    let leaf = make::leaf("leaf", &weak);
    let report = report(&[&leaf, &weak], &leaf, &[&p.root]);
    let text = report.to_string();
    assert_eq!(errors(&report), 1, "{text}");
    let place = "certificate 2 of 2 (CN=weak,O=Example): a weak key (RSA 1024)";
    assert!(text.contains(place), "{text}");
}

/// Nobody relies on the signature of a self-signed one.
#[test]
fn a_self_signed_server_certificate_with_sha1_only_warns() {
    let spec = Spec {
        digest: MessageDigest::sha1(),
        ..make::spec("self")
    };
    let leaf = make::issue(&spec, None);
    let report = report(&[&leaf], &leaf, &[&make::authority("root")]);
    let text = report.to_string();
    assert!(text.contains("a signature with SHA-1"), "{text}");
    assert_eq!(errors(&report), 0, "{text}");
}

/// A key that can't be used for TLS at all, though AWS-LC reads the certificate.
#[test]
fn a_server_certificate_that_aws_lc_refuses_is_an_error() {
    let root = make::authority("root");
    let spec = Spec {
        cert_sign: Some(true),
        ..make::spec("no signatures")
    };
    let leaf = make::issue(&spec, Some(&root));
    let report = report(&[&leaf], &leaf, &[&root]);
    let text = report.to_string();
    assert_eq!(errors(&report), 1, "{text}");
    assert!(
        text.contains("a certificate that AWS-LC refuses ("),
        "{text}"
    );
}
