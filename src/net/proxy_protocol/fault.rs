//! What can be wrong with a header.

use crate::refusal::RefusalReason;

/// Why what came is no PROXY header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Something else came first.
    #[error("no PROXY header: the first bytes are {0}")]
    Missing(&'static str),
    /// The stream ended in the middle.
    #[error("the connection ended after {0} bytes of a PROXY header")]
    Cut(usize),
    /// Version 1: no CRLF within 107 bytes.
    #[error("version 1: no CRLF within 107 bytes")]
    EndlessLine,
    /// Version 1: a CR or LF without the other.
    #[error("version 1: a CR or an LF without the other")]
    LineEnd,
    /// Version 1: not the fields that a line has, each after one space.
    #[error(
        "version 1: not PROXY, TCP4, TCP6 or UNKNOWN, two addresses and two ports, one space between"
    )]
    Fields,
    /// Version 1: an address that isn't one, or of the other family.
    #[error("version 1: an address that is none of its family")]
    Address,
    /// Version 1: a port that isn't one.
    #[error("version 1: a port that isn't a number from 0 to 65535 without leading zeroes")]
    Port,
    /// Version 2: the version is another one.
    #[error("version 2: the version is {0}")]
    Version(u8),
    /// Version 2: neither LOCAL nor PROXY.
    #[error("version 2: the unassigned command {0}")]
    Command(u8),
    /// Version 2: no address family.
    #[error("version 2: the unassigned address family {0}")]
    Family(u8),
    /// Version 2: no transport protocol.
    #[error("version 2: the unassigned transport protocol {0}")]
    Transport(u8),
    /// Longer than what is read.
    #[error("version 2: {0} bytes, more than {max}", max = super::MAX_HEADER)]
    TooLong(usize),
    /// Version 2: too short for the addresses of its family.
    #[error("version 2: {0} bytes, too few for its addresses")]
    Addresses(usize),
    /// Version 2: a TLV goes beyond the end.
    #[error("version 2: a TLV goes beyond the end")]
    Tlv,
    /// Version 2: the header was damaged.
    #[error("version 2: the CRC32C is wrong")]
    Checksum,
    /// Version 2: a TLV that breaks the rules of its type.
    #[error("version 2: {0}")]
    Value(&'static str),
    /// Whoever sent it isn't believed.
    #[error("a PROXY header of a peer that is in none of the trusted-proxies")]
    Untrusted,
    /// Whoever connected isn't believed.
    #[error("the peer is in none of the trusted-proxies")]
    Stranger,
}

impl Fault {
    /// In the closed list.
    pub fn reason(&self) -> RefusalReason {
        match self {
            Self::Missing(_) => RefusalReason::ProxyHeaderMissing,
            Self::Untrusted | Self::Stranger => RefusalReason::ProxyUntrusted,
            _ => RefusalReason::ProxyHeaderMalformed,
        }
    }
}
