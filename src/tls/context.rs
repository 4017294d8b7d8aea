//! From checked credentials and settings to AWS-LC's context.
//!
//! One context is one immutable view of whom to trust; every connection lives with the one it
//! began with.

use std::sync::Arc;
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    AlpnError, NameType, SniError, Ssl, SslContext, SslContextBuilder, SslMode, SslOptions, SslRef,
    SslSessionCacheMode, SslVerifyMode, select_next_proto,
};
use openssl::x509::X509;

use super::admission::Admission;
use super::ca_names::advertised;
use super::failure::words;
use super::ffi::{self, server};
use super::groups;
use super::ocsp::{Ocsp, Question, Statuses};
use super::policy::{HandshakePolicy, OtherSites, attach, note};
use super::resumption::Resumption;
use super::revocation::{Crl, Revocation};
use super::stapling::{self, Staple, Stapled};
use super::suites::{self, Suites};
use super::tickets::TicketSecret;
use super::trust::Trust;
use super::verification::Verifier;
use crate::config::server_name::ServerNames;
use crate::config::values::{
    CipherPreference, ClientAuth, Protocol, Refusal, Switch, UnknownSni, shown,
};
use crate::config::{ContentSettings, Settings, Site, SiteSettings, StapleSettings, TlsSettings};
use crate::findings::{Finding, Findings};

/// Who the server is to the clients of one site, and whom it trusts there.
pub struct Credentials {
    /// At least one; with keys of several kinds, each client gets the one that it can use.
    pub identities: Vec<ServerIdentity>,
    /// The certificates of the client CA; empty if clients aren't asked.
    pub client_ca: Vec<X509>,
    /// The revocation lists that are files; `None` if the operator wants none looked at.
    pub crls: Option<Vec<Arc<Crl>>>,
    /// The status of the server's certificate that was in a file.
    pub staple: Option<Staple>,
}

impl Credentials {
    /// What is asked about the server's certificate; `None` without its issuer, or with several
    /// certificates: libssl doesn't tell in time which of them a client gets.
    pub fn question(&self, settings: &StapleSettings) -> Option<Question> {
        let [identity] = &self.identities[..] else {
            return None;
        };
        let others = [&identity.chain[..], &self.client_ca].concat();
        stapling::question(&identity.leaf, &others, settings.responder.as_ref())
    }
}

/// One site, as far as its handshakes are concerned.
pub struct SiteParts<'a> {
    /// Who the server is, and whom it trusts.
    pub credentials: &'a Credentials,
    /// All revocation lists; `None` if the operator wants none looked at.
    pub crls: Option<Vec<Arc<Crl>>>,
    /// Who may come in.
    pub admission: Arc<dyn Admission>,
    /// The status of the server's own certificate, which may change while the context lives.
    pub stapled: Stapled,
}

/// What all sites share, and what lives longer than they do.
pub struct Shared<'a> {
    /// What tickets are sealed with.
    pub secret: &'a TicketSecret,
    /// What is known of clients' certificates.
    pub statuses: &'a Arc<Statuses>,
}

/// A certificate of the server, and what goes with it.
pub struct ServerIdentity {
    /// The server's certificate.
    pub leaf: X509,
    /// What goes with it to the client, the leaf's issuer first.
    pub chain: Vec<X509>,
    /// The leaf's key.
    pub key: PKey<Private>,
}

/// Everything that a handshake needs.
pub struct TlsContext {
    /// That of the first site, which hands over to another one's when the client asks for that.
    inner: SslContext,
    pub(super) handshake_timeout: Duration,
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

    /// Builds the contexts of all sites, whose parts are in the order of the settings; AWS-LC's
    /// complaints name the setting they are about.
    pub fn build(
        settings: &Settings,
        sites: Vec<SiteParts<'_>>,
        shared: &Shared<'_>,
    ) -> Result<Self, Findings> {
        let mut findings = Findings::default();
        let mut build = |number, site, parts, others| {
            let place = SitePlace {
                number,
                site,
                others,
            };
            findings.note(build_one(place, parts, &settings.tls, shared))
        };
        let mut numbered = settings.sites.iter().zip(sites).enumerate();
        let first = numbered.next();
        let others = numbered.filter_map(|(number, (site, parts))| {
            build(number, site, parts, None).map(SslContextBuilder::build)
        });
        let others = OtherSites {
            contexts: others.collect(),
            names: settings.server_names.clone(),
        };
        let first =
            first.and_then(|(number, (site, parts))| build(number, site, parts, Some(others)));
        let Some(mut first) = first.filter(|_| findings.is_empty()) else {
            return Err(findings);
        };
        if !settings.server_names.is_empty() {
            let names = settings.server_names.clone();
            let refuses = settings.unknown_sni == UnknownSni::Refuse;
            first.set_servername_callback(move |ssl, _| answer_name(ssl, &names, refuses));
        }
        Ok(Self {
            inner: first.build(),
            handshake_timeout: settings.tls.handshake_timeout,
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

/// Which site a context is for.
struct SitePlace<'a> {
    number: usize,
    site: &'a Site,
    others: Option<OtherSites>,
}

fn build_one(
    place: SitePlace<'_>,
    parts: SiteParts<'_>,
    settings: &TlsSettings,
    shared: &Shared<'_>,
) -> Result<SslContextBuilder, Findings> {
    let mut builder = server::context_builder().map_err(unexpected)?;
    apply_settings(&mut builder, settings)?;
    for identity in &parts.credentials.identities {
        present(&mut builder, identity)
            .map_err(|error| unusable_certificate(place.site, &error))?;
    }
    // ALPN is left alone where raw bytes are carried.
    if !matches!(place.site.settings.content, ContentSettings::Tunnel(_)) {
        builder.set_alpn_select_callback(|_, offered| {
            select_next_proto(HTTP_ALPN, offered).ok_or(AlpnError::ALERT_FATAL)
        });
    }
    decide_handshakes(&mut builder, place, parts, settings, shared).map_err(unexpected)?;
    Ok(builder)
}

/// Whether a name (RFC 6066 section 3) is one of ours. The context was chosen before, by [`Policy`].
///
/// [`Policy`]: server::Policy
fn answer_name(ssl: &SslRef, names: &ServerNames, refuses: bool) -> Result<(), SniError> {
    let asked = ssl.servername(NameType::HOST_NAME);
    match asked.and_then(|name| names.find(name)) {
        Some(_) => Ok(()),
        None if refuses => {
            if let Some(note) = note(ssl) {
                let _ = note.unknown_name.set(());
            }
            Err(SniError::ALERT_FATAL)
        }
        None => Err(SniError::NOACK),
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

fn present(builder: &mut SslContextBuilder, identity: &ServerIdentity) -> Result<(), ErrorStack> {
    let chain = std::iter::once(&identity.leaf).chain(&identity.chain);
    let chain: Vec<_> = chain.map(|c| c.to_der()).collect::<Result<_, _>>()?;
    server::present(builder, &chain, &identity.key)
}

fn decide_handshakes(
    builder: &mut SslContextBuilder,
    place: SitePlace<'_>,
    parts: SiteParts<'_>,
    settings: &TlsSettings,
    shared: &Shared<'_>,
) -> Result<(), ErrorStack> {
    let site = &place.site.settings;
    let names = advertised(&parts.credentials.client_ca, site.advertise_ca)?;
    server::advertise(builder, &names.unwrap_or_default())?;
    let page = site.refusal == Refusal::Page;
    let anonymous = site.client_auth != ClientAuth::Required && parts.admission.admit_anonymous();
    let mode = match site.client_auth {
        ClientAuth::Off => SslVerifyMode::NONE,
        _ if anonymous || page => SslVerifyMode::PEER,
        _ => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
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
    let ocsp = &site.ocsp;
    let policy = HandshakePolicy {
        verifier: Verifier::new(trust(parts.credentials, parts.crls, site))?,
        ocsp: Ocsp::new(shared.statuses.clone(), ocsp.policy, ocsp.timeout),
        stapled: parts.stapled,
        admission: parts.admission,
        resumption: Resumption {
            keys: shared
                .secret
                .keys(&place.site.id(), settings.session_timeout),
            timeout: settings.session_timeout,
            anonymous,
        },
        suites: (settings.prefer == CipherPreference::Server).then(|| suites_of(settings)),
        page,
        site: place.number,
        others: place.others,
    };
    server::set_policy(builder, mode, policy)
}

fn trust(credentials: &Credentials, crls: Option<Vec<Arc<Crl>>>, site: &SiteSettings) -> Trust {
    let rules = &site.crls;
    Trust {
        authorities: credentials.client_ca.clone(),
        depth: site.verify_depth.0,
        revocation: crls.map(|crls| Revocation::new(crls, rules.check, rules.policy)),
        partial_chain: site.partial_chain == Switch::On,
        any_purpose: site.any_purpose == Switch::On,
        asked: (site.ocsp.scope, site.ocsp.responder.clone()),
    }
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

fn unusable_certificate(site: &Site, error: &ErrorStack) -> Findings {
    let place = match site.label.as_str() {
        "" => "certificate".to_owned(),
        label => format!("certificate in {label}"),
    };
    Finding::error(
        place,
        format!("AWS-LC can't serve with it: {}", words(error)),
    )
    .advice("`certgate check` describes the certificate and its key.")
    .into()
}

fn unexpected(error: ErrorStack) -> Findings {
    Finding::error("AWS-LC", words(&error)).into()
}
