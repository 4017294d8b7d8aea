//! How often a client may do something.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::settings::Reader;
use super::values::{Expected, words};
use crate::findings::Finding;

words! {
    /// What tells clients from each other.
    Subject {
        /// The key of the client's certificate.
        Identity = "identity",
        /// Where the connection comes from.
        Address = "address",
    }
}

/// The limits of all clients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitSettings {
    /// HTTP requests.
    pub requests: Limit,
    /// New connections.
    pub connections: Limit,
    /// Handshakes that failed.
    pub failed_handshakes: Limit,
}

impl LimitSettings {
    /// Whether there is any.
    pub fn is_any(&self) -> bool {
        let all = [&self.requests, &self.connections, &self.failed_handshakes];
        all.iter().any(|limit| limit.is_any())
    }
}

/// One limit, by each of what tells clients from each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limit {
    /// Of each identity.
    pub identity: Option<Rate>,
    /// Of each address.
    pub address: Option<Rate>,
}

impl Limit {
    /// Whether there is any.
    pub fn is_any(&self) -> bool {
        self.identity.is_some() || self.address.is_some()
    }
}

/// So many in a time, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// From one to the next, if they come evenly; at least a nanosecond.
    pub interval: Duration,
    /// How many may come at once; at least one.
    pub burst: u32,
}

/// `identity:100/s`, `address:30/m:10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenLimit {
    subject: Subject,
    rate: Rate,
}

/// The most in a time, and at once: with more there is nothing to limit.
const MOST: u32 = 1_000_000;

impl FromStr for WrittenLimit {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        let expected = || {
            Expected(format!(
                "identity:RATE or address:RATE, with a RATE such as 100/s, 30/m or 100/s:200 (at once), and numbers from 1 to {MOST}"
            ))
        };
        let (subject, rate) = text.split_once(':').ok_or_else(expected)?;
        let subject = subject.parse().map_err(|_| expected())?;
        let (rate, burst) = match rate.split_once(':') {
            Some((rate, burst)) => (rate, Some(burst)),
            None => (rate, None),
        };
        let (count, unit) = rate.split_once('/').ok_or_else(expected)?;
        let number = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|_| digits);
            number
                .filter(|number| (1..=MOST).contains(number))
                .ok_or_else(expected)
        };
        let count = number(count)?;
        let period = match unit {
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            _ => return Err(expected()),
        };
        Ok(Self {
            subject,
            rate: Rate {
                interval: period / count,
                burst: burst.map_or(Ok(count), number)?,
            },
        })
    }
}

impl fmt::Display for WrittenLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rate { interval, burst } = self.rate;
        write!(f, "{} one in {interval:?}, {burst} at once", self.subject)
    }
}

impl Reader<'_> {
    pub(super) fn limits(&mut self) -> LimitSettings {
        LimitSettings {
            requests: self.limit("limit-requests"),
            connections: self.limit("limit-connections"),
            failed_handshakes: self.limit("limit-failed-handshakes"),
        }
    }

    fn limit(&mut self, name: &str) -> Limit {
        let mut limit = Limit::default();
        for written in self.none_or_more::<WrittenLimit>(name) {
            let one = match written.subject {
                Subject::Identity => &mut limit.identity,
                Subject::Address => &mut limit.address,
            };
            if one.replace(written.rate).is_some() {
                let place = self.written(name).place;
                let found = format!("two limits by {}", written.subject);
                self.findings
                    .push(Finding::error(place, found).expected("one at most"));
            }
        }
        limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        for (text, subject, interval, burst) in [
            (
                "identity:100/s",
                Subject::Identity,
                Duration::from_millis(10),
                100,
            ),
            ("address:30/m", Subject::Address, Duration::from_secs(2), 30),
            (
                "address:100/s:200",
                Subject::Address,
                Duration::from_millis(10),
                200,
            ),
            (
                "identity:1/h:1",
                Subject::Identity,
                Duration::from_secs(3600),
                1,
            ),
            (
                "identity:1000000/s",
                Subject::Identity,
                Duration::from_micros(1),
                1_000_000,
            ),
        ] {
            let rate = Rate { interval, burst };
            assert_eq!(text.parse(), Ok(WrittenLimit { subject, rate }), "{text}");
        }
    }

    #[test]
    fn wrong_rates_are_refused() {
        for text in [
            "",
            "100/s",
            "cookie:100/s",
            "address:0/s",
            "address:100",
            "address:100/d",
            "address:-1/s",
            "address:+1/s",
            "address:1/s:0",
            "address:1/s:",
            "address:/s",
            "address:1000001/s",
            "address:1.5/s",
            "address:1/s:2:3",
        ] {
            assert!(text.parse::<WrittenLimit>().is_err(), "{text}");
        }
    }
}
