//! The rules that can be broken, in words.

/// A rule that a certificate breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Departure {
    /// AWS-LC reads it, but not this code.
    #[error("it is written in a way that only some can read (RFC 5280 section 4.1)")]
    Unreadable,
    /// The outer algorithm is not the signed one.
    #[error("it names two different signature algorithms (RFC 5280 section 4.1.1.2)")]
    TwoAlgorithms,
    /// Extensions are of version 3.
    #[error("it has extensions, but is of version {0}, not 3 (RFC 5280 section 4.1.2.1)")]
    Version(u8),
    /// Zero, or below.
    #[error("its serial number is not positive (RFC 5280 section 4.1.2.2)")]
    SerialNotPositive,
    /// Beyond 20 octets.
    #[error("its serial number has {0} octets, at most 20 are allowed (RFC 5280 section 4.1.2.2)")]
    SerialTooLong(usize),
    /// Nobody issued it.
    #[error("its issuer has no name (RFC 5280 section 4.1.2.4)")]
    EmptyIssuer,
    /// UTCTime from 2050, GeneralizedTime before, fractions, offsets.
    #[error("its {0} is not written as it must be (RFC 5280 section 4.1.2.5)")]
    Time(&'static str),
    /// An authority's.
    #[error("it is a CA's without a subject name (RFC 5280 section 4.1.2.6)")]
    EmptySubjectOfAuthority,
    /// Whose name is nowhere.
    #[error("it has no subject name and no critical subjectAltName (RFC 5280 section 4.2.1.6)")]
    EmptySubject,
    /// For names that are used twice.
    #[error("it has unique identifiers (RFC 5280 section 4.1.2.8)")]
    UniqueIdentifiers,
    /// Twice the same.
    #[error("it has the extension {0} twice (RFC 5280 section 4.2)")]
    Twice(&'static str),
    /// So that who doesn't know it refuses the certificate.
    #[error("{0} is not critical (RFC 5280 section {1})")]
    NotCritical(&'static str, &'static str),
    /// So that who doesn't know it accepts the certificate.
    #[error("{0} is critical (RFC 5280 section {1})")]
    Critical(&'static str, &'static str),
    /// Nothing in it, or not what the RFC says.
    #[error("{0} is malformed or empty (RFC 5280 section {1})")]
    Malformed(&'static str, &'static str),
    /// An authority without the extension that makes it one.
    #[error("it is a CA's without basicConstraints (RFC 5280 section 4.2.1.9)")]
    NoBasicConstraints,
    /// An authority whose key may be for anything.
    #[error("it is a CA's without keyUsage (RFC 5280 section 4.2.1.3)")]
    NoKeyUsage,
    /// A CA that may not sign certificates.
    #[error(
        "its basicConstraints say CA, its keyUsage lacks keyCertSign (RFC 5280 section 4.2.1.3)"
    )]
    NoCertSign,
    /// May sign certificates, but is none of a CA.
    #[error(
        "its keyUsage has keyCertSign, its basicConstraints don't say CA (RFC 5280 section 4.2.1.9)"
    )]
    CertSign,
    /// A path length for nobody.
    #[error(
        "its basicConstraints have a path length, but it is no CA's that signs certificates (RFC 5280 section 4.2.1.9)"
    )]
    PathLength,
    /// Whose key signed it?
    #[error("it has no authorityKeyIdentifier with a keyIdentifier (RFC 5280 section 4.2.1.1)")]
    NoAuthorityKeyIdentifier,
    /// Whose key is it?
    #[error("it is a CA's without subjectKeyIdentifier (RFC 5280 section 4.2.1.2)")]
    NoSubjectKeyIdentifier,
    /// The name of a host, a mailbox, …
    #[error("{0} has a {1} that is none (RFC 5280 section {2})")]
    BadName(&'static str, &'static str, &'static str),
    /// Only an authority's say something.
    #[error("it has nameConstraints, but is no CA's (RFC 5280 section 4.2.1.10)")]
    ConstraintsOfNoAuthority,
    /// Constraints that nobody is constrained by.
    #[error("its nameConstraints have no or an empty list (RFC 5280 section 4.2.1.10)")]
    NoConstraints,
    /// A minimum or a maximum, which nobody implements.
    #[error("its nameConstraints have a minimum or a maximum (RFC 5280 section 4.2.1.10)")]
    ConstraintDistance,
    /// DSA.
    #[error(
        "its key is of DSA, which TLS 1.3 and FIPS 186-5 don't know any more (RFC 8446 section 4.2.3)"
    )]
    Dsa,
    /// Made by something unusual.
    #[error(
        "its RSA key has {0} bits, which 8 doesn't divide (CA/Browser Forum, Baseline Requirements 6.1.5)"
    )]
    RsaSize(u32),
}
