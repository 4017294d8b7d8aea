//! Whatever comes for a PROXY header: nothing panics, cuts make no difference, what was read can be written,
//! what was written reads back, and another reader finds the same.

#![no_main]

use std::net::SocketAddr;

use certgate::net::proxy_protocol::{Endpoints, Fault, Header, Looks, MAX_HEADER, looks, parse};
use libfuzzer_sys::fuzz_target;

/// What comes of bytes that arrive one by one.
fn one_by_one(bytes: &[u8]) -> Result<Option<(Header, usize)>, Fault> {
    for length in 0..bytes.len() {
        match parse(&bytes[..length]) {
            Ok(None) => {}
            decided => return decided,
        }
    }
    parse(bytes)
}

type Tlvs = Vec<(u8, Vec<u8>)>;

/// What the `ppp` crate finds: both ends, and the TLVs.
fn by_another(bytes: &[u8]) -> Option<(Option<[SocketAddr; 2]>, Tlvs)> {
    let tcp4 = |ends: &ppp::v1::IPv4| {
        [
            (ends.source_address, ends.source_port).into(),
            (ends.destination_address, ends.destination_port).into(),
        ]
    };
    let tcp6 = |ends: &ppp::v1::IPv6| {
        [
            (ends.source_address, ends.source_port).into(),
            (ends.destination_address, ends.destination_port).into(),
        ]
    };
    match ppp::HeaderResult::parse(bytes) {
        ppp::HeaderResult::V1(header) => {
            let ends = match header.ok()?.addresses {
                ppp::v1::Addresses::Tcp4(ends) => Some(tcp4(&ends)),
                ppp::v1::Addresses::Tcp6(ends) => Some(tcp6(&ends)),
                ppp::v1::Addresses::Unknown => None,
            };
            Some((ends, Vec::new()))
        }
        ppp::HeaderResult::V2(header) => {
            let header = header.ok()?;
            let is_tcp = header.command == ppp::v2::Command::Proxy
                && header.protocol == ppp::v2::Protocol::Stream;
            let ends = match header.addresses {
                ppp::v2::Addresses::IPv4(ends) if is_tcp => Some(tcp4(&ends)),
                ppp::v2::Addresses::IPv6(ends) if is_tcp => Some(tcp6(&ends)),
                _ => None,
            };
            let tlvs = header.tlvs().filter_map(Result::ok);
            Some((
                ends,
                tlvs.map(|tlv| (tlv.kind, tlv.value.into_owned())).collect(),
            ))
        }
    }
}

fn compare(bytes: &[u8], found: &Result<Option<(Header, usize)>, Fault>) {
    let other = by_another(bytes);
    match found {
        Ok(Some((header, _))) => {
            let ends = match header.endpoints {
                Endpoints::Tcp {
                    source,
                    destination,
                } => Some([source, destination]),
                _ => None,
            };
            // It reads UNKNOWN to a certain length, and text only.
            let (other_ends, other_tlvs) = other.unwrap_or_default();
            assert_eq!(other_ends, ends);
            let tlvs = header
                .tlvs
                .iter()
                .map(|(kind, value)| (kind, value.to_vec()));
            assert!(ends.is_none() || tlvs.eq(other_tlvs));
        }
        // It takes "+80", and doesn't look into TLVs.
        Err(Fault::Port | Fault::LineEnd | Fault::TooLong(_)) => {}
        Err(Fault::Tlv | Fault::Value(_) | Fault::Checksum) => {}
        Ok(None) | Err(_) => assert!(other.is_none(), "{found:?}, and they {other:?}"),
    }
}

/// Whether the rest of a header whose beginning this is has its room, by sections 2.1 and 2.2.
fn is_bounded(bytes: &[u8]) -> bool {
    match looks(bytes) {
        Looks::V1 => bytes.len() < 107,
        Looks::V2 => bytes.get(14..16).is_none_or(|length| {
            usize::from(u16::from_be_bytes([length[0], length[1]])) + 16 <= MAX_HEADER
        }),
        _ => bytes.len() < 12,
    }
}

fuzz_target!(|bytes: &[u8]| {
    let whole = parse(bytes);
    assert_eq!(whole, one_by_one(bytes));
    compare(bytes, &whole);
    if let Ok(None) = whole {
        assert!(is_bounded(bytes), "what is waited for is too long");
    }
    let Ok(Some((header, length))) = whole else {
        return;
    };
    assert!(length <= bytes.len() && length <= MAX_HEADER);
    // A checksum is written anew.
    const CRC32C: u8 = 3;
    let Ok(written) = header.write() else {
        panic!("what was read is too long: {header:?}");
    };
    if header.tlvs.find(CRC32C).is_none() && written.len() <= MAX_HEADER {
        let (again, end) = parse(&written).unwrap().unwrap();
        assert_eq!((&again.endpoints, end), (&header.endpoints, written.len()));
        if header.endpoints != Endpoints::Unknown {
            let others = again.tlvs.iter().filter(|(kind, _)| *kind != CRC32C);
            assert!(others.eq(header.tlvs.iter()));
        }
    }
});
