//! Looks the materials over before anything is bound.
//!
//! Takes [`Materials`] (or what there is of them) and the time; hands on a [`Report`] for people and
//! programs. [`chain::ordered`] is also what TLS loads, so that what was checked is what is served.

use std::time::{SystemTime, UNIX_EPOCH};

use openssl::error::ErrorStack;
use openssl::x509::{X509, X509Ref};

pub use self::crl::{CrlReport, FetchedReport, Rules as CrlRules, SignatureReport, add_kept};
pub use self::describe::alternative_names;
pub use self::describe::time as day;
pub use self::report::{CertificateReport, Report, Role};
pub use self::routes::{RouteReport, routes};
use super::crls::Crls;
use super::materials::{Certificates, Identity, Materials, Source};
use crate::config::values::Switch;
use crate::findings::{Finding, Findings, Severity};
use crate::identity::{rfc2253, unix_seconds};
use crate::tls;
use crate::tls::strength::{self, Standing};

pub mod chain;
mod client_ca;
mod crl;
mod describe;
mod extensions;
mod report;
mod routes;
mod server;

/// Checks everything and describes every certificate. Where a pair could not be read, the rest is
/// checked all the same, so that an operator sees every fault at once.
///
/// With `partial_chain`, an intermediate of the client CA file lets clients in by itself.
pub fn inspect(given: &Materials, partial_chain: bool, now: SystemTime) -> Report {
    let moment = Moment::new(now);
    let mut report = Report {
        certificates: Vec::new(),
        ticket_secret: None,
        crls: Vec::new(),
        fetched_crls: Vec::new(),
        routes: Vec::new(),
        findings: given.findings.clone(),
    };
    let client_ca = given.client_ca.as_ref();
    let mut leaf = None;
    for Identity { certificate, key } in &given.identities {
        let served = chain::ordered(certificate, key);
        let source = &certificate.source;
        report.add(Role::Server, source, &served.leaf, &moment);
        for certificate in &served.chain {
            report.add(Role::ServerChain, source, certificate, &moment);
        }
        report.findings.extend(served.findings.clone());
        let findings = server::findings(certificate, client_ca, &served, &moment);
        report.findings.extend(findings);
        leaf.get_or_insert(served.leaf);
    }
    if let Some(ca) = client_ca {
        for certificate in &ca.certificates {
            report.add(Role::ClientCa, &ca.source, certificate, &moment);
        }
        let findings = client_ca::findings(ca, leaf.as_deref(), partial_chain, &moment);
        report.findings.extend(findings);
    }
    // What failed on purpose above must not show up in a later, unrelated call of AWS-LC.
    drop(ErrorStack::get());
    report
}

/// Adds the revocation lists to what is known of the rest.
pub fn add_crls(
    report: &mut Report,
    crls: &Crls,
    client_ca: Option<&Certificates>,
    rules: CrlRules,
    now: SystemTime,
) {
    let authorities = client_ca.map_or(&[][..], |ca| &ca.certificates[..]);
    report.crls = crl::reports(crls, authorities);
    report.findings.extend(crls.findings.clone());
    let findings = crl::findings(crls, client_ca, rules, &Moment::new(now));
    report.findings.extend(findings);
    drop(ErrorStack::get());
}

/// A warning if the names of the client CAs are more than clients are sent.
pub fn too_many_names(ca: &Certificates, setting: Switch) -> Findings {
    let mut findings = Findings::default();
    if let Ok(None) = tls::advertised(&ca.certificates, setting) {
        findings.push(
            Finding::warning(
                ca.source.to_string(),
                format!(
                    "{} client CAs, whose names take more than 16 KiB: clients are told none",
                    ca.certificates.len()
                ),
            )
            .expected("fewer CAs, or --advertise-ca off")
            .advice("64 KiB of names break handshakes, and many clients stumble from 16 KiB on; told only a part, clients of the other CAs would send no certificate. Clients that have several must be told by other means which to send"),
        );
    }
    findings
}

/// What certificates are held against.
struct Moment {
    /// Seconds since 1970.
    now: i64,
}

/// Where in its lifetime a certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Validity {
    NotYet,
    Now,
    Expired,
}

impl Moment {
    fn new(now: SystemTime) -> Self {
        let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        });
        Self { now }
    }

    fn validity(&self, certificate: &X509Ref) -> Validity {
        if unix_seconds(certificate.not_before()) > self.now {
            Validity::NotYet
        } else if unix_seconds(certificate.not_after()) < self.now {
            Validity::Expired
        } else {
            Validity::Now
        }
    }

    /// Rounded down, so that a certificate that has expired an hour ago has -1.
    fn days_left(&self, certificate: &X509Ref) -> i64 {
        (unix_seconds(certificate.not_after()) - self.now).div_euclid(86_400)
    }
}

/// `SSL_CLIENT_CERTIFICATE, certificate 2 of 3 (CN=…)`
fn place(source: &Source, all: &[X509], certificate: &X509Ref) -> String {
    let subject = rfc2253(certificate.subject_name());
    let same = |c: &X509| same_certificate(c, certificate);
    match all.iter().position(same) {
        Some(at) if all.len() > 1 => {
            format!(
                "{source}, certificate {} of {} ({subject})",
                at + 1,
                all.len()
            )
        }
        _ => format!("{source} ({subject})"),
    }
}

fn same_certificate(a: &X509Ref, b: &X509Ref) -> bool {
    // Ahead of the rest, since a file may have thousands.
    a.serial_number() == b.serial_number()
        && matches!((a.to_der(), b.to_der()), (Ok(a), Ok(b)) if a == b)
}

/// Issuer and subject are one, and its own key made the signature, as far as that can be told: AWS-LC
/// takes nothing that is signed with MD5, but a root as a root all the same.
fn is_self_signed(certificate: &X509Ref) -> bool {
    let (subject, issuer) = (certificate.subject_name(), certificate.issuer_name());
    let unreadable = strength::broken_digest(certificate).is_some_and(|digest| digest != "SHA-1");
    subject.try_cmp(issuer).is_ok_and(|o| o.is_eq())
        && (unreadable || is_signed_with(certificate, certificate))
}

/// What a certificate is in its chain.
fn standing(certificate: &X509Ref) -> Standing {
    match is_self_signed(certificate) {
        true => Standing::Anchor,
        false => Standing::Issued,
    }
}

/// `issuer` is named as the issuer, may sign, and its key made the signature.
fn is_issued_by(certificate: &X509Ref, issuer: &X509Ref) -> bool {
    issuer.issued(certificate) == openssl::x509::X509VerifyResult::OK
        && is_signed_with(certificate, issuer)
}

fn is_signed_with(certificate: &X509Ref, signer: &X509Ref) -> bool {
    signer
        .public_key()
        .and_then(|key| certificate.verify(&key))
        .unwrap_or(false)
}

fn graded(severity: Severity, place: String, found: impl Into<String>) -> Finding {
    match severity {
        Severity::Error => Finding::error(place, found),
        Severity::Warning => Finding::warning(place, found),
    }
}

#[cfg(test)]
mod tests;
