//! Which certificates and which keys a site has, and where each came from.
//!
//! Takes the [`Environment`] and the places of files; hands on [`Materials`] for
//! [`super::checks`] and [`super::files`], or every fault of all of them at once.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use zeroize::Zeroizing;

use self::roles::Role;
use super::environment::{CLIENT_CERTIFICATE, Environment, SERVER_CERTIFICATE, SERVER_KEY};
use super::pem::{Pem, PemFault};
use super::repair;
use super::ticket_secret::{self, OperatorsTicketSecret, TICKET_SECRET_FILE};
use crate::config::site::IdentityFiles;
use crate::findings::{Finding, Findings};
use crate::regular_file;

mod roles;

/// The server's certificate chain in the certs directory.
pub const SERVER_CERTIFICATE_FILE: &str = "server_cert.cer";
/// The server's private key in the certs directory.
pub const SERVER_KEY_FILE: &str = "server_key.key";
/// The client CA in the certs directory.
pub const CLIENT_CA_FILE: &str = "client_cert.pem";

/// Everything TLS needs for one site, parsed.
#[derive(Debug, Default)]
pub struct Materials {
    /// The server's certificates with their keys, at least one.
    pub identities: Vec<Identity>,
    /// What client certificates must chain to. `None` only where no client is asked for one.
    pub client_ca: Option<Certificates>,
    /// What a fleet's session tickets are sealed with.
    pub ticket_secret: Option<OperatorsTicketSecret>,
    /// The revocation lists of the environment, as clean PEM; to be written, but not used from here.
    pub client_crl: Option<String>,
    /// Warnings met on the way.
    pub findings: Findings,
}

/// A certificate and its key.
#[derive(Debug)]
pub struct Identity {
    /// The server's certificate and what stood with it, in the order it was given.
    pub certificate: Certificates,
    /// Its key.
    pub key: PrivateKey,
}

/// Which materials a site needs, and where they are if not in the usual places.
#[derive(Debug)]
pub struct Wants<'a> {
    /// Where the usual places are files.
    pub certs_dir: &'a Path,
    /// The certificates and their keys; empty for the usual ones.
    pub identities: &'a [IdentityFiles],
    /// The client CA, `None` for the usual one.
    pub client_ca: Option<&'a Path>,
    /// Whether the variables are for it, too: for a site that has everything of its own, they are not.
    pub reads_variables: bool,
    /// Whether clients are asked for a certificate. If not, a missing client CA is fine; one that is
    /// there is still read.
    pub asks_clients: bool,
    /// Whether clients are known by their own keys: then no client CA is read, whatever is there.
    pub pinned: bool,
}

impl<'a> Wants<'a> {
    /// What the container that stood here before had.
    pub fn usual(certs_dir: &'a Path, asks_clients: bool) -> Self {
        Self {
            certs_dir,
            identities: &[],
            client_ca: None,
            reads_variables: true,
            asks_clients,
            pinned: false,
        }
    }

    /// The files to look at for changes, whether they are there or not.
    pub fn files(&self) -> Vec<PathBuf> {
        let usual = |role: Role| self.certs_dir.join(role.file());
        let mut files: Vec<_> = match self.identities {
            [] => vec![usual(Role::ServerCertificate), usual(Role::ServerKey)],
            given => given
                .iter()
                .flat_map(|files| [files.certificate.clone(), files.key.clone()])
                .collect(),
        };
        files.push(self.certs_dir.join(TICKET_SECRET_FILE));
        if self.asks_clients {
            files.push(match self.client_ca {
                Some(path) => path.to_path_buf(),
                None => usual(Role::ClientCa),
            });
        }
        files
    }
}

/// Where a material came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// This variable (or its numbered parts).
    Environment {
        /// Without part numbers.
        variable: &'static str,
    },
    /// This file.
    File(PathBuf),
}

/// One or more certificates.
#[derive(Debug)]
pub struct Certificates {
    /// Where they came from.
    pub source: Source,
    /// At least one, in the order given.
    pub certificates: Vec<X509>,
    /// The same as clean PEM.
    pub pem: String,
}

/// A private key. Its PEM is zeroed on drop and in no `Debug` output.
pub struct PrivateKey {
    /// Where it came from.
    pub source: Source,
    /// The key itself.
    pub key: PKey<Private>,
    /// The same as clean PEM.
    pub pem: Zeroizing<String>,
}

/// Finds, repairs and parses all of it.
///
/// For each: the file that is named; else the variable if it is set, else the file in `certs_dir`.
///
/// # Errors
/// What could be read where not everything could, and at least one finding that is an error.
pub fn gather(environment: &Environment, wants: &Wants<'_>) -> Result<Materials, Box<Materials>> {
    let mut materials = Materials {
        findings: environment.unsupported(),
        ..Materials::default()
    };
    let places = match wants.identities {
        [] => vec![(None, None)],
        given => given
            .iter()
            .map(|files| (Some(&*files.certificate), Some(&*files.key)))
            .collect(),
    };
    for (certificate, key) in places {
        let identity = identity(
            environment,
            wants,
            certificate,
            key,
            &mut materials.findings,
        );
        materials.identities.extend(identity);
    }
    let client_ca = client_ca(environment, wants, &mut materials.findings);
    materials.client_ca = materials.findings.note(client_ca).flatten();
    let ticket_secret = ticket_secret::read(environment, wants.certs_dir);
    materials.ticket_secret = materials.findings.note(ticket_secret).flatten();
    match materials.findings.has_errors() {
        true => Err(Box::new(materials)),
        false => Ok(materials),
    }
}

/// A pair of which one could not be read is left out; what is wrong with either is noted.
fn identity(
    environment: &Environment,
    wants: &Wants<'_>,
    certificate: Option<&Path>,
    key: Option<&Path>,
    findings: &mut Findings,
) -> Option<Identity> {
    let certificate = obtain(environment, wants, certificate, &Role::ServerCertificate)
        .and_then(|given| required(given, wants, certificate, &Role::ServerCertificate))
        .and_then(|(source, pem)| roles::server_certificate(source, &pem));
    let certificate = findings.note(certificate);
    let key = obtain(environment, wants, key, &Role::ServerKey)
        .and_then(|given| required(given, wants, key, &Role::ServerKey))
        .and_then(|(source, pem)| roles::server_key(source, &pem, findings));
    let key = findings.note(key);
    Some(Identity {
        certificate: certificate?,
        key: key?,
    })
}

/// The client CA alone; `None` where none is needed and none is there.
pub fn client_ca(
    environment: &Environment,
    wants: &Wants<'_>,
    findings: &mut Findings,
) -> Result<Option<Certificates>, Findings> {
    if wants.pinned {
        return Ok(None);
    }
    let given = obtain(environment, wants, wants.client_ca, &Role::ClientCa)?;
    if given.is_none() && !wants.asks_clients {
        return Ok(None);
    }
    let (source, pem) = required(given, wants, wants.client_ca, &Role::ClientCa)?;
    roles::client_ca(source, &pem, findings).map(Some)
}

impl fmt::Display for Source {
    /// `SSL_SERVER_KEY` or `/run/certgate/certs/server_key.key`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment { variable } => f.write_str(variable),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(from {})", self.source)
    }
}

/// The clean PEM of one role and its source; `None` if neither the variable nor a file is there.
fn obtain(
    environment: &Environment,
    wants: &Wants<'_>,
    named: Option<&Path>,
    role: &Role,
) -> Result<Option<(Source, Pem)>, Findings> {
    let variable = role.variable();
    let value = match named {
        // A key in a variable that nobody reads is wrong in any case.
        Some(path) if wants.reads_variables && environment.has(variable) => {
            return Err(
                Finding::error(variable, "set, and so is another place for the same")
                    .expected("one of the two")
                    .advice(format!(
                        "Remove the variable, or leave out {}",
                        path.display()
                    ))
                    .into(),
            );
        }
        Some(_) => None,
        None => environment.value(variable)?,
    };
    if let Some(value) = value {
        let source = Source::Environment { variable };
        return match value.repaired() {
            Ok(pem) => Ok(Some((source, pem))),
            Err(fault) => Err(unreadable(&source, &fault, role)),
        };
    }
    let path = match named {
        Some(path) => path.to_path_buf(),
        None => wants.certs_dir.join(role.file()),
    };
    // One byte more than `repair` takes, so that it sees that there is too much.
    let Some(raw) = read(&path, repair::LIMIT + 1, role.expected())? else {
        return Ok(None);
    };
    let source = Source::File(path);
    match repair::repair(&raw) {
        Ok(pem) => Ok(Some((source, pem))),
        Err(fault) => Err(unreadable(&source, &fault, role)),
    }
}

fn required(
    given: Option<(Source, Pem)>,
    wants: &Wants<'_>,
    named: Option<&Path>,
    role: &Role,
) -> Result<(Source, Pem), Findings> {
    given.ok_or_else(|| {
        let finding = match named {
            Some(path) => Finding::error(path.display().to_string(), "there is no such file")
                .advice(format!("Put it there, or correct --{}", role.setting())),
            None => {
                let path = wants.certs_dir.join(role.file());
                Finding::error(
                    role.variable(),
                    format!("not set, and there is no file {}", path.display()),
                )
                .advice(format!(
                    "Set the variable {}, or put the file there",
                    role.variable()
                ))
            }
        };
        finding.expected(role.expected()).into()
    })
}

fn unreadable(source: &Source, fault: &PemFault, role: &Role) -> Findings {
    Finding::error(source.to_string(), fault.to_string())
        .expected(role.expected())
        .advice(fault.advice().replace("NAME", role.variable()))
        .into()
}

/// A file's bytes, up to `limit` of them; `None` if there is no such file.
pub(super) fn read(
    path: &Path,
    limit: u64,
    expected: &str,
) -> Result<Option<Zeroizing<Vec<u8>>>, Findings> {
    match regular_file::read(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(cannot_be_read(path, &e).expected(expected).into()),
    }
}

/// A file that is there, or should be, and can't be read.
pub(super) fn cannot_be_read(path: &Path, error: &std::io::Error) -> Finding {
    let advice = match error.kind() {
        ErrorKind::PermissionDenied => {
            "Let the user that certgate runs as read the file and its directories"
        }
        ErrorKind::IsADirectory => {
            "A directory is in the file's place; Docker makes one when the source of a bind mount doesn't exist"
        }
        ErrorKind::NotFound => "Put the file there, or correct the path",
        _ => "Check the file and the volume that it is on",
    };
    Finding::error(
        path.display().to_string(),
        format!("can't be read: {error}"),
    )
    .advice(advice)
}

#[cfg(test)]
mod tests;
