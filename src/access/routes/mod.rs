//! The decision about each request of an admitted connection, where a site has routes.
//!
//! Takes the routes of the settings, hands on [`Routes`], which decide, and [`Guarded`] content, which nobody
//! reaches but by their decision. The site's own rules have let the holder of a certificate in when a request
//! comes; what a request needs beyond that is its route's affair.

mod readings;

use std::sync::Arc;

pub use self::readings::Unreadable;

use self::readings::Readings;
use super::Connection;
use super::rules::{Rules, pinned};
use crate::config::routes::RoutePath;
use crate::config::values::ClientAuth;
use crate::config::{RouteSettings, SiteSettings};
use crate::findings::Findings;
use crate::identity::{ClientCertificate, Facts};
use crate::refusal::RefusalReason;
use crate::tls::admission::{Admission, Denied, Origin};
use crate::tls::pins::Pins;

/// Who may come in at a site, and what they may ask for.
#[derive(Debug, Default)]
pub struct Routes {
    site: Gate,
    /// Exact paths first, then prefixes, the longest first.
    routes: Vec<Route>,
}

#[derive(Debug, PartialEq, Eq)]
struct Route {
    path: RoutePath,
    gate: Gate,
    /// In the order of the settings.
    number: usize,
}

#[derive(Debug, PartialEq, Eq)]
struct Gate {
    mode: ClientAuth,
    rules: Rules,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            mode: ClientAuth::Required,
            rules: Rules::default(),
        }
    }
}

/// Why a request isn't served.
#[derive(Debug, PartialEq, Eq)]
pub enum NotServed<'a> {
    /// Nobody can be sure what it asks for.
    Unreadable(Unreadable),
    /// It may not be served to this client.
    Denied {
        /// Why.
        denied: Denied,
        /// The route that says no; `None` for the site itself.
        route: Option<&'a RoutePath>,
    },
}

impl Routes {
    /// Reads the rules of a site and its routes, or says what is wrong with each of them.
    pub fn read(site: &SiteSettings) -> Result<Self, Findings> {
        let mut findings = Findings::default();
        let rules = findings.note(Rules::read(site));
        let routes = site
            .routes
            .iter()
            .enumerate()
            .filter_map(|(number, route)| {
                let gate = findings.note(Gate::of(route, site.client_auth))?;
                let path = route.path.clone();
                Some(Route { path, gate, number })
            });
        let mut routes: Vec<_> = routes.collect();
        routes.sort_by_key(|route| match &route.path {
            RoutePath::Exact(_) => (0, 0),
            RoutePath::Prefix(prefix) => (1, usize::MAX - prefix.len()),
        });
        match (rules, findings.is_empty()) {
            (Some(rules), true) => Ok(Self {
                site: Gate {
                    mode: site.client_auth,
                    rules,
                },
                routes,
            }),
            _ => Err(findings),
        }
    }

    /// The site's own.
    pub fn site_rules(&self) -> &Rules {
        &self.site.rules
    }

    /// The rules of the route that a path is for, if it is for one.
    pub fn rules_of(&self, path: &str) -> Option<(&RoutePath, &Rules)> {
        let readings = Readings::of(path).ok()?;
        let route = self.find(readings.iter().next()?)?;
        Some((&route.path, &route.gate.rules))
    }

    /// Decides about a request for this path, as it came and without its query, of the holder of a certificate that
    /// the site's own rules have let in, or of somebody without one, by this VPC endpoint. Every reading of the path must be permitted;
    /// what is served is that of the usual one: the number of its route, or the site's own.
    ///
    /// # Errors
    /// Why it isn't served.
    pub fn decide(
        &self,
        client: Option<&Facts>,
        endpoint: Option<&str>,
        path: &str,
    ) -> Result<Option<usize>, NotServed<'_>> {
        let readings = Readings::of(path).map_err(NotServed::Unreadable)?;
        let mut served = None;
        for (index, reading) in readings.iter().enumerate() {
            let route = self.find(reading);
            if index == 0 {
                served = route.map(|route| route.number);
            }
            let twin = self.twin(reading).map(Some);
            for route in [Some(route), twin].into_iter().flatten() {
                let passed = match route {
                    Some(route) => route.gate.pass(client, endpoint, Some(&self.site)),
                    None => self.site.pass(client, endpoint, None),
                };
                passed.map_err(|denied| NotServed::Denied {
                    denied,
                    route: route.map(|route| &route.path),
                })?;
            }
        }
        Ok(served)
    }

    /// Whether there is anything for somebody without a certificate who comes from there.
    ///
    /// # Errors
    /// Why the site itself has nothing.
    pub fn decide_anonymous(&self, origin: &Origin) -> Result<(), Denied> {
        let endpoint = origin.vpc_endpoint();
        let own = self.site.pass(None, endpoint, None);
        let mut routes = self.routes.iter();
        let open = |route: &Route| route.gate.pass(None, endpoint, Some(&self.site)).is_ok();
        match own.is_err() && routes.any(open) {
            true => Ok(()),
            false => own,
        }
    }

    /// Whether requests are decided about in the same way, but for the site's own rules.
    pub fn are_those_of(&self, other: &Self) -> bool {
        let is_plain = self.routes.is_empty() && other.routes.is_empty();
        is_plain || self.routes == other.routes && self.site.mode == other.site.mode
    }

    /// Whether a connection that began by `before` is told whose it is in a way that holds here, too. Who has shown no
    /// certificate, or was told by a header, was let in by the mode alone.
    pub fn is_told_alike(&self, before: &Self, has_shown: bool) -> bool {
        let (now, before) = (self.site.mode, before.site.mode);
        let by_header = now == ClientAuth::Header || before == ClientAuth::Header;
        now == before || !by_header && (has_shown || now.lets_in_anonymous())
    }

    /// Whether there is a rule over VPC endpoints.
    pub fn need_endpoint(&self) -> bool {
        let mut gates = std::iter::once(&self.site).chain(self.routes.iter().map(|r| &r.gate));
        gates.any(|gate| gate.rules.need_endpoint())
    }

    fn find(&self, path: &[u8]) -> Option<&Route> {
        self.routes.iter().find(|route| route.path.includes(path))
    }

    /// What the path would be for if it had no closing slash, or had one: many servers don't tell the two apart.
    /// `None` if there is no difference.
    fn twin(&self, path: &[u8]) -> Option<&Route> {
        let is_exact = |route: &&Route| matches!(route.path, RoutePath::Exact(_));
        let own = self.find(path);
        if own.as_ref().is_some_and(is_exact) {
            return None;
        }
        let mut exact = self.routes.iter().take_while(is_exact);
        exact.find(|route| matches!(&route.path, RoutePath::Exact(exact) if bare(exact.as_bytes()) == bare(path)))
    }
}

fn bare(path: &[u8]) -> &[u8] {
    path.strip_suffix(b"/").unwrap_or(path)
}

impl RoutePath {
    fn includes(&self, path: &[u8]) -> bool {
        match self {
            Self::Exact(exact) => path == exact.as_bytes(),
            Self::Prefix(prefix) => path
                .strip_prefix(prefix.as_bytes())
                .is_some_and(|rest| matches!(rest.first(), None | Some(b'/'))),
        }
    }
}

impl Gate {
    fn of(route: &RouteSettings, of_site: ClientAuth) -> Result<Self, Findings> {
        let mode = route.client_auth.map_or(of_site, ClientAuth::from);
        let rules = Rules::of(&route.allow, &route.deny, mode)?;
        if of_site == ClientAuth::Pinned {
            let faults = pinned::without_pins(&route.allow.place, &rules.allow);
            if !faults.is_empty() {
                return Err(faults);
            }
        }
        Ok(Self { mode, rules })
    }

    /// Beside its own rules, those of `site` keep out whom nobody knows.
    fn pass(
        &self,
        client: Option<&Facts>,
        endpoint: Option<&str>,
        site: Option<&Self>,
    ) -> Result<(), Denied> {
        if client.is_some() {
            // At the site itself, that was decided before there was a request.
            return match site {
                Some(_) => self.rules.decide(client, endpoint),
                None => Ok(()),
            };
        }
        let decide = |gate: &Self| gate.rules.decide(None, endpoint);
        // Where somebody comes from is known without a certificate.
        for gate in [Some(self), site].into_iter().flatten() {
            if let Err(denied) = decide(gate)
                && (denied.reason == RefusalReason::Denied
                    || gate.mode == ClientAuth::Off
                    || gate.rules.allow_by_place_alone())
            {
                return Err(denied);
            }
        }
        let knows_all = |gate: &Self| decide(gate).is_err();
        let words = match self.mode {
            ClientAuth::Off => return Ok(()),
            ClientAuth::Optional if knows_all(self) || site.is_some_and(knows_all) => {
                "no certificate, which no allow rule lets in"
            }
            ClientAuth::Optional => return Ok(()),
            _ => "no certificate, and one is required",
        };
        Err(Denied {
            reason: RefusalReason::NoCertificate,
            words: words.to_owned(),
        })
    }

    /// Whether somebody without a certificate may pass from anywhere at all.
    fn may_pass_anonymous(&self) -> bool {
        matches!(self.mode, ClientAuth::Off | ClientAuth::Optional)
            && self.rules.may_admit_anonymous()
    }
}

/// The handshake asks ahead: whom the site's rules keep out gets no request through, and who has no certificate
/// only where something is open to them.
impl Admission for Routes {
    fn admit(&self, client: &ClientCertificate, origin: &Origin) -> Result<(), Denied> {
        self.site.rules.admit(client, origin)
    }

    fn admit_anonymous(&self, origin: &Origin) -> bool {
        self.decide_anonymous(origin).is_ok()
    }

    fn may_admit_anonymous(&self) -> bool {
        let mut gates = std::iter::once(&self.site).chain(self.routes.iter().map(|r| &r.gate));
        gates.any(Gate::may_pass_anonymous)
    }

    fn pins(&self) -> Pins {
        self.site.rules.pins()
    }
}

/// What is behind a site and its routes, to be had for a request that they let through.
pub struct Guarded<T> {
    routes: Arc<Routes>,
    site: T,
    /// In the order of the settings.
    of_routes: Vec<T>,
}

impl<T> Guarded<T> {
    /// `of_routes` has one for each route, in the order of the settings.
    pub fn new(routes: Arc<Routes>, site: T, of_routes: Vec<T>) -> Self {
        Self {
            routes,
            site,
            of_routes,
        }
    }

    /// Whether each request is decided about.
    pub fn has_routes(&self) -> bool {
        !self.routes.routes.is_empty()
    }

    /// What is there at this path, as it came and without its query, for a client that was let in.
    ///
    /// # Errors
    /// Why it isn't served.
    pub fn at(&self, path: &str, connection: &Connection) -> Result<&T, NotServed<'_>> {
        if !self.has_routes() {
            return Ok(&self.site);
        }
        let certificate = connection.certificate.as_ref();
        let (facts, endpoint) = (
            certificate.map(|c| &c.facts),
            connection.session.vpc_endpoint(),
        );
        let route = self.routes.decide(facts, endpoint, path)?;
        let content = match route {
            Some(number) => self.of_routes.get(number),
            None => Some(&self.site),
        };
        content.ok_or(NotServed::Unreadable(Unreadable))
    }
}
