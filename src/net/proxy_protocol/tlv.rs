//! What a header of version 2 says beside addresses: type, length, value (section 2.2).

use super::{Fault, TooLong};

/// The protocol that was agreed on over TLS.
pub const ALPN: u8 = 0x01;
/// The server name (SNI).
pub const AUTHORITY: u8 = 0x02;
/// The checksum of the header.
pub(super) const CRC32C: u8 = 0x03;
/// What logs of several proxies have in common.
pub const UNIQUE_ID: u8 = 0x05;
/// The TLS connection of the client.
pub const SSL: u8 = 0x20;
/// What AWS says: a subtype, and its value.
pub const AWS: u8 = 0xea;
/// The subtype whose value is the id of a VPC endpoint.
pub const AWS_VPC_ENDPOINT: u8 = 0x01;

/// The most bytes of a unique id (section 2.2.5).
const LONGEST_ID: usize = 128;

/// All of a header, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tlvs(Vec<u8>);

impl Tlvs {
    /// Takes what follows the addresses, if it is well-formed.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let tlvs = Self(bytes.to_vec());
        let mut length = 0;
        for (_, value) in tlvs.iter() {
            length += 3 + value.len();
        }
        if length != bytes.len() {
            return Err(Fault::Tlv);
        }
        for kind in [CRC32C, UNIQUE_ID] {
            if tlvs.all(kind).nth(1).is_some() {
                return Err(Fault::Value("two TLVs of a type that there is one of"));
            }
        }
        if tlvs.find(CRC32C).is_some_and(|value| value.len() != 4) {
            return Err(Fault::Value("a CRC32C that isn't 4 bytes long"));
        }
        if tlvs
            .find(UNIQUE_ID)
            .is_some_and(|value| value.len() > LONGEST_ID)
        {
            return Err(Fault::Value("a unique id of more than 128 bytes"));
        }
        let is_id = |value| is_endpoint_id(value);
        if tlvs.vpc_endpoints().nth(1).is_some() || !tlvs.vpc_endpoints().all(is_id) {
            return Err(Fault::Value("not one VPC endpoint id"));
        }
        Ok(tlvs)
    }

    /// Type and value of each.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let mut rest = &self.0[..];
        std::iter::from_fn(move || {
            let (&[kind, high, low], after) = rest.split_first_chunk()?;
            let length = usize::from(u16::from_be_bytes([high, low]));
            let (value, after) = after.split_at_checked(length)?;
            rest = after;
            Some((kind, value))
        })
    }

    /// The value of the first one of a type.
    pub fn find(&self, kind: u8) -> Option<&[u8]> {
        self.all(kind).next()
    }

    /// The AWS VPC endpoint that the client came in by.
    pub fn vpc_endpoint(&self) -> Option<&str> {
        std::str::from_utf8(self.vpc_endpoints().next()?).ok()
    }

    fn all(&self, kind: u8) -> impl Iterator<Item = &[u8]> {
        let fits = move |(found, _): &(u8, _)| *found == kind;
        self.iter().filter(fits).map(|(_, value)| value)
    }

    fn vpc_endpoints(&self) -> impl Iterator<Item = &[u8]> {
        let ids = self.all(AWS);
        ids.filter_map(|value| value.strip_prefix(&[AWS_VPC_ENDPOINT]))
    }

    /// Adds one.
    ///
    /// # Errors
    /// If the value is longer than its length can say.
    pub fn push(&mut self, kind: u8, value: &[u8]) -> Result<(), TooLong> {
        let length = u16::try_from(value.len()).map_err(|_| TooLong(value.len()))?;
        self.0.push(kind);
        self.0.extend(length.to_be_bytes());
        self.0.extend(value);
        Ok(())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Whether this could be an id such as `vpce-0123456789abcdef0`, and so is fit for a log line.
pub fn is_endpoint_id(bytes: &[u8]) -> bool {
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    (1..=64).contains(&bytes.len()) && bytes.iter().all(known)
}
