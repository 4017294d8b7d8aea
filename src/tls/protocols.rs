//! Which versions, ciphers and groups are on offer: the same for all sites.
//!
//! Takes the settings, puts them into a context; what AWS-LC refuses is a finding.

use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslMode, SslOptions};

use super::failure::words;
use super::ffi;
use super::groups;
use super::suites::{self, Suites};
use crate::config::TlsSettings;
use crate::config::values::{CipherPreference, Protocol, shown};
use crate::findings::{Finding, Findings};

/// TLS 1.2: forward secrecy and authenticated encryption only (Mozilla's "intermediate" list
/// without DHE, whose groups can't be bounded by `tls-groups`).
const DEFAULT_CIPHERS: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
    ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE+CHACHA20";
/// Who asks for TLS 1.0 or 1.1 has clients that know neither of the two.
const OLD_CIPHERS: &str = "ECDHE+AES:RSA+AES";

/// Puts all of it into a context.
pub(super) fn apply_settings(
    builder: &mut SslContextBuilder,
    settings: &TlsSettings,
) -> Result<(), Findings> {
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

/// The suites of TLS 1.3, in their order.
pub(super) fn suites_of(settings: &TlsSettings) -> Suites {
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

/// A fault that no setting is to blame for.
pub(super) fn unexpected(error: ErrorStack) -> Findings {
    Finding::error("AWS-LC", words(&error)).into()
}
