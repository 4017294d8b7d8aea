//! What was written reads back, however it is cut; whatever comes, nothing panics, and nothing is taken for
//! a header that isn't one. `tests/proxy_protocol_malformed.rs` has the table of broken ones.

use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

fn any_end(v6: bool) -> impl Strategy<Value = SocketAddr> {
    let address = match v6 {
        true => any::<[u8; 16]>().prop_map(IpAddr::from).boxed(),
        false => any::<[u8; 4]>().prop_map(IpAddr::from).boxed(),
    };
    (address, any::<u16>()).prop_map(SocketAddr::from)
}

fn any_tcp() -> impl Strategy<Value = Endpoints> {
    any::<bool>()
        .prop_flat_map(|v6| (any_end(v6), any_end(v6)))
        .prop_map(|(source, destination)| Endpoints::Tcp {
            source,
            destination,
        })
}

fn any_unix() -> impl Strategy<Value = Endpoints> {
    proptest::collection::vec(any::<u8>(), 216).prop_map(|bytes| {
        let mut paths = [[0; 108]; 2];
        paths.as_flattened_mut().copy_from_slice(&bytes);
        Endpoints::Unix(Box::new(paths))
    })
}

/// No checksum, which is written last and by itself; nothing that has rules of its own.
fn any_tlvs() -> impl Strategy<Value = Tlvs> {
    let kind = any::<u8>().prop_filter("ruled", |kind| ![0x03, UNIQUE_ID, AWS].contains(kind));
    let value = proptest::collection::vec(any::<u8>(), 0..300);
    let id = proptest::option::of("[A-Za-z0-9-]{1,64}");
    (proptest::collection::vec((kind, value), 0..8), id).prop_map(|(parts, id)| {
        let mut tlvs = Tlvs::default();
        for (kind, value) in parts {
            tlvs.push(kind, &value).unwrap();
        }
        if let Some(id) = id {
            let value = [&[AWS_VPC_ENDPOINT], id.as_bytes()].concat();
            tlvs.push(AWS, &value).unwrap();
        }
        tlvs
    })
}

fn any_header() -> impl Strategy<Value = Header> {
    let header = |version, endpoints, tlvs| Header {
        version,
        endpoints,
        tlvs,
    };
    let nothing = Tlvs::default;
    prop_oneof![
        any_tcp().prop_map(move |ends| header(Version::V1, ends, nothing())),
        Just(header(Version::V1, Endpoints::Unknown, nothing())),
        (prop_oneof![any_tcp(), any_unix()], any_tlvs()).prop_map(move |(ends, tlvs)| header(
            Version::V2,
            ends,
            tlvs
        )),
        prop_oneof![Just(Endpoints::Local), Just(Endpoints::Unknown)].prop_map(move |ends| header(
            Version::V2,
            ends,
            nothing()
        )),
    ]
}

/// Bytes that get further than noise does.
fn almost_a_header() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        Just(Vec::new()),
        Just(b"PROXY ".to_vec()),
        Just(b"PROXY TCP4 1.2.3.4 ".to_vec()),
        Just(b"\r\n\r\n\0\r\nQUIT\n".to_vec()),
        Just(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0".to_vec()),
        Just(b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0".to_vec()),
        Just(b"\r\n\r\n\0\r\nQUIT\n\x20".to_vec()),
    ];
    let rest = proptest::collection::vec(any::<u8>(), 0..300);
    (start, rest).prop_map(|(start, rest)| [start, rest].concat())
}

/// What comes of bytes that arrive one by one; `None` if they are too few.
fn one_by_one(bytes: &[u8]) -> Result<Option<(Header, usize)>, Fault> {
    for length in 0..bytes.len() {
        match parse(&bytes[..length]) {
            Ok(None) => {}
            decided => return decided,
        }
    }
    parse(bytes)
}

proptest! {
    #[test]
    fn what_is_written_reads_back(header in any_header(), after in proptest::collection::vec(any::<u8>(), 0..50)) {
        let bytes = header.write().unwrap();
        let stream = [&bytes[..], &after].concat();
        let (read, length) = parse(&stream).unwrap().unwrap();
        prop_assert_eq!(length, bytes.len());
        prop_assert_eq!((read.version, &read.endpoints), (header.version, &header.endpoints));
        let others: Vec<_> = read.tlvs.iter().filter(|(kind, _)| *kind != 0x03).collect();
        prop_assert_eq!(others, header.tlvs.iter().collect::<Vec<_>>());
        prop_assert_eq!(read.tlvs.vpc_endpoint(), header.tlvs.vpc_endpoint());
        prop_assert_eq!(one_by_one(&stream).unwrap().unwrap(), (read, length));
        // Not before its last byte.
        prop_assert_eq!(parse(&bytes[..length - 1]), Ok(None));
    }

    /// A checksum finds every damage of up to 32 bits in a row, unless that is what says where it is.
    #[test]
    fn one_wrong_bit_is_never_overlooked(ends in any_tcp(), tlvs in any_tlvs(), at in any::<prop::sample::Index>(), bit in 0..8) {
        let header = Header { version: Version::V2, endpoints: ends, tlvs };
        let mut bytes = header.write().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        if let Ok(Some((read, _))) = parse(&bytes) {
            prop_assert!(read.tlvs.find(0x03).is_none(), "{:?}", read);
        }
    }

    #[test]
    fn whatever_comes_nothing_panics_and_cuts_make_no_difference(bytes in almost_a_header()) {
        let whole = parse(&bytes);
        prop_assert_eq!(&whole, &one_by_one(&bytes));
        if let Ok(Some((_, length))) = whole {
            prop_assert!((15..=MAX_HEADER).contains(&length) && length <= bytes.len());
        }
    }
}

#[test]
fn lines_as_the_specification_has_them() {
    let line = b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n";
    let (header, length) = parse(line).unwrap().unwrap();
    assert_eq!(&line[length..], b"GET / HTTP/1.1\r\n");
    assert_eq!(
        header.endpoints,
        Endpoints::Tcp {
            source: "192.168.0.1:56324".parse().unwrap(),
            destination: "192.168.0.11:443".parse().unwrap(),
        }
    );
    for unknown in [
        "PROXY UNKNOWN\r\n",
        "PROXY UNKNOWN \r\n",
        "PROXY UNKNOWN anything goes\r\n",
        "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
    ] {
        let (header, length) = parse(unknown.as_bytes()).unwrap().unwrap();
        assert_eq!(
            (header.endpoints, length),
            (Endpoints::Unknown, unknown.len())
        );
    }
    let longest = "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe 65535 65535\r\n";
    assert_eq!(longest.len(), 104);
    assert!(matches!(parse(longest.as_bytes()), Ok(Some(_))));
}

/// A family of stream sockets is believed; UDP and no family are combinations that a receiver falls back
/// from to the peer's own address.
#[test]
fn families_and_transports() {
    let block = [7; 216];
    for family in 0..=0xff_u8 {
        let header = [v2::SIGNATURE, &[v2::PROXY, family, 0, 216], &block].concat();
        let parsed = parse(&header).map(|parsed| parsed.unwrap().0.endpoints);
        match family {
            0x31 => assert!(matches!(parsed, Ok(Endpoints::Unix(_)))),
            0x00..=0x02 | 0x30 | 0x32 => assert_eq!(parsed, Ok(Endpoints::Unknown), "{family:x}"),
            // What follows the addresses there is no list of TLVs.
            0x10..=0x12 | 0x20..=0x22 => assert_eq!(parsed, Err(Fault::Tlv), "{family:x}"),
            0x40.. => assert_eq!(parsed, Err(Fault::Family(family >> 4))),
            _ => assert_eq!(parsed, Err(Fault::Transport(family & 0xf)), "{family:x}"),
        }
        let local = [v2::SIGNATURE, &[v2::LOCAL, family, 0, 216], &block].concat();
        let (header, length) = parse(&local).unwrap().unwrap();
        assert_eq!((header.endpoints, length), (Endpoints::Local, local.len()));
    }
    for (family, length) in [(0x12, 12), (0x10, 12), (0x22, 36)] {
        let header = [
            v2::SIGNATURE,
            &[v2::PROXY, family, 0, length],
            &block[..length.into()],
        ]
        .concat();
        let (header, _) = parse(&header).unwrap().unwrap();
        assert_eq!(header.endpoints, Endpoints::Unknown);
    }
}

#[test]
fn ends_of_two_families_are_written_as_one() {
    let header = Header {
        version: Version::V1,
        endpoints: Endpoints::Tcp {
            source: "192.0.2.1:1".parse().unwrap(),
            destination: "[2001:db8::1]:443".parse().unwrap(),
        },
        tlvs: Tlvs::default(),
    };
    let line = header.write().unwrap();
    assert_eq!(line, b"PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 443\r\n");
    let read = parse(&line).unwrap().unwrap().0;
    let v2 = Header {
        version: Version::V2,
        ..header
    };
    assert_eq!(
        parse(&v2.write().unwrap()).unwrap().unwrap().0.endpoints,
        read.endpoints
    );
}

#[test]
fn what_a_length_can_not_say_is_not_written() {
    let mut tlvs = Tlvs::default();
    assert_eq!(tlvs.push(0xe0, &[0; 65_536]), Err(TooLong(65_536)));
    assert_eq!(tlvs, Tlvs::default());
    tlvs.push(0xe0, &[0; 65_500]).unwrap();
    let header = Header {
        version: Version::V2,
        endpoints: Endpoints::Tcp {
            source: "192.0.2.1:1".parse().unwrap(),
            destination: "192.0.2.2:2".parse().unwrap(),
        },
        tlvs,
    };
    // 12 of addresses, 3 and 65500 of a TLV, 7 of the checksum: 65522.
    assert_eq!(header.write().unwrap().len(), 16 + 65_522);
    let mut longer = header.clone();
    longer.tlvs.push(0xe1, &[0; 11]).unwrap();
    assert_eq!(longer.write(), Err(TooLong(65_536)));
}
