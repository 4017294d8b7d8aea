//! Ends open connections when what let them in doesn't hold any more, or when they are old.
//!
//! One task keeps time for all connections. A new snapshot judges each of them once, on a thread of its own: workers
//! hear only of those that have to end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Service;
use super::lasting::Lasting;
use super::open::{Register, Told};
use super::snapshot::Snapshot;
use crate::access::Connection;
use crate::access::routes::Routes;
use crate::config::Settings;
use crate::config::closing::CloseOn;
use crate::lifecycle::ending::Stage;
use crate::telemetry::Telemetry;
use crate::telemetry::events::closing::{ClosedFor, ConnectionClosed};
use crate::tls::standing::Fallen;

/// Certificates end by the clock on the wall, which may be set.
const MINUTE: Duration = Duration::from_secs(60);

/// When connections end, by one snapshot.
pub(super) struct Terms {
    /// When what let them in doesn't hold any more.
    pub on: CloseOn,
    /// How old they become; zero is no bound.
    pub max_age: Duration,
    /// How long what is in flight may take then.
    pub grace: Duration,
    /// The sites, by their numbers.
    pub sites: Vec<Arc<SiteTerms>>,
    /// The snapshot's number.
    pub snapshot: u64,
}

/// A site that lets connections in, and what they may ask for there.
#[derive(Default)]
pub(super) struct SiteTerms {
    /// Its [`Site::id`](crate::config::Site::id).
    pub id: String,
    /// What decides about their requests for as long as they are open.
    pub routes: Arc<Routes>,
}

impl Terms {
    pub fn of(settings: &Settings, routes: &[Arc<Routes>], snapshot: u64) -> Self {
        let sites = settings.sites.iter().zip(routes);
        let sites = sites.map(|(site, routes)| SiteTerms {
            id: site.id(),
            routes: routes.clone(),
        });
        Self {
            on: settings.closing.on,
            max_age: settings.closing.max_age,
            grace: settings.times.drain,
            sites: sites.map(Arc::new).collect(),
            snapshot,
        }
    }
}

/// Keeps time for ever. Must be spawned.
pub(super) async fn run(service: Arc<Service>) {
    let Lasting {
        open: register,
        telemetry,
        ..
    } = &service.lasting;
    let mut looked = Instant::now();
    // No snapshot has this number: the first one counts as new, too.
    let mut known = 0;
    loop {
        register.wait(MINUTE).await;
        let stale = register.take_stale();
        let snapshot = service.current.load_full();
        let is_new = snapshot.terms.snapshot != known;
        if is_new || looked.elapsed() >= MINUTE {
            (looked, known) = (Instant::now(), snapshot.terms.snapshot);
            register.recount(&snapshot.terms);
        }
        tell(register.due_now(&snapshot.terms), telemetry);
        if !is_new && !stale {
            continue;
        }
        let service = service.clone();
        // A panic was logged. Whom it has left unjudged, the next snapshot judges.
        let judging = move || judge_all(&snapshot, &service.lasting);
        let _ = tokio::task::spawn_blocking(judging).await;
    }
}

/// The process closes.
pub(super) fn close_all(register: &Register) {
    for connection in register.everybody() {
        connection.ending.tell(Stage::Closing);
    }
}

fn tell(all: Vec<Told>, telemetry: &Telemetry) {
    for Told { who, stage, reason } in all {
        who.ending.tell(stage);
        if let Some(reason) = reason {
            let detail = match reason {
                ClosedFor::MaxAge => "it is as old as it may become",
                _ => "a certificate of its client's chain has expired",
            };
            report(&who, reason, detail, telemetry);
        }
    }
}

fn report(who: &Connection, reason: ClosedFor, detail: &str, telemetry: &Telemetry) {
    let connection = who.fields();
    ConnectionClosed {
        reason,
        detail,
        connection,
    }
    .emit(telemetry);
}

/// Judges each connection that this snapshot hasn't judged yet.
fn judge_all(snapshot: &Snapshot, lasting: &Lasting) {
    let (terms, register) = (&snapshot.terms, &lasting.open);
    for part in 0..register.parts() {
        if register.is_past(terms.snapshot) {
            return;
        }
        for open in register.unjudged(part, terms.snapshot) {
            match judge(&open.who, &open.site, snapshot) {
                Ok(Some(expires)) => register.expires(open.id, expires, terms),
                Ok(None) => {}
                Err((reason, words)) => {
                    register.over(open.id, terms.grace);
                    open.who.ending.tell(Stage::Over);
                    report(&open.who, reason, &words, &lasting.telemetry);
                }
            }
        }
    }
}

/// Whether a connection may stay. Who is inside stays at its site; if that is gone, nobody says who may be there.
fn judge(who: &Connection, site: &SiteTerms, snapshot: &Snapshot) -> Result<Option<i64>, Fallen> {
    let on = snapshot.terms.on;
    let mut sites = snapshot.terms.sites.iter().enumerate();
    let now = sites.find(|(_, now)| now.id == site.id);
    let judge = now.and_then(|(number, now)| Some((snapshot.tls.inside(number)?, now)));
    match judge {
        Some((_, now)) if on.rules && !now.routes.are_those_of(&site.routes) => {
            Err((ClosedFor::Rules, "the routes' rules are others".to_owned()))
        }
        Some((_, now))
            if on.rules
                && !now
                    .routes
                    .is_told_alike(&site.routes, who.session.standing.is_some()) =>
        {
            Err((ClosedFor::Rules, "client-auth is another".to_owned()))
        }
        Some((judge, _)) => judge.judge(who.session.standing.as_ref(), &who.session.origin(), on),
        None if on.rules => Err((ClosedFor::Rules, format!("the site {} is gone", site.id))),
        None => Ok(None),
    }
}
