//! Rules over verified client certificates: who of those whom the CA vouches for may come in.
//!
//! Takes the texts of `allow` and `deny`, hands on [`Rules`], which decide about [`Facts`]. Deny wins;
//! with any allow rule, what none of them allows is refused.

mod matching;
mod parse;
mod pattern;
pub(super) mod pinned;

use std::fmt;

use self::matching::Condition;
use crate::config::SiteSettings;
use crate::config::site::WrittenRules;
use crate::config::values::{ClientAuth, Expected, shown};
use crate::findings::{Finding, Findings};
use crate::identity::{ClientCertificate, Facts};
use crate::refusal::RefusalReason;
use crate::tls::admission::{Admission, Denied, Origin};
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
        let over_certificates = |rules: &[Rule]| !rules.iter().all(Rule::needs_no_certificate);
        if mode == ClientAuth::Off && (over_certificates(&allow) || over_certificates(&deny)) {
            let place = match over_certificates(&allow) {
                true => &allow_written.place,
                false => &deny_written.place,
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

    /// Whether a rule looks at the VPC endpoint that a client comes in by.
    pub fn need_endpoint(&self) -> bool {
        let mut rules = self.allow.iter().chain(&self.deny);
        rules.any(Rule::needs_endpoint)
    }

    /// Whether where somebody comes from is all that lets in.
    pub fn allow_by_place_alone(&self) -> bool {
        !self.allow.is_empty() && self.allow.iter().all(Rule::needs_no_certificate)
    }

    /// Whether there is nothing to decide.
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// Each rule as it is written, and whether it matches: those that keep out, then those that let in.
    pub fn explain(&self, client: &Facts, endpoint: Option<&str>) -> [Vec<(String, bool)>; 2] {
        let lists = [
            (&self.deny, Strictness::Deny),
            (&self.allow, Strictness::Allow),
        ];
        lists.map(|(rules, strictness)| {
            let rules = rules.iter();
            rules
                .map(|rule| {
                    let matches = rule.matches(Some(client), endpoint, strictness);
                    (rule.to_string(), matches)
                })
                .collect()
        })
    }

    /// Decides about the holder of a certificate, or, with `None`, about somebody without one, who came in
    /// by this VPC endpoint, if by any.
    ///
    /// # Errors
    /// The rule that keeps them out, or that none lets them in.
    pub fn decide(&self, client: Option<&Facts>, endpoint: Option<&str>) -> Result<(), Denied> {
        let matches = |rule: &&Rule, strictness| rule.matches(client, endpoint, strictness);
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
    fn admit(&self, client: &ClientCertificate, origin: &Origin) -> Result<(), Denied> {
        self.decide(Some(&client.facts), origin.vpc_endpoint())
    }

    fn admit_anonymous(&self, origin: &Origin) -> bool {
        self.decide(None, origin.vpc_endpoint()).is_ok()
    }

    fn may_admit_anonymous(&self) -> bool {
        self.allow.is_empty() || self.allow.iter().any(Rule::needs_no_certificate)
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
    fn matches(
        &self,
        client: Option<&Facts>,
        endpoint: Option<&str>,
        strictness: Strictness,
    ) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.all(|condition| match condition {
            Condition::VpcEndpoint(id) => endpoint.is_some_and(|one| one.eq_ignore_ascii_case(id)),
            _ => client.is_some_and(|client| condition.holds(client, strictness)),
        })
    }

    fn needs_no_certificate(&self) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.all(|condition| matches!(condition, Condition::VpcEndpoint(_)))
    }

    /// Whether it looks at the VPC endpoint.
    fn needs_endpoint(&self) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.any(|condition| matches!(condition, Condition::VpcEndpoint(_)))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
