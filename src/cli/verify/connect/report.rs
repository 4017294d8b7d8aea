//! What was seen and what it means, for people and for programs.

use std::fmt;

use openssl::x509::{X509, X509Name, X509Ref};
use serde::Serialize;

use super::arguments::Target;
use super::attempt::Seen;
use super::local;
use super::meaning;
use super::verdict::Verdict;
use crate::bench::identity::Identity;
use crate::identity::{escaped, rfc2253, unix_seconds};
use crate::startup::checks::{alternative_names, day};
use crate::tls::alerts::alert_name;
use crate::tls::verification::unix_now;

/// How many names of authorities people are shown.
const SHOWN: usize = 10;

/// The whole of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `null` if the server didn't say.
    pub accepted: Option<bool>,
    /// What happened, in words.
    detail: String,
    /// The alert's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<&'static str>,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_number: Option<u8>,
    /// What certgate would have in its log.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<&'static str>,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
    /// As typed.
    server: String,
    /// Where it connected to.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The name that was asked for instead of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    sni: Option<String>,
    /// What was agreed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls>,
    /// The server's certificates, its own first.
    server_chain: Vec<Certificate>,
    /// Whether they verify; `null` if nobody looked.
    server_verified: Option<bool>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_fault: Option<String>,
    /// Whether the server asked for a certificate; `null` if it didn't come so far.
    certificate_requested: Option<bool>,
    /// The names of the CAs that it wants certificates of; none is any.
    authorities: Vec<String>,
    /// Whether the issuer of what was sent is among them; `null` if there are none.
    issuer_is_among: Option<bool>,
    /// The client's certificates that were to be sent.
    client_chain: Vec<Certificate>,
    /// What is doubtful about them.
    doubts: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Tls {
    version: &'static str,
    cipher: &'static str,
    group: &'static str,
    alpn: &'static str,
}

#[derive(Debug, Serialize)]
struct Certificate {
    subject: String,
    issuer: String,
    names: Vec<String>,
    not_before: String,
    not_after: String,
    days_left: i64,
}

impl Certificate {
    fn of(certificate: &X509Ref) -> Self {
        let left = unix_seconds(certificate.not_after()) - unix_now();
        Self {
            subject: rfc2253(certificate.subject_name()),
            issuer: rfc2253(certificate.issuer_name()),
            names: alternative_names(certificate),
            not_before: day(certificate.not_before()),
            not_after: day(certificate.not_after()),
            days_left: left.div_euclid(86_400),
        }
    }
}

impl Report {
    /// Of one connection.
    pub fn new(target: &Target, identity: &Identity, seen: &Seen) -> Self {
        let Verdict {
            accepted,
            words,
            advice,
            alert,
            answer,
        } = Verdict::of(seen);
        let mut doubts = local::doubts(identity, seen);
        if let Some(Err(fault)) = &seen.verified {
            doubts.push(format!(
                "the server's certificate doesn't verify ({fault}): a client that looks at it ends the handshake itself"
            ));
        }
        let certificates = |chain: &mut dyn Iterator<Item = &X509>| {
            chain.map(|one| Certificate::of(one)).collect()
        };
        let names = seen.asked.as_deref().unwrap_or_default();
        Self {
            accepted,
            detail: words,
            alert: alert.map(alert_name),
            alert_number: alert,
            reasons: alert.map_or(Vec::new(), |number| {
                let reasons = meaning::of(number).reasons.iter();
                reasons.map(|reason| reason.label()).collect()
            }),
            http_status: answer.map(|answer| answer.status),
            advice,
            server: target.server.clone(),
            address: seen.address.map(|address| address.to_string()),
            sni: target.sni.as_deref().map(escaped),
            tls: seen.agreed.as_ref().map(|agreed| Tls {
                version: agreed.version,
                cipher: agreed.cipher,
                group: agreed.group,
                alpn: agreed.alpn,
            }),
            server_chain: certificates(&mut seen.server.iter()),
            server_verified: match seen.server.is_empty() {
                true => None,
                false => seen.verified.as_ref().map(Result::is_ok),
            },
            server_fault: seen.verified.clone().and_then(Result::err),
            certificate_requested: match (&seen.asked, &seen.agreed) {
                (Some(_), _) => Some(true),
                (None, Some(_)) => Some(false),
                (None, None) => None,
            },
            authorities: names.iter().map(|name| shown(name)).collect(),
            issuer_is_among: match names {
                [] => None,
                names => Some(local::issuer_is_among(identity, names)),
            },
            client_chain: certificates(&mut std::iter::once(&identity.leaf).chain(&identity.chain)),
            doubts,
        }
    }

    fn write_server(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server   {}", self.server)?;
        if let Some(address) = self.address.as_ref().filter(|a| **a != self.server) {
            write!(f, " ({address})")?;
        }
        match &self.sni {
            Some(name) => writeln!(f, ", asked for as {name}")?,
            None => writeln!(f)?,
        }
        if let Some(tls) = &self.tls {
            write!(f, "tls      {}, {}", tls.version, tls.cipher)?;
            for part in [tls.group, tls.alpn].iter().filter(|part| !part.is_empty()) {
                write!(f, ", {part}")?;
            }
            writeln!(f)?;
        }
        for (depth, certificate) in self.server_chain.iter().enumerate() {
            writeln!(f, "  {depth}      {}", certificate.subject)?;
            if !certificate.names.is_empty() && depth == 0 {
                writeln!(f, "         for {}", certificate.names.join(", "))?;
            }
            writeln!(
                f,
                "         issued by {}, until {} ({} days)",
                certificate.issuer, certificate.not_after, certificate.days_left
            )?;
        }
        match (&self.server_fault, self.server_verified) {
            (Some(fault), _) => writeln!(f, "         NOT verified: {fault}"),
            (None, Some(_)) => writeln!(f, "         verified"),
            (None, None) if self.server_chain.is_empty() => Ok(()),
            (None, None) => writeln!(f, "         not verified: give --server-ca"),
        }
    }

    fn write_client(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, certificate) in self.client_chain.iter().enumerate() {
            let heading = if depth == 0 { "client" } else { "" };
            writeln!(f, "{heading:8} {}", certificate.subject)?;
            writeln!(
                f,
                "         issued by {}, until {} ({} days)",
                certificate.issuer, certificate.not_after, certificate.days_left
            )?;
        }
        match (self.certificate_requested, self.issuer_is_among) {
            (Some(true), None) => {
                writeln!(f, "asked    for a certificate, of no CA in particular")?
            }
            (Some(true), Some(_)) => {
                let count = self.authorities.len();
                let cas = if count == 1 { "CA" } else { "CAs" };
                writeln!(f, "asked    for a certificate of {count} {cas} by name:")?;
                for name in self.authorities.iter().take(SHOWN) {
                    writeln!(f, "         {name}")?;
                }
                if count > SHOWN {
                    writeln!(f, "         and {} more", count - SHOWN)?;
                }
            }
            (Some(false), _) => writeln!(f, "asked    for no certificate")?,
            (None, _) => {}
        }
        match self.issuer_is_among {
            Some(true) => writeln!(f, "         the issuer is among them"),
            Some(false) => writeln!(f, "         the issuer is NOT among them"),
            None => Ok(()),
        }
    }
}

/// A name (DER) as logs have it.
fn shown(name: &[u8]) -> String {
    match X509Name::from_der(name) {
        Ok(name) => rfc2253(&name),
        Err(_) => "a name that can't be read".to_owned(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_server(f)?;
        self.write_client(f)?;
        for doubt in &self.doubts {
            writeln!(f, "warning: {doubt}")?;
        }
        let outcome = match self.accepted {
            Some(true) => "accepted",
            Some(false) => "refused",
            None => "no verdict",
        };
        match (self.alert, self.alert_number) {
            (Some(name), Some(number)) => {
                writeln!(f, "\n{outcome}: alert {name} ({number}): {}", self.detail)?;
            }
            _ => writeln!(f, "\n{outcome}: {}", self.detail)?,
        }
        if !self.reasons.is_empty() {
            writeln!(
                f,
                "If it is certgate, its log says {}.",
                self.reasons.join(" or ")
            )?;
        }
        match self.advice {
            Some(advice) => writeln!(f, "{advice}"),
            None => Ok(()),
        }
    }
}
