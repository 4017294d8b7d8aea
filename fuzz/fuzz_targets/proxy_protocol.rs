//! Whatever comes for a PROXY header: nothing panics, cuts make no difference, what was read can be written,
//! and what was written reads back.

#![no_main]

use certgate::net::proxy_protocol::{Endpoints, Fault, Header, MAX_HEADER, parse};
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

fuzz_target!(|bytes: &[u8]| {
    let whole = parse(bytes);
    assert_eq!(whole, one_by_one(bytes));
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
