//! Networks: whose word counts because of where it comes from.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::values::Expected;

/// Some networks, perhaps none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// Whether the address is in one of them. An IPv4 address counts as such, however it is written.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Network> {
        self.0.iter()
    }
}

impl FromIterator<Network> for Networks {
    fn from_iter<T: IntoIterator<Item = Network>>(networks: T) -> Self {
        Self(networks.into_iter().collect())
    }
}

/// The addresses that begin with the same bits: `10.0.0.0/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// Of the prefix, in bits.
    length: u32,
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4()
            && prefix(address, self.length) == prefix(self.address, self.length)
    }

    /// Whether every address of its kind is in it.
    pub fn is_everybody(&self) -> bool {
        self.length == 0
    }
}

impl FromStr for Network {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        let expected =
            || Expected::from("an address or a network, such as 10.0.0.0/16 or 2001:db8::/32");
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| expected())?;
        let longest = if written.is_ipv4() { 32 } else { 128 };
        let length = match length {
            // `+8` is a number, too.
            Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => length.parse().ok(),
            Some(_) => None,
            None => Some(longest),
        };
        let length = length.filter(|length| *length <= longest);
        let length = length.ok_or_else(expected)?;
        // `::ffff:10.0.0.0/104` is 10.0.0.0/8.
        let network = match written.to_canonical() {
            address if address.is_ipv4() && written.is_ipv6() && length >= 96 => Self {
                address,
                length: length - 96,
            },
            _ => Self {
                address: written,
                length,
            },
        };
        match prefix(network.address, network.length) == bits(network.address) {
            true => Ok(network),
            false => Err(
                "a network without bits beyond its length, such as 10.0.0.0/8 and not 10.1.2.3/8"
                    .into(),
            ),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// The address from the top bit on.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Networks {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn an_address_is_in_a_network_or_not() {
        let some = networks(&["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);
        for (address, inside) in [
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("192.0.2.7", true),
            ("192.0.2.6", false),
            ("::ffff:10.1.2.3", true),
            ("::ffff:11.1.2.3", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
            ("::", false),
        ] {
            assert_eq!(some.contains(address.parse().unwrap()), inside, "{address}");
        }
        // The bits of another family are no prefix of this one.
        assert!(!networks(&["::/0"]).contains("10.0.0.1".parse().unwrap()));
        assert!(!networks(&["0.0.0.0/0"]).contains("2001:db8::1".parse().unwrap()));
        assert!(networks(&["0.0.0.0/0"]).contains("10.0.0.1".parse().unwrap()));
        assert!(networks(&["::ffff:10.0.0.0/104"]).contains("10.9.9.9".parse().unwrap()));
        assert!(!Networks::default().contains("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "2001:db8::/129",
            "10.1.2.3/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "localhost",
            "10.0.0",
            "/8",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
