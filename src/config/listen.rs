//! Where connections come in, and how their sockets are set.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use super::unix::UnixPath;
use super::values::{Expected, Time};

/// Where a listener's socket comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// Bound to an address; port 0 is one that the kernel chooses.
    Tcp(SocketAddr),
    /// The same for plain HTTP of load balancers that end TLS themselves.
    Plain(SocketAddr),
    /// A unix socket.
    Unix(UnixPath),
    /// The same for plain HTTP.
    PlainUnix(UnixPath),
    /// Handed over by the service manager, systemd.socket(5): all of them, or those of a
    /// `FileDescriptorName=`.
    Systemd(Option<String>),
}

impl ListenAddress {
    /// The address of one that is bound to one.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) | Self::Plain(address) => Some(*address),
            Self::Unix(_) | Self::PlainUnix(_) | Self::Systemd(_) => None,
        }
    }

    /// The path of one that has one.
    pub fn unix(&self) -> Option<&UnixPath> {
        match self {
            Self::Unix(path) | Self::PlainUnix(path) => Some(path),
            Self::Tcp(_) | Self::Plain(_) | Self::Systemd(_) => None,
        }
    }

    /// Whether it is for plain HTTP, not for TLS.
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_) | Self::PlainUnix(_))
    }
}

impl FromStr for ListenAddress {
    type Err = Expected;
    /// An address as [`socket_address`] takes it, `unix:/PATH`, `systemd`, or `systemd:NAME`.
    fn from_str(text: &str) -> Result<Self, Expected> {
        match text.split_once(':') {
            None if text == "systemd" => Ok(Self::Systemd(None)),
            Some(("systemd", name)) if !name.is_empty() => Ok(Self::Systemd(Some(name.to_owned()))),
            Some(("unix", path)) => path.parse().map(Self::Unix),
            Some(("http", address)) => match address.strip_prefix("//") {
                Some(address) => plain(address),
                None => Err(PLAIN.into()),
            },
            _ => socket_address(text)
                .map(Self::Tcp)
                .map_err(|Expected(expected)| {
                    Expected(format!(
                        "{expected}; or unix:/PATH, http://ADDRESS:PORT, systemd, or systemd:NAME"
                    ))
                }),
        }
    }
}

const PLAIN: &str = "http://ADDRESS:PORT, such as http://0.0.0.0:8080, or http://unix:/PATH";

fn plain(address: &str) -> Result<ListenAddress, Expected> {
    match address.strip_prefix("unix:") {
        Some(path) => path.parse().map(ListenAddress::PlainUnix),
        None => match socket_address(address) {
            Ok(address) => Ok(ListenAddress::Plain(address)),
            Err(_) => Err(PLAIN.into()),
        },
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Plain(address) => write!(f, "http://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.path().display()),
            Self::PlainUnix(path) => write!(f, "http://unix:{}", path.path().display()),
            Self::Systemd(None) => f.write_str("systemd"),
            Self::Systemd(Some(name)) => write!(f, "systemd:{name}"),
        }
    }
}

/// `ADDRESS:PORT`, `[ADDRESS]:PORT`, or a port alone for all IPv4 addresses.
pub fn socket_address(text: &str) -> Result<SocketAddr, Expected> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port));
    }
    text.parse()
        .map_err(|_| "ADDRESS:PORT such as 0.0.0.0:443 or [::]:443, or a port alone".into())
}

/// The address of a listener beside those for TLS, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionalAddress(pub Option<SocketAddr>);

impl FromStr for OptionalAddress {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        if text == "off" {
            return Ok(Self(None));
        }
        match socket_address(text) {
            Ok(address) => Ok(Self(Some(address))),
            Err(Expected(expected)) => Err(Expected(format!("{expected}, or off"))),
        }
    }
}

/// How the sockets of clients are set. What is zero is left to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpSettings {
    /// How long a connection is silent before the kernel asks whether the other side is there
    /// (`TCP_KEEPIDLE`, tcp(7)).
    pub keepalive: Duration,
    /// How long what was sent may stay unacknowledged, or the client not read
    /// (`TCP_USER_TIMEOUT`).
    pub user_timeout: Duration,
    /// How many connections wait in the kernel to be accepted (listen(2)).
    pub backlog: Backlog,
}

/// `tcp-keepalive`: zero, or what the kernel takes (`MAX_TCP_KEEPIDLE` of net/tcp.h, in seconds).
pub struct Keepalive(pub Duration);

/// `tcp-user-timeout`: zero, or what the kernel takes (an int of milliseconds, tcp(7)).
pub struct UserTimeout(pub Duration);

impl FromStr for Keepalive {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        between(text, Duration::from_secs(1), Duration::from_secs(32_767))
            .map(Self)
            .map_err(|()| "0s, or a duration from 1s to 9h, such as 60s".into())
    }
}

impl FromStr for UserTimeout {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        between(
            text,
            Duration::from_millis(1),
            Duration::from_secs(24 * 86_400),
        )
        .map(Self)
        .map_err(|()| "0s, or a duration from 1ms to 24days, such as 5m".into())
    }
}

fn between(text: &str, least: Duration, most: Duration) -> Result<Duration, ()> {
    let Time(duration) = text.parse().map_err(drop)?;
    let fits = duration.is_zero() || (least..=most).contains(&duration);
    fits.then_some(duration).ok_or(())
}

/// A number of connections, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog(pub u16);

impl FromStr for Backlog {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        match text.parse() {
            Ok(count @ 1..) => Ok(Self(count)),
            _ => Err("a number from 1 to 65535".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_the_kernel_takes_them() {
        for text in ["0s", "1s", "90s", "9h"] {
            assert!(text.parse::<Keepalive>().is_ok(), "{text}");
        }
        for text in ["1ms", "999ms", "10h", "60", ""] {
            assert!(text.parse::<Keepalive>().is_err(), "{text}");
        }
        for text in ["0s", "1ms", "5m", "24days"] {
            assert!(text.parse::<UserTimeout>().is_ok(), "{text}");
        }
        for text in ["1us", "25days", "5"] {
            assert!(text.parse::<UserTimeout>().is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_are_read() {
        for (text, shown) in [
            ("443", "0.0.0.0:443"),
            ("[::]:8443", "[::]:8443"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("systemd", "systemd"),
            ("systemd:web", "systemd:web"),
            ("http://0.0.0.0:80", "http://0.0.0.0:80"),
            ("unix:/run/a.sock", "unix:/run/a.sock"),
            ("http://unix:/run/a.sock", "http://unix:/run/a.sock"),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
        }
        for text in ["", "systemd:", "localhost:443", "::", "65536", "1.2.3.4"] {
            let Err(Expected(expected)) = text.parse::<ListenAddress>() else {
                panic!("{text} was taken");
            };
            assert!(expected.contains("0.0.0.0:443"), "{expected}");
        }
    }
}
