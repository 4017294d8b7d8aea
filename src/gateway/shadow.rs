//! `[shadow]`: the candidate of each site, and what it is asked once a client has its answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use openssl::x509::X509;

use super::lists::Lists;
use crate::access::routes::Routes;
use crate::config::Site;
use crate::config::values::{ClientAuth, OcspScope};
use crate::findings::{Finding, Findings};
use crate::refusal::RefusalReason;
use crate::telemetry::Telemetry;
use crate::telemetry::events::shadow::{ShadowJudged, ShadowOutcome};
use crate::tls::Credentials;
use crate::tls::admission::Origin;
use crate::tls::revocation::Crl;
use crate::tls::shadow::{Exhibit, Shadow};
use crate::tls::trust::Trust;

/// Whom a site's candidate trusts.
pub(super) struct Parts {
    pub client_ca: Vec<X509>,
    pub crls: Option<Vec<Arc<Crl>>>,
}

/// What the candidate of a site is made of; `None` if the site has none.
pub(super) fn parts(site: &Site, credentials: &Credentials, lists: &Lists) -> Option<Parts> {
    let settings = site.settings.shadow.as_ref()?;
    let own = &credentials.candidate;
    let files = match &settings.crl {
        Some(_) => own.crls.clone(),
        None => credentials.crls.clone(),
    };
    let client_ca = own.client_ca.as_ref().unwrap_or(&credentials.client_ca);
    Some(Parts {
        client_ca: client_ca.clone(),
        crls: lists.beside(files, &settings.candidate.crls),
    })
}

/// The candidate of a site.
pub(super) fn build(site: &Site, parts: Option<&Parts>) -> Result<Option<Arc<Shadow>>, Findings> {
    let (Some(settings), Some(parts)) = (&site.settings.shadow, parts) else {
        return Ok(None);
    };
    let candidate = &settings.candidate;
    let rules = Arc::new(Routes::read(candidate)?);
    let trust = Trust {
        // A responder is asked once, for the decision.
        asked: (OcspScope::Off, None),
        ..Trust::of_site(
            parts.client_ca.clone(),
            parts.crls.clone(),
            candidate,
            &*rules,
        )
    };
    // Some of its routes may be open to whoever has no certificate.
    let mode = match candidate.handshake_auth().needs {
        true => ClientAuth::Required,
        false => ClientAuth::Optional,
    };
    let shadow = Shadow::new(trust, rules, mode)
        .map_err(|error| Findings::from(Finding::error("shadow", error.to_string())))?;
    Ok(Some(Arc::new(shadow)))
}

/// Has the candidate judge a client about whom the decision has been made, and says what differs. What it doesn't know
/// yet is left for later: nobody waits for it.
pub(super) fn compare(
    exhibit: Option<Exhibit>,
    live: Result<(), RefusalReason>,
    origin: Origin,
    telemetry: &Arc<Telemetry>,
) {
    let Some(exhibit) = exhibit else {
        return;
    };
    if exhibit.is_quick() {
        return compare_now(exhibit, live, &origin, telemetry);
    }
    let telemetry = telemetry.clone();
    tokio::spawn(async move { compare_now(exhibit, live, &origin, &telemetry) });
}

fn compare_now(
    exhibit: Exhibit,
    live: Result<(), RefusalReason>,
    origin: &Origin,
    telemetry: &Telemetry,
) {
    let (shadow, by_responder) = (exhibit.shadow(), exhibit.by_responder);
    // The connection of somebody who was let in must not end by this.
    let judged = catch_unwind(AssertUnwindSafe(|| exhibit.judge(origin)));
    let judgement = judged.ok().flatten();
    let certificate = judgement.as_ref().and_then(|j| j.certificate.clone());
    let (outcome, detail) = match &judgement {
        None => (ShadowOutcome::Failed, None),
        // Of what a responder says, the candidate has no opinion of its own.
        Some(judgement) if judgement.verdict.is_ok() && by_responder => {
            (ShadowOutcome::SameRefused, None)
        }
        Some(judgement) => {
            let denied = judgement.verdict.as_ref().err();
            let candidate = denied.map_or(Ok(()), |denied| Err(denied.reason));
            let words = denied.map(|denied| denied.words.as_str());
            (ShadowOutcome::of(live, candidate), words)
        }
    };
    let who = certificate.as_ref().map_or([0; 32], |c| c.facts.sha256);
    let says = outcome.differs() || outcome == ShadowOutcome::Failed;
    let news = says && shadow.lines.pass((who, outcome.label()), Instant::now());
    ShadowJudged {
        outcome,
        client: origin.client,
        subject: certificate.as_ref().map(|c| c.subject.as_str()),
        issuer: certificate.as_ref().map(|c| c.issuer.as_str()),
        serial: certificate.as_ref().map(|c| c.serial.as_str()),
        fingerprint: certificate.as_ref().map(|c| c.fingerprint.as_str()),
        detail,
        news,
    }
    .emit(telemetry);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::values::ClientAuth;
    use crate::identity::ClientCertificate;
    use crate::peer::Peer;
    use crate::tls::admission::{Admission, Denied};
    use crate::tls::pins::Pins;
    use crate::tls::shadow::Witness;

    struct Broken;

    impl Admission for Broken {
        fn admit(&self, _: &ClientCertificate, _: &Origin) -> Result<(), Denied> {
            panic!("a fault of the candidate")
        }

        fn admit_anonymous(&self, _: &Origin) -> bool {
            panic!("a fault of the candidate")
        }

        fn may_admit_anonymous(&self) -> bool {
            false
        }

        fn pins(&self) -> Pins {
            Pins::default()
        }
    }

    /// Whatever is wrong with a candidate ends no connection.
    #[test]
    fn a_fault_is_counted_only() {
        let telemetry = Arc::new(Telemetry::new(false).unwrap());
        let shadow = Shadow::new(Trust::of(&[]), Arc::new(Broken), ClientAuth::Optional);
        let exhibit = Witness::of(&Arc::new(shadow.unwrap())).exhibit(false);
        let origin = Origin {
            client: Peer::Ip(([127, 0, 0, 1], 1).into()),
            via: None,
        };
        compare(Some(exhibit), Ok(()), origin, &telemetry);
        assert_eq!(telemetry.counts().shadow.failed, 1);
    }
}
