//! The status of one of the server's own certificates: from a file, from a responder, or none.

use std::sync::{Arc, Mutex, PoisonError};

use super::lasting::Lasting;
use super::snapshot::Snapshot;
use crate::config::sources::StapleFrom;
use crate::config::{Site, StapleSettings};
use crate::tls::stapling::{self, Refresher, Stapled};
use crate::tls::{Credentials, ServerIdentity};

/// What is stapled, and who keeps it fresh.
pub(super) struct Stapling {
    pub stapled: Stapled,
    /// About which certificate a responder is asked, and how; `None` if none is.
    asked: Option<(Vec<u8>, StapleSettings)>,
    /// Until it begins.
    refresher: Arc<Mutex<Option<Refresher>>>,
}

impl Stapling {
    /// The same as before, if the same is asked about the same certificate.
    pub fn of(
        site: &Site,
        credentials: &Credentials,
        identity: &ServerIdentity,
        lasting: &Lasting,
        before: Option<&Snapshot>,
    ) -> Self {
        let settings = &site.settings.staple;
        let nobody = || Self {
            stapled: stapling::fixed(identity.staple.clone()),
            asked: None,
            refresher: Arc::default(),
        };
        if settings.from != StapleFrom::Responder {
            return nobody();
        }
        let leaf = identity.leaf.to_der().ok();
        let asked = leaf.map(|leaf| (leaf, settings.clone()));
        let mut known = before.into_iter().flat_map(Snapshot::stapling);
        if let Some(same) = known.find(|known| known.asked.is_some() && known.asked == asked) {
            return Self {
                stapled: same.stapled.clone(),
                asked,
                refresher: same.refresher.clone(),
            };
        }
        let question = credentials.question(identity, settings);
        let refresher =
            question.and_then(|question| Refresher::new(question, lasting.telemetry.clone()));
        match refresher {
            Some((refresher, stapled)) => Self {
                stapled,
                asked,
                refresher: Arc::new(Mutex::new(Some(refresher))),
            },
            None => nobody(),
        }
    }

    /// Asks from now on, until nobody wants to know any more. Needs a tokio runtime.
    pub fn begin(&self) {
        let mut refresher = self
            .refresher
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(refresher) = refresher.take() {
            tokio::spawn(refresher.run());
        }
    }
}
