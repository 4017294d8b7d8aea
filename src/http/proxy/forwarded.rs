//! What an upstream is told of the way of a request: X-Real-IP, X-Forwarded-For, X-Forwarded-Proto.
//!
//! Nothing that a client claims. Only a trusted load balancer's X-Forwarded-For ([`Connection::is_of_proxy`]) is kept,
//! with the load balancer's own address after it. What stands last there is the load balancer's own word, whatever a
//! client has written before it; without that word nobody is the client, least of all the load balancer.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::header::{HeaderMap, HeaderValue};

use crate::access::Connection;

/// The most bytes of a load balancer's X-Forwarded-For: a hundred addresses. What is left of them counts for nothing.
const LIMIT: usize = 4 * 1024;

/// A client that nobody can tell (RFC 7239 section 6.3), where no X-Forwarded-For at all would be filled in by readers.
const UNKNOWN: &str = "unknown";

/// The way of a request.
pub struct Forwarded {
    before: Before,
    /// The other end of the connection; `None` if it has no address.
    neighbour: Option<IpAddr>,
}

/// What the load balancer was told, and says.
enum Before {
    /// It has said nothing, or there is none.
    Nothing,
    /// What it has written last is no address.
    Unreadable,
    /// All addresses up to its own word, and that.
    Way { way: String, client: IpAddr },
}

impl Forwarded {
    /// Of a request as it arrived.
    pub fn of(headers: &HeaderMap, connection: &Connection) -> Self {
        Self {
            before: match connection.is_of_proxy {
                true => Before::of(headers),
                false => Before::Nothing,
            },
            neighbour: connection.session.address.ip(),
        }
    }

    /// Writes it into a header that has none of it.
    pub fn write(&self, headers: &mut HeaderMap) {
        let neighbour = self.neighbour.map(|address| address.to_string());
        let (client, way) = match (&self.before, neighbour) {
            (Before::Nothing, neighbour) => (neighbour.clone(), neighbour),
            // With the load balancer's address after it, that would be the first that can be read.
            (Before::Unreadable, _) => (None, Some(UNKNOWN.to_owned())),
            (Before::Way { way, client }, neighbour) => {
                let way = match neighbour {
                    Some(neighbour) => format!("{way}, {neighbour}"),
                    None => way.clone(),
                };
                (Some(client.to_string()), Some(way))
            }
        };
        for (name, value) in [("x-real-ip", client), ("x-forwarded-for", way)] {
            // Addresses, or a word.
            if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
                headers.insert(name, value);
            }
        }
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
    }
}

impl Before {
    /// Read from the right: what a client wrote stands left of what is written about it. At the first entry that is no
    /// address it ends, as nginx's and Envoy's search for the client does: were that left out, the one before
    /// it would be taken for the word of whoever wrote it.
    fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        let mut entries = entries.map(entry).peekable();
        let client = match entries.peek() {
            None => return Self::Nothing,
            Some(None) => return Self::Unreadable,
            Some(Some((_, client))) => *client,
        };
        let mut bytes = 0;
        let mut way: Vec<&str> = entries
            .map_while(|entry| entry)
            .map(|(text, _)| text)
            .take_while(|text| {
                bytes += text.len() + ", ".len();
                bytes <= LIMIT
            })
            .collect();
        way.reverse();
        Self::Way {
            way: way.join(", "),
            client,
        }
    }
}

/// An address, perhaps with a port, and as it is written.
fn entry(bytes: &[u8]) -> Option<(&str, IpAddr)> {
    let text = std::str::from_utf8(bytes).ok()?.trim_ascii();
    let address = text.parse().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|a| a.ip()));
    let address = address.or_else(|| {
        let inside = text.strip_prefix('[')?.strip_suffix(']')?;
        inside.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    });
    Some((text, address?.to_canonical()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(before: &[&[u8]], neighbour: Option<&str>) -> [Option<String>; 2] {
        let given = before.iter().map(|value| {
            let value = HeaderValue::from_bytes(value).unwrap();
            ("x-forwarded-for".parse().unwrap(), value)
        });
        let forwarded = Forwarded {
            before: Before::of(&given.collect()),
            neighbour: neighbour.map(|text| text.parse().unwrap()),
        };
        let mut headers = HeaderMap::new();
        forwarded.write(&mut headers);
        ["x-real-ip", "x-forwarded-for"]
            .map(|name| Some(headers.get(name)?.to_str().unwrap().into()))
    }

    /// What is said of a request that came over 10.0.0.9, and of one that came from no address.
    #[track_caller]
    fn says(given: &[&[u8]], client: Option<&str>, way: &str) {
        let expected = |way: &str| [client, Some(way)].map(|value| value.map(str::to_owned));
        let after = match client {
            Some(_) => format!("{way}, 10.0.0.9"),
            None => way.to_owned(),
        };
        assert_eq!(written(given, Some("10.0.0.9")), expected(&after));
        assert_eq!(written(given, None), expected(way));
    }

    #[test]
    fn a_load_balancers_word_is_kept_and_its_own_address_added() {
        let client = Some("203.0.113.7");
        says(&[b"203.0.113.7"], client, "203.0.113.7");
        says(&[b"1.1.1.1,203.0.113.7 "], client, "1.1.1.1, 203.0.113.7");
        let way = "1.1.1.1, 203.0.113.7:443";
        says(&[b"1.1.1.1", b"203.0.113.7:443"], client, way);
        let client = Some("2001:db8::1");
        for way in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443"] {
            says(&[way.as_bytes()], client, way);
        }
        says(
            &[b"::ffff:192.0.2.1"],
            Some("192.0.2.1"),
            "::ffff:192.0.2.1",
        );
    }

    #[test]
    fn nothing_that_a_client_wrote_hides_it() {
        let long = b"1.1.1.1, ".repeat(LIMIT);
        for claimed in [
            &b""[..],
            b" ",
            b"\xff",
            b",",
            b"10.0.0.1, unknown",
            b"a",
            &long,
        ] {
            let lines = written(&[claimed, b"203.0.113.7"], None);
            let joined = written(&[&[claimed, b", 203.0.113.7"].concat()], None);
            for [client, way] in [lines, joined] {
                assert_eq!(client.as_deref(), Some("203.0.113.7"), "{claimed:?}");
                let way = way.unwrap();
                assert!(way.ends_with("203.0.113.7") && way.len() <= LIMIT, "{way}");
                assert!(!way.contains("10.0.0.1"), "{way}");
            }
        }
        // What can be read on this side of it stays.
        let given: [&[u8]; 3] = [b"10.0.0.1", b"\xff, 192.0.2.1", b"203.0.113.7"];
        says(&given, Some("203.0.113.7"), "192.0.2.1, 203.0.113.7");
    }

    #[test]
    fn a_load_balancer_is_never_its_client() {
        for last in [
            &b"unknown"[..],
            b"",
            b" ",
            b"\xff",
            b"203.0.113.7,",
            b"[::1",
            b"[1.1.1.1]",
            b"1.1.1.1:",
            b"01.1.1.1",
        ] {
            says(&[last], None, UNKNOWN);
            says(&[b"203.0.113.7", last], None, UNKNOWN);
        }
    }

    #[test]
    fn who_connects_is_the_client_if_nothing_else_is_said() {
        let expected = ["10.0.0.9", "10.0.0.9"].map(|value| Some(value.to_owned()));
        assert_eq!(written(&[], Some("10.0.0.9")), expected);
        assert_eq!(written(&[], None), [None, None]);
    }
}
