//! From checked credentials and settings to AWS-LC's context.
//!
//! One context is one immutable view of whom to trust; every connection lives with the one it
//! began with.

use std::sync::Arc;
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, Private};
use openssl::ssl::{
    AlpnError, NameType, SniError, Ssl, SslContext, SslContextBuilder, SslOptions, SslRef,
    SslSessionCacheMode, SslVerifyMode, select_next_proto,
};
use openssl::x509::X509;

use super::admission::Admission;
use super::ca_names::advertised;
use super::failure::words;
use super::ffi::server;
use super::identities::{Kind, SiteContexts};
use super::judge::Judge;
use super::ocsp::{Ocsp, Question, Statuses};
use super::policy::{HandshakePolicy, attach, note};
use super::protocols::{apply_settings, suites_of, unexpected};
use super::resumption::Resumption;
use super::revocation::Crl;
use super::shadow::Shadow;
use super::standing;
use super::stapling::{self, Staple, Stapled};
use super::tickets::TicketSecret;
use super::trust::Trust;
use super::verification::Verifier;
use crate::config::server_name::ServerNames;
use crate::config::values::{CipherPreference, ClientAuth, Protocol, Refusal, Switch, UnknownSni};
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
    /// What is judged beside these, as far as it has its own.
    pub candidate: Candidate,
}

/// Whom a candidate trusts.
#[derive(Default)]
pub struct Candidate {
    /// Its client CA; `None` if it has the site's.
    pub client_ca: Option<Vec<X509>>,
    /// Its revocation lists that are files; `None` if it has the site's.
    pub crls: Option<Vec<Arc<Crl>>>,
}

impl Credentials {
    /// What is asked about one of the server's certificates; `None` without its issuer.
    pub fn question(
        &self,
        identity: &ServerIdentity,
        settings: &StapleSettings,
    ) -> Option<Question> {
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
    /// What is judged beside all this, and decides nothing.
    pub shadow: Option<Arc<Shadow>>,
    /// The status of each of the server's own certificates, which may change while the context lives.
    pub stapled: Vec<Stapled>,
}

/// What all sites share, and what lives longer than they do.
pub struct Shared<'a> {
    /// What tickets are sealed with.
    pub secret: &'a TicketSecret,
    /// What is known of clients' certificates.
    pub statuses: &'a Arc<Statuses>,
    /// Whether somebody without a certificate may ask by HTTP whether the process is ready, and for nothing else.
    pub answers_health: bool,
}

/// A certificate of the server, and what goes with it.
pub struct ServerIdentity {
    /// The server's certificate.
    pub leaf: X509,
    /// What goes with it to the client, the leaf's issuer first.
    pub chain: Vec<X509>,
    /// The leaf's key.
    pub key: PKey<Private>,
    /// The status of the leaf that was in a file.
    pub staple: Option<Staple>,
}

/// What a certificate of the server is made with, in HAProxy's words (`ssl_f_sig_alg`, `ssl_f_key_alg`).
pub struct Algorithms {
    /// Of the signature on it: `RSA-SHA256`, `ecdsa-with-SHA256`.
    pub signature: String,
    /// Of its key, and how long that is: `RSA2048`, `EC256`.
    pub key: String,
}

impl ServerIdentity {
    /// What it is made with.
    pub fn algorithms(&self) -> Algorithms {
        let signature = self.leaf.signature_algorithm().object().nid();
        Algorithms {
            signature: signature.short_name().unwrap_or_default().to_owned(),
            key: match self.key.id() {
                Id::RSA => format!("RSA{}", self.key.bits()),
                Id::EC => format!("EC{}", self.key.bits()),
                // The only other kind that AWS-LC serves with.
                _ => "ED25519".to_owned(),
            },
        }
    }
}

/// Everything that a handshake needs.
pub struct TlsContext {
    /// That of the first site's first certificate. It hands over to another one when the client asks for
    /// that site, or can't use that certificate.
    inner: SslContext,
    /// Who may be inside, by the numbers of the sites.
    inside: Vec<standing::Judge>,
    /// Of each site whose clients a header tells.
    judges: Vec<Option<Arc<Judge>>>,
    pub(super) handshake_timeout: Duration,
    /// How many handshakes one thread has under way at most.
    pub(super) most_handshakes: usize,
}

const HTTP_ALPN: &[u8] = b"\x02h2\x08http/1.1";

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
        let (mut judges, mut inside) = (Vec::new(), Vec::new());
        let mut sites = settings.sites.iter().zip(sites).enumerate();
        let mut build = |(number, (site, parts)): (usize, (&Site, SiteParts<'_>))| {
            let built = build_site(number, site, parts, &settings.tls, shared)?;
            judges.push(judge(site, &built));
            inside.extend(judge_of(site, &built));
            Ok(built)
        };
        let first = sites.next().and_then(|site| findings.note(build(site)));
        let others = sites.filter_map(|site| findings.note(build(site).and_then(finished)));
        let others: Vec<_> = others.collect();
        let first = first.filter(|_| findings.is_empty());
        let mut first = first.ok_or(findings)?.into_iter();
        let Some(entry) = first.next() else {
            return Err(Finding::error("certificate", "a site without one").into());
        };
        let contexts = SiteContexts {
            names: settings.server_names.clone(),
            first: (entry.kind, finished(first)?),
            others,
            tls13: settings.tls.max_protocol == Protocol::Tls13,
        };
        let mut first = entry.builder;
        let policy = HandshakePolicy {
            contexts: Some(contexts),
            ..entry.policy
        };
        server::set_policy(&mut first, entry.mode, policy).map_err(unexpected)?;
        if !settings.server_names.is_empty() {
            let names = settings.server_names.clone();
            let refuses = settings.unknown_sni == UnknownSni::Refuse;
            first.set_servername_callback(move |ssl, _| answer_name(ssl, &names, refuses));
        }
        Ok(Self {
            inner: first.build(),
            inside,
            judges,
            handshake_timeout: settings.tls.handshake_timeout,
            most_handshakes: settings.overload.handshakes_of_worker(settings.workers),
        })
    }

    /// Who decides about the clients of a site that a header tells; `None` if none does.
    pub fn judge(&self, site: usize) -> Option<&Arc<Judge>> {
        self.judges.get(site)?.as_ref()
    }

    /// Who may be inside, by the number of the site.
    pub fn inside(&self, site: usize) -> Option<&standing::Judge> {
        self.inside.get(site)
    }

    /// From the accepted connection to the end of its handshake.
    pub fn handshake_timeout(&self) -> Duration {
        self.handshake_timeout
    }

    /// How many connections of one thread there may be of which it isn't known yet whether they come in.
    pub fn most_handshakes(&self) -> usize {
        self.most_handshakes
    }

    /// The server's side of a new connection, before its first byte.
    pub fn connection(&self) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(&self.inner)?;
        attach(&mut ssl)?;
        server::shed_after_handshake(&mut ssl);
        Ok(ssl)
    }
}

/// A context for one certificate of a site, without its policy.
struct Built {
    kind: Kind,
    builder: SslContextBuilder,
    mode: SslVerifyMode,
    policy: HandshakePolicy,
}

fn judge(site: &Site, built: &[Built]) -> Option<Arc<Judge>> {
    let built = built.first()?;
    let by_header = site.settings.client_auth == ClientAuth::Header;
    by_header.then(|| Arc::new(Judge::of(&built.policy)))
}

/// The certificates of a site make no difference.
fn judge_of(site: &Site, built: &[Built]) -> Option<standing::Judge> {
    let built = built.first()?;
    let by_header = site.settings.client_auth == ClientAuth::Header;
    Some(standing::Judge::of(&built.policy, built.mode, by_header))
}

/// Contexts without their policies would let everybody in: there is none.
fn finished(built: impl IntoIterator<Item = Built>) -> Result<Vec<(Kind, SslContext)>, Findings> {
    let contexts = built.into_iter().map(|built| {
        let mut builder = built.builder;
        server::set_policy(&mut builder, built.mode, built.policy).map_err(unexpected)?;
        Ok((built.kind, builder.build()))
    });
    contexts.collect()
}

/// The contexts of a site, one for each of its certificates, the preferred one first; all else is the
/// same for them.
fn build_site(
    number: usize,
    site: &Site,
    parts: SiteParts<'_>,
    settings: &TlsSettings,
    shared: &Shared<'_>,
) -> Result<Vec<Built>, Findings> {
    let authorities = parts.credentials.client_ca.clone();
    let trust = Trust::of_site(authorities, parts.crls, &site.settings, &*parts.admission);
    let verifier = Arc::new(Verifier::new(trust).map_err(unexpected)?);
    let identities = parts.credentials.identities.iter().zip(parts.stapled);
    let built = identities.enumerate().map(|(place, (identity, stapled))| {
        let mut builder = server::context_builder().map_err(unexpected)?;
        apply_settings(&mut builder, settings)?;
        present(&mut builder, identity).map_err(|error| unusable_certificate(site, &error))?;
        let is_tunnel = matches!(site.settings.content, ContentSettings::Tunnel(_));
        // ALPN is left alone where raw bytes are carried.
        if !is_tunnel {
            builder.set_alpn_select_callback(|_, offered| {
                select_next_proto(HTTP_ALPN, offered).ok_or(AlpnError::ALERT_FATAL)
            });
        }
        tickets(&mut builder, settings).map_err(unexpected)?;
        ask_clients(&mut builder, parts.credentials, &site.settings).map_err(unexpected)?;
        let ocsp = &site.settings.ocsp;
        let client_auth = site.settings.handshake_auth();
        // Where requests tell who their client is, connections are nobody's.
        let by_header = site.settings.client_auth == ClientAuth::Header;
        let anonymous = by_header || !client_auth.needs && parts.admission.may_admit_anonymous();
        let page = site.settings.refusal == Refusal::Page;
        let answers_health = shared.answers_health && !is_tunnel;
        Ok(Built {
            kind: Kind::of(&identity.key),
            builder,
            mode: match client_auth.asks {
                false => SslVerifyMode::NONE,
                _ if anonymous || page || answers_health => SslVerifyMode::PEER,
                _ => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
            },
            policy: HandshakePolicy {
                identity: place,
                verifier: verifier.clone(),
                ocsp: Ocsp::new(shared.statuses.clone(), ocsp.policy, ocsp.timeout),
                stapled,
                admission: parts.admission.clone(),
                resumption: Resumption {
                    keys: shared.secret.keys(&site.id(), settings.session_timeout),
                    timeout: settings.session_timeout,
                    anonymous,
                },
                suites: (settings.prefer == CipherPreference::Server).then(|| suites_of(settings)),
                page,
                site: number,
                shadow: parts.shadow.clone(),
                contexts: None,
            },
        })
    });
    let mut built: Vec<Built> = built.collect::<Result<_, Findings>>()?;
    built.sort_by_key(|built| built.kind);
    Ok(built)
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

fn present(builder: &mut SslContextBuilder, identity: &ServerIdentity) -> Result<(), ErrorStack> {
    let chain = std::iter::once(&identity.leaf).chain(&identity.chain);
    let chain: Vec<_> = chain.map(|c| c.to_der()).collect::<Result<_, _>>()?;
    server::present(builder, &chain, &identity.key)
}

fn ask_clients(
    builder: &mut SslContextBuilder,
    credentials: &Credentials,
    site: &SiteSettings,
) -> Result<(), ErrorStack> {
    let names = advertised(&credentials.client_ca, site.advertise_ca)?;
    server::advertise(builder, &names.unwrap_or_default())
}

fn tickets(builder: &mut SslContextBuilder, settings: &TlsSettings) -> Result<(), ErrorStack> {
    // Tickets only: a cache on this side would be one more place to check and to bound.
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    server::set_session_timeout(builder, settings.session_timeout);
    match settings.tickets {
        Switch::On => server::set_ticket_count(builder, 1),
        Switch::Off => {
            builder.set_options(SslOptions::NO_TICKET);
            Ok(())
        }
    }
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
