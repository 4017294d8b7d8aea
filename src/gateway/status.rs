//! What the admin port tells of the gateway.

use std::sync::{Arc, Mutex, PoisonError};

use openssl::x509::{X509, X509Ref};

use super::Service;
use super::shadow::Parts;
use crate::admin::status::{
    Certificate, ClientCertificate, ClientCertificates, Page, Reload, Reporter, RevocationList,
    RuleCounts, Site as Told, Status, Time, Trust, Upstream,
};
use crate::config::{ContentSettings, Site, SiteSettings};
use crate::findings::Findings;
use crate::identity::{rfc2253, serial, shortened, unix_seconds};
use crate::inventory::{CAPACITY, Expiring, Inventory, Seen};
use crate::lifecycle::readiness::NotReady;
use crate::lifecycle::{Observer, Phase};
use crate::telemetry::events::certificates::{
    CertificateKind, CrlEnds, certificate_ends, crl_ends,
};
use crate::tls::Credentials;
use crate::tls::revocation::{Crl, unfollowed};
use crate::tls::verification::unix_now;
use crate::upstream::checks::Known;

/// A client CA may have thousands of certificates; so many of a site are told.
const AUTHORITIES: usize = 100;
/// So many issuers of revocation lists are told of a site in metrics, by names of so many bytes at most.
const ISSUERS: usize = 100;
const ISSUER: usize = 512;

/// What is told of a site; how many days are left is for the moment in which it is told.
pub(super) struct SiteStatus {
    told: Told,
    /// The site's.
    id: String,
    /// Of the certificates of each kind, the earliest notAfter.
    ends: [(CertificateKind, Option<i64>); 2],
    /// By issuer, when its lists in files are over.
    crl_ends: Vec<(String, i64)>,
}

impl SiteStatus {
    pub fn of(
        site: &Site,
        credentials: &Credentials,
        crls: Option<&[Arc<Crl>]>,
        candidate: Option<&Parts>,
    ) -> Self {
        let settings = &site.settings;
        let shadow = settings.shadow.as_ref().zip(candidate);
        let shadow =
            shadow.map(|(shadow, of)| trust(&of.client_ca, of.crls.as_deref(), &shadow.candidate));
        let identities = credentials.identities.iter();
        let first = |certificates: &mut dyn Iterator<Item = &X509>| {
            certificates.map(|one| unix_seconds(one.not_after())).min()
        };
        let server = first(&mut credentials.identities.iter().map(|one| &one.leaf));
        let client_ca = first(&mut credentials.client_ca.iter());
        let told = Told {
            names: site.names.iter().map(ToString::to_string).collect(),
            client_auth: settings.client_auth.to_string(),
            content: match settings.content {
                ContentSettings::Static { .. } => "static",
                ContentSettings::Proxy(_) => "proxy",
                ContentSettings::Tunnel(_) => "tunnel",
            },
            certificates: identities.map(|one| certificate(&one.leaf)).collect(),
            trust: trust(&credentials.client_ca, crls, settings),
            shadow,
        };
        Self {
            told,
            id: site.id(),
            ends: [
                (CertificateKind::Server, server),
                (CertificateKind::ClientCa, client_ca),
            ],
            crl_ends: ends_of_lists(credentials, crls.unwrap_or_default()),
        }
    }

    fn ends(&self) -> impl Iterator<Item = ((CertificateKind, String), i64)> {
        let ends = self.ends.iter();
        ends.filter_map(|(kind, end)| Some(((*kind, self.id.clone()), (*end)?)))
    }

    fn crl_ends(&self) -> impl Iterator<Item = ((String, String), i64)> {
        let ends = self.crl_ends.iter();
        ends.map(|(issuer, end)| ((self.id.clone(), issuer.clone()), *end))
    }

    fn at(&self, now: i64) -> Told {
        let mut told = self.told.clone();
        let shadow = told
            .shadow
            .iter_mut()
            .flat_map(|trust| &mut trust.client_ca);
        let certificates = told
            .certificates
            .iter_mut()
            .chain(&mut told.trust.client_ca);
        for certificate in certificates.chain(shadow) {
            certificate.days_left = certificate.not_after.days_from(now);
        }
        told
    }
}

fn trust(authorities: &[X509], crls: Option<&[Arc<Crl>]>, settings: &SiteSettings) -> Trust {
    let mut client_ca: Vec<&X509> = authorities.iter().collect();
    client_ca.sort_by_cached_key(|authority| unix_seconds(authority.not_after()));
    let told = client_ca.into_iter().take(AUTHORITIES);
    Trust {
        client_ca_count: authorities.len(),
        client_ca: told.map(|authority| certificate(authority)).collect(),
        crls: crls.map(|crls| crls.iter().map(|crl| list(crl)).collect()),
        rules: RuleCounts {
            allow: settings.allow.rules.len(),
            deny: settings.deny.rules.len(),
        },
    }
}

/// The first of each issuer. Those that come from URLs have a metric of their own; here they can follow others.
fn ends_of_lists(credentials: &Credentials, all: &[Arc<Crl>]) -> Vec<(String, i64)> {
    let files = match credentials.client_ca.is_empty() {
        // Nobody is held against them.
        true => &[],
        false => credentials.crls.as_deref().unwrap_or_default(),
    };
    let mut ending: Vec<_> = unfollowed(files, all, &credentials.client_ca).collect();
    ending.sort_by_key(|crl| crl.in_force().end);
    let mut ends: Vec<(String, i64)> = Vec::new();
    for crl in ending {
        let issuer = shortened(rfc2253(crl.issuer()), ISSUER);
        if ends.iter().all(|(known, _)| *known != issuer) {
            ends.push((issuer, crl.in_force().end));
        }
        if ends.len() == ISSUERS {
            break;
        }
    }
    ends
}

fn certificate(certificate: &X509Ref) -> Certificate {
    Certificate {
        subject: rfc2253(certificate.subject_name()),
        issuer: rfc2253(certificate.issuer_name()),
        serial: serial(certificate),
        not_after: Time(unix_seconds(certificate.not_after())),
        days_left: 0,
    }
}

fn list(crl: &Crl) -> RevocationList {
    RevocationList {
        issuer: rfc2253(crl.issuer()),
        this_update: Time(crl.this_update()),
        next_update: crl.next_update_time().map(|time| Time(unix_seconds(time))),
        entries: crl.entries(),
    }
}

/// What came of the last reload.
#[derive(Default)]
pub struct LastReload(Mutex<Option<Reload>>);

impl LastReload {
    /// It came to this.
    pub(super) fn note(&self, cause: &'static str, result: &'static str, findings: &Findings) {
        let reload = Reload {
            time: Time(unix_now()),
            cause,
            result,
            findings: findings.clone(),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reload);
    }

    fn told(&self) -> Option<Reload> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Tells the admin port.
pub(super) struct Statuses {
    pub service: Arc<Service>,
    pub observer: Observer,
    /// In seconds since 1970.
    pub started: i64,
}

impl Reporter for Statuses {
    fn status(&self, page: &Page) -> Status {
        let (now, lasting) = (unix_now(), &self.service.lasting);
        let snapshot = self.service.current.load();
        let ready = lasting.readiness.now();
        Status {
            version: env!("CARGO_PKG_VERSION"),
            time: Time(now),
            started: Time(self.started),
            uptime_seconds: u64::try_from(now - self.started).unwrap_or(0),
            phase: match self.observer.phase() {
                Phase::Ready => "ready",
                Phase::Draining => "draining",
                Phase::Closing => "closing",
            },
            ready: ready.is_ok(),
            not_ready: ready.err().map(NotReady::label),
            upstreams: upstreams(lasting.checks.known()),
            sites: snapshot.status.iter().map(|site| site.at(now)).collect(),
            last_reload: lasting.last_reload.told(),
            counts: lasting.telemetry.counts(),
            client_certificates: client_certificates(&lasting.inventory, page, now),
        }
    }

    fn refresh(&self) {
        let lasting = &self.service.lasting;
        lasting.telemetry.ready(lasting.readiness.now().is_ok());
        let expiring = lasting.inventory.expiring(unix_now());
        lasting.telemetry.client_certificates(labelled(expiring));
        let snapshot = self.service.current.load();
        let ends = snapshot.status.iter().flat_map(SiteStatus::ends);
        certificate_ends(&lasting.telemetry, ends.collect());
        let ends: CrlEnds = snapshot
            .status
            .iter()
            .flat_map(SiteStatus::crl_ends)
            .collect();
        crl_ends(&lasting.telemetry, ends);
    }
}

fn upstreams(known: Vec<Known>) -> Vec<Upstream> {
    let told = known.into_iter().map(|known| Upstream {
        address: known.address,
        usable: known.usable,
        since: Time(known.since),
        error: known.error,
    });
    told.collect()
}

fn labelled(Expiring(counts): Expiring) -> impl Iterator<Item = (&'static str, u64)> {
    Expiring::LABELS.into_iter().zip(counts)
}

fn client_certificates(inventory: &Inventory, page: &Page, now: i64) -> ClientCertificates {
    let all = inventory.all();
    let expires_in = labelled(inventory.expiring(now));
    ClientCertificates {
        known: all.len(),
        capacity: CAPACITY,
        expires_in: expires_in
            .map(|(label, count)| (label.to_owned(), count.into()))
            .collect(),
        offset: page.offset,
        entries: all
            .iter()
            .skip(page.offset)
            .take(page.limit)
            .map(|seen| entry(seen, now))
            .collect(),
    }
}

fn entry(seen: &Seen, now: i64) -> ClientCertificate {
    let not_after = Time(seen.not_after);
    ClientCertificate {
        subject: seen.names.subject.to_string(),
        issuer: seen.names.issuer.to_string(),
        serial: seen.names.serial.to_string(),
        fingerprint: seen.names.fingerprint.to_string(),
        not_after,
        days_left: not_after.days_from(now),
        first_seen: Time(seen.first_seen),
        last_seen: Time(seen.last_seen),
        accepted: seen.accepted,
        refused: seen.refused,
        verdict: match seen.refusal {
            None => "accepted",
            Some(_) => "refused",
        },
        reason: seen.refusal.map(|reason| reason.label()),
    }
}
