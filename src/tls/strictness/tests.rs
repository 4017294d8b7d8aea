//! What no certificate of x509-limbo breaks; the rest is in the tests of [`verification`](crate::tls::verification).

use super::*;
use crate::startup::test_crls::tlv;

const BASIC: [u8; 3] = [0x55, 0x1d, 19];
const KEY_USAGE: [u8; 3] = [0x55, 0x1d, 15];
const NAMES: [u8; 3] = [0x55, 0x1d, 17];
const ISSUER_NAMES: [u8; 3] = [0x55, 0x1d, 18];
const CONSTRAINTS: [u8; 3] = [0x55, 0x1d, 30];
const USES: [u8; 3] = [0x55, 0x1d, 37];
const OWN_KEY: [u8; 3] = [0x55, 0x1d, 14];
const ISSUERS_KEY: [u8; 3] = [0x55, 0x1d, 35];

/// The parts of a certificate that keeps to every rule; nobody looks at its key or its signature here.
#[derive(Clone)]
struct Parts {
    version: u8,
    serial: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    times: [Vec<u8>; 2],
    algorithms: [Vec<u8>; 2],
    after_the_key: Vec<u8>,
    extensions: Vec<(Vec<u8>, bool, Vec<u8>)>,
}

/// Name, whether it is critical, content.
type Written<'a> = (&'a [u8], bool, &'a [u8]);

fn good(extensions: &[Written<'_>]) -> Parts {
    let algorithm = sequence(&[tlv(6, &[0x2a, 3])]);
    let name = |text: &[u8]| tlv(0x31, &sequence(&[tlv(6, &[0x55, 4, 3]), tlv(0x0c, text)]));
    let extensions = extensions.iter();
    Parts {
        version: 2,
        serial: vec![1],
        issuer: name(b"issuer"),
        subject: name(b"subject"),
        times: [b"260101000000Z", b"270101000000Z"].map(|time| tlv(0x17, time)),
        algorithms: [algorithm.clone(), algorithm],
        after_the_key: Vec::new(),
        extensions: extensions
            .map(|(oid, critical, value)| (oid.to_vec(), *critical, value.to_vec()))
            .chain([(ISSUERS_KEY.to_vec(), false, sequence(&[tlv(0x80, b"k")]))])
            .collect(),
    }
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

impl Parts {
    fn found(&self, place: Place) -> Result<(), Departure> {
        let extensions = self.extensions.iter().map(|(oid, critical, value)| {
            let critical = if *critical { tlv(1, &[0xff]) } else { vec![] };
            sequence(&[tlv(6, oid), critical, tlv(4, value)])
        });
        let extensions: Vec<_> = extensions.collect();
        let [inner, outer] = self.algorithms.clone();
        let signed = sequence(&[
            tlv(0xa0, &tlv(2, &[self.version])),
            tlv(2, &self.serial),
            inner,
            tlv(0x30, &self.issuer),
            sequence(&self.times),
            tlv(0x30, &self.subject),
            sequence(&[]),
            self.after_the_key.clone(),
            tlv(0xa3, &sequence(&extensions)),
        ]);
        let der = sequence(&[signed, outer, tlv(3, &[0])]);
        let read = Certificate::of(&der).ok_or(Departure::Unreadable)?;
        examine_parts(&read, place)
    }
}

#[test]
fn fields() {
    let usual = good(&[]);
    assert_eq!(usual.found(Place::Client), Ok(()));
    let times = |before: (u8, &[u8]), after: (u8, &[u8])| Parts {
        times: [before, after].map(|(tag, text)| tlv(tag, text)),
        ..good(&[])
    };
    let utc: (u8, &[u8]) = (0x17, b"260101000000Z");
    let bad = |name| Err(Departure::Time(name));
    for (parts, expected) in [
        (times(utc, (0x18, b"20500101000000Z")), Ok(())),
        (times(utc, (0x18, b"20491231235959Z")), bad("notAfter")),
        (times((0x18, b"20260101000000Z"), utc), bad("notBefore")),
        (times((0x17, b"2601010000Z"), utc), bad("notBefore")),
        (times((0x17, b"2601010000000"), utc), bad("notBefore")),
        (times((0x17, b"260101000000+0000"), utc), bad("notBefore")),
        (times(utc, (0x18, b"20500101000000.5Z")), bad("notAfter")),
        (
            Parts {
                version: 1,
                ..usual.clone()
            },
            Err(Departure::Version(2)),
        ),
        (
            Parts {
                issuer: vec![],
                ..usual.clone()
            },
            Err(Departure::EmptyIssuer),
        ),
        (
            Parts {
                serial: vec![0x80],
                ..usual.clone()
            },
            Err(Departure::SerialNotPositive),
        ),
        (
            Parts {
                serial: vec![1; 20],
                ..usual.clone()
            },
            Ok(()),
        ),
        (
            Parts {
                algorithms: [
                    sequence(&[tlv(6, &[0x2a, 3])]),
                    sequence(&[tlv(6, &[0x2a, 4])]),
                ],
                ..usual.clone()
            },
            Err(Departure::TwoAlgorithms),
        ),
        (
            Parts {
                after_the_key: tlv(0x82, &[0, 1]),
                ..usual.clone()
            },
            Err(Departure::UniqueIdentifiers),
        ),
    ] {
        assert_eq!(parts.found(Place::Client), expected);
    }
}

fn is_ca(path_length: &[u8]) -> Vec<u8> {
    sequence(&[tlv(1, &[0xff]), path_length.to_vec()])
}

#[test]
fn authorities() {
    let (ca, room) = (is_ca(&[]), is_ca(&[2, 1, 0]));
    let (own, no_ca) = (tlv(4, b"k"), sequence(&[]));
    let roomy = sequence(&[vec![2, 1, 0]]);
    let (signs, uses) = (&[3, 2, 1, 6][..], &[3, 2, 7, 0x80][..]);
    let own = (&OWN_KEY[..], false, &own[..]);
    fn basic(value: &[u8]) -> Written<'_> {
        (&BASIC, true, value)
    }
    fn usage(bits: &[u8]) -> Written<'_> {
        (&KEY_USAGE, true, bits)
    }
    for (parts, expected) in [
        (good(&[basic(&ca), usage(signs), own]), Ok(())),
        (good(&[basic(&room), usage(signs), own]), Ok(())),
        (
            good(&[usage(signs), own]),
            Err(Departure::NoBasicConstraints),
        ),
        (good(&[basic(&ca), own]), Err(Departure::NoKeyUsage)),
        (
            good(&[basic(&ca), usage(uses), own]),
            Err(Departure::NoCertSign),
        ),
        (
            good(&[basic(&ca), usage(signs)]),
            Err(Departure::NoSubjectKeyIdentifier),
        ),
    ] {
        assert_eq!(parts.found(Place::Authority), expected);
    }
    for (parts, expected) in [
        (good(&[basic(&no_ca)]), Ok(())),
        (
            good(&[basic(&no_ca), usage(signs)]),
            Err(Departure::CertSign),
        ),
        (good(&[basic(&roomy)]), Err(Departure::PathLength)),
        // A CA's certificate is one's also where it is the client's own.
        (
            good(&[basic(&ca), usage(signs)]),
            Err(Departure::NoSubjectKeyIdentifier),
        ),
    ] {
        assert_eq!(parts.found(Place::Client), expected);
    }
    let mut nameless = good(&[basic(&ca), usage(signs), own]);
    nameless.subject = vec![];
    let expected = Err(Departure::EmptySubjectOfAuthority);
    assert_eq!(nameless.found(Place::Authority), expected);
}

#[test]
fn a_root_is_its_own_issuer() {
    let mut root = good(&[]);
    root.extensions.retain(|(oid, ..)| *oid != ISSUERS_KEY);
    assert_eq!(
        root.found(Place::Client),
        Err(Departure::NoAuthorityKeyIdentifier)
    );
    root.issuer = root.subject.clone();
    assert_eq!(root.found(Place::Client), Ok(()));
}

#[test]
fn extensions() {
    let (one, list) = (&[5, 0][..], sequence(&[tlv(6, &[0x2a])]));
    let access: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
    let place = tlv(0x86, b"http://a.example");
    let described = sequence(&[sequence(&[tlv(6, &[0x2a]), place.clone()])]);
    let half = sequence(&[sequence(&[tlv(6, &[0x2a])])]);
    let malformed = |name, section| Err(Departure::Malformed(name, section));
    let cases: &[(Written<'_>, Result<(), Departure>)] = &[
        ((&USES[..], false, &list[..]), Ok(())),
        (
            (&USES, false, &[0x30, 0]),
            malformed("extKeyUsage", "4.2.1.12"),
        ),
        ((&USES, false, one), malformed("extKeyUsage", "4.2.1.12")),
        ((access, false, &described[..]), Ok(())),
        (
            (access, false, &half[..]),
            malformed("authorityInfoAccess", "4.2.2.1"),
        ),
        (
            (access, true, &described[..]),
            Err(Departure::Critical("authorityInfoAccess", "4.2.2.1")),
        ),
        (
            (&[0x55, 0x1d, 54], false, &[2, 1, 0]),
            Err(Departure::NotCritical("inhibitAnyPolicy", "4.2.1.14")),
        ),
        (
            (&OWN_KEY, true, &[4, 1, 0]),
            Err(Departure::Critical("subjectKeyIdentifier", "4.2.1.2")),
        ),
        ((&[0x2a, 3, 4], true, one), Ok(())),
    ];
    for (extension, expected) in cases {
        assert_eq!(good(&[*extension]).found(Place::Client), *expected);
        let twice = good(&[*extension, *extension]).found(Place::Client);
        assert!(twice.is_err());
        if expected.is_ok() {
            assert!(matches!(twice, Err(Departure::Twice(_))), "{twice:?}");
        }
    }
}

#[test]
fn names() {
    let long = [b"a".repeat(63), b"example".to_vec()].join(&b'.');
    let longer = [b"a".repeat(64), b"example".to_vec()].join(&b'.');
    let good_names: &[(u8, &[u8])] = &[
        (0x82, b"a.example"),
        (0x82, b"*.example"),
        (0x82, b"xn--mller-kva.example"),
        (0x82, &long),
        (0x81, b"a.b+c@example.org"),
        (0x81, b"*@example.org"),
        (0x86, b"spiffe://example.org/a"),
        (0x86, b"urn:uuid:0"),
        (0x87, &[10, 1, 2, 3]),
        (0x87, &[0; 16]),
        (0x88, &[0x2a, 3]),
    ];
    let bad_names: &[(u8, &[u8], &str)] = &[
        (0x82, b"", "dNSName"),
        (0x82, b" ", "dNSName"),
        (0x82, b".example", "dNSName"),
        (0x82, b"a.example.", "dNSName"),
        (0x82, b"a..example", "dNSName"),
        (0x82, b"-a.example", "dNSName"),
        (0x82, b"a_b.example", "dNSName"),
        (0x82, b"a.*.example", "dNSName"),
        (0x82, b"a.example\0.evil", "dNSName"),
        (0x82, "ä.example".as_bytes(), "dNSName"),
        (0x82, &longer, "dNSName"),
        (0x81, b"example.org", "rfc822Name"),
        (0x81, b"@example.org", "rfc822Name"),
        (0x81, b"a@b@example.org", "rfc822Name"),
        (0x81, b"a..b@example.org", "rfc822Name"),
        (0x81, b"a@", "rfc822Name"),
        (0x86, b"example.org/a", "uniformResourceIdentifier"),
        (0x86, b"http:", "uniformResourceIdentifier"),
        (0x86, b"1http://a", "uniformResourceIdentifier"),
        (0x86, b"http://a\0", "uniformResourceIdentifier"),
        (0x87, &[10, 1, 2], "iPAddress"),
        (0x87, &[0; 17], "iPAddress"),
    ];
    for (oid, extension, section) in [
        (NAMES, "subjectAltName", "4.2.1.6"),
        (ISSUER_NAMES, "issuerAltName", "4.2.1.7"),
    ] {
        let found =
            |names: &[Vec<u8>]| good(&[(&oid, false, &sequence(names))]).found(Place::Client);
        for (tag, name) in good_names {
            assert_eq!(found(&[tlv(*tag, name)]), Ok(()), "{name:?}");
        }
        let first = tlv(0x82, b"a.example");
        for (tag, name, kind) in bad_names {
            let expected = Err(Departure::BadName(extension, kind, section));
            let names = [first.clone(), tlv(*tag, name)];
            assert_eq!(found(&names), expected, "{name:?}");
        }
        assert_eq!(found(&[]), Err(Departure::Malformed(extension, section)));
    }
}

#[test]
fn name_constraints() {
    let (ca, own) = (is_ca(&[]), tlv(4, b"k"));
    let found = |lists: &[Vec<u8>]| {
        let extensions: &[Written<'_>] = &[
            (&BASIC, true, &ca),
            (&KEY_USAGE, true, &[3, 2, 1, 6]),
            (&OWN_KEY, false, &own),
            (&CONSTRAINTS, true, &sequence(lists)),
        ];
        good(extensions).found(Place::Authority)
    };
    let list = |tag: u8, name: &[u8]| tlv(0xa1, &tlv(0x30, &tlv(tag, name)));
    let v6 = [[0xfd; 16], [0xff; 16]].concat();
    let good_names: &[(u8, &[u8])] = &[
        (0x82, b"example"),
        (0x82, b""),
        (0x86, b".example"),
        (0x81, b".example"),
        (0x81, b"a@example"),
        (0x87, &[10, 0, 0, 0, 255, 0, 0, 0]),
        (0x87, &[0; 8]),
        (0x87, &[10, 0, 0, 0, 255, 0xf0, 0, 0]),
        (0x87, &v6),
    ];
    for (tag, name) in good_names {
        assert_eq!(found(&[list(*tag, name)]), Ok(()), "{name:?}");
    }
    let bad_names: &[(u8, &[u8], &str)] = &[
        (0x82, b".example", "dNSName"),
        (0x82, b"*.example", "dNSName"),
        (0x86, b"http://example", "uniformResourceIdentifier"),
        (0x81, b"*.example", "rfc822Name"),
        (0x87, &[10, 0, 0, 0], "iPAddress"),
        (0x87, &[10, 0, 0, 0, 255, 0, 255, 0], "iPAddress"),
        (0x87, &[10, 0, 0, 0, 0, 255, 0, 0], "iPAddress"),
        (0x87, &[10, 0, 0, 0, 255, 0x0f, 0, 0], "iPAddress"),
    ];
    for (tag, name, kind) in bad_names {
        let expected = Err(Departure::BadName("nameConstraints", kind, "4.2.1.10"));
        assert_eq!(found(&[list(*tag, name)]), expected, "{name:?}");
    }
    assert_eq!(found(&[]), Err(Departure::NoConstraints));
    assert_eq!(found(&[tlv(0xa0, &[])]), Err(Departure::NoConstraints));
    let minimum = [tlv(0x82, b"example"), tlv(0x80, &[1])].concat();
    let minimum = tlv(0xa0, &tlv(0x30, &minimum));
    assert_eq!(found(&[minimum]), Err(Departure::ConstraintDistance));
    let of_client = good(&[(&CONSTRAINTS, true, &sequence(&[list(0x82, b"example")]))]);
    assert_eq!(
        of_client.found(Place::Client),
        Err(Departure::ConstraintsOfNoAuthority)
    );
}
