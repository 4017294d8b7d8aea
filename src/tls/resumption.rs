//! Who may resume, and for how long.
//!
//! libssl checks nothing again at resumption: not the dates, not the chain. So certgate does, before
//! it lets a ticket resume: the chain that the client presented in its full handshake is verified
//! against what is trusted *now*. If anything has changed so that it would be refused, the ticket is
//! ignored, and a full handshake follows, which says no in the usual way. Each ticket carries
//! when its lineage began, and ends `tls-session-timeout` later, however often it is renewed.

use std::sync::Arc;
use std::time::Duration;

use openssl::ssl::SslRef;
use zeroize::Zeroizing;

use super::ffi::server::session_chain;
use super::tickets::{self, TicketKeys};
use super::verification::{Verified, Verifier};
use super::verified_chains::ChainDigest;

mod clock;
#[cfg(test)]
mod tests;

/// The checks at resumption.
pub struct Resumption {
    /// Seals and opens.
    pub keys: TicketKeys,
    /// From the full handshake to the last resumption.
    pub timeout: Duration,
    /// Whether a client without a certificate is let in.
    pub anonymous: bool,
}

/// What a connection's tickets rest on.
#[derive(Debug, Clone)]
pub struct Lineage {
    /// When the full handshake was, in seconds since 1970.
    pub began: i64,
    /// What it found.
    pub client: Proven,
}

/// Who was accepted.
#[derive(Debug, Clone)]
pub enum Proven {
    /// The holder of a certificate.
    Chain(ChainDigest, Arc<Verified>),
    /// Somebody without one, where none is required.
    Anonymous,
}

impl Resumption {
    /// How much longer than its session a ticket is, in bytes.
    pub fn overhead(&self) -> usize {
        RECORD + tickets::OVERHEAD
    }

    /// Makes a ticket of a session at `now` (seconds since 1970). A client that was not accepted gets
    /// one that nobody can open: libssl wants to send something.
    pub fn seal(&self, lineage: Option<&Lineage>, session: &[u8], now: i64) -> Option<Vec<u8>> {
        match lineage {
            Some(lineage) => {
                let text = Zeroizing::new([&lineage.record()[..], session].concat());
                self.keys.seal(&text, now)
            }
            None => Some(vec![0; tickets::OVERHEAD]),
        }
    }

    /// The session in a ticket and what it rests on, if a full handshake would let the client in now.
    pub fn open(
        &self,
        verifier: &Verifier,
        ssl: &SslRef,
        ticket: &[u8],
        now: i64,
    ) -> Option<(Lineage, Zeroizing<Vec<u8>>)> {
        let text = self.keys.open(ticket, now)?;
        let (record, session) = text.split_at_checked(RECORD)?;
        let (kind, rest) = record.split_first()?;
        let (began, digest) = rest.split_at_checked(8)?;
        let began = i64::from_be_bytes(began.try_into().ok()?);
        let digest = ChainDigest(digest.try_into().ok()?);
        // Another task's clock may be a little ahead. One that was set back by more gives an age that is
        // not young, but unknown.
        let (age, skew) = (now.checked_sub(began)?, clock::skew(self.timeout));
        if age < -skew || age > i64::try_from(self.timeout.as_secs()).unwrap_or(i64::MAX) {
            return None;
        }
        let client = match *kind {
            ANONYMOUS if self.anonymous => Proven::Anonymous,
            CHAIN => Proven::Chain(digest, still_verified(verifier, digest, ssl, session)?),
            _ => return None,
        };
        let mut session = Zeroizing::new(session.to_vec());
        clock::bring_forward(&mut session, now, skew);
        Some((Lineage { began, client }, session))
    }
}

/// What a full handshake would find of the chain now.
fn still_verified(
    verifier: &Verifier,
    digest: ChainDigest,
    ssl: &SslRef,
    session: &[u8],
) -> Option<Arc<Verified>> {
    if let Some(verified) = verifier.recall(&digest) {
        return Some(verified);
    }
    // Another task issued the ticket, or what is trusted was loaded anew, or the memory was full.
    let chain = session_chain(ssl, session)?;
    if ChainDigest::of(&chain) != digest {
        return None;
    }
    verifier.verify(digest, &chain).ok()
}

/// Ahead of the session: the kind, when the lineage began, the chain's digest.
const RECORD: usize = 1 + 8 + 32;
const ANONYMOUS: u8 = 1;
const CHAIN: u8 = 2;

impl Lineage {
    fn record(&self) -> [u8; RECORD] {
        let mut record = [0; RECORD];
        record[1..9].copy_from_slice(&self.began.to_be_bytes());
        match &self.client {
            Proven::Anonymous => record[0] = ANONYMOUS,
            Proven::Chain(digest, _) => {
                record[0] = CHAIN;
                record[9..].copy_from_slice(&digest.0);
            }
        }
        record
    }
}
