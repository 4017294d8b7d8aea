//! The report that `certgate check` shows.
//!
//! Takes certificates and findings; is text for people by `Display`, and JSON by `Serialize`.

use std::fmt;

use openssl::x509::X509Ref;
use serde::Serialize;

use super::crl::{CrlReport, FetchedReport};
use super::routes::RouteReport;
use super::{Moment, describe, extensions, is_self_signed};
use crate::findings::{Findings, Severity};
use crate::identity::{rfc2253, serial};
use crate::startup::keys::{self, KeyFault};
use crate::startup::materials::Source;

/// Every certificate in use, and everything there is to say about them.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The server's first, in the order in which they are sent.
    pub certificates: Vec<CertificateReport>,
    /// What session tickets are sealed with; never the secret itself. `None` where that isn't known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_secret: Option<String>,
    /// The revocation lists, in the order in which they were read.
    pub crls: Vec<CrlReport>,
    /// Those that `serve` fetches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fetched_crls: Vec<FetchedReport>,
    /// What is otherwise for some paths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteReport>,
    /// Errors mean that nothing must be started.
    pub findings: Findings,
}

/// What a certificate is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The server's own.
    Server,
    /// Sent after the server's own.
    ServerChain,
    /// What client certificates are held against.
    ClientCa,
}

/// One certificate in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CertificateReport {
    /// What it is used for.
    pub role: Role,
    /// The variable or file that it came from.
    pub source: String,
    /// RFC 2253, control characters escaped.
    pub subject: String,
    /// RFC 2253, control characters escaped.
    pub issuer: String,
    /// `DNS:…`, `IP:…`, `URI:…`, `email:…`
    pub subject_alt_names: Vec<String>,
    /// Hex.
    pub serial: String,
    /// `EC P-256`, `RSA 2048`, `Ed25519`
    pub key: String,
    /// As OpenSSL and AWS-LC call it.
    pub signature_algorithm: String,
    /// ISO 8601.
    pub not_before: String,
    /// ISO 8601.
    pub not_after: String,
    /// Full days; negative when it has expired.
    pub days_left: i64,
    /// Hex with colons.
    pub sha256: String,
    /// Its own key signed it.
    pub self_signed: bool,
    /// The CA flag of basicConstraints.
    pub ca: bool,
}

impl Report {
    /// Adds another site's: its findings, and its certificates but for those that are there already.
    pub fn include(&mut self, other: Report) {
        for certificate in other.certificates {
            if !self.certificates.contains(&certificate) {
                self.certificates.push(certificate);
            }
        }
        for crl in other.crls {
            if !self.crls.contains(&crl) {
                self.crls.push(crl);
            }
        }
        self.findings.extend(other.findings);
    }

    pub(super) fn add(
        &mut self,
        role: Role,
        source: &Source,
        certificate: &X509Ref,
        moment: &Moment,
    ) {
        let key = certificate.public_key();
        self.certificates.push(CertificateReport {
            role,
            source: source.to_string(),
            subject: rfc2253(certificate.subject_name()),
            issuer: rfc2253(certificate.issuer_name()),
            subject_alt_names: describe::alternative_names(certificate),
            serial: serial(certificate),
            key: match key {
                Ok(key) => describe::key(&key),
                Err(_) => match keys::fault(certificate) {
                    Some(KeyFault::Unknown(kind)) => kind,
                    _ => "unreadable".to_owned(),
                },
            },
            signature_algorithm: describe::signature_algorithm(certificate),
            not_before: describe::time(certificate.not_before()),
            not_after: describe::time(certificate.not_after()),
            days_left: moment.days_left(certificate),
            sha256: describe::fingerprint(certificate),
            self_signed: is_self_signed(certificate),
            ca: extensions::basic_constraints(certificate) == Some(true),
        });
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings.filter(|f| f.severity == severity).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for certificate in &self.certificates {
            writeln!(f, "{certificate}")?;
        }
        if let Some(secret) = &self.ticket_secret {
            writeln!(f, "ticket secret: {secret}\n")?;
        }
        for fetched in &self.fetched_crls {
            writeln!(f, "{fetched}\n")?;
        }
        for crl in &self.crls {
            writeln!(f, "{crl}")?;
        }
        for route in &self.routes {
            writeln!(f, "{route}")?;
        }
        if !self.findings.is_empty() {
            writeln!(f, "{}", self.findings)?;
        }
        let counted = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let warnings = counted(self.count(Severity::Warning), "warning");
        match (self.count(Severity::Error), self.count(Severity::Warning)) {
            (0, 0) => writeln!(f, "ok: ready to serve"),
            (0, _) => writeln!(f, "ok: ready to serve ({warnings})"),
            (errors, 0) => writeln!(f, "{}", counted(errors, "error")),
            (errors, _) => writeln!(f, "{}, {warnings}", counted(errors, "error")),
        }
    }
}

impl fmt::Display for CertificateReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.role {
            Role::Server => "server certificate",
            Role::ServerChain => "server chain",
            Role::ClientCa => "client CA",
        };
        writeln!(f, "{role} (from {})", self.source)?;
        let mut line = |key: &str, value: &str| writeln!(f, "  {key:<9} {value}");
        line("subject", &self.subject)?;
        if self.self_signed {
            line("issuer", "itself (self-signed)")?;
        } else {
            line("issuer", &self.issuer)?;
        }
        if !self.subject_alt_names.is_empty() {
            line("names", &self.subject_alt_names.join(", "))?;
        }
        line("key", &self.key)?;
        line("signature", &self.signature_algorithm)?;
        line(
            "valid",
            &format!("{} to {}", self.not_before, self.not_after),
        )?;
        line("", &remaining(self.days_left))?;
        line(
            "can sign",
            if self.ca {
                "yes (CA)"
            } else {
                "no (CA flag not set)"
            },
        )?;
        line("serial", &self.serial)?;
        line("SHA-256", &self.sha256)
    }
}

/// How long until, or since, a date.
pub(super) fn remaining(days: i64) -> String {
    match days {
        0 => "less than a day left".to_owned(),
        1 => "1 day left".to_owned(),
        -1 => "expired within the last day".to_owned(),
        2.. => format!("{days} days left"),
        // -2: more than one full day and less than two ago.
        _ => format!("expired {} days ago", -days - 1),
    }
}
