//! What is repaired, and what is refused with which words.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::{Compression, write::GzEncoder};
use openssl::pkcs12::Pkcs12;
use openssl::symm::Cipher;

use super::*;
use crate::startup::pem::Label;
use crate::startup::test_certificates as make;

fn chain() -> String {
    let authority = make::authority("authority");
    let leaf = make::leaf("leaf", &authority);
    make::pem(&leaf.certificate) + &make::pem(&authority.certificate)
}

fn rendered(pem: &Pem) -> String {
    pem.blocks.iter().map(|b| b.to_pem().to_string()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' => (b as char).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

fn wrapped(text: &str, columns: usize) -> String {
    text.as_bytes()
        .chunks(columns)
        .map(|line| std::str::from_utf8(line).unwrap().to_owned() + "\n")
        .collect()
}

#[test]
fn repairs_every_mangling() {
    let clean = chain();
    let p = clean.as_str();
    let indented: String = p.lines().map(|l| format!("        {l}\n")).collect();
    let json = serde_json::to_string(p).unwrap();
    let manglings: Vec<(&str, String)> = vec![
        ("nothing", p.to_owned()),
        ("literal \\n", p.replace('\n', "\\n")),
        ("literal \\r\\n", p.replace('\n', "\\r\\n")),
        ("doubly escaped", p.replace('\n', "\\\\n")),
        ("four backslashes", p.replace('\n', "\\\\\\\\n")),
        ("newlines to spaces", p.replace('\n', " ")),
        ("newlines to tabs", p.replace('\n', "\t")),
        ("newlines lost", p.replace('\n', "")),
        ("every blank lost", p.replace(['\n', ' '], "")),
        ("CRLF", p.replace('\n', "\r\n")),
        ("CR", p.replace('\n', "\r")),
        ("double quotes", format!("\"{p}\"")),
        ("single quotes", format!("'{p}'")),
        ("nested quotes", format!(" '\"{p}\"' ")),
        ("a JSON string", json.clone()),
        (
            "a JSON string in JSON",
            serde_json::to_string(&json).unwrap(),
        ),
        ("JSON \\/", json.replace('/', "\\/")),
        ("JSON \\u002B", json.replace('+', "\\u002B")),
        ("BOM", format!("\u{feff}{p}")),
        ("NBSP", p.replace(['\n', ' '], "\u{a0}")),
        ("zero-width blanks", p.replace('\n', "\n\u{200b}")),
        ("blanks around", format!("\n\n  \t{p}  \n\n")),
        ("indented", indented),
        ("no final newline", p.trim_end().to_owned()),
        ("blank lines", p.replace('\n', "\n\n")),
        ("trailing blanks", p.replace('\n', "  \n")),
        ("percent", percent(p)),
        ("percent twice", percent(&percent(p))),
        ("form encoding", percent(p).replace("%20", "+")),
        ("base64", STANDARD.encode(p)),
        ("base64, wrapped", wrapped(&STANDARD.encode(p), 76)),
        (
            "base64, wrapped to spaces",
            wrapped(&STANDARD.encode(p), 76).replace('\n', " "),
        ),
        ("base64, quoted", format!("\"{}\"", STANDARD.encode(p))),
        (
            "base64, literal \\n",
            wrapped(&STANDARD.encode(p), 64).replace('\n', "\\n"),
        ),
        ("base64url", URL_SAFE_NO_PAD.encode(p)),
        (
            "base64 of a mangled one",
            STANDARD.encode(p.replace('\n', "\\n")),
        ),
        ("base64 twice", STANDARD.encode(STANDARD.encode(p))),
        (
            "base64 thrice",
            STANDARD.encode(STANDARD.encode(STANDARD.encode(p))),
        ),
        ("base64, percent", percent(&STANDARD.encode(p))),
        ("gzip+base64", STANDARD.encode(gzip(p.as_bytes()))),
        (
            "gzip+base64 of CRLF",
            STANDARD.encode(gzip(p.replace('\n', "\r\n").as_bytes())),
        ),
        (
            "X509 CERTIFICATE",
            p.replace(" CERTIFICATE", " X509 CERTIFICATE"),
        ),
        (
            "an assignment",
            format!("export SSL_SERVER_CERTIFICATE=\"{p}\""),
        ),
        (
            "comments between",
            p.replace(
                "-----END CERTIFICATE-----\n",
                "-----END CERTIFICATE-----\n# 100% sure, see a\\b\n",
            ),
        ),
    ];
    for (what, value) in manglings {
        match repair(value.as_bytes()) {
            Ok(pem) => assert_eq!(rendered(&pem), clean, "{what}"),
            Err(fault) => panic!("{what}: {fault}"),
        }
    }
}

#[test]
fn repairs_utf16() {
    let clean = chain();
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(clean.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(rendered(&repair(&utf16).unwrap()), clean);
    let encoded = STANDARD.encode(&utf16);
    assert_eq!(rendered(&repair(encoded.as_bytes()).unwrap()), clean);
}

#[test]
fn repairs_values_in_parts() {
    let clean = chain();
    let encoded = STANDARD.encode(&clean);
    let in_parts = |text: &str, size: usize, f: &dyn Fn(&str) -> String| -> Vec<String> {
        text.as_bytes()
            .chunks(size)
            .map(|c| f(std::str::from_utf8(c).unwrap()))
            .collect()
    };
    let escaped = clean.replace('\n', "\\n");
    for size in [50, 199, 200, 201, 400, 5000] {
        for (what, parts) in [
            ("as it is", in_parts(&clean, size, &str::to_owned)),
            (
                "quoted each",
                in_parts(&clean, size, &|c| format!("\"{c}\"")),
            ),
            (
                "escaped, cut anywhere",
                in_parts(&escaped, size, &str::to_owned),
            ),
            (
                "base64 of all, cut",
                in_parts(&encoded, size, &str::to_owned),
            ),
            (
                "base64 each",
                in_parts(&clean, size, &|c| STANDARD.encode(c)),
            ),
            (
                "base64 each, quoted",
                in_parts(&clean, size, &|c| format!("'{}'", STANDARD.encode(c))),
            ),
            (
                "base64url each",
                in_parts(&clean, size, &|c| URL_SAFE_NO_PAD.encode(c)),
            ),
            (
                "gzip+base64 each",
                in_parts(&clean, size, &|c| STANDARD.encode(gzip(c.as_bytes()))),
            ),
        ] {
            match repair_parts(parts.iter().map(String::as_str)) {
                Ok(pem) => assert_eq!(rendered(&pem), clean, "{what}, {size}"),
                Err(fault) => panic!("{what}, {size}: {fault}"),
            }
        }
    }
}

#[test]
fn refuses_every_breaking_by_name() {
    let clean = chain();
    let p = clean.as_str();
    let pair = make::authority("authority");
    let key = make::key_pem(&pair.key);
    let der = pair.certificate.to_der().unwrap();
    let pkcs12 = Pkcs12::builder()
        .name("x")
        .cert(&pair.certificate)
        .pkey(&pair.key)
        .build2("secret")
        .unwrap()
        .to_der()
        .unwrap();
    let body_start = p.find("MI").unwrap();
    let breakings: Vec<(Vec<u8>, &str)> = vec![
        (b"".into(), "an empty value"),
        (b" \"\" ".into(), "an empty value"),
        (
            b"correct horse battery staple, really!".into(),
            "no PEM block: 37 characters that are not base64",
        ),
        (
            b"hunter2hunter2".into(),
            "no PEM block: 14 characters that are base64 of something else",
        ),
        (
            p[..300].into(),
            "a BEGIN CERTIFICATE without its END: the value was cut off",
        ),
        (p[..12].into(), "a BEGIN (unknown kind) without its END"),
        (
            p.trim_end_matches("-\n").into(),
            "a BEGIN CERTIFICATE without its END",
        ),
        (
            p.replacen("-----END CERTIFICATE-----\n", "", 1).into(),
            "a BEGIN CERTIFICATE without its END",
        ),
        (
            p[body_start..].into(),
            "an END CERTIFICATE without its BEGIN",
        ),
        (
            p.replacen("END CERTIFICATE", "END PRIVATE KEY", 1).into(),
            "a BEGIN CERTIFICATE that is closed by END PRIVATE KEY",
        ),
        (
            p.replacen("MI", "M!", 1).into(),
            "a BEGIN CERTIFICATE whose body is not base64 (block 1 of 2)",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----".into(),
            "a BEGIN CERTIFICATE whose body is not base64 (block 1 of 1)",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----".into(),
            "whose body is not base64",
        ),
        (
            STANDARD.encode(&pkcs12).into(),
            "a PKCS#12 file (.p12, .pfx) instead of PEM",
        ),
        (
            STANDARD.encode(&der).into(),
            "a certificate in DER (binary) form instead of PEM",
        ),
        (
            der.clone(),
            "a certificate in DER (binary) form instead of PEM",
        ),
        (
            STANDARD
                .encode(pair.key.private_key_to_der().unwrap())
                .into(),
            "a private key in DER (binary) form instead of PEM",
        ),
        (
            b"/etc/ssl/server.pem".into(),
            "a path instead of its content",
        ),
        (
            b"\"certs/server.crt\"".into(),
            "a path instead of its content",
        ),
        (b"C:\\certs\\server".into(), "a path instead of its content"),
        (b"s3://bucket/server".into(), "a URL instead of its content"),
        (
            b"arn:aws:ssm:eu-west-1:123456789012:parameter/key".into(),
            "an ARN (arn:aws:",
        ),
        (b"${SSL_SERVER_KEY}".into(), "a placeholder (${"),
        (b"{{resolve:ssm:key}}".into(), "a placeholder (${"),
        (
            STANDARD.encode(&gzip(p.as_bytes())[..200]).into(),
            "gzip data that is damaged or cut off",
        ),
        (
            STANDARD.encode(gzip(&vec![b' '; 40 << 20])).into(),
            "more than 4 MiB",
        ),
        (vec![b'A'; (4 << 20) + 1], "more than 4 MiB"),
        (
            STANDARD.encode(gzip(&gzip(p.as_bytes()))).into(),
            "more than 3 layers",
        ),
        (
            (0..4).fold(key.clone(), |v, _| STANDARD.encode(v)).into(),
            "more than 3 layers",
        ),
        (vec![0xff, 0x00, 0x13], "binary data instead of PEM"),
    ];
    for (value, words) in breakings {
        let fault = repair(&value)
            .err()
            .unwrap_or_else(|| panic!("accepted: {words}"));
        assert!(fault.to_string().contains(words), "{fault} / {words}");
        assert!(!fault.advice().is_empty());
        for secret in ["hunter2", "horse", "123456789012", "bucket", "server"] {
            assert!(!fault.to_string().contains(secret), "{fault}");
        }
    }
}

#[test]
fn tells_an_encrypted_key_in_both_forms() {
    let key = make::rsa_key(1024);
    let pkcs8 = key
        .private_key_to_pem_pkcs8_passphrase(Cipher::aes_128_cbc(), b"secret")
        .unwrap();
    let old = key
        .rsa()
        .unwrap()
        .private_key_to_pem_passphrase(Cipher::aes_128_cbc(), b"secret")
        .unwrap();
    assert!(std::str::from_utf8(&old).unwrap().contains("Proc-Type"));
    for value in [pkcs8, old] {
        let spaced = String::from_utf8(value).unwrap().replace('\n', " ");
        let pem = repair(spaced.as_bytes()).unwrap();
        assert_eq!(pem.blocks[0].label, Label::EncryptedPrivateKey);
    }
}

#[test]
fn repairs_keys_of_every_form() {
    let ec = make::ec_key();
    let rsa = make::rsa_key(1024);
    let forms = [
        make::key_pem(&ec).into_bytes(),
        ec.ec_key().unwrap().private_key_to_pem().unwrap(),
        rsa.rsa().unwrap().private_key_to_pem().unwrap(),
    ];
    for form in forms {
        let clean = String::from_utf8(form).unwrap();
        for value in [
            clean.replace('\n', " "),
            clean.replace('\n', ""),
            STANDARD.encode(&clean),
        ] {
            assert_eq!(rendered(&repair(value.as_bytes()).unwrap()), clean);
        }
    }
}

#[test]
fn unpacks_a_bomb_no_further_than_the_limit() {
    // Cut off near its end: only who unpacks it all would notice.
    let bomb = gzip(&vec![b' '; 40 << 20]);
    let fault = repair(&bomb[..bomb.len() - 100]).err().unwrap();
    assert_eq!(fault, PemFault::TooLarge);
}

#[test]
fn unpacks_every_member_of_a_gzip() {
    let (one, two) = (chain(), chain());
    let members = [gzip(one.as_bytes()), gzip(two.as_bytes())].concat();
    assert_eq!(rendered(&repair(&members).unwrap()), one + &two);
}
