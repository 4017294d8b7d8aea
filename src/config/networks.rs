//! Networks, as operators write them: whom to believe, and what rules look for in certificates.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::values::Expected;

/// Addresses that begin with the same bits: `10.0.0.0/8`, or one address (RFC 4632 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    /// Of the prefix, in bits.
    length: u32,
}

/// Any number of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(pub Vec<Cidr>);

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
        self.0.is_empty()
    }

    /// Whether a peer's address is in any of them. On a socket for both versions of IP the kernel shows
    /// IPv4 peers as `::ffff:10.0.0.1`: they are what they are.
    pub fn include(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.includes(address))
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

    fn networks(texts: &[&str]) -> Networks {
        Networks(texts.iter().map(|text| text.parse().unwrap()).collect())
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
            assert!(ours.include(address.parse().unwrap()), "{address}");
        }
        for address in [
            "11.0.0.0",
            "192.0.2.6",
            "2001:db9::",
            "::2",
            "::ffff:11.0.0.1",
            "a00::",
        ] {
            assert!(!ours.include(address.parse().unwrap()), "{address}");
        }
        for everything in ["0.0.0.0/0", "::/0"] {
            let one: Cidr = everything.parse().unwrap();
            assert_eq!(one.to_string(), everything);
            assert_eq!(one.includes([9, 9, 9, 9].into()), everything == "0.0.0.0/0");
        }
        assert!(!Networks::default().include([10, 0, 0, 1].into()));
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
