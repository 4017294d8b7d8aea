//! The chain that a load balancer writes into a header: what is taken is what two other readers find there, and
//! what such a load balancer writes is read.

#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use certgate::identity::forwarded::chain;
use libfuzzer_sys::fuzz_target;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// "+=/ as safe characters": AWS.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'+')
    .remove(b'=')
    .remove(b'/');

/// Mostly what means something: most bytes that aren't ASCII, which are refused by themselves, stand for more.
fn written(bytes: &[u8]) -> Vec<u8> {
    const PIECES: [&[u8]; 8] = [
        b"-----BEGIN%20CERTIFICATE-----",
        b"-----END%20CERTIFICATE-----",
        b"%0A",
        b"%0D",
        b"%20",
        b"QUJD",
        b"QQ==",
        b"-----",
    ];
    let mut written = Vec::new();
    for byte in bytes {
        match byte {
            0x80..0xf0 => written.extend(PIECES[usize::from(*byte) % PIECES.len()]),
            byte => written.push(*byte),
        }
    }
    written
}

fuzz_target!(|bytes: &[u8]| {
    let value = &written(bytes)[..];
    if let Ok(read) = chain(value) {
        // A line may end in a CR alone (RFC 7468 section 3), which that reader doesn't know.
        let text = percent_decode(value).map(|byte| if byte == b'\r' { b'\n' } else { byte });
        let text: Vec<u8> = text.collect();
        let blocks = x509_parser::pem::Pem::iter_from_buffer(&text);
        let blocks: Vec<_> = blocks.map(|block| block.unwrap()).collect();
        assert!(blocks.iter().all(|block| block.label == "CERTIFICATE"));
        assert!(blocks.into_iter().map(|block| block.contents).eq(read));
    }

    let ders: Vec<Vec<u8>> = bytes
        .split(|byte| *byte == b'|')
        .map(<[u8]>::to_vec)
        .collect();
    let block = |der: &Vec<u8>| {
        let digits = STANDARD.encode(der);
        let lines = digits.as_bytes().chunks(64).map(String::from_utf8_lossy);
        let lines: String = lines.map(|line| format!("{line}\n")).collect();
        format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
    };
    let pem: String = ders.iter().map(block).collect();
    let value = utf8_percent_encode(&pem, ESCAPED).to_string();
    match chain(value.as_bytes()) {
        Ok(read) => assert_eq!(read, ders),
        Err(_) => assert!(ders.iter().any(Vec::is_empty) || value.len() > 32 * 1024),
    }
});
