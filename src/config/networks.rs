//! Networks, as operators write them: whom to believe, and what rules look for in certificates.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::values::Expected;
use crate::peer::Peer;

/// Addresses that begin with the same bits: `10.0.0.0/8`, or one address (RFC 4632 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    /// Of the prefix, in bits.
    length: u32,
}

/// Whose word counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks {
    /// Any number of networks.
    pub list: Vec<Cidr>,
    /// Whoever connects by a unix socket (nginx: `set_real_ip_from unix:`).
    pub unix: bool,
}

/// One of them, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trusted {
    /// A network.
    Network(Cidr),
    /// `unix`.
    Unix,
}

impl Cidr {
    /// Whether an address is one of these. An IPv4 address in an IPv6 one (`::ffff:10.0.0.1`) is an IPv6
    /// address here.
    pub fn includes(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4()
            && prefix(self.address, self.length) == prefix(address, self.length)
    }

    /// Whether every address of its kind is in it.
    pub fn is_everybody(&self) -> bool {
        self.length == 0
    }
}

impl Networks {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && !self.unix
    }

    /// Whether a peer is one of them. On a socket for both versions of IP the kernel shows
    /// IPv4 peers as `::ffff:10.0.0.1`: they are what they are.
    pub fn include(&self, peer: Peer) -> bool {
        match peer.ip() {
            Some(address) => self.list.iter().any(|network| network.includes(address)),
            None => self.unix,
        }
    }
}

impl FromIterator<Trusted> for Networks {
    fn from_iter<T: IntoIterator<Item = Trusted>>(all: T) -> Self {
        let mut networks = Self::default();
        for one in all {
            match one {
                Trusted::Network(network) => networks.list.push(network),
                Trusted::Unix => networks.unix = true,
            }
        }
        networks
    }
}

impl FromStr for Trusted {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        if text == "unix" {
            return Ok(Self::Unix);
        }
        let network = text.parse().map(Self::Network);
        network.map_err(|Expected(expected)| Expected(format!("{expected}; or unix")))
    }
}

/// The bits at the top.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn prefix(address: IpAddr, length: u32) -> u128 {
    let mask = match length {
        0 => 0,
        length => u128::MAX << (128 - length.min(128)),
    };
    bits(address) & mask
}

impl FromStr for Cidr {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        let expected =
            || Expected::from("an address or a network, such as 10.0.0.0/8 or 2001:db8::1");
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| expected())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            // `+8` is a number, too.
            Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
                length.parse().ok().filter(|length| *length <= longest)
            }
            Some(_) => None,
            None => Some(longest),
        };
        let length = length.ok_or_else(expected)?;
        match prefix(address, length) == bits(address) {
            true => Ok(Self { address, length }),
            false => Err(
                "a network without bits beyond its length, such as 10.0.0.0/8 and not 10.1.2.3/8"
                    .into(),
            ),
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::Ip((address.parse::<IpAddr>().unwrap(), 1).into())
    }

    fn networks(texts: &[&str]) -> Networks {
        texts
            .iter()
            .map(|text| text.parse::<Trusted>().unwrap())
            .collect()
    }

    #[test]
    fn networks_include_what_begins_alike() {
        let ours = networks(&["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"]);
        for address in [
            "10.255.0.1",
            "192.0.2.7",
            "2001:db8:ffff::",
            "::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(ours.include(peer(address)), "{address}");
        }
        for address in [
            "11.0.0.0",
            "192.0.2.6",
            "2001:db9::",
            "::2",
            "::ffff:11.0.0.1",
            "a00::",
        ] {
            assert!(!ours.include(peer(address)), "{address}");
        }
        for everything in ["0.0.0.0/0", "::/0"] {
            let one: Cidr = everything.parse().unwrap();
            assert_eq!(one.to_string(), everything);
            assert_eq!(one.includes([9, 9, 9, 9].into()), everything == "0.0.0.0/0");
        }
        assert!(!Networks::default().include(peer("10.0.0.1")));
    }

    #[test]
    fn a_unix_socket_is_in_no_network() {
        let everybody = networks(&["0.0.0.0/0", "::/0"]);
        assert!(!everybody.include(Peer::Unix) && !everybody.is_empty());
        let unix = networks(&["unix"]);
        assert!(unix.include(Peer::Unix) && !unix.is_empty());
        assert!(!unix.include(peer("127.0.0.1")));
    }

    #[test]
    fn what_is_no_network_is_not_taken() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.1.2.3/8",
            "::1/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "a/8",
            "10.0.0/8",
            "*",
        ] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }
}
