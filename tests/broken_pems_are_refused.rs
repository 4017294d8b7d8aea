//! What can't be repaired stops the start: the error names the variable and the fault, never the
//! content; nothing is written and nothing served.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::symm::Cipher;
use openssl::x509::X509ReqBuilder;

use crate::support::certgate;
use crate::support::pki::Pki;

const CERTIFICATE: &str = "SSL_SERVER_CERTIFICATE";
const KEY: &str = "SSL_SERVER_KEY";
const CA: &str = "SSL_CLIENT_CERTIFICATE";

/// What is set instead of the good value, and what the error must say.
struct Case {
    variables: Vec<(String, OsString)>,
    /// Where the error says the fault is.
    place: String,
    says: &'static str,
}

fn case(variable: &str, value: impl Into<OsString>, says: &'static str) -> Case {
    Case {
        variables: vec![(variable.to_owned(), value.into())],
        place: variable.to_owned(),
        says,
    }
}

fn parts(variable: &str, parts: &[(&str, &str)], place: &str, says: &'static str) -> Case {
    let name = |suffix: &str| format!("{variable}{suffix}");
    Case {
        variables: parts.iter().map(|(s, v)| (name(s), v.into())).collect(),
        place: place.to_owned(),
        says,
    }
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn text(bytes: Result<Vec<u8>, openssl::error::ErrorStack>) -> String {
    String::from_utf8(bytes.unwrap()).unwrap()
}

/// Not what a variable holds at all.
fn other_things(pki: &Pki) -> Vec<Case> {
    let deep = |depth| (0..depth).fold(pki.server.key_pem(), |value, _| STANDARD.encode(value));
    let bomb = STANDARD.encode(zipped(&vec![b' '; 40 << 20]));
    let mut torn = zipped(pki.server.certificate_pem().as_bytes());
    torn.truncate(torn.len() / 2);
    vec![
        case(CERTIFICATE, "", "set, but empty"),
        case(KEY, " \n\t", "set, but empty"),
        case(CA, "\"\"", "an empty value"),
        case(KEY, "correct horse, battery!", "no PEM block"),
        case(
            KEY,
            "arn:aws:ssm:eu-west-1:1:parameter/correct",
            "an ARN (arn:aws:…) instead of its content",
        ),
        case(CA, "${CORRECT_HORSE}", "a placeholder (${…})"),
        case(CERTIFICATE, "https://correct.horse/x", "a URL"),
        case(KEY, "/etc/correct/horse.key", "a path"),
        case(
            KEY,
            OsString::from_vec(vec![0xff, 0xfe, 0x41]),
            "not UTF-8 text",
        ),
        case(KEY, deep(5), "layers of encoding"),
        case(CERTIFICATE, bomb, "more than 4 MiB"),
        case(CERTIFICATE, STANDARD.encode(torn), "gzip data"),
    ]
}

/// PEM, but damaged.
fn damaged(pki: &Pki) -> Vec<Case> {
    let (certificate, key) = (pki.server.certificate_pem(), pki.server.key_pem());
    let half = |text: &str| text[..text.len() / 2].to_owned();
    let (one, two) = key.split_at(90);
    let second = format!("{CERTIFICATE}_2");
    vec![
        case(KEY, half(&key), "BEGIN PRIVATE KEY without its END"),
        case(CERTIFICATE, half(&certificate), "without its END"),
        case(KEY, &key[key.len() / 2..], "without its BEGIN"),
        case(
            KEY,
            key.replace("END PRIVATE", "END EC PRIVATE"),
            "closed by END EC PRIVATE KEY",
        ),
        case(
            KEY,
            key.replacen('M', "!", 1),
            "whose body is not base64 (block 1 of 1)",
        ),
        case(
            KEY,
            key.replacen("-----\nM", "-----\nZ", 1),
            "whose content is no key",
        ),
        case(
            CERTIFICATE,
            certificate.replacen("-----\nM", "-----\nZ", 1),
            "whose content is no certificate (block 1 of 1)",
        ),
        parts(KEY, &[("", &key), ("_1", one)], KEY, "both"),
        parts(
            KEY,
            &[("_1", one), ("_3", two)],
            KEY,
            "SSL_SERVER_KEY_2 is not",
        ),
        parts(KEY, &[("_0", one), ("_1", two)], KEY, "number is 0"),
        parts(
            CERTIFICATE,
            &[("_1", &certificate), ("_2", "")],
            &second,
            "set, but empty",
        ),
    ]
}

/// Sound PEM of the wrong kind.
fn wrong_kinds(pki: &Pki) -> Vec<Case> {
    let key = &pki.server.key;
    let certificate = pki.server.certificate_pem();
    let mut request = X509ReqBuilder::new().unwrap();
    request.set_pubkey(key).unwrap();
    request
        .sign(key, openssl::hash::MessageDigest::sha256())
        .unwrap();
    let request = text(request.build().to_pem());
    let encrypted = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_128_cbc(), b"horse");
    let mut pkcs12 = Pkcs12::builder();
    pkcs12.name("it").pkey(key).cert(&pki.server.certificate);
    let pkcs12 = pkcs12.build2("horse").unwrap().to_der().unwrap();
    let der = STANDARD.encode(pki.server.certificate.to_der().unwrap());
    let key_der = STANDARD.encode(key.private_key_to_der().unwrap());
    let key_pem = pki.server.key_pem();
    let two_keys = format!("{key_pem}{}", pki.client.key_pem());
    let with_key = format!("{certificate}{key_pem}");
    let openssh = key_pem.replace("PRIVATE", "OPENSSH PRIVATE");
    let public = text(key.public_key_to_pem());
    // Only the number of the algorithm tells the two Edwards curves apart.
    let ed25519 = PKey::generate_ed25519().unwrap();
    let ed448 = ed25519.private_key_to_der().unwrap();
    let ed448: Vec<_> = ed448.iter().map(|b| b + u8::from(*b == 0x70)).collect();
    let ed448 = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(ed448)
    );
    vec![
        case(CERTIFICATE, key_pem.clone(), "swapped with SSL_SERVER_KEY"),
        case(KEY, certificate, "swapped with SSL_SERVER_CERTIFICATE"),
        case(
            CERTIFICATE,
            with_key,
            "1 CERTIFICATE block and 1 PRIVATE KEY block",
        ),
        case(CA, key_pem, "1 PRIVATE KEY block"),
        case(CERTIFICATE, request, "1 CERTIFICATE REQUEST block"),
        case(KEY, public.clone(), "1 PUBLIC KEY block"),
        case(CA, public, "1 PUBLIC KEY block"),
        case(KEY, text(encrypted), "an encrypted private key"),
        case(KEY, openssh, "an OpenSSH private key"),
        case(KEY, two_keys, "2 PRIVATE KEY blocks"),
        case(KEY, ed448, "a key that AWS-LC does not know (Ed448)"),
        case(CERTIFICATE, der, "a certificate in DER (binary) form"),
        case(KEY, key_der, "a private key in DER (binary) form"),
        case(KEY, STANDARD.encode(pkcs12), "a PKCS#12 file"),
        case(
            KEY,
            pki.client.key_pem(),
            "doesn't belong to the certificate",
        ),
    ]
}

/// No 20 characters in a row of any key's base64.
#[track_caller]
fn assert_tells_nothing(output: &str, pki: &Pki) {
    for key in [&pki.server, &pki.client].map(|identity| identity.key_pem()) {
        let body: String = key.lines().filter(|l| !l.starts_with('-')).collect();
        // The beginning says only what kind of key it is, and is the same for all of a kind.
        for window in body.as_bytes().windows(20).skip(16) {
            let window = std::str::from_utf8(window).unwrap();
            assert!(!output.contains(window), "key material in\n{output}");
        }
    }
    for word in ["correct", "CORRECT", "horse"] {
        assert!(!output.contains(word), "the value's content in\n{output}");
    }
}

#[track_caller]
fn assert_refused(cases: Vec<Case>, pki: &Pki) {
    for case in cases {
        let variable = case.variables[0]
            .0
            .trim_end_matches(|c| "_0123456789".contains(c));
        let builder = certgate::serve(pki).without(variable);
        let finished = case
            .variables
            .iter()
            .fold(builder, |b, (name, value)| b.environment(name, value))
            .finish();
        let (stderr, says) = (&finished.stderr, case.says);
        assert_eq!(finished.code(), 78, "{says}\n{stderr}");
        let start = format!("error: {}: ", case.place);
        let line = stderr.lines().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("no line begins with {start:?} in\n{stderr}"));
        assert!(line.contains(says), "{says:?} is not in {line:?}");
        assert_tells_nothing(stderr, pki);
        assert_eq!(finished.stdout, "", "{says}");
        assert!(
            !finished.certs_dir().exists(),
            "{says}: something is written"
        );
    }
}

#[test]
fn other_things_than_pem() {
    let pki = Pki::new();
    assert_refused(other_things(&pki), &pki);
}

#[test]
fn damaged_pem() {
    let pki = Pki::new();
    assert_refused(damaged(&pki), &pki);
}

#[test]
fn pem_of_the_wrong_kind() {
    let pki = Pki::new();
    assert_refused(wrong_kinds(&pki), &pki);
}

#[test]
fn all_three_at_once() {
    let pki = Pki::new();
    let finished = certgate::serve(&pki)
        .environment(CERTIFICATE, "arn:aws:one")
        .environment(KEY, &pki.server.key_pem()[..100])
        .environment(CA, "")
        .finish();
    assert_eq!(finished.code(), 78);
    for (variable, says) in [
        (CERTIFICATE, "an ARN"),
        (KEY, "without its END"),
        (CA, "set, but empty"),
    ] {
        let start = format!("error: {variable}: ");
        let mut lines = finished.stderr.lines();
        assert!(
            lines.any(|line| line.starts_with(&start) && line.contains(says)),
            "{}",
            finished.stderr
        );
    }
    assert_tells_nothing(&finished.stderr, &pki);
    assert!(!finished.certs_dir().exists());
}
