//! What ticket keys are derived from: one value for the whole process, or for a whole fleet.
//!
//! HKDF with SHA-256 (RFC 5869). The same text, site and period give the same keys in every process
//! and in every version of certgate: a change here would end resumption while a fleet is updated.

use std::sync::Arc;
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rand::rand_bytes;
use openssl::sign::Signer;
use zeroize::Zeroizing;

use super::TicketKeys;

/// HKDF's pseudorandom key, and each of its outputs.
pub(super) type Bytes = Zeroizing<[u8; 32]>;

/// Not secret (RFC 5869 section 3.1): it keeps apart what else may be derived from the same text.
const SALT: &[u8] = b"certgate session tickets";

/// One or several secrets. Lives as long as the process, whatever is loaded anew; zeroed on drop, and
/// can't be printed. A clone is the same one.
#[derive(Clone)]
pub struct TicketSecret(Arc<[Bytes]>);

impl TicketSecret {
    /// One of this process's own.
    pub fn random() -> Result<Self, ErrorStack> {
        let mut secret = Zeroizing::new([0; 32]);
        rand_bytes(secret.as_mut())?;
        Ok(Self(Arc::new([secret])))
    }

    /// The operator's texts, at least one: the first seals, all of them open.
    pub fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, ErrorStack> {
        let extracted = texts.into_iter().map(|text| hmac(SALT, text.as_bytes()));
        Ok(Self(extracted.collect::<Result<_, _>>()?))
    }

    /// The keys of one site. Those of another name, or of another length of the periods, have nothing
    /// in common with them.
    pub fn keys(&self, site: &str, period: Duration) -> TicketKeys {
        TicketKeys::new(self.clone(), site, period)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// HKDF's expansion to one block: for `label` (`name`, `key`), a site, and the period of this number
    /// and length in seconds. What has no fixed length is preceded by it.
    pub(super) fn expand(
        &self,
        index: usize,
        label: &str,
        site: &str,
        seconds: u64,
        number: i64,
    ) -> Option<Bytes> {
        let length = |text: &str| (text.len() as u64).to_be_bytes();
        let info = [
            &length(label)[..],
            label.as_bytes(),
            &length(site),
            site.as_bytes(),
            &seconds.to_be_bytes(),
            &number.to_be_bytes(),
            // The number of the block.
            &[1],
        ]
        .concat();
        hmac(self.0.get(index)?.as_ref(), &info).ok()
    }
}

/// HMAC-SHA256, which is HKDF's extraction and each step of its expansion.
fn hmac(key: &[u8], data: &[u8]) -> Result<Bytes, ErrorStack> {
    let key = PKey::hmac(key)?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    signer.update(data)?;
    let mut out = Zeroizing::new([0; 32]);
    signer.sign(out.as_mut())?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    const ONE: &str = "0123456789abcdef0123456789abcdef";
    const TWO: &str = "fedcba9876543210fedcba9876543210";

    /// Computed apart, with Python's hmac. They must never change: all tasks of a fleet, whatever
    /// their version, have the same keys.
    #[test]
    fn the_keys_of_a_fleet_are_these() {
        let secret = TicketSecret::of_texts([ONE, TWO]).unwrap();
        for (index, label, site, seconds, number, expected) in [
            (
                0,
                "name",
                "",
                3600,
                500_000,
                "ee7bdb7d0fb23ad8bd6da5f6ec94297da99d02e9c2d4283af2a9a87c8b6ae95d",
            ),
            (
                0,
                "key",
                "",
                3600,
                500_000,
                "fa50e50ce442358bb88ab9eaef70c773a434f59194201b0eb3991986e4d9f4a8",
            ),
            (
                0,
                "key",
                "shop.example",
                3600,
                500_000,
                "3afddd6ae3384f43b4f02eb86ffe7c7b0fdc7611e32618045553f4a49fec3f88",
            ),
            (
                0,
                "key",
                "",
                86_400,
                -1,
                "04391e58fcbf366516e43cbbee3d74aa54036c2e6d3ac247f8d51fa8d58b3006",
            ),
            (
                1,
                "key",
                "",
                3600,
                500_000,
                "7e653f9dbbbe807f00adfba4385e224b47720c7a42b9dccb0837ddc975645f49",
            ),
        ] {
            let found = secret.expand(index, label, site, seconds, number).unwrap();
            assert_eq!(hex(found.as_ref()), expected, "{index} {label} {site}");
        }
    }

    /// RFC 5869, test case 1, as far as one block of output goes.
    #[test]
    fn it_is_the_hkdf_of_the_rfc() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let prk = hmac(&salt, &[0x0b; 22]).unwrap();
        assert_eq!(
            hex(prk.as_ref()),
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"
        );
        let info: Vec<u8> = (0xf0..=0xf9).chain([1]).collect();
        let okm = hmac(prk.as_ref(), &info).unwrap();
        assert_eq!(
            hex(okm.as_ref()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        );
    }

    /// No two different inputs are the same bytes.
    #[test]
    fn every_part_of_the_derivation_counts() {
        let secret = TicketSecret::of_texts([ONE, TWO]).unwrap();
        let other = TicketSecret::random().unwrap();
        let mut seen = Vec::new();
        for (secret, index) in [(&secret, 0), (&secret, 1), (&other, 0)] {
            for label in ["name", "key"] {
                for site in ["", "a", "a.example", "namea", "\u{0}"] {
                    for seconds in [1, 3600, 86_400] {
                        for number in [-1, 0, 1, 3600] {
                            let bytes = secret.expand(index, label, site, seconds, number);
                            seen.push(*bytes.unwrap());
                        }
                    }
                }
            }
        }
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), all);
        assert!(secret.expand(2, "key", "", 1, 1).is_none());
    }
}
