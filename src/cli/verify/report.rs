//! The verdict in words, and for programs.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use openssl::x509::{X509, X509Ref};
use serde::Serialize;

use crate::findings::Findings;
use crate::identity::{Facts, hex, rfc2253, serial};
use crate::refusal::RefusalReason;
use crate::startup::checks::day;
use crate::tls::verification::Rejection;

/// What became of it.
pub enum Decision {
    /// Let in; with what could not be looked up, if that doesn't matter.
    Accepted { unchecked: Option<String> },
    /// Kept out.
    Refused {
        reason: RefusalReason,
        words: String,
        depth: u32,
    },
}

impl Decision {
    /// As the handshake would have it.
    pub fn refused(rejection: &Rejection) -> Self {
        Self::Refused {
            reason: rejection.reason,
            words: rejection.words.clone(),
            depth: rejection.depth,
        }
    }
}

/// The whole of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The verdict.
    pub accepted: bool,
    /// Why not: the same word as in logs and metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Which certificate of the chain is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<u32>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
    /// What could not be looked up, though the client is let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    unchecked: Option<String>,
    /// Whether the key is the certificate's.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_fits: Option<bool>,
    /// The chain as far as it could be built, the client's own certificate first.
    chain: Vec<Link>,
    /// Each rule, in its order.
    deny: Vec<RuleReport>,
    /// Each rule, in its order.
    allow: Vec<RuleReport>,
    /// The route that the path is for, and its own rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<RouteReport>,
    /// What is doubtful about the configuration.
    findings: Findings,
}

#[derive(Debug, Serialize)]
struct Link {
    subject: String,
    issuer: String,
    serial: String,
    not_before: String,
    not_after: String,
    /// As rules have them: `sha256:` and hex, `spki:sha256:` and base64.
    sha256: String,
    spki: String,
}

impl Link {
    fn of(certificate: &X509Ref) -> Self {
        let facts = Facts::of(certificate);
        Self {
            subject: rfc2253(certificate.subject_name()),
            issuer: rfc2253(certificate.issuer_name()),
            serial: serial(certificate),
            not_before: day(certificate.not_before()),
            not_after: day(certificate.not_after()),
            sha256: hex(&facts.sha256),
            spki: format!("sha256:{}", BASE64_STANDARD.encode(facts.spki_sha256)),
        }
    }

    /// What tells this certificate and its key from all others, to be copied into a rule.
    fn write_pins(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "     sha256:{}", self.sha256)?;
        writeln!(f, "     spki:{}", self.spki)
    }
}

/// What there is to say of a client's certificate (DER) without knowing whom to trust. Nothing, if it can't
/// be read.
pub fn of_client(certificate: &[u8]) -> String {
    struct Alone(Link);
    impl fmt::Display for Alone {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            writeln!(f, "client")?;
            writeln!(f, "  0  {}", self.0.subject)?;
            self.0.write_pins(f)
        }
    }
    let read = X509::from_der(certificate);
    read.map_or_else(|_| String::new(), |leaf| Alone(Link::of(&leaf)).to_string())
}

#[derive(Debug, Serialize)]
struct RouteReport {
    path: String,
    deny: Vec<RuleReport>,
    allow: Vec<RuleReport>,
}

#[derive(Debug, Serialize)]
struct RuleReport {
    rule: String,
    matches: bool,
}

/// Each rule that keeps out, then each that lets in, and whether it matches.
type Explained = [Vec<(String, bool)>; 2];

fn reported(rules: Explained) -> [Vec<RuleReport>; 2] {
    rules.map(|rules| {
        let rules = rules.into_iter();
        rules
            .map(|(rule, matches)| RuleReport { rule, matches })
            .collect()
    })
}

fn write_rules(
    f: &mut fmt::Formatter<'_>,
    deny: &[RuleReport],
    allow: &[RuleReport],
) -> fmt::Result {
    for (kind, rules) in [("deny", deny), ("allow", allow)] {
        for rule in rules {
            let matches = if rule.matches {
                "matches"
            } else {
                "doesn't match"
            };
            writeln!(f, "{kind:5}  {}: {matches}", rule.rule)?;
        }
    }
    Ok(())
}

impl Report {
    pub fn new(
        chain: &[X509],
        rules: Explained,
        route: Option<(String, Explained)>,
        key_fits: Option<bool>,
        decision: Decision,
        doubts: &Findings,
    ) -> Self {
        let [deny, allow] = reported(rules);
        let route = route.map(|(path, rules)| {
            let [deny, allow] = reported(rules);
            RouteReport { path, deny, allow }
        });
        let links = chain.iter().map(|certificate| Link::of(certificate));
        let mut report = Self {
            accepted: true,
            reason: None,
            detail: None,
            depth: None,
            advice: None,
            unchecked: None,
            key_fits,
            chain: links.collect(),
            deny,
            allow,
            route,
            findings: doubts.clone(),
        };
        match decision {
            Decision::Accepted { unchecked } => report.unchecked = unchecked,
            Decision::Refused {
                reason,
                words,
                depth,
            } => report.refuse(reason, words, Some(depth)),
        }
        // A client proves its key in every handshake.
        if report.accepted && key_fits == Some(false) {
            let words = "the key is not the certificate's".to_owned();
            report.refuse(RefusalReason::BadSignature, words, Some(0));
        }
        report
    }

    fn refuse(&mut self, reason: RefusalReason, words: String, depth: Option<u32>) {
        self.accepted = false;
        self.reason = Some(reason.label());
        self.detail = Some(words);
        self.depth = depth;
        self.advice = Some(reason.advice());
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "chain")?;
        for (depth, link) in self.chain.iter().enumerate() {
            let at_fault = self.depth.is_some_and(|fault| fault as usize == depth);
            let mark = if at_fault { "  <- here" } else { "" };
            writeln!(f, "  {depth}  {}{mark}", link.subject)?;
            writeln!(
                f,
                "     serial {}, {} to {}",
                link.serial, link.not_before, link.not_after
            )?;
            if depth == 0 {
                link.write_pins(f)?;
            }
        }
        match self.chain.last() {
            Some(last) if last.subject != last.issuer => {
                writeln!(f, "     issued by {}", last.issuer)?;
            }
            Some(_) => {}
            None => writeln!(f, "  none could be built")?,
        }
        write_rules(f, &self.deny, &self.allow)?;
        if let Some(route) = &self.route {
            writeln!(f, "route  {}", route.path)?;
            write_rules(f, &route.deny, &route.allow)?;
        }
        if let Some(fits) = self.key_fits {
            let fits = if fits {
                "the certificate's"
            } else {
                "another one's"
            };
            writeln!(f, "key    {fits}")?;
        }
        for finding in self.findings.iter() {
            writeln!(f, "{finding}")?;
        }
        match (&self.reason, &self.detail) {
            (Some(reason), Some(detail)) => {
                writeln!(f, "\nrefused: {reason}: {detail}")?;
                writeln!(f, "{}", self.advice.unwrap_or_default())
            }
            _ => {
                writeln!(f, "\naccepted")?;
                match &self.unchecked {
                    Some(words) => writeln!(f, "but not looked up: {words}"),
                    None => Ok(()),
                }
            }
        }
    }
}
