//! Rules over verified client certificates: who of those whom the CA vouches for may come in.
//!
//! Takes the texts of `allow` and `deny`, hands on [`Rules`], which decide about [`Facts`]. Deny wins;
//! with any allow rule, what none of them allows is refused.

mod matching;
mod parse;
mod pattern;
mod pinned;

use std::fmt;

use self::matching::Condition;
use crate::config::SiteSettings;
use crate::config::site::WrittenRules;
use crate::config::values::{ClientAuth, Expected, shown};
use crate::findings::{Finding, Findings};
use crate::identity::{ClientCertificate, Facts};
use crate::refusal::RefusalReason;
use crate::tls::admission::{Admission, Denied};
use crate::tls::pins::Pins;

/// Who may come in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Any of them lets in; none at all lets everybody in.
    pub allow: Vec<Rule>,
    /// Any of them keeps out, whatever else.
    pub deny: Vec<Rule>,
}

/// Conditions that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// As the operator wrote it.
    text: String,
    conditions: Vec<Condition>,
}

impl Rules {
    /// Reads the rules of a site, or says what is wrong with each of them.
    pub fn read(site: &SiteSettings) -> Result<Self, Findings> {
        let rules = Self::of(&site.allow, &site.deny, site.client_auth)?;
        let faults = pinned::faults(site, &rules.allow);
        match faults.is_empty() {
            true => Ok(rules),
            false => Err(faults),
        }
    }

    /// Reads rules that are for clients of whom a certificate is wanted as `mode` says.
    pub fn of(
        allow_written: &WrittenRules,
        deny_written: &WrittenRules,
        mode: ClientAuth,
    ) -> Result<Self, Findings> {
        let mut findings = Findings::default();
        let [allow, deny] = [allow_written, deny_written].map(|written| {
            let rules = written.rules.iter().filter_map(|text| {
                let wrong = |Expected(expected)| {
                    let found = format!("found {}", shown(text));
                    Finding::error(&written.place, found)
                        .expected(expected)
                        .into()
                };
                findings.note(text.parse().map_err(wrong))
            });
            rules.collect::<Vec<Rule>>()
        });
        if mode == ClientAuth::Off && !(allow.is_empty() && deny.is_empty()) {
            let place = match allow.is_empty() {
                true => &deny_written.place,
                false => &allow_written.place,
            };
            findings.push(
                Finding::error(
                    place,
                    "rules over client certificates, and client-auth is off",
                )
                .expected("client-auth required or optional")
                .advice("No client is asked for a certificate, so the rules would decide nothing."),
            );
        }
        match findings.is_empty() {
            true => Ok(Self { allow, deny }),
            false => Err(findings),
        }
    }

    /// Whether there is nothing to decide.
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// Each rule as it is written, and whether it matches: those that keep out, then those that let in.
    pub fn explain(&self, client: &Facts) -> [Vec<(String, bool)>; 2] {
        let lists = [
            (&self.deny, Strictness::Deny),
            (&self.allow, Strictness::Allow),
        ];
        lists.map(|(rules, strictness)| {
            let rules = rules.iter();
            rules
                .map(|rule| (rule.to_string(), rule.matches(client, strictness)))
                .collect()
        })
    }

    /// Decides about the holder of a certificate, or, with `None`, about somebody without one.
    ///
    /// # Errors
    /// The rule that keeps them out, or that none lets them in.
    pub fn decide(&self, client: Option<&Facts>) -> Result<(), Denied> {
        let matches = |rule: &&Rule, strictness| {
            client.is_some_and(|client| rule.matches(client, strictness))
        };
        if let Some(rule) = self
            .deny
            .iter()
            .find(|rule| matches(rule, Strictness::Deny))
        {
            return Err(Denied {
                reason: RefusalReason::Denied,
                words: format!("kept out by deny {rule}"),
            });
        }
        let allowed = self
            .allow
            .iter()
            .any(|rule| matches(&rule, Strictness::Allow));
        match allowed || self.allow.is_empty() {
            true => Ok(()),
            false => Err(Denied {
                reason: RefusalReason::NotAllowed,
                words: format!("let in by none of {} allow rules", self.allow.len()),
            }),
        }
    }
}

/// The handshake asks ahead, so that its alert can tell the client.
impl Admission for Rules {
    fn admit(&self, client: &ClientCertificate) -> Result<(), Denied> {
        self.decide(Some(&client.facts))
    }

    fn admit_anonymous(&self) -> bool {
        self.decide(None).is_ok()
    }

    fn pins(&self) -> Pins {
        pinned::pins(&self.allow)
    }
}

/// What a doubt counts for: it never lets anybody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Allow,
    Deny,
}

impl Rule {
    fn matches(&self, client: &Facts, strictness: Strictness) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.all(|condition| condition.holds(client, strictness))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
