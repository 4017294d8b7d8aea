//! The revocation lists: `SSL_CLIENT_CRL`, `client_crl.pem`, and those of the setting `crl`.
//!
//! Takes the sources, hands on [`Crls`]: every list that could be read, every complaint, and which files
//! were looked at. Can be called again at any time; the environment is gone then.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::x509::X509;

use super::environment::{CLIENT_CRL, Environment};
use super::materials::{self, Source};
use super::pem::{Label, Pem, PemFault};
use super::repair;
use crate::config::site::CrlSettings;
use crate::config::sources::CrlSource;
use crate::der;
use crate::fetch::Url;
use crate::findings::{Finding, Findings, Severity};
use crate::regular_file;
use crate::sighting::Sighting;
use crate::tls::revocation::{Crl, CrlFault};

/// The revocation list in the certs directory.
pub const CLIENT_CRL_FILE: &str = "client_crl.pem";

/// What was found.
#[derive(Debug, Default)]
pub struct Crls {
    /// Each list once, with its origin.
    pub lists: Vec<(Source, Arc<Crl>)>,
    /// What was in the environment, as clean PEM: to be written to [`CLIENT_CRL_FILE`].
    pub from_environment: Option<String>,
    /// Errors of what can't be used.
    pub findings: Findings,
    /// The files that were read, and the one that would have been if it were there; as they were before.
    pub paths: Vec<Sighting>,
    /// Whether there are more, which come from URLs.
    pub fetched: bool,
    /// Whether there is any source. If so, clients are held against lists, whatever could be read.
    pub wanted: bool,
}

/// Reads all of them.
pub fn load(settings: &CrlSettings, certs_dir: &Path, environment: &Environment) -> Crls {
    let mut crls = Crls::default();
    if settings.usual {
        crls.of_usual_places(certs_dir, environment);
    }
    for source in &settings.sources {
        crls.wanted = true;
        match source {
            CrlSource::File(path) => {
                crls.paths.push(Sighting::of(path));
                crls.of_file(path, true);
            }
            // Fetched while the gateway runs.
            CrlSource::Url(_) => crls.fetched = true,
        }
    }
    let mut seen = HashSet::new();
    crls.lists
        .retain(|(_, crl)| crl.to_der().map_or(true, |der| seen.insert(der)));
    // What failed on purpose must not show up in a later, unrelated call of AWS-LC.
    drop(ErrorStack::get());
    crls
}

/// The lists in what came from a URL.
///
/// # Errors
/// What is wrong with it.
pub fn of_bytes(url: &Url, bytes: &[u8]) -> Result<Vec<Arc<Crl>>, String> {
    let mut crls = Crls::default();
    crls.of_bytes(&Source::File(url.to_string().into()), bytes);
    // What failed on purpose must not show up in a later, unrelated call of AWS-LC.
    drop(ErrorStack::get());
    let mut errors = crls
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error);
    match errors.next() {
        Some(fault) => Err(fault.found.clone()),
        None => Ok(crls.lists.into_iter().map(|(_, crl)| crl).collect()),
    }
}

impl Crls {
    fn of_usual_places(&mut self, certs_dir: &Path, environment: &Environment) {
        let usual = certs_dir.join(CLIENT_CRL_FILE);
        match self.findings.note(environment.value(CLIENT_CRL)) {
            Some(Some(value)) => self.of_environment(value.repaired()),
            // A fault of the variable is said; the file is not what the operator means then.
            None => self.wanted = true,
            Some(None) => {
                self.paths.push(Sighting::of(&usual));
                self.of_file(&usual, false);
            }
        }
    }

    fn of_environment(&mut self, repaired: Result<Pem, PemFault>) {
        self.wanted = true;
        let variable = CLIENT_CRL;
        let source = Source::Environment { variable };
        match repaired {
            Ok(pem) => {
                if self.of_pem(&source, &pem) {
                    let blocks = pem.blocks.iter().filter(|b| b.label == Label::Crl);
                    self.from_environment = Some(blocks.map(|b| b.to_pem().to_string()).collect());
                }
            }
            Err(fault) => self.unreadable(&source, &fault),
        }
    }

    fn of_file(&mut self, path: &Path, required: bool) {
        let source = Source::File(path.to_path_buf());
        let bytes = match regular_file::read(path, LIMIT + 1) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !required => return,
            Err(error) => {
                self.wanted = true;
                let finding = materials::cannot_be_read(path, &error).expected(EXPECTED);
                return self.findings.push(finding);
            }
            Ok(bytes) => bytes,
        };
        self.wanted = true;
        if bytes.len() as u64 > LIMIT {
            self.findings.push(
                Finding::error(source.to_string(), "more than 64 MiB of data")
                    .expected(EXPECTED)
                    .advice("Give only the lists that are needed"),
            );
        } else {
            self.of_bytes(&source, &bytes);
        }
    }

    fn of_bytes(&mut self, source: &Source, bytes: &[u8]) {
        if is_der(bytes) {
            self.of_der(source, bytes, String::new());
        } else {
            match pem_of(bytes) {
                Ok(pem) => drop(self.of_pem(source, &pem)),
                Err(fault) => self.unreadable(source, &fault),
            }
        }
    }

    /// Whether all of it could be read.
    fn of_pem(&mut self, source: &Source, pem: &Pem) -> bool {
        let has = |fits: fn(Label) -> bool| pem.blocks.iter().any(|block| fits(block.label));
        let private = has(Label::is_private);
        if private || !has(|label| label == Label::Crl) {
            let advice = if private {
                "Remove the key: lists are public, and stored readable for all"
            } else if has(|label| label == Label::Certificate) {
                "A certificate is no list of revoked ones: give what the CA publishes (`openssl ca -gencrl`); the CA's certificate belongs into SSL_CLIENT_CERTIFICATE"
            } else {
                "Give blocks that begin with -----BEGIN X509 CRL-----"
            };
            self.findings.push(
                Finding::error(source.to_string(), pem.describe())
                    .expected(EXPECTED)
                    .advice(advice),
            );
            return false;
        }
        if has(|label| label != Label::Crl) {
            self.findings.push(
                Finding::warning(
                    source.to_string(),
                    format!("{}; all but the lists is left out", pem.describe()),
                )
                .expected("revocation lists alone")
                .advice("Remove the other blocks from it"),
            );
        }
        let count = pem.blocks.len();
        let mut all = true;
        for (index, block) in pem.blocks.iter().enumerate() {
            if block.label == Label::Crl {
                let which = match count {
                    1 => String::new(),
                    _ => format!(" (block {} of {count})", index + 1),
                };
                all &= self.of_der(source, &block.der, which);
            }
        }
        all
    }

    /// Whether it could be used; `which` says more of where it is.
    fn of_der(&mut self, source: &Source, der: &[u8], which: String) -> bool {
        let fault = match Crl::from_der(der) {
            Ok(crl) => {
                self.lists.push((source.clone(), Arc::new(crl)));
                return true;
            }
            Err(fault) => fault,
        };
        let certificate = matches!(fault, CrlFault::Unreadable(_)) && X509::from_der(der).is_ok();
        let found = match certificate {
            true => "a certificate".to_owned(),
            false => fault.to_string(),
        };
        self.findings.push(
            Finding::error(source.to_string(), format!("{found}{which}"))
                .expected(EXPECTED)
                .advice(match fault {
                    CrlFault::Unreadable(_) | CrlFault::TrailingBytes => {
                        "Copy it again from where the CA publishes it, as it is"
                    }
                    CrlFault::Delta => "Give the complete list that the CA publishes beside it",
                    _ => "Have the CA publish one complete list for all certificates and reasons; going without this one would let revoked clients in",
                }),
        );
        false
    }

    fn unreadable(&mut self, source: &Source, fault: &PemFault) {
        self.findings.push(
            Finding::error(source.to_string(), fault.to_string())
                .expected(EXPECTED)
                .advice(fault.advice().replace("NAME", CLIENT_CRL)),
        );
    }
}

const EXPECTED: &str = "one or more revocation lists as PEM (X509 CRL), or one as DER";

/// A million entries are about 40 MB.
pub const LIMIT: u64 = 64 << 20;

/// A SEQUENCE with a long length, which text can't begin with.
fn is_der(bytes: &[u8]) -> bool {
    bytes.starts_with(&[der::SEQUENCE]) && bytes.get(1).is_some_and(|length| *length >= 0x80)
}

/// Repaired, unless it is so long that nobody can have pasted it into anything.
fn pem_of(bytes: &[u8]) -> Result<Pem, PemFault> {
    match repair::repair(bytes) {
        Err(PemFault::TooLarge) => Pem::parse(&String::from_utf8_lossy(bytes)),
        repaired => repaired,
    }
}

#[cfg(test)]
mod tests;
