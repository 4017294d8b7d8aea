//! Which source wins, and what each role refuses.

use std::fs;

use openssl::x509::X509ReqBuilder;

use super::*;
use crate::startup::test_certificates as make;

struct Set {
    certificate: String,
    key: String,
    ca: String,
}

fn set() -> Set {
    let authority = make::authority("authority");
    let leaf = make::leaf("leaf", &authority);
    Set {
        certificate: make::pem(&leaf.certificate),
        key: make::key_pem(&leaf.key),
        ca: make::pem(&authority.certificate),
    }
}

fn environment(certificate: &str, key: &str, ca: &str) -> Environment {
    let variables = [
        (SERVER_CERTIFICATE, certificate),
        (SERVER_KEY, key),
        (CLIENT_CERTIFICATE, ca),
    ];
    Environment::new(
        variables
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.into(), value.into())),
    )
}

fn complaint(certificate: &str, key: &str, ca: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let environment = environment(certificate, key, ca);
    gather(&environment, &Wants::usual(dir.path(), true))
        .unwrap_err()
        .findings
        .to_string()
}

#[test]
fn variables_win_over_files() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, other) = (set(), set());
    fs::write(dir.path().join(SERVER_KEY_FILE), &other.key).unwrap();
    fs::write(
        dir.path().join(CLIENT_CA_FILE),
        other.ca.replace('\n', "\\n"),
    )
    .unwrap();
    let environment = environment(&ours.certificate, &ours.key, "");
    let materials = gather(&environment, &Wants::usual(dir.path(), true)).unwrap();
    assert_eq!(*materials.identities[0].key.pem, ours.key);
    let ca = materials.client_ca.unwrap();
    assert_eq!(ca.pem, other.ca, "files are repaired as well");
    assert_eq!(ca.source, Source::File(dir.path().join(CLIENT_CA_FILE)));
    assert_eq!(
        materials.identities[0].key.source.to_string(),
        "SSL_SERVER_KEY"
    );
}

#[test]
fn all_three_are_complained_about_at_once() {
    let text = complaint("", "", "");
    for (variable, file) in [
        (SERVER_CERTIFICATE, SERVER_CERTIFICATE_FILE),
        (SERVER_KEY, SERVER_KEY_FILE),
        (CLIENT_CERTIFICATE, CLIENT_CA_FILE),
    ] {
        assert!(text.contains(variable) && text.contains(file), "{text}");
    }
    let text = complaint("x!", "${KEY}", "/etc/ca.pem");
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[test]
fn the_client_ca_may_be_missing_only_where_nobody_needs_it() {
    let dir = tempfile::tempdir().unwrap();
    let s = set();
    let without = environment(&s.certificate, &s.key, "");
    assert!(
        gather(&without, &Wants::usual(dir.path(), false))
            .unwrap()
            .client_ca
            .is_none()
    );
    assert!(gather(&without, &Wants::usual(dir.path(), true)).is_err());
    let broken = environment(&s.certificate, &s.key, "broken!");
    assert!(gather(&broken, &Wants::usual(dir.path(), false)).is_err());
}

#[test]
fn wrong_contents_are_named() {
    let s = set();
    let (c, k, ca) = (&s.certificate, &s.key, &s.ca);
    let both = format!("{c}{k}");
    let rsa = make::rsa_key(1024);
    let encrypted = String::from_utf8(
        rsa.private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_128_cbc(), b"x")
            .unwrap(),
    )
    .unwrap();
    let public = String::from_utf8(rsa.public_key_to_pem().unwrap()).unwrap();
    let mut request = X509ReqBuilder::new().unwrap();
    request.set_pubkey(&rsa).unwrap();
    request
        .sign(&rsa, openssl::hash::MessageDigest::sha256())
        .unwrap();
    let request = String::from_utf8(request.build().to_pem().unwrap()).unwrap();
    let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (values, words) in [
        ((k, c, ca), "SSL_SERVER_CERTIFICATE: 1 PRIVATE KEY block"),
        ((k, c, ca), "SSL_SERVER_KEY: 1 CERTIFICATE block"),
        ((k, c, ca), "looks swapped with SSL_SERVER_CERTIFICATE"),
        ((k, c, ca), "looks swapped with SSL_SERVER_KEY"),
        (
            (&both, k, ca),
            "1 CERTIFICATE block and 1 PRIVATE KEY block",
        ),
        ((&both, k, ca), "stored readable for all"),
        ((c, k, &both), "a CA's key has no place on a server"),
        ((c, k, k), "SSL_CLIENT_CERTIFICATE: 1 PRIVATE KEY block"),
        ((c, &format!("{k}{k}"), ca), "2 PRIVATE KEY blocks"),
        ((c, &encrypted, ca), "an encrypted private key"),
        ((c, &public, ca), "1 PUBLIC KEY block"),
        ((c, &request, ca), "1 CERTIFICATE REQUEST block"),
        ((&request, k, ca), "A request is no certificate yet"),
        ((&public, k, ca), "1 PUBLIC KEY block"),
        (
            (&format!("{c}{no_der}"), k, ca),
            "no certificate (block 2 of 2)",
        ),
        ((c, k, &no_der.to_owned()), "no certificate (block 1 of 1)"),
        ((c, &no_key.to_owned(), ca), "whose content is no key"),
    ] {
        let text = complaint(values.0, values.1, values.2);
        assert!(text.contains(words), "{text}\n{words}");
        assert!(!text.contains("MII"), "{text}");
    }
}

#[test]
fn what_does_no_harm_is_dropped() {
    let s = set();
    let dir = tempfile::tempdir().unwrap();
    // `openssl ecparam -genkey` writes the curve before the key.
    let parameters =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let key = format!("{parameters}{}", s.key);
    let with_parameters = environment(&s.certificate, &key, &s.ca);
    let materials = gather(&with_parameters, &Wants::usual(dir.path(), true)).unwrap();
    assert_eq!(*materials.identities[0].key.pem, s.key);
    assert!(materials.findings.is_empty());

    let key = format!("{}{}", s.key, s.certificate);
    let twice = format!("{}{}", s.ca, s.ca);
    let with_more = environment(&s.certificate, &key, &twice);
    let materials = gather(&with_more, &Wants::usual(dir.path(), true)).unwrap();
    assert_eq!(*materials.identities[0].key.pem, s.key);
    let ca = materials.client_ca.unwrap();
    assert_eq!((ca.certificates.len(), &ca.pem), (1, &s.ca));
    assert_eq!(materials.findings.iter().count(), 2);
    assert!(!materials.findings.has_errors());
}

#[test]
fn unreadable_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(SERVER_KEY_FILE)).unwrap();
    let s = set();
    let environment = environment(&s.certificate, "", &s.ca);
    let text = gather(&environment, &Wants::usual(dir.path(), true))
        .unwrap_err()
        .findings
        .to_string();
    assert!(
        text.contains(SERVER_KEY_FILE) && text.contains("directory"),
        "{text}"
    );
}

#[test]
fn nothing_prints_the_key() {
    let s = set();
    let dir = tempfile::tempdir().unwrap();
    let materials = gather(
        &environment(&s.certificate, &s.key, &s.ca),
        &Wants::usual(dir.path(), true),
    )
    .unwrap();
    let shown = format!("{:?}", materials.identities[0].key);
    assert_eq!(shown, "PrivateKey(from SSL_SERVER_KEY)");
}
