//! CRC32C over a header of version 2 (section 2.2.3; RFC 4960 appendix B).

use super::tlv::CRC32C;
use super::{Fault, Tlvs};

/// Compares a header with the checksum in it, if there is one. The TLVs begin at `start`.
pub(super) fn verify(header: &[u8], start: usize, tlvs: &Tlvs) -> Result<(), Fault> {
    let mut at = start;
    for (kind, value) in tlvs.iter() {
        at += 3;
        if kind == CRC32C {
            return match value == of(header, at).to_be_bytes() {
                true => Ok(()),
                false => Err(Fault::Checksum),
            };
        }
        at += value.len();
    }
    Ok(())
}

/// The checksum of a header whose own checksum stands at `at`, and counts as zeroes.
pub(super) fn of(header: &[u8], at: usize) -> u32 {
    let own = at..at + 4;
    let bytes = header.iter().enumerate();
    let bytes = bytes.map(|(index, byte)| if own.contains(&index) { 0 } else { *byte });
    let state = bytes.fold(u32::MAX, |state, byte| {
        let [low, ..] = state.to_le_bytes();
        TABLE[usize::from(low ^ byte)] ^ (state >> 8)
    });
    !state
}

/// Castagnoli's polynomial, its bits in reverse.
const POLYNOMIAL: u32 = 0x82f6_3b78;

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let (mut state, mut bit) = (byte as u32, 0);
        while bit < 8 {
            state = match state & 1 {
                1 => (state >> 1) ^ POLYNOMIAL,
                _ => state >> 1,
            };
            bit += 1;
        }
        table[byte] = state;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    /// RFC 3720 appendix B.4.
    #[test]
    fn known_answers() {
        let nowhere = usize::MAX - 4;
        for (bytes, crc) in [
            (&b"123456789"[..], 0xe306_9283),
            (&[0; 32], 0x8a91_36aa),
            (&[0xff; 32], 0x62a8_ab43),
        ] {
            assert_eq!(super::of(bytes, nowhere), crc);
        }
        assert_eq!(super::of(&[0xff; 4], 0), super::of(&[0; 4], nowhere));
    }
}
