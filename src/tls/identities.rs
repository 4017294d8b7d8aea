//! Which of the contexts a connection goes on with: that of the site that it asks for, and of the
//! certificate that it can use.
//!
//! libssl could choose between certificates itself, but tells too late which: what is stapled must be about
//! the one that is sent. And in TLS 1.2 it takes the cipher first, and may find then that the client can't
//! check such a signature.

use openssl::pkey::{HasPublic, Id, PKeyRef};
use openssl::ssl::{NameType, SslContext, SslContextRef};

use super::ffi::server::Hello;
use crate::config::server_name::ServerNames;

/// All contexts but the one that every connection begins with.
pub struct SiteContexts {
    /// Which site a name belongs to.
    pub names: ServerNames,
    /// Of the first site: the kind of key that connections begin with, and the contexts of its other
    /// certificates.
    pub first: (Kind, Vec<(Kind, SslContext)>),
    /// Of each other site, the preferred one first.
    pub others: Vec<Vec<(Kind, SslContext)>>,
    /// Whether TLS 1.3 is spoken.
    pub tls13: bool,
}

/// What kind of signatures a key makes.
/// In the order in which they are preferred: what costs little, and what most clients know, first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// ECDSA; in TLS 1.3 by this scheme alone (RFC 8446 section 4.2.3).
    Ecdsa(u16),
    /// EdDSA.
    Ed25519,
    /// RSASSA-PSS and RSASSA-PKCS1-v1_5.
    Rsa,
}

impl SiteContexts {
    /// `None` to stay with the context that the connection began with.
    pub fn choose(&self, hello: &Hello<'_>) -> Option<&SslContextRef> {
        let name = hello.connection.servername(NameType::HOST_NAME);
        let site = name.and_then(|name| self.names.find(name)).unwrap_or(0);
        let contexts = match site.checked_sub(1) {
            Some(other) => self.others.get(other)?,
            None => &self.first.1,
        };
        let offer = Offer::of(hello, self.tls13);
        let usable = |(kind, _): &&(Kind, SslContext)| offer.suits(*kind);
        let chosen = match site {
            0 if contexts.is_empty() || offer.suits(self.first.0) => return None,
            0 => contexts.iter().find(usable)?,
            _ if contexts.len() == 1 => contexts.first()?,
            // A client that can use none of them is told so by the handshake.
            _ => contexts.iter().find(usable).or(contexts.first())?,
        };
        Some(&chosen.1)
    }
}

impl Kind {
    /// Of a key.
    pub fn of<T: HasPublic>(key: &PKeyRef<T>) -> Self {
        match key.id() {
            Id::EC => match key.bits() {
                521 => Self::Ecdsa(0x0603),
                384 => Self::Ecdsa(0x0503),
                _ => Self::Ecdsa(0x0403),
            },
            Id::ED25519 => Self::Ed25519,
            _ => Self::Rsa,
        }
    }
}

/// What a client can do with a certificate.
struct Offer {
    tls13: bool,
    /// `None` if it doesn't say (TLS 1.1 and older): SHA-1 with any key.
    algorithms: Option<Vec<u16>>,
    /// Whether it has a cipher of TLS 1.2 or older for EC keys, and one for RSA keys.
    ecdsa_ciphers: bool,
    rsa_ciphers: bool,
}

impl Offer {
    fn of(hello: &Hello<'_>, tls13: bool) -> Self {
        let versions = hello
            .extension(SUPPORTED_VERSIONS)
            .map(|list| list.get(1..));
        let versions = versions.flatten().unwrap_or_default();
        let algorithms = hello.extension(SIGNATURE_ALGORITHMS);
        let algorithms =
            algorithms.map(|list| numbers(list.get(2..).unwrap_or_default()).collect());
        let suites = || hello.suites.iter().map(|suite| u16::from_be_bytes(*suite));
        Self {
            tls13: tls13 && numbers(versions).any(|version| version == TLS13),
            algorithms,
            ecdsa_ciphers: suites().any(|suite| ECDSA_SUITES.contains(&suite)),
            rsa_ciphers: suites().any(|suite| RSA_SUITES.contains(&suite)),
        }
    }

    fn suits(&self, kind: Kind) -> bool {
        let has = |wanted: &dyn Fn(u16) -> bool| match &self.algorithms {
            Some(algorithms) => algorithms.iter().any(|algorithm| wanted(*algorithm)),
            None => true,
        };
        if self.tls13 {
            return match kind {
                Kind::Rsa => has(&|algorithm| (0x0804..=0x0806).contains(&algorithm)),
                Kind::Ecdsa(scheme) => has(&|algorithm| algorithm == scheme),
                Kind::Ed25519 => has(&|algorithm| algorithm == ED25519),
            };
        }
        match kind {
            // The low byte is the kind of signature (RFC 5246 section 7.4.1.4.1); PSS came later.
            Kind::Rsa => {
                self.rsa_ciphers
                    && has(&|algorithm| {
                        algorithm & 0xff == 1 || (0x0804..=0x0806).contains(&algorithm)
                    })
            }
            Kind::Ecdsa(_) => self.ecdsa_ciphers && has(&|algorithm| algorithm & 0xff == 3),
            Kind::Ed25519 => {
                self.ecdsa_ciphers && self.algorithms.is_some() && has(&|one| one == ED25519)
            }
        }
    }
}

/// RFC 8446 section 4.2.
const SIGNATURE_ALGORITHMS: u16 = 13;
const SUPPORTED_VERSIONS: u16 = 43;
const TLS13: u16 = 0x0304;
/// RFC 8446 section 4.2.3: `ed25519`.
const ED25519: u16 = 0x0807;

/// The ECDHE_ECDSA suites that AWS-LC knows (IANA's "TLS Cipher Suites").
const ECDSA_SUITES: [u16; 7] = [0xc009, 0xc00a, 0xc023, 0xc024, 0xc02b, 0xc02c, 0xcca9];

/// The ECDHE_RSA and RSA suites that AWS-LC knows.
const RSA_SUITES: [u16; 14] = [
    0x000a, 0x002f, 0x0035, 0x003c, 0x003d, 0x009c, 0x009d, 0xc013, 0xc014, 0xc027, 0xc028, 0xc02f,
    0xc030, 0xcca8,
];

fn numbers(list: &[u8]) -> impl Iterator<Item = u16> {
    list.as_chunks()
        .0
        .iter()
        .map(|pair| u16::from_be_bytes(*pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    const P256: Kind = Kind::Ecdsa(0x0403);

    fn offer(tls13: bool, algorithms: Option<&[u16]>, suites: &[u16]) -> Offer {
        Offer {
            tls13,
            algorithms: algorithms.map(<[u16]>::to_vec),
            ecdsa_ciphers: suites.iter().any(|suite| ECDSA_SUITES.contains(suite)),
            rsa_ciphers: suites.iter().any(|suite| RSA_SUITES.contains(suite)),
        }
    }

    #[test]
    fn a_client_gets_what_it_can_check() {
        const BOTH: &[u16] = &[0xc02b, 0xc02f];
        for (offer, suits) in [
            // TLS 1.3: by the algorithms alone, the curve being part of them.
            (offer(true, Some(&[0x0403]), &[]), [true, false, false]),
            (offer(true, Some(&[0x0503]), &[]), [false, false, false]),
            (offer(true, Some(&[0x0804]), &[]), [false, true, false]),
            (offer(true, Some(&[0x0401]), BOTH), [false, false, false]),
            (
                offer(true, Some(&[0x0807, 0x0806]), &[]),
                [false, true, true],
            ),
            // TLS 1.2: by both.
            (
                offer(false, Some(&[0x0403, 0x0401]), &[0xc02f]),
                [false, true, false],
            ),
            (offer(false, Some(&[0x0401]), BOTH), [false, true, false]),
            (offer(false, Some(&[0x0503]), BOTH), [true, false, false]),
            (offer(false, Some(&[0x0807]), BOTH), [false, false, true]),
            (offer(false, Some(&[0x0804]), BOTH), [false, true, false]),
            // TLS 1.1 says nothing.
            (offer(false, None, &[0xc009]), [true, false, false]),
            (offer(false, None, &[0xc013]), [false, true, false]),
        ] {
            let found = [P256, Kind::Rsa, Kind::Ed25519].map(|kind| offer.suits(kind));
            assert_eq!(found, suits, "{} {:x?}", offer.tls13, offer.algorithms);
        }
    }
}
