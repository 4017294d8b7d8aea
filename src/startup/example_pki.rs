//! A throwaway PKI, for `certgate demo` and for trying things out.
//!
//! Takes a validity; hands on a CA, a server certificate for this machine's loopback names and a
//! client certificate, in memory or as files. The CA's key is dropped at once: nothing more can be
//! signed with it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder, X509Ref};
use zeroize::Zeroizing;

/// A CA, a server and a client, P-256 throughout.
pub struct ExamplePki {
    ca: String,
    server: String,
    server_key: Zeroizing<String>,
    client: String,
    client_key: Zeroizing<String>,
}

impl ExamplePki {
    /// Makes one that is valid from now for so many days.
    pub fn create(validity_days: u32) -> Result<Self, ErrorStack> {
        let ca_key = ec_key()?;
        let ca = authority(&ca_key, validity_days)?;
        let server_key = ec_key()?;
        let server = leaf(&server_key, &ca, &ca_key, validity_days, &Purpose::Server)?;
        let client_key = ec_key()?;
        let client = leaf(&client_key, &ca, &ca_key, validity_days, &Purpose::Client)?;
        Ok(Self {
            ca: certificate_pem(&ca)?,
            server: certificate_pem(&server)?,
            server_key: key_pem(&server_key)?,
            client: certificate_pem(&client)?,
            client_key: key_pem(&client_key)?,
        })
    }

    /// The CA's certificate as PEM.
    pub fn ca(&self) -> &str {
        &self.ca
    }

    /// The server's certificate as PEM, for localhost, 127.0.0.1 and ::1.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The server's key as PEM.
    pub fn server_key(&self) -> &str {
        &self.server_key
    }

    /// The client's certificate as PEM.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// The client's key as PEM.
    pub fn client_key(&self) -> &str {
        &self.client_key
    }

    /// Writes `ca.pem`, `server.pem`, `server.key`, `client.pem` and `client.key` into `dir`, which
    /// must exist and hold none of them; the keys are 0600.
    pub fn write_to(&self, dir: &Path) -> io::Result<()> {
        let create = |name: &str, content: &str, mode: u32| {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(dir.join(name))?
                .write_all(content.as_bytes())
        };
        create("ca.pem", &self.ca, 0o644)?;
        create("server.pem", &self.server, 0o644)?;
        create("server.key", &self.server_key, 0o600)?;
        create("client.pem", &self.client, 0o644)?;
        create("client.key", &self.client_key, 0o600)
    }
}

enum Purpose {
    Server,
    Client,
}

fn authority(key: &PKey<Private>, days: u32) -> Result<X509, ErrorStack> {
    let name = name("certgate example CA")?;
    let mut builder = builder(&name, key, days)?;
    builder.set_issuer_name(&name)?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    let mut usage = KeyUsage::new();
    builder.append_extension(usage.critical().key_cert_sign().crl_sign().build()?)?;
    let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(identifier)?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

fn leaf(
    key: &PKey<Private>,
    ca: &X509Ref,
    ca_key: &PKey<Private>,
    days: u32,
    purpose: &Purpose,
) -> Result<X509, ErrorStack> {
    let common_name = match purpose {
        Purpose::Server => "localhost",
        Purpose::Client => "example client",
    };
    let mut builder = builder(&name(common_name)?, key, days)?;
    builder.set_issuer_name(ca.subject_name())?;
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    let usage = KeyUsage::new().critical().digital_signature().build()?;
    builder.append_extension(usage)?;
    let context = builder.x509v3_context(Some(ca), None);
    let mut extensions = vec![
        SubjectKeyIdentifier::new().build(&context)?,
        AuthorityKeyIdentifier::new().keyid(true).build(&context)?,
    ];
    match purpose {
        Purpose::Server => {
            extensions.push(ExtendedKeyUsage::new().server_auth().build()?);
            let mut names = SubjectAlternativeName::new();
            names.dns("localhost").ip("127.0.0.1").ip("::1");
            extensions.push(names.build(&context)?);
        }
        Purpose::Client => extensions.push(ExtendedKeyUsage::new().client_auth().build()?),
    }
    for extension in extensions {
        builder.append_extension(extension)?;
    }
    builder.sign(ca_key, MessageDigest::sha256())?;
    Ok(builder.build())
}

fn builder(subject: &X509Name, key: &PKey<Private>, days: u32) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509Builder::new()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    // 127 bits: random, positive and within RFC 5280's 20 bytes.
    serial.rand(127, MsbOption::ONE, false)?;
    builder.set_serial_number(&*Asn1Integer::from_bn(&serial)?)?;
    builder.set_subject_name(subject)?;
    builder.set_pubkey(key)?;
    builder.set_not_before(&*Asn1Time::days_from_now(0)?)?;
    builder.set_not_after(&*Asn1Time::days_from_now(days)?)?;
    Ok(builder)
}

fn name(common_name: &str) -> Result<X509Name, ErrorStack> {
    let mut builder = X509NameBuilder::new()?;
    builder.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(builder.build())
}

fn ec_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn certificate_pem(certificate: &X509Ref) -> Result<String, ErrorStack> {
    Ok(String::from_utf8_lossy(&certificate.to_pem()?).into_owned())
}

fn key_pem(key: &PKey<Private>) -> Result<Zeroizing<String>, ErrorStack> {
    let bytes = Zeroizing::new(key.private_key_to_pem_pkcs8()?);
    Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::SystemTime;

    use super::*;
    use crate::startup::checks;
    use crate::startup::environment::{
        CLIENT_CERTIFICATE, Environment, SERVER_CERTIFICATE, SERVER_KEY,
    };
    use crate::startup::materials::{Wants, gather};

    #[test]
    fn passes_every_check() {
        let pki = ExamplePki::create(90).unwrap();
        let environment = Environment::new(
            [
                (SERVER_CERTIFICATE, pki.server()),
                (SERVER_KEY, pki.server_key()),
                (CLIENT_CERTIFICATE, pki.ca()),
            ]
            .map(|(name, value)| (name.into(), value.into())),
        );
        let materials =
            gather(&environment, &Wants::usual(Path::new("/nonexistent"), true)).unwrap();
        let report = checks::inspect(&materials, false, SystemTime::now());
        assert!(!report.findings.has_errors(), "{report}");
        let ca = X509::from_pem(pki.ca().as_bytes()).unwrap();
        for leaf in [pki.server(), pki.client()] {
            let leaf = X509::from_pem(leaf.as_bytes()).unwrap();
            assert!(leaf.verify(&ca.public_key().unwrap()).unwrap());
        }
    }

    #[test]
    fn writes_keys_that_nobody_else_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let pki = ExamplePki::create(1).unwrap();
        pki.write_to(dir.path()).unwrap();
        for (name, mode) in [("server.key", 0o600), ("client.key", 0o600)] {
            let metadata = fs::metadata(dir.path().join(name)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, mode);
        }
        let ca = fs::read_to_string(dir.path().join("ca.pem")).unwrap();
        assert_eq!(ca, pki.ca());
        assert!(pki.write_to(dir.path()).is_err(), "nothing is overwritten");
    }
}
