//! What `/status.json` and the status page tell; docs/observability.md has the shape.

use std::time::{Duration, UNIX_EPOCH};

use serde::{Serialize, Serializer};

use crate::findings::Findings;
use crate::telemetry::counts::Counts;

/// Who knows the state of things.
pub trait Reporter: Send + Sync {
    /// The state of now, and this part of the clients' certificates.
    fn status(&self, page: &Page) -> Status;

    /// Brings those metrics up to date that nobody keeps while nobody asks.
    fn refresh(&self);
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many are left out ahead of it.
    pub offset: usize,
    /// How many there are in it at most.
    pub limit: usize,
}

impl Page {
    const MOST: usize = 10_000;

    /// Of a query: `limit=50&offset=100`; other keys are left to others.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(query: &str) -> Result<Self, String> {
        let mut page = Self {
            offset: 0,
            limit: 100,
        };
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let place = match name {
                "limit" => &mut page.limit,
                "offset" => &mut page.offset,
                _ => continue,
            };
            *place = value.parse().map_err(|_| format!("{name} is a number"))?;
        }
        match page.limit > Self::MOST {
            true => Err(format!("limit is {} at most", Self::MOST)),
            false => Ok(page),
        }
    }
}

/// Everything.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Of certgate.
    pub version: &'static str,
    /// When this was told.
    pub time: Time,
    /// Since when it serves.
    pub started: Time,
    /// From then to now.
    pub uptime_seconds: u64,
    /// `ready`, `draining` or `closing`.
    pub phase: &'static str,
    /// Whether load balancers are told to come.
    pub ready: bool,
    /// Why not: `draining` or `upstream`.
    pub not_ready: Option<&'static str>,
    /// Those that readiness depends on.
    pub upstreams: Vec<Upstream>,
    /// The first is that of all names that no other one has.
    pub sites: Vec<Site>,
    /// `null` if there was none.
    pub last_reload: Option<Reload>,
    /// What was counted since the start.
    #[serde(flatten)]
    pub counts: Counts,
    /// What was seen of clients.
    pub client_certificates: ClientCertificates,
}

/// An upstream that is checked.
#[derive(Debug, Clone, Serialize)]
pub struct Upstream {
    /// As in log lines.
    pub address: String,
    /// `null` until it is judged.
    pub usable: Option<bool>,
    /// Since when.
    pub since: Time,
    /// Why the last check failed, if it did.
    pub error: Option<String>,
}

/// Who may come in at a site, and what they find.
#[derive(Debug, Clone, Serialize)]
pub struct Site {
    /// Empty for the first.
    pub names: Vec<String>,
    /// `required`, …
    pub client_auth: String,
    /// `static`, `proxy` or `tunnel`.
    pub content: &'static str,
    /// The server's own.
    pub certificates: Vec<Certificate>,
    /// Whom clients are held against.
    #[serde(flatten)]
    pub trust: Trust,
    /// What is judged beside that; `null` if nothing is.
    pub shadow: Option<Trust>,
}

/// Whom clients are held against.
#[derive(Debug, Clone, Serialize)]
pub struct Trust {
    /// How many certificates the client CA has.
    pub client_ca_count: usize,
    /// Those of them that expire first.
    pub client_ca: Vec<Certificate>,
    /// `null` if none are looked at.
    pub crls: Option<Vec<RevocationList>>,
    /// How many rules let in, and keep out.
    pub rules: RuleCounts,
}

/// How many rules there are.
#[derive(Debug, Clone, Serialize)]
pub struct RuleCounts {
    /// That let in.
    pub allow: usize,
    /// That keep out.
    pub deny: usize,
}

/// A certificate that the operator has given.
#[derive(Debug, Clone, Serialize)]
pub struct Certificate {
    /// RFC 2253.
    pub subject: String,
    /// RFC 2253.
    pub issuer: String,
    /// Upper case hex.
    pub serial: String,
    /// Its end.
    pub not_after: Time,
    /// Full days; negative when it is over.
    pub days_left: i64,
}

/// A revocation list.
#[derive(Debug, Clone, Serialize)]
pub struct RevocationList {
    /// RFC 2253.
    pub issuer: String,
    /// When it was made.
    pub this_update: Time,
    /// When it is over; `null` if it doesn't say.
    pub next_update: Option<Time>,
    /// How many certificates it lists.
    pub entries: usize,
}

/// What came of the last reload.
#[derive(Debug, Clone, Serialize)]
pub struct Reload {
    /// When.
    pub time: Time,
    /// SIGHUP, files, …
    pub cause: &'static str,
    /// `ok` or `failed`.
    pub result: &'static str,
    /// Doubts, or why it failed.
    pub findings: Findings,
}

/// A part of what was seen of clients.
#[derive(Debug, Serialize)]
pub struct ClientCertificates {
    /// How many are known.
    pub known: usize,
    /// How many can be known.
    pub capacity: usize,
    /// As the metric has it.
    pub expires_in: serde_json::Map<String, serde_json::Value>,
    /// How many were left out ahead of these.
    pub offset: usize,
    /// Those that expire first ahead.
    pub entries: Vec<ClientCertificate>,
}

/// A certificate of a client.
#[derive(Debug, Serialize)]
pub struct ClientCertificate {
    /// RFC 2253, cut to 512 bytes.
    pub subject: String,
    /// RFC 2253, cut to 512 bytes.
    pub issuer: String,
    /// Upper case hex.
    pub serial: String,
    /// SHA-256, lower case hex.
    pub fingerprint: String,
    /// Its end.
    pub not_after: Time,
    /// Full days; negative when it is over.
    pub days_left: i64,
    /// Since this process serves.
    pub first_seen: Time,
    /// The last handshake.
    pub last_seen: Time,
    /// Handshakes that let it in.
    pub accepted: u64,
    /// Handshakes that didn't.
    pub refused: u64,
    /// What the last one did: `accepted` or `refused`.
    pub verdict: &'static str,
    /// Why, if it was refused.
    pub reason: Option<&'static str>,
}

/// Seconds since 1970; written as RFC 3339 has it, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub i64);

impl Time {
    /// Full days from `now` on; negative when it is over.
    pub fn days_from(self, now: i64) -> i64 {
        self.0.saturating_sub(now).div_euclid(86_400)
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The years 1970 to 9999: what a certificate can say outside of them is over, or as good as for ever.
        let seconds = u64::try_from(self.0).unwrap_or(0).min(253_402_300_799);
        let moment = UNIX_EPOCH + Duration::from_secs(seconds);
        humantime::format_rfc3339_seconds(moment).fmt(f)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_their_bounds() {
        let page = |offset, limit| Ok(Page { offset, limit });
        assert_eq!(Page::read(""), page(0, 100));
        assert_eq!(Page::read("limit=5&offset=7&x=y&z"), page(7, 5));
        assert_eq!(Page::read("limit=10000"), page(0, 10_000));
        for wrong in ["limit=10001", "limit=-1", "offset=a", "limit="] {
            assert!(Page::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_time_is_too_far() {
        for (seconds, text) in [
            (i64::MIN, "1970-01-01T00:00:00Z"),
            (1_000_000_000, "2001-09-09T01:46:40Z"),
            (i64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Time(seconds).to_string(), text);
        }
        assert_eq!((Time(86_400).days_from(1), Time(0).days_from(1)), (0, -1));
    }
}
