//! What each of the three materials may hold, and what it is called.
//!
//! Takes the clean PEM of one role; hands on its parsed form, or findings that say what is there
//! instead.

use std::collections::HashSet;

use openssl::x509::X509;

use super::{
    CLIENT_CA_FILE, CLIENT_CERTIFICATE, Certificates, PrivateKey, SERVER_CERTIFICATE,
    SERVER_CERTIFICATE_FILE, SERVER_KEY, SERVER_KEY_FILE, Source,
};
use crate::findings::{Finding, Findings};
use crate::startup::keys::{self, KeyFault};
use crate::startup::pem::{Label, Pem};

const DAMAGED: &str = "Copy it again from the original file; if it reads the same there, have it issued anew: AWS-LC takes DER only as the standards have it";

/// The three materials.
pub(super) enum Role {
    ServerCertificate,
    ServerKey,
    ClientCa,
}

impl Role {
    pub(super) fn variable(&self) -> &'static str {
        match self {
            Self::ServerCertificate => SERVER_CERTIFICATE,
            Self::ServerKey => SERVER_KEY,
            Self::ClientCa => CLIENT_CERTIFICATE,
        }
    }

    /// The setting that names another file.
    pub(super) fn setting(&self) -> &'static str {
        match self {
            Self::ServerCertificate => "certificate",
            Self::ServerKey => "certificate-key",
            Self::ClientCa => "client-ca",
        }
    }

    pub(super) fn file(&self) -> &'static str {
        match self {
            Self::ServerCertificate => SERVER_CERTIFICATE_FILE,
            Self::ServerKey => SERVER_KEY_FILE,
            Self::ClientCa => CLIENT_CA_FILE,
        }
    }

    pub(super) fn expected(&self) -> &'static str {
        match self {
            Self::ServerCertificate => {
                "the server's certificate as PEM, its intermediates after it"
            }
            Self::ServerKey => "the server's private key as PEM, one block, not encrypted",
            Self::ClientCa => "the CA certificate(s) that client certificates chain to, as PEM",
        }
    }
}

/// One or more certificates and no key.
pub(super) fn server_certificate(source: Source, pem: &Pem) -> Result<Certificates, Findings> {
    certificates(source, pem, &Role::ServerCertificate)
}

/// One or more certificates and no key; each is kept once.
pub(super) fn client_ca(
    source: Source,
    pem: &Pem,
    warnings: &mut Findings,
) -> Result<Certificates, Findings> {
    let mut all = certificates(source, pem, &Role::ClientCa)?;
    let mut seen = HashSet::new();
    let before = all.certificates.len();
    all.certificates
        .retain(|c| c.to_der().map_or(true, |der| seen.insert(der)));
    let doubles = before - all.certificates.len();
    if doubles > 0 {
        warnings.push(
            Finding::warning(
                all.source.to_string(),
                format!("{doubles} of {before} certificates are there more than once"),
            )
            .advice("Each is used once; nothing needs to be done"),
        );
        all.pem = unique_pem(pem);
    }
    Ok(all)
}

/// Exactly one private key; curve parameters and certificates beside it are dropped.
pub(super) fn server_key(
    source: Source,
    pem: &Pem,
    warnings: &mut Findings,
) -> Result<PrivateKey, Findings> {
    let place = source.to_string();
    let role = Role::ServerKey;
    let wrong = |found: String| Finding::error(&place, found).expected(role.expected());
    let keys: Vec<_> = pem.blocks.iter().filter(|b| b.label.is_private()).collect();
    let has = |label| pem.blocks.iter().any(|b| b.label == label);
    let [key] = keys.as_slice() else {
        let advice = if keys.len() > 1 {
            "Keep only the key of the server's certificate"
        } else if has(Label::Certificate) {
            "This looks swapped with SSL_SERVER_CERTIFICATE: exchange the two values"
        } else if has(Label::PublicKey) {
            "A public key can't sign; give the private key that it was made from"
        } else if has(Label::CertificateRequest) {
            "A request is what a CA signs; give the private key that was made with it"
        } else {
            "Give the block that begins with -----BEGIN PRIVATE KEY-----"
        };
        return Err(wrong(pem.describe()).advice(advice).into());
    };
    match key.label {
        Label::EncryptedPrivateKey => {
            return Err(wrong("an encrypted private key".to_owned())
                .advice("Take the passphrase off: `openssl pkey -in encrypted.key -out server.key`")
                .into());
        }
        Label::OpensshPrivateKey => {
            return Err(wrong("an OpenSSH private key".to_owned())
                .advice("Convert a copy of it: `ssh-keygen -p -N '' -m PKCS8 -f copy.key`")
                .into());
        }
        _ => {}
    }
    let dropped = pem
        .blocks
        .iter()
        .filter(|b| !b.label.is_private() && b.label != Label::EcParameters)
        .count();
    if dropped > 0 {
        let blocks = if dropped == 1 { "block" } else { "blocks" };
        warnings.push(
            Finding::warning(
                &place,
                format!("{}; all but the key is left out", pem.describe()),
            )
            .expected("the private key alone")
            .advice(format!("Remove the other {blocks} from it")),
        );
    }
    let parsed = keys::private(key).map_err(|fault| match fault {
        KeyFault::Unknown(_) => wrong(fault.to_string())
            .expected(keys::EXPECTED)
            .advice("Have a certificate issued for a key of such a kind"),
        KeyFault::Unreadable(reason) => wrong(format!(
            "a {} block whose content is no key: {reason}",
            key.label.name()
        ))
        .advice(DAMAGED),
    })?;
    Ok(PrivateKey {
        pem: key.to_pem(),
        source,
        key: parsed,
    })
}

fn certificates(source: Source, pem: &Pem, role: &Role) -> Result<Certificates, Findings> {
    let place = source.to_string();
    let wrong = |found: String| Finding::error(&place, found).expected(role.expected());
    let has_key = pem.blocks.iter().any(|b| b.label.is_private());
    let has_certificate = pem.blocks.iter().any(|b| b.label == Label::Certificate);
    if has_key {
        let advice = match (role, has_certificate) {
            (Role::ServerCertificate, false) => {
                "This looks swapped with SSL_SERVER_KEY: exchange the two values".to_owned()
            }
            (Role::ServerCertificate, true) => {
                "Certificates are stored readable for all: move the key to SSL_SERVER_KEY"
                    .to_owned()
            }
            (_, false) => format!("Give the CA's certificate; a key in {} looks swapped with SSL_SERVER_KEY", role.variable()),
            (_, true) => {
                "Remove the key: a CA's key has no place on a server, and certificates are stored readable for all"
                    .to_owned()
            }
        };
        return Err(wrong(pem.describe()).advice(advice).into());
    }
    if !has_certificate {
        let is = |label| pem.blocks.iter().any(|b| b.label == label);
        let advice = if is(Label::CertificateRequest) {
            "A request is no certificate yet: give what the CA returned for it"
        } else if is(Label::PublicKey) {
            "A public key is only a part: give the certificate that it is in"
        } else if is(Label::Pkcs7) {
            "Take the certificates out: `openssl pkcs7 -print_certs -in bundle.p7b`"
        } else {
            "Give blocks that begin with -----BEGIN CERTIFICATE-----"
        };
        return Err(wrong(pem.describe()).advice(advice).into());
    }
    let mut findings = Findings::default();
    let mut certificates = Vec::new();
    let mut text = String::new();
    let count = pem.blocks.len();
    for (index, block) in pem.blocks.iter().enumerate() {
        // Parameters, requests and public keys beside a certificate do no harm and no good.
        if block.label != Label::Certificate {
            continue;
        }
        match X509::from_der(&block.der) {
            Ok(certificate) => {
                certificates.push(certificate);
                text.push_str(&block.to_pem());
            }
            Err(error) => findings.push(
                wrong(format!(
                    "a CERTIFICATE block whose content is no certificate (block {} of {count}): {}",
                    index + 1,
                    keys::reason(&error)
                ))
                .advice(DAMAGED),
            ),
        }
    }
    if findings.has_errors() {
        return Err(findings);
    }
    Ok(Certificates {
        source,
        certificates,
        pem: text,
    })
}

fn unique_pem(pem: &Pem) -> String {
    let mut seen = HashSet::new();
    pem.blocks
        .iter()
        .filter(|b| b.label == Label::Certificate && seen.insert(b.der.to_vec()))
        .map(|b| b.to_pem().to_string())
        .collect()
}
