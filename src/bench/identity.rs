//! As whom the load is made: certificates, keys and CAs from files.
//!
//! Takes paths; hands on parsed material, or which file is at fault and what was found in it.

use std::path::{Path, PathBuf};

use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use zeroize::Zeroizing;

use crate::startup::keys;
use crate::startup::pem::{Label, Pem, PemFault};
use crate::startup::repair::repair;

/// A client certificate with its key.
#[derive(Clone)]
pub struct Identity {
    /// The client's own certificate.
    pub leaf: X509,
    /// What is sent after it.
    pub chain: Vec<X509>,
    /// Its key.
    pub key: PKey<Private>,
}

/// A file that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// Not readable.
    #[error("{}: can't be read: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The kernel's words.
        error: std::io::Error,
    },
    /// No PEM.
    #[error("{}: found {fault}; expected {expected}", .path.display())]
    NoPem {
        /// The file.
        path: PathBuf,
        /// What it is.
        fault: PemFault,
        /// What it should be.
        expected: &'static str,
    },
    /// PEM of something else.
    #[error("{}: found {found}; expected {expected}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is in it.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Two files that don't belong together.
    #[error("{}: found a key that doesn't belong to the certificate in {}", .key.display(), .certificate.display())]
    Mismatch {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        certificate: PathBuf,
    },
}

const CERTIFICATE: &str = "a client certificate as PEM, its intermediates after it";
const KEY: &str = "a private key as PEM, one block, not encrypted";
const AUTHORITY: &str = "CA certificates as PEM";

impl Identity {
    /// Reads a pair of files; they may be one and the same.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, FileFault> {
        let mut certificates = certificates(certificate, CERTIFICATE)?;
        let leaf = certificates.remove(0);
        let private = private_key(key)?;
        if let Some(fault) = keys::fault(&leaf) {
            return Err(FileFault::Content {
                path: certificate.to_owned(),
                found: fault.to_string(),
                expected: CERTIFICATE,
            });
        }
        if !leaf
            .public_key()
            .is_ok_and(|public| public.public_eq(&private))
        {
            return Err(FileFault::Mismatch {
                key: key.to_owned(),
                certificate: certificate.to_owned(),
            });
        }
        Ok(Self {
            leaf,
            chain: certificates,
            key: private,
        })
    }
}

/// Reads the CAs that a server's certificate must chain to.
pub fn authorities(path: &Path) -> Result<Vec<X509>, FileFault> {
    certificates(path, AUTHORITY)
}

/// At least one certificate.
fn certificates(path: &Path, expected: &'static str) -> Result<Vec<X509>, FileFault> {
    let pem = pem(path, expected)?;
    let content = |found: String| FileFault::Content {
        path: path.to_owned(),
        found,
        expected,
    };
    let blocks = pem
        .blocks
        .iter()
        .filter(|block| block.label == Label::Certificate);
    let parsed: Result<Vec<_>, _> = blocks.map(|block| X509::from_der(&block.der)).collect();
    match parsed {
        Ok(certificates) if certificates.is_empty() => Err(content(pem.describe())),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(content(format!(
            "a damaged certificate ({})",
            keys::reason(&error)
        ))),
    }
}

fn private_key(path: &Path) -> Result<PKey<Private>, FileFault> {
    let pem = pem(path, KEY)?;
    let content = |found: String| FileFault::Content {
        path: path.to_owned(),
        found,
        expected: KEY,
    };
    let mut keys = pem.blocks.iter().filter(|block| block.label.is_private());
    match (keys.next(), keys.next()) {
        (Some(key), None) if key.label != Label::EncryptedPrivateKey => {
            keys::private(key).map_err(|fault| content(fault.to_string()))
        }
        _ => Err(content(pem.describe())),
    }
}

fn pem(path: &Path, expected: &'static str) -> Result<Pem, FileFault> {
    let raw = std::fs::read(path).map_err(|error| FileFault::Unreadable {
        path: path.to_owned(),
        error,
    })?;
    repair(&Zeroizing::new(raw)).map_err(|fault| FileFault::NoPem {
        path: path.to_owned(),
        fault,
        expected,
    })
}
