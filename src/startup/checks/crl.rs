//! What there is to say about the revocation lists.
//!
//! Takes the lists and the client CA; hands on a description of each list, and findings. None of them is
//! an error: a list grows old while certgate runs, too.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use openssl::x509::X509;
use serde::Serialize;

use super::report::Report;
use super::{Moment, describe, extensions, is_self_signed, place};
use crate::config::site::CrlSettings;
use crate::config::sources::CrlSource;
use crate::config::values::{CrlCheck, CrlPolicy};
use crate::findings::{Finding, Findings};
use crate::identity::rfc2253;
use crate::kept::{self, CRL_CACHE};
use crate::startup::crls::{self, Crls};
use crate::startup::materials::{Certificates, Source};
use crate::tls::revocation::{Crl, Signature};

/// One revocation list in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrlReport {
    /// The variable or file that it came from.
    pub source: String,
    /// RFC 2253, control characters escaped.
    pub issuer: String,
    /// ISO 8601.
    pub this_update: String,
    /// ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_update: Option<String>,
    /// How many certificates it lists.
    pub entries: usize,
    /// cRLNumber in hex.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Whose it is.
    pub signature: SignatureReport,
}

/// Whether a list's signature fits a client CA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureReport {
    /// A client CA made it.
    Good,
    /// A client CA of that name didn't make it, or may not.
    Wrong,
    /// Its issuer is no client CA; perhaps an intermediate that the clients send.
    UnknownIssuer,
}

/// How clients are held against the lists.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// `crl-check`.
    pub check: CrlCheck,
    /// `crl-policy`.
    pub policy: CrlPolicy,
}

/// A URL of lists, and what is kept of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FetchedReport {
    /// Without its query.
    pub url: String,
    /// In words.
    pub kept: String,
}

/// What is known of the lists that are fetched, without fetching them.
pub fn add_kept(
    report: &mut Report,
    settings: &CrlSettings,
    certs_dir: &Path,
    authorities: &[X509],
) {
    let directory = certs_dir.join(CRL_CACHE);
    let size = crls::LIMIT as usize;
    for source in &settings.sources {
        let CrlSource::Url(url) = source else {
            continue;
        };
        let read = kept::on_disk(&directory, url, size);
        let lists = match &read {
            Ok(bytes) => crls::of_bytes(url, bytes),
            Err(error) => Err(error.to_string()),
        };
        let is_there = !matches!(&read, Err(error) if error.kind() == ErrorKind::NotFound);
        let at = directory.display();
        let words = match &lists {
            Ok(_) => format!("what was fetched last is in {at} (below)"),
            Err(_) if !is_there => format!("none is kept of it in {at}"),
            Err(fault) => format!("what is kept of it in {at} can't be used: {fault}"),
        };
        let fetched = FetchedReport {
            url: url.to_string(),
            kept: words,
        };
        if report.fetched_crls.contains(&fetched) {
            continue;
        }
        report.fetched_crls.push(fetched);
        let source = Source::File(url.to_string().into());
        let lists = lists.unwrap_or_default().into_iter();
        let kept = Crls {
            lists: lists.map(|list| (source.clone(), list)).collect(),
            ..Crls::default()
        };
        report.crls.extend(reports(&kept, authorities));
    }
}

impl fmt::Display for FetchedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, kept } = self;
        write!(
            f,
            "revocation list of {url}: not fetched by check, and {kept}"
        )
    }
}

pub(super) fn reports(crls: &Crls, authorities: &[X509]) -> Vec<CrlReport> {
    let lists = crls.lists.iter();
    lists
        .map(|(source, crl)| CrlReport {
            source: source.to_string(),
            issuer: rfc2253(crl.issuer()),
            this_update: describe::time(crl.this_update_time()),
            next_update: crl.next_update_time().map(describe::time),
            entries: crl.entries(),
            number: crl.number().iter().map(|b| format!("{b:02X}")).collect(),
            signature: signature(crl, authorities),
        })
        .collect()
}

pub(super) fn findings(
    crls: &Crls,
    ca: Option<&Certificates>,
    rules: Rules,
    moment: &Moment,
) -> Findings {
    let mut findings = Findings::default();
    let authorities = ca.map_or(&[][..], |ca| &ca.certificates[..]);
    let strict = rules.policy == CrlPolicy::Strict;
    for (source, crl) in &crls.lists {
        let place = format!("{source} (CRL of {})", rfc2253(crl.issuer()));
        match signature(crl, authorities) {
            SignatureReport::Good => {}
            SignatureReport::Wrong => {
                let named = authorities.iter().find(|ca| crl.is_named_for(ca));
                let why = named.map_or(Signature::Unknown, |ca| crl.signature(ca)).words();
                findings.push(
                    Finding::warning(&place, format!("a list that {why}, and so counts for nothing"))
                        .advice("Fetch it again from the CA; of a CA that was renewed with another key, give the list that the new key signed"),
                );
            }
            SignatureReport::UnknownIssuer if authorities.is_empty() => {}
            SignatureReport::UnknownIssuer => findings.push(
                Finding::warning(&place, "a list whose issuer is none of the client CAs")
                    .advice("Fine if it is an intermediate CA whose certificate the clients send; else it has no use"),
            ),
        }
        dates(&place, crl, strict, moment, &mut findings);
    }
    // What is fetched later may be just what is missing.
    if let (Some(ca), true, false) = (ca, crls.wanted, crls.fetched) {
        without_list(crls, ca, rules, &mut findings);
    }
    findings
}

/// Whether it is in force, and for how long.
fn dates(place: &str, crl: &Crl, strict: bool, moment: &Moment, findings: &mut Findings) {
    let consequence = match strict {
        true => "the clients of its issuer are refused (crl_expired)",
        false => "the clients of its issuer are let in all the same (--crl-policy soft)",
    };
    let (from, until) = (crl.in_force().start, crl.in_force().end);
    let Some(next) = crl.next_update_time() else {
        findings.push(
            Finding::warning(place, "a list that doesn't say when the next one is due (nextUpdate)")
                .advice("It never expires: nobody is told if it is forgotten. Have the CA put nextUpdate in"),
        );
        return;
    };
    if from > moment.now {
        let from = describe::time(crl.this_update_time());
        findings.push(
            Finding::warning(
                place,
                format!("a list of {from}, which is in the future: {consequence}"),
            )
            .advice("Check this machine's clock"),
        );
    } else if until <= moment.now {
        let until = describe::time(next);
        findings.push(
            Finding::warning(
                place,
                format!("a list that was due to be replaced by {until}: {consequence}"),
            )
            .advice("Give the CA's newest list"),
        );
    } else if (until - moment.now).saturating_mul(10) < until - from {
        let until = describe::time(next);
        findings.push(
            Finding::warning(
                place,
                format!("a list that is due to be replaced by {until}"),
            )
            .advice("Give the CA's next list before; from then on this one is out of date"),
        );
    }
}

/// CAs that sign certificates, but have no list.
fn without_list(crls: &Crls, ca: &Certificates, rules: Rules, findings: &mut Findings) {
    let all = &ca.certificates;
    let signs = |c: &&X509| extensions::can_sign(c, is_self_signed(c));
    for certificate in all.iter().filter(signs) {
        let lists = crls.lists.iter();
        let mut of_it = lists.filter(|(_, crl)| crl.is_named_for(certificate));
        if of_it.any(|(_, crl)| crl.signature(certificate) == Signature::Good) {
            continue;
        }
        let whom = match rules.check {
            CrlCheck::Chain => "all its clients",
            CrlCheck::Leaf => "clients that it issued itself",
        };
        let consequence = match rules.policy {
            CrlPolicy::Strict => format!("{whom} will be refused (crl_missing)"),
            CrlPolicy::Soft => format!("{whom} are let in without being looked up"),
        };
        findings.push(
            Finding::warning(
                place(&ca.source, all, certificate),
                format!("a client CA without a revocation list: {consequence}"),
            )
            .advice("Give its list with --crl or in SSL_CLIENT_CRL, an empty one if it has revoked nobody"),
        );
    }
}

fn signature(crl: &Crl, authorities: &[X509]) -> SignatureReport {
    let mut named = authorities
        .iter()
        .filter(|ca| crl.is_named_for(ca))
        .peekable();
    if named.peek().is_none() {
        return SignatureReport::UnknownIssuer;
    }
    match named.any(|ca| crl.signature(ca) == Signature::Good) {
        true => SignatureReport::Good,
        false => SignatureReport::Wrong,
    }
}

impl fmt::Display for CrlReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "revocation list (from {})", self.source)?;
        let mut line = |key: &str, value: &str| writeln!(f, "  {key:<9} {value}");
        line("issuer", &self.issuer)?;
        let next = self.next_update.as_deref().unwrap_or("further notice");
        line("in force", &format!("{} to {next}", self.this_update))?;
        line("revoked", &self.entries.to_string())?;
        if !self.number.is_empty() {
            line("number", &self.number)?;
        }
        line(
            "signature",
            match self.signature {
                SignatureReport::Good => "that of the client CA",
                SignatureReport::Wrong => "NOT that of the client CA of this name",
                SignatureReport::UnknownIssuer => "not verified: the issuer is no client CA",
            },
        )
    }
}
