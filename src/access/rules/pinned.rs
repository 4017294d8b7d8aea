//! Rules where no CA vouches for clients: what is pinned, and whether each rule does.

use super::Rule;
use super::matching::Condition;
use crate::config::SiteSettings;
use crate::config::values::ClientAuth;
use crate::findings::{Finding, Findings};
use crate::tls::pins::Pins;

const PINS: &str = "spki:sha256:… or sha256:…";
const ADVICE: &str = "`certgate verify client.pem` shows both of a client's certificate.";

/// All that the rules pin.
pub(super) fn pins(allow: &[Rule]) -> Pins {
    let mut pins = Pins::default();
    for condition in allow.iter().flat_map(|rule| &rule.conditions) {
        match condition {
            Condition::Spki(digest) => pins.keys.insert(*digest),
            Condition::Fingerprint(digest) => pins.certificates.insert(*digest),
            _ => continue,
        };
    }
    pins
}

/// What is wrong with the rules of a site without a CA. Anybody can sign any name for himself: a rule over
/// names alone would let everybody in.
pub(super) fn faults(site: &SiteSettings, allow: &[Rule]) -> Findings {
    let mut findings = Findings::default();
    if site.client_auth != ClientAuth::Pinned {
        return findings;
    }
    let place = &site.allow.place;
    // What can't be read was said.
    if site.allow.rules.is_empty() {
        findings.push(
            Finding::error(
                place,
                "no rule, and client-auth is pinned: nobody could come in",
            )
            .expected(format!("allow rules with {PINS}, or another client-auth"))
            .advice(ADVICE),
        );
    }
    findings.extend(without_pins(place, allow));
    findings
}

/// The same of a route there, which need not have rules.
pub(in crate::access) fn without_pins(place: &str, allow: &[Rule]) -> Findings {
    let mut findings = Findings::default();
    let pins = |rule: &&Rule| {
        let mut conditions = rule.conditions.iter();
        conditions.any(|one| matches!(one, Condition::Spki(_) | Condition::Fingerprint(_)))
    };
    let names_nobody = |rule: &&Rule| rule.needs_no_certificate();
    for rule in allow
        .iter()
        .filter(|rule| !pins(rule) && !names_nobody(rule))
    {
        let found = format!("{rule}, which pins nothing, and client-auth is pinned");
        findings.push(
            Finding::error(place, found)
                .expected(format!("{PINS} in each rule; more after \" and \""))
                .advice(ADVICE),
        );
    }
    findings
}
