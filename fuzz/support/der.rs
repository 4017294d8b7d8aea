//! Certificates and revocation lists that are right but for what a target puts into them. Nobody has signed them.

#![allow(dead_code)]

/// Any element.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match content.len() {
        short @ 0..=0x7f => vec![short as u8],
        byte @ ..=0xff => vec![0x81, byte as u8],
        long => vec![0x82, (long >> 8) as u8, long as u8],
    };
    [&[tag], &length[..], content].concat()
}

pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// A positive INTEGER of these bytes.
pub fn integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0);
    let digits = first.map_or(&[][..], |first| &bytes[first..]);
    let sign: &[u8] = match digits.first() {
        None | Some(0x80..) => &[0],
        Some(_) => &[],
    };
    tlv(2, &[sign, digits].concat())
}

/// A name of one part.
pub fn common_name(text: &[u8]) -> Vec<u8> {
    sequence(&[tlv(0x31, &attribute(&[0x55, 4, 3], 0x0c, text))])
}

pub fn attribute(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
    sequence(&[tlv(6, oid), tlv(tag, value)])
}

pub fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { vec![1, 1, 0xff] } else { vec![] };
    sequence(&[tlv(6, oid), critical, tlv(4, value)])
}

/// ecdsa-with-SHA256
fn algorithm() -> Vec<u8> {
    sequence(&[tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2])])
}

fn time(text: &str) -> Vec<u8> {
    tlv(0x17, text.as_bytes())
}

fn signed(to_be_signed: Vec<u8>) -> Vec<u8> {
    sequence(&[to_be_signed, algorithm(), tlv(3, &[0; 9])])
}

/// The certificate of whoever has 1 for a private key: the point is the generator of P-256.
pub fn certificate(serial: &[u8], subject: Vec<u8>, extensions: &[Vec<u8>]) -> Vec<u8> {
    #[rustfmt::skip]
    const GENERATOR: [u8; 66] = [
        0, 4, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77,
        0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42,
        0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b,
        0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
    ];
    let key_algorithm = sequence(&[
        tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]),
        tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]),
    ]);
    let extensions = match extensions {
        [] => Vec::new(),
        extensions => tlv(0xa3, &sequence(extensions)),
    };
    signed(sequence(&[
        tlv(0xa0, &integer(&[2])),
        integer(serial),
        algorithm(),
        common_name(b"CA"),
        sequence(&[time("260101000000Z"), time("360101000000Z")]),
        subject,
        sequence(&[key_algorithm, tlv(3, &GENERATOR)]),
        extensions,
    ]))
}

/// The list of the same CA.
pub fn revocation_list(entries: &[Vec<u8>], extensions: &[Vec<u8>]) -> Vec<u8> {
    let entries = match entries {
        [] => Vec::new(),
        entries => sequence(entries),
    };
    let extensions = match extensions {
        [] => Vec::new(),
        extensions => tlv(0xa0, &sequence(extensions)),
    };
    signed(sequence(&[
        integer(&[1]),
        algorithm(),
        common_name(b"CA"),
        time("260101000000Z"),
        time("360101000000Z"),
        entries,
        extensions,
    ]))
}

/// An entry of a list.
pub fn revoked(serial: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = match extensions {
        [] => Vec::new(),
        extensions => sequence(extensions),
    };
    sequence(&[integer(serial), time("260101000000Z"), extensions])
}

/// Other bytes here and there: lengths that lie, tags that nobody expects.
pub fn damage(der: &mut [u8], patches: &[(u16, u8)]) {
    let length = der.len();
    for (at, byte) in patches {
        der[usize::from(*at) % length] = *byte;
    }
}
