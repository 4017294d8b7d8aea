//! Who may resume, and for how long.
//!
//! OpenSSL checks nothing again at resumption: not the dates, not the chain. So each ticket carries
//! what the full handshake found: whether the client's certificate was accepted, when that was, and
//! until when it holds. A ticket that fails any of it is ignored, and a full handshake follows,
//! which says no in the usual way if it must. A renewed ticket inherits the record, so that a
//! lineage of tickets ends `tls-session-timeout` after its full handshake.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openssl::ssl::SslRef;
use openssl::x509::X509VerifyResult;

use super::ffi::TicketPolicy;
use super::verification;
use crate::identity::unix_seconds;

/// The checks at resumption.
pub struct ResumptionPolicy {
    /// From the full handshake to the last resumption.
    pub timeout: Duration,
    /// Whether a client without a certificate was accepted. If not, it gets a page at most, and must
    /// be asked for its certificate again when it comes back.
    pub anonymous: bool,
}

impl TicketPolicy for ResumptionPolicy {
    fn issue(&self, ssl: &SslRef, previous: Option<&[u8]>) -> Vec<u8> {
        match previous {
            Some(record) => record.to_vec(),
            None => Record::of(ssl, self.anonymous).to_bytes(),
        }
    }

    fn admit(&self, data: Option<&[u8]>) -> bool {
        let Some(record) = data.and_then(Record::from_bytes) else {
            return false;
        };
        let now = unix_now();
        let age = now - record.verified_at;
        record.accepted
            // A clock that was set back gives a negative age: not fresh, but unknown.
            && (0..=self.timeout.as_secs() as i64).contains(&age)
            // To OpenSSL a certificate has expired at its notAfter (X509_cmp_time(3)).
            && now < record.not_after
    }
}

/// What a full handshake found; times in seconds since 1970.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    accepted: bool,
    verified_at: i64,
    /// The earliest notAfter of the verified chain, the CA's included.
    not_after: i64,
}

impl Record {
    fn of(ssl: &SslRef, anonymous: bool) -> Self {
        let chain = ssl.verified_chain();
        let not_after = chain
            .into_iter()
            .flatten()
            .map(|certificate| unix_seconds(certificate.not_after()))
            .min();
        let proven = match ssl.peer_certificate() {
            Some(_) => not_after.is_some(),
            None => anonymous,
        };
        let rejected =
            verification::rejection(ssl).is_some() || ssl.verify_result() != X509VerifyResult::OK;
        Self {
            accepted: proven && !rejected,
            verified_at: unix_now(),
            not_after: not_after.unwrap_or(i64::MAX),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.accepted)];
        bytes.extend(self.verified_at.to_be_bytes());
        bytes.extend(self.not_after.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (accepted, times) = bytes.split_first()?;
        let (verified_at, not_after) = times.split_at_checked(8)?;
        Some(Self {
            accepted: *accepted == 1,
            verified_at: i64::from_be_bytes(verified_at.try_into().ok()?),
            not_after: i64::from_be_bytes(not_after.try_into().ok()?),
        })
    }
}

fn unix_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(accepted: bool, age: i64, left: i64) -> bool {
        let policy = ResumptionPolicy {
            timeout: Duration::from_secs(3600),
            anonymous: false,
        };
        let record = Record {
            accepted,
            verified_at: unix_now() - age,
            not_after: unix_now() + left,
        };
        policy.admit(Some(&record.to_bytes()))
    }

    #[test]
    fn only_a_fresh_accepted_and_valid_record_is_admitted() {
        assert!(admits(true, 10, 10));
        assert!(!admits(false, 10, 10), "was refused");
        assert!(!admits(true, 4000, 10), "too old");
        assert!(!admits(true, -10, 10), "from the future");
        assert!(!admits(true, 10, 0), "expires now");
        assert!(!admits(true, 10, -10), "expired since");
    }

    #[test]
    fn a_ticket_without_a_whole_record_is_not_admitted() {
        let policy = ResumptionPolicy {
            timeout: Duration::from_secs(3600),
            anonymous: false,
        };
        assert!(!policy.admit(None));
        assert!(!policy.admit(Some(&[1])));
        assert!(!policy.admit(Some(&[1; 10])));
    }
}
