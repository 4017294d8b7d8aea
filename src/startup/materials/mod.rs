//! Which certificates and which key certgate runs with, and where each came from.
//!
//! Takes the [`Environment`] and the directory of files; hands on [`Materials`] for
//! [`super::checks`] and [`super::files`], or every fault of all three at once.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use zeroize::Zeroizing;

use self::roles::Role;
use super::environment::{CLIENT_CERTIFICATE, Environment, SERVER_CERTIFICATE, SERVER_KEY};
use super::pem::{Pem, PemFault};
use super::repair;
use crate::findings::{Finding, Findings};

mod roles;

/// The server's certificate chain in the certs directory.
pub const SERVER_CERTIFICATE_FILE: &str = "server_cert.cer";
/// The server's private key in the certs directory.
pub const SERVER_KEY_FILE: &str = "server_key.key";
/// The client CA in the certs directory.
pub const CLIENT_CA_FILE: &str = "client_cert.pem";

/// Everything TLS needs, parsed.
#[derive(Debug)]
pub struct Materials {
    /// The server's certificate and what stood with it, in the order it was given.
    pub server_certificate: Certificates,
    /// The server's key.
    pub server_key: PrivateKey,
    /// What client certificates must chain to. `None` only where no client is asked for one.
    pub client_ca: Option<Certificates>,
    /// The revocation lists of the environment, as clean PEM; to be written, but not used from here.
    pub client_crl: Option<String>,
    /// Warnings met on the way.
    pub findings: Findings,
}

/// What could be read where not everything could, and every fault of the rest.
#[derive(Debug)]
pub struct Incomplete {
    /// The server's certificates.
    pub server_certificate: Option<Certificates>,
    /// The server's key.
    pub server_key: Option<PrivateKey>,
    /// What client certificates must chain to.
    pub client_ca: Option<Certificates>,
    /// At least one error.
    pub findings: Findings,
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

/// Finds, repairs and parses all three.
///
/// For each: the variable if it is set, else the file in `certs_dir`. With `needs_client_ca` false
/// (no client is asked for a certificate) a missing client CA is fine; one that is there is still read.
pub fn gather(
    environment: &Environment,
    certs_dir: &Path,
    needs_client_ca: bool,
) -> Result<Materials, Box<Incomplete>> {
    let mut findings = environment.unsupported();
    let certificate = obtain(environment, certs_dir, &Role::ServerCertificate)
        .and_then(|given| required(given, certs_dir, &Role::ServerCertificate))
        .and_then(|(source, pem)| roles::server_certificate(source, &pem));
    let key = obtain(environment, certs_dir, &Role::ServerKey)
        .and_then(|given| required(given, certs_dir, &Role::ServerKey))
        .and_then(|(source, pem)| roles::server_key(source, &pem, &mut findings));
    let client_ca = obtain(environment, certs_dir, &Role::ClientCa).and_then(|given| {
        if given.is_none() && !needs_client_ca {
            return Ok(None);
        }
        let (source, pem) = required(given, certs_dir, &Role::ClientCa)?;
        roles::client_ca(source, &pem, &mut findings).map(Some)
    });
    match (certificate, key, client_ca) {
        (Ok(server_certificate), Ok(server_key), Ok(client_ca)) if !findings.has_errors() => {
            Ok(Materials {
                server_certificate,
                server_key,
                client_ca,
                client_crl: None,
                findings,
            })
        }
        (certificate, key, client_ca) => Err(Box::new(Incomplete {
            server_certificate: findings.note(certificate),
            server_key: findings.note(key),
            client_ca: findings.note(client_ca).flatten(),
            findings,
        })),
    }
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

/// The clean PEM of one role and its source; `None` if neither variable nor file is there.
fn obtain(
    environment: &Environment,
    certs_dir: &Path,
    role: &Role,
) -> Result<Option<(Source, Pem)>, Findings> {
    let variable = role.variable();
    if let Some(value) = environment.value(variable)? {
        let source = Source::Environment { variable };
        return match value.repaired() {
            Ok(pem) => Ok(Some((source, pem))),
            Err(fault) => Err(unreadable(&source, &fault, role)),
        };
    }
    let path = certs_dir.join(role.file());
    let Some(raw) = read(&path, role)? else {
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
    certs_dir: &Path,
    role: &Role,
) -> Result<(Source, Pem), Findings> {
    given.ok_or_else(|| {
        let path = certs_dir.join(role.file());
        Finding::error(
            role.variable(),
            format!("not set, and there is no file {}", path.display()),
        )
        .expected(role.expected())
        .advice(format!(
            "Set the variable {}, or put the file there",
            role.variable()
        ))
        .into()
    })
}

fn unreadable(source: &Source, fault: &PemFault, role: &Role) -> Findings {
    Finding::error(source.to_string(), fault.to_string())
        .expected(role.expected())
        .advice(fault.advice().replace("NAME", role.variable()))
        .into()
}

/// A file's bytes; `None` if there is no such file.
fn read(path: &Path, role: &Role) -> Result<Option<Zeroizing<Vec<u8>>>, Findings> {
    // One byte more than `repair` takes, so that it sees that there is too much.
    const LIMIT: u64 = repair::LIMIT + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 << 10));
    let read = File::open(path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(cannot_be_read(path, &e).expected(role.expected()).into()),
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
