//! From checked credentials and settings to AWS-LC's context.
//!
//! One context is one immutable view of whom to trust; every connection lives with the one it
//! began with.

use std::sync::Arc;
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    AlpnError, Ssl, SslContext, SslContextBuilder, SslMode, SslOptions, SslSessionCacheMode,
    SslVerifyMode, select_next_proto,
};
use openssl::x509::X509;

use super::failure::words;
use super::ffi::{self, server};
use super::groups;
use super::ocsp::{Ocsp, Question, Statuses};
use super::policy::{HandshakePolicy, attach};
use super::resumption::Resumption;
use super::stapling::{self, Staple, Stapled};
use super::suites::{self, Suites};
use super::tickets::TicketKeys;
use super::verification::Verifier;
use crate::config::values::{CipherPreference, ClientAuth, Protocol, Refusal, Switch, shown};
use crate::config::{StapleSettings, TlsSettings};
use crate::findings::{Finding, Findings};

/// The server's identity and whom it trusts.
pub struct Credentials {
    /// The server's certificate.
    pub leaf: X509,
    /// What goes with it to the client, the leaf's issuer first.
    pub chain: Vec<X509>,
    /// The leaf's key.
    pub key: PKey<Private>,
    /// The certificates of the client CA; empty if clients aren't asked.
    pub client_ca: Vec<X509>,
    /// The status of the server's certificate that was in a file.
    pub staple: Option<Staple>,
}

impl Credentials {
    /// What is asked about the server's certificate; `None` without its issuer.
    pub fn question(&self, settings: &StapleSettings) -> Option<Question> {
        let others = [&self.chain[..], &self.client_ca].concat();
        stapling::question(&self.leaf, &others, settings.responder.as_ref())
    }
}

/// What changes while a context lives, or lives longer than it.
#[derive(Clone)]
pub struct Live {
    /// What is known of clients' certificates.
    pub statuses: Arc<Statuses>,
    /// The status of the server's own.
    pub stapled: Stapled,
}

/// Everything that a handshake needs.
pub struct TlsContext {
    inner: SslContext,
    pub(super) handshake_timeout: Duration,
}

/// The application protocols (ALPN, RFC 7301) that are spoken behind the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Application {
    /// HTTP/2, HTTP/1.1.
    Http,
    /// Raw bytes: ALPN is left alone.
    Opaque,
}

const HTTP_ALPN: &[u8] = b"\x02h2\x08http/1.1";

/// TLS 1.2: forward secrecy and authenticated encryption only (Mozilla's "intermediate" list
/// without DHE, whose groups can't be bounded by `tls-groups`).
const DEFAULT_CIPHERS: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
    ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE+CHACHA20";
/// Who asks for TLS 1.0 or 1.1 has clients that know neither of the two.
const OLD_CIPHERS: &str = "ECDHE+AES:RSA+AES";

impl TlsContext {
    /// What is wrong with settings for which there are no credentials yet.
    pub fn check(settings: &TlsSettings) -> Result<(), Findings> {
        let mut builder = server::context_builder().map_err(unexpected)?;
        apply_settings(&mut builder, settings)
    }

    /// Builds the context; AWS-LC's complaints name the setting they are about.
    pub fn build(
        credentials: &Credentials,
        settings: &TlsSettings,
        application: Application,
        live: &Live,
    ) -> Result<Self, Findings> {
        let mut builder = server::context_builder().map_err(unexpected)?;
        apply_settings(&mut builder, settings)?;
        present(&mut builder, credentials).map_err(unusable_certificate)?;
        decide_handshakes(&mut builder, credentials, settings, live).map_err(unexpected)?;
        if application == Application::Http {
            builder.set_alpn_select_callback(|_, offered| {
                select_next_proto(HTTP_ALPN, offered).ok_or(AlpnError::ALERT_FATAL)
            });
        }
        Ok(Self {
            inner: builder.build(),
            handshake_timeout: settings.handshake_timeout,
        })
    }

    /// The server's side of a new connection, before its first byte.
    pub fn connection(&self) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(&self.inner)?;
        attach(&mut ssl)?;
        server::shed_after_handshake(&mut ssl);
        Ok(ssl)
    }
}

fn apply_settings(builder: &mut SslContextBuilder, settings: &TlsSettings) -> Result<(), Findings> {
    let mut findings = Findings::default();
    // Compression and renegotiation don't exist in AWS-LC's servers.
    if settings.prefer == CipherPreference::Server {
        builder.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
    }
    // Asynchronous writes: repeated from another buffer, taken in part.
    builder.set_mode(SslMode::ACCEPT_MOVING_WRITE_BUFFER | SslMode::ENABLE_PARTIAL_WRITE);
    if let Err(error) = ffi::set_verify_algorithms(builder) {
        findings.extend(unexpected(error));
    }
    let old = settings.min_protocol < Protocol::Tls12;
    let versions = builder
        .set_min_proto_version(Some(settings.min_protocol.version()))
        .and_then(|()| builder.set_max_proto_version(Some(settings.max_protocol.version())));
    if let Err(error) = versions {
        let written = format!("{:?} to {:?}", settings.min_protocol, settings.max_protocol);
        findings.push(refused_by_aws_lc("tls-protocols", &written, &error));
    }
    if let Err(finding) = set_ciphers(builder, &settings.ciphers, old) {
        findings.push(finding);
    }
    if let Err(finding) = set_groups(builder, &settings.groups) {
        findings.push(finding);
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(findings)
    }
}

/// TLS 1.3 suites and older ciphers are two lists to AWS-LC, one to the operator.
fn set_ciphers(builder: &mut SslContextBuilder, written: &str, old: bool) -> Result<(), Finding> {
    let (suites, ciphers) = suites_and_ciphers(written);
    let failed = |error| {
        refused_by_aws_lc("tls-ciphers", written, &error)
            .expected("names such as ECDHE-ECDSA-AES128-GCM-SHA256 or TLS_AES_128_GCM_SHA256, colons between; AWS-LC has no DHE, no CCM and no @SECLEVEL")
    };
    if !suites.is_empty() {
        ffi::set_ciphersuites(builder, &suites).map_err(failed)?;
    }
    let ciphers = match ciphers.is_empty() {
        true if old => format!("{DEFAULT_CIPHERS}:{OLD_CIPHERS}"),
        true => DEFAULT_CIPHERS.to_owned(),
        false => ciphers.join(":"),
    };
    builder.set_cipher_list(&ciphers).map_err(failed)
}

/// Those of TLS 1.3 and those of older versions.
fn suites_and_ciphers(written: &str) -> (Vec<&str>, Vec<&str>) {
    written
        .split([':', ',', ' '])
        .filter(|part| !part.is_empty())
        .partition(|part| part.starts_with("TLS_"))
}

fn set_groups(builder: &mut SslContextBuilder, written: &str) -> Result<(), Finding> {
    let set = builder.set_groups_list(&groups::translated(written));
    set.map_err(|error| {
        refused_by_aws_lc("tls-groups", written, &error)
            .expected("names such as X25519MLKEM768, X25519, P-256, P-384, colons between")
    })
}

fn present(builder: &mut SslContextBuilder, credentials: &Credentials) -> Result<(), ErrorStack> {
    let chain = std::iter::once(&credentials.leaf).chain(&credentials.chain);
    let chain: Vec<_> = chain.map(|c| c.to_der()).collect::<Result<_, _>>()?;
    server::present(builder, &chain, &credentials.key)
}

fn decide_handshakes(
    builder: &mut SslContextBuilder,
    credentials: &Credentials,
    settings: &TlsSettings,
    live: &Live,
) -> Result<(), ErrorStack> {
    let names = credentials
        .client_ca
        .iter()
        .map(|c| c.subject_name().to_der());
    server::advertise(builder, &names.collect::<Result<Vec<_>, _>>()?)?;
    let page = settings.refusal == Refusal::Page;
    let mode = match settings.client_auth {
        ClientAuth::Off => SslVerifyMode::NONE,
        ClientAuth::Required if !page => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
        ClientAuth::Required | ClientAuth::Optional => SslVerifyMode::PEER,
    };
    // Tickets only: a cache on this side would be one more place to check and to bound.
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    server::set_session_timeout(builder, settings.session_timeout);
    match settings.tickets {
        Switch::On => server::set_ticket_count(builder, 1)?,
        Switch::Off => {
            builder.set_options(SslOptions::NO_TICKET);
        }
    }
    let ocsp = &settings.ocsp;
    let verifier = Verifier::new(&credentials.client_ca, settings.verify_depth.0)?;
    let policy = HandshakePolicy {
        verifier: verifier.asking(ocsp.scope, ocsp.responder.as_ref()),
        ocsp: Ocsp::new(live.statuses.clone(), ocsp.policy, ocsp.timeout),
        stapled: live.stapled.clone(),
        resumption: Resumption {
            keys: TicketKeys::random(settings.session_timeout)?,
            timeout: settings.session_timeout,
            anonymous: settings.client_auth != ClientAuth::Required,
        },
        suites: (settings.prefer == CipherPreference::Server).then(|| suites_of(settings)),
        page,
    };
    server::set_policy(builder, mode, policy)
}

fn suites_of(settings: &TlsSettings) -> Suites {
    match suites_and_ciphers(&settings.ciphers).0 {
        none if none.is_empty() => Suites::new(&suites::DEFAULT),
        written => Suites::new(&written),
    }
}

fn refused_by_aws_lc(setting: &str, written: &str, error: &ErrorStack) -> Finding {
    // It gives no reason for a group that it doesn't know.
    let reason = match words(error) {
        words if words.is_empty() => words,
        words => format!(": {words}"),
    };
    Finding::error(
        setting,
        format!("AWS-LC refuses {}{reason}", shown(written)),
    )
}

fn unusable_certificate(error: ErrorStack) -> Findings {
    Finding::error(
        "SSL_SERVER_CERTIFICATE",
        format!("AWS-LC can't serve with it: {}", words(&error)),
    )
    .advice("`certgate check` describes the certificate and its key.")
    .into()
}

fn unexpected(error: ErrorStack) -> Findings {
    Finding::error("AWS-LC", words(&error)).into()
}
