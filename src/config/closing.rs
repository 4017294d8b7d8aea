//! When open connections end from this side.

use std::time::Duration;

use super::settings::Reader;
use super::values::{Time, words};

/// When connections are closed that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosingSettings {
    /// When what let them in doesn't hold any more.
    pub on: CloseOn,
    /// How old they become; zero is no bound.
    pub max_age: Duration,
}

/// At which moments a connection is closed whose client wouldn't be let in any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CloseOn {
    /// A certificate of its chain has expired.
    pub expiry: bool,
    /// Its chain isn't accepted any more: revoked, or another client CA.
    pub revocation: bool,
    /// The rules keep it out.
    pub rules: bool,
}

words! {
    /// One such moment.
    Moment {
        /// The end of a certificate.
        Expiry = "expiry",
        /// A new verdict on the chain.
        Revocation = "revocation",
        /// A new verdict of the rules.
        Rules = "rules",
        /// Never.
        None = "none",
    }
}

impl Reader<'_> {
    pub(super) fn closing(&mut self) -> ClosingSettings {
        let moments: Vec<Moment> = self.all("close-on");
        let has = |moment| moments.contains(&moment);
        let on = CloseOn {
            expiry: has(Moment::Expiry),
            revocation: has(Moment::Revocation),
            rules: has(Moment::Rules),
        };
        if has(Moment::None) && on != CloseOn::default() {
            let written = self.written("close-on");
            self.wrong(
                &written.place,
                &written.values.join(","),
                "none alone, or moments of expiry | revocation | rules".to_owned(),
            );
        }
        ClosingSettings {
            on,
            max_age: self.one::<Time>("max-connection-age").0,
        }
    }
}
