//! Over what TLS the load is made: from options and identities to one TLS context each.

use std::path::{Path, PathBuf};

use openssl::error::ErrorStack;
use openssl::ssl::{
    SslContext, SslContextBuilder, SslMethod, SslMode, SslSessionCacheMode, SslVerifyMode,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;

use super::identity::Identity;
use super::plan::{HttpVersion, Mode, Plan};
use super::tickets;
use crate::config::values::Protocol;
use crate::tls::failure::words;
use crate::tls::{ffi, groups};

/// What AWS-LC has by default, but hybrids that hardly any server has; and P-521, without which a server's
/// certificate with such a key is refused in TLS 1.2.
const DEFAULT_GROUPS: &str = "X25519MLKEM768:X25519:P-256:P-384:P-521";

/// How handshakes are made.
pub struct TlsOptions {
    /// Client certificates, in turn; empty for none.
    pub identities: Vec<Identity>,
    /// Who may have signed the server's certificate.
    pub trust: Trust,
    /// The name to ask for, and to expect in the certificate, instead of the target's host.
    pub sni: Option<String>,
    /// Exactly this version.
    pub version: Option<Protocol>,
    /// Key exchange groups, as OpenSSL writes them.
    pub groups: Option<String>,
    /// Ciphers, as OpenSSL writes them; `TLS_…` are suites of TLS 1.3.
    pub ciphers: Option<String>,
}

/// Who may have signed the server's certificate.
pub enum Trust {
    /// These.
    Authorities(Vec<X509>),
    /// Anybody: the certificate isn't looked at.
    Anybody,
}

/// What AWS-LC refuses.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// A list of an option.
    #[error("--{option} {value}: AWS-LC doesn't know it{}", because(.error))]
    Option {
        /// The flag without its dashes.
        option: &'static str,
        /// What was written.
        value: String,
        /// Why.
        error: ErrorStack,
    },
    /// A certificate, or AWS-LC itself.
    #[error("AWS-LC can't use the certificate and key{}", because(.0))]
    Certificate(#[from] ErrorStack),
}

/// One context for each identity, or one without.
pub fn contexts(options: &TlsOptions, plan: &Plan) -> Result<Vec<SslContext>, TlsFault> {
    if options.identities.is_empty() {
        return Ok(vec![context(options, plan, None)?]);
    }
    let identities = options.identities.iter();
    identities
        .map(|identity| context(options, plan, Some(identity)))
        .collect()
}

fn context(
    options: &TlsOptions,
    plan: &Plan,
    identity: Option<&Identity>,
) -> Result<SslContext, TlsFault> {
    let mut builder = client(options, identity)?;
    if plan.is_http() {
        builder.set_alpn_protos(match plan.http {
            HttpVersion::One => b"\x08http/1.1",
            HttpVersion::Two => b"\x02h2",
        })?;
    }
    match plan.mode {
        Mode::Resumed => tickets::keep(&mut builder),
        _ => drop(builder.set_session_cache_mode(SslSessionCacheMode::OFF)),
    }
    Ok(builder.build())
}

/// What a client is to its servers, whatever it wants of them.
pub fn client(
    options: &TlsOptions,
    identity: Option<&Identity>,
) -> Result<SslContextBuilder, TlsFault> {
    let mut builder = SslContext::builder(SslMethod::tls_client())?;
    builder.set_mode(
        // Asynchronous writes: repeated from another buffer, taken in part.
        SslMode::ACCEPT_MOVING_WRITE_BUFFER
            | SslMode::ENABLE_PARTIAL_WRITE
            | SslMode::NO_AUTO_CHAIN
            // Thousands of connections are held in mode idle.
            | SslMode::RELEASE_BUFFERS,
    );
    choose_protocol(&mut builder, options)?;
    ffi::set_verify_algorithms(&mut builder)?;
    match &options.trust {
        Trust::Anybody => builder.set_verify(SslVerifyMode::NONE),
        Trust::Authorities(authorities) => {
            let mut store = X509StoreBuilder::new()?;
            for authority in authorities {
                store.add_cert(authority.clone())?;
            }
            builder.set_cert_store(store.build());
            builder.set_verify(SslVerifyMode::PEER);
        }
    }
    if let Some(identity) = identity {
        builder.set_certificate(&identity.leaf)?;
        for certificate in &identity.chain {
            builder.add_extra_chain_cert(certificate.clone())?;
        }
        builder.set_private_key(&identity.key)?;
    }
    Ok(builder)
}

fn choose_protocol(builder: &mut SslContextBuilder, options: &TlsOptions) -> Result<(), TlsFault> {
    let fault = |option: &'static str, value: &str| {
        let value = value.to_owned();
        move |error| TlsFault::Option {
            option,
            value,
            error,
        }
    };
    if let Some(version) = options.version {
        builder.set_min_proto_version(Some(version.version()))?;
        builder.set_max_proto_version(Some(version.version()))?;
    }
    let groups = options.groups.as_deref().unwrap_or(DEFAULT_GROUPS);
    builder
        .set_groups_list(&groups::translated(groups))
        .map_err(fault("tls-groups", groups))?;
    // TLS 1.3 suites and older ciphers are two lists to AWS-LC, one to people.
    let written = options.ciphers.as_deref().unwrap_or_default();
    let parts = written
        .split([':', ',', ' '])
        .filter(|part| !part.is_empty());
    let (suites, ciphers): (Vec<_>, Vec<_>) = parts.partition(|part| part.starts_with("TLS_"));
    if !suites.is_empty() {
        ffi::set_ciphersuites(builder, &suites).map_err(fault("tls-ciphers", written))?;
    }
    if !ciphers.is_empty() {
        builder
            .set_cipher_list(&ciphers.join(":"))
            .map_err(fault("tls-ciphers", written))?;
    }
    Ok(())
}

/// `: no cipher match`; AWS-LC gives no reason for a group that it doesn't know.
fn because(error: &ErrorStack) -> String {
    match words(error).split(", ").next() {
        None | Some("") => String::new(),
        Some(first) => format!(": {first}"),
    }
}

/// The file of the system's CAs, where the usual systems have it; `SSL_CERT_FILE` goes ahead.
/// AWS-LC's own default is a path that no distribution has.
pub fn system_authorities() -> Option<PathBuf> {
    const USUAL: [&str; 5] = [
        // Debian, Ubuntu, Alpine, Arch
        "/etc/ssl/certs/ca-certificates.crt",
        // Fedora, RHEL, Amazon Linux
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        // openSUSE
        "/etc/ssl/ca-bundle.pem",
        // macOS, BSDs
        "/etc/ssl/cert.pem",
    ];
    if let Some(file) = std::env::var_os("SSL_CERT_FILE") {
        return Some(file.into());
    }
    USUAL
        .iter()
        .map(Path::new)
        .find(|path| path.exists())
        .map(Path::to_owned)
}
