//! PROXY headers, written by hand: what certgate writes and reads is held against these.

use std::net::{IpAddr, SocketAddr};

pub const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
pub const LOCAL: u8 = 0x20;
pub const PROXY: u8 = 0x21;

/// A line of version 1.
pub fn v1(source: &str, destination: &str) -> Vec<u8> {
    let [source, destination]: [SocketAddr; 2] =
        [source, destination].map(|end| end.parse().unwrap());
    let family = if source.is_ipv4() { 4 } else { 6 };
    format!(
        "PROXY TCP{family} {} {} {} {}\r\n",
        source.ip(),
        destination.ip(),
        source.port(),
        destination.port()
    )
    .into_bytes()
}

/// A header of version 2 as it is said to be, right or wrong.
pub fn raw(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let length = u16::try_from(block.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, family], &length, block].concat()
}

/// The addresses of a connection of TCP, and its family.
pub fn ends(source: &str, destination: &str) -> (u8, Vec<u8>) {
    let ends: [SocketAddr; 2] = [source, destination].map(|end| end.parse().unwrap());
    let mut block = Vec::new();
    for end in ends {
        match end.ip() {
            IpAddr::V4(ip) => block.extend(ip.octets()),
            IpAddr::V6(ip) => block.extend(ip.octets()),
        }
    }
    for end in ends {
        block.extend(end.port().to_be_bytes());
    }
    (if ends[0].is_ipv4() { 0x11 } else { 0x21 }, block)
}

pub fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&[kind], &length[..], value].concat()
}

/// What AWS says of PrivateLink.
pub fn vpce(id: &str) -> Vec<u8> {
    tlv(0xea, &[b"\x01", id.as_bytes()].concat())
}

/// A header of version 2 for a client of TCP.
pub fn v2(source: &str, destination: &str, tlvs: &[Vec<u8>]) -> Vec<u8> {
    let (family, addresses) = ends(source, destination);
    raw(PROXY, family, &[addresses, tlvs.concat()].concat())
}

/// The same with its checksum.
pub fn checked(source: &str, destination: &str, tlvs: &[Vec<u8>]) -> Vec<u8> {
    let mut header = v2(source, destination, &[tlvs.concat(), tlv(3, &[0; 4])]);
    let checksum = crc32c(&header).to_be_bytes();
    let at = header.len() - 4;
    header[at..].copy_from_slice(&checksum);
    header
}

/// Bit by bit, as RFC 3720 section 12.1 has it.
pub fn crc32c(bytes: &[u8]) -> u32 {
    let mut state = u32::MAX;
    for byte in bytes {
        state ^= u32::from(*byte);
        for _ in 0..8 {
            let low = state & 1;
            state >>= 1;
            if low == 1 {
                state ^= 0x82f6_3b78;
            }
        }
    }
    !state
}

/// A header of version 2 that was received: its command and family, its addresses, its TLVs.
#[derive(Debug)]
pub struct Read {
    pub command: u8,
    pub family: u8,
    pub addresses: Vec<u8>,
    pub tlvs: Vec<(u8, Vec<u8>)>,
}

impl Read {
    /// The one value of a type.
    #[track_caller]
    pub fn one(&self, kind: u8) -> &[u8] {
        match &self.all(kind)[..] {
            [one] => one,
            others => panic!("{} of type {kind:#x} in {self:?}", others.len()),
        }
    }

    pub fn all(&self, kind: u8) -> Vec<&[u8]> {
        let tlvs = self.tlvs.iter().filter(|(one, _)| *one == kind);
        tlvs.map(|(_, value)| &value[..]).collect()
    }
}

/// Reads a header off a stream, and nothing more; checks its checksum, which it must have.
#[track_caller]
pub fn read(stream: &mut impl std::io::Read) -> Read {
    let mut head = [0; 16];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head[..12], SIGNATURE);
    let mut block = vec![0; u16::from_be_bytes([head[14], head[15]]).into()];
    stream.read_exact(&mut block).unwrap();
    let length = match head[13] {
        0x11 => 12,
        0x21 => 36,
        0x31 => 216,
        family => panic!("family {family:#x}"),
    };
    let (addresses, rest) = block.split_at(length);
    let read = Read {
        command: head[12],
        family: head[13],
        addresses: addresses.to_vec(),
        tlvs: tlvs(rest),
    };
    let mut bytes = [&head[..], &block].concat();
    let mut at = 16 + length;
    for (kind, value) in &read.tlvs {
        at += 3;
        if *kind == 3 {
            bytes[at..at + 4].fill(0);
        }
        at += value.len();
    }
    assert_eq!(read.one(3), crc32c(&bytes).to_be_bytes());
    read
}

#[track_caller]
pub fn tlvs(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut all = Vec::new();
    while let [kind, high, low, rest @ ..] = bytes {
        let (value, rest) = rest.split_at(u16::from_be_bytes([*high, *low]).into());
        all.push((*kind, value.to_vec()));
        bytes = rest;
    }
    assert!(bytes.is_empty());
    all
}
