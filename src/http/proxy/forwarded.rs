//! What an upstream is told of the way of a request: X-Real-IP, X-Forwarded-For, X-Forwarded-Proto.
//!
//! Nothing that a client claims. Only a trusted load balancer's X-Forwarded-For ([`Connection::is_of_proxy`]) is kept,
//! with the load balancer's own address after it.

use std::net::{IpAddr, SocketAddr};

use http::header::{HeaderMap, HeaderValue};

use crate::access::Connection;

/// The most bytes of a load balancer's X-Forwarded-For: a hundred addresses. A longer one counts for nothing.
const LIMIT: usize = 4 * 1024;

/// The way of a request.
pub struct Forwarded {
    /// What the load balancer was told, and says.
    before: Option<String>,
    /// The other end of the connection; `None` if it has no address.
    neighbour: Option<IpAddr>,
}

impl Forwarded {
    /// Of a request as it arrived.
    pub fn of(headers: &HeaderMap, connection: &Connection) -> Self {
        Self {
            before: connection.is_of_proxy.then(|| said(headers)).flatten(),
            neighbour: connection.session.address.ip(),
        }
    }

    /// Writes it into a header that has none of it.
    pub fn write(&self, headers: &mut HeaderMap) {
        let neighbour = self.neighbour.map(|address| address.to_string());
        let (client, way) = match (&self.before, neighbour) {
            (None, neighbour) => (neighbour.clone(), neighbour),
            (Some(before), Some(neighbour)) => {
                let client = last(before).or(self.neighbour);
                let client = client.map(|address| address.to_string());
                (client, Some(format!("{before}, {neighbour}")))
            }
            (Some(before), None) => {
                let client = last(before).map(|address| address.to_string());
                (client, Some(before.clone()))
            }
        };
        for (name, value) in [("x-real-ip", client), ("x-forwarded-for", way)] {
            // Addresses, and what was a header's value before.
            if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
                headers.insert(name, value);
            }
        }
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
    }
}

/// All that a load balancer says.
fn said(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all("x-forwarded-for").iter();
    let values: Vec<&str> = values
        .map(|value| value.to_str().ok().filter(|text| !text.trim().is_empty()))
        .collect::<Option<_>>()?;
    let said = values.join(", ");
    (!said.is_empty() && said.len() <= LIMIT).then_some(said)
}

/// What the load balancer itself has written: the address of its client, perhaps with a port.
fn last(said: &str) -> Option<IpAddr> {
    let last = said.rsplit(',').next()?.trim();
    let address = last.parse().ok();
    let address = address.or_else(|| last.parse::<SocketAddr>().ok().map(|a| a.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(before: &[&str], neighbour: Option<&str>) -> [Option<String>; 2] {
        let given = before.iter().map(|value| {
            let value = HeaderValue::from_str(value).unwrap();
            ("x-forwarded-for".parse().unwrap(), value)
        });
        let forwarded = Forwarded {
            before: said(&given.collect()),
            neighbour: neighbour.map(|text| text.parse().unwrap()),
        };
        let mut headers = HeaderMap::new();
        forwarded.write(&mut headers);
        ["x-real-ip", "x-forwarded-for"]
            .map(|name| Some(headers.get(name)?.to_str().unwrap().into()))
    }

    #[test]
    fn a_load_balancers_word_is_kept_and_its_own_address_added() {
        for (given, client, way) in [
            (&[][..], "10.0.0.9", "10.0.0.9"),
            (&["203.0.113.7"][..], "203.0.113.7", "203.0.113.7, 10.0.0.9"),
            (
                &["1.1.1.1, 203.0.113.7"][..],
                "203.0.113.7",
                "1.1.1.1, 203.0.113.7, 10.0.0.9",
            ),
            (
                &["1.1.1.1", "203.0.113.7:443"][..],
                "203.0.113.7",
                "1.1.1.1, 203.0.113.7:443, 10.0.0.9",
            ),
            (
                &["[2001:db8::1]:443"][..],
                "2001:db8::1",
                "[2001:db8::1]:443, 10.0.0.9",
            ),
            (
                &["203.0.113.7, unknown"][..],
                "10.0.0.9",
                "203.0.113.7, unknown, 10.0.0.9",
            ),
            (&[""][..], "10.0.0.9", "10.0.0.9"),
        ] {
            let expected = [client, way].map(|value| Some(value.to_owned()));
            assert_eq!(written(given, Some("10.0.0.9")), expected, "{given:?}");
        }
        let long = "1.1.1.1, ".repeat(LIMIT);
        let expected = ["10.0.0.9", "10.0.0.9"].map(|value| Some(value.to_owned()));
        assert_eq!(written(&[&long], Some("10.0.0.9")), expected);
    }

    #[test]
    fn of_a_neighbour_without_an_address_nothing_is_made_up() {
        for (given, client, way) in [
            (&[][..], None, None),
            (
                &["203.0.113.7"][..],
                Some("203.0.113.7"),
                Some("203.0.113.7"),
            ),
            (&["unknown"][..], None, Some("unknown")),
        ] {
            let expected = [client, way].map(|value| value.map(str::to_owned));
            assert_eq!(written(given, None), expected, "{given:?}");
        }
    }
}
