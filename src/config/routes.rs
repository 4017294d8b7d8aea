//! `[[route]]`: what is behind some of a site's paths, and who may ask for it.
//!
//! Takes the blocks as they are written, hands on [`RouteSettings`]. A route has everything of its site
//! but for what it sets itself.

use std::fmt;

use figment::value::{Dict, Value};

use super::definitions;
use super::file::{in_place, kind_of};
use super::layers::{holds_pem, unknown, written};
use super::settings::Reader;
use super::site::{ContentSettings, SiteSettings, WrittenRules};
use super::upstream::{Upstream, UpstreamProtocol};
use super::values::{ClientAuth, Expected, words};
use crate::findings::{Finding, Findings};

/// One `[[route]]` as written.
pub struct RouteTable {
    /// As an operator would look for it: `route /admin of /etc/certgate.toml`.
    pub label: String,
    settings: Dict,
}

/// What is the affair of one route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSettings {
    /// Which requests it is for.
    pub path: RoutePath,
    /// Where it was written.
    pub label: String,
    /// Whether a certificate is needed; `None` as its site has it.
    pub client_auth: Option<RouteAuth>,
    /// Rules that let clients in, beside those of the site.
    pub allow: WrittenRules,
    /// Rules that keep clients out, beside those of the site.
    pub deny: WrittenRules,
    /// What is there; `None` for what its site has.
    pub content: Option<ContentSettings>,
}

words! {
    /// Whether a request of a route needs a client certificate.
    RouteAuth {
        /// It does.
        Required = "required",
        /// It does only if there are rules that let somebody in.
        Optional = "optional",
        /// It doesn't.
        Off = "off",
    }
}

impl From<RouteAuth> for ClientAuth {
    fn from(auth: RouteAuth) -> Self {
        match auth {
            RouteAuth::Required => Self::Required,
            RouteAuth::Optional => Self::Optional,
            RouteAuth::Off => Self::Off,
        }
    }
}

/// Which paths a route is for, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutePath {
    /// This one and all below, without a closing slash; empty for all.
    Prefix(String),
    /// This one only.
    Exact(String),
}

impl fmt::Display for RoutePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(prefix) if prefix.is_empty() => f.write_str("/"),
            Self::Prefix(path) => f.write_str(path),
            Self::Exact(path) => write!(f, "= {path}"),
        }
    }
}

/// What handshakes do about certificates of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandshakeAuth {
    /// Whether clients are asked.
    pub asks: bool,
    /// Whether those without one are refused.
    pub needs: bool,
}

impl SiteSettings {
    /// Asks if the site or one of its routes does, and needs as little as they can do with. What a request
    /// needs is decided once it says for which of them it is.
    pub fn handshake_auth(&self) -> HandshakeAuth {
        let own = self.routes.iter().filter_map(|route| route.client_auth);
        let of_routes = |auth| own.clone().any(|own| own != auth);
        if self.client_auth == ClientAuth::Header {
            return HandshakeAuth {
                asks: false,
                needs: false,
            };
        }
        HandshakeAuth {
            asks: self.client_auth != ClientAuth::Off || of_routes(RouteAuth::Off),
            needs: !self.client_auth.lets_in_anonymous() && !of_routes(RouteAuth::Required),
        }
    }

    /// Whether certificates of clients must chain to a client CA.
    pub fn holds_against_ca(&self) -> bool {
        match self.client_auth {
            ClientAuth::Pinned => false,
            ClientAuth::Header => true,
            _ => self.handshake_auth().asks,
        }
    }
}

/// The key of the blocks.
pub(super) const ROUTE: &str = "route";
/// The keys that only a route has.
const PATHS: [&str; 2] = ["prefix", "path"];
/// The settings that a route can have of its own.
const SETTINGS: [&str; 5] = ["root", "upstream", "client-auth", "allow", "deny"];

/// The blocks within `place`; `None` if there is not even the key.
pub(super) fn tables(
    value: Option<Value>,
    place: &str,
    findings: &mut Findings,
) -> Option<Vec<RouteTable>> {
    let blocks = match value? {
        Value::Array(_, blocks) => blocks,
        other => {
            findings.push(no_blocks(&other, place));
            return None;
        }
    };
    let mut routes = Vec::new();
    for (index, block) in blocks.into_iter().enumerate() {
        match block {
            Value::Dict(_, table) => routes.push(table_of(table, index + 1, place, findings)),
            other => findings.push(no_blocks(&other, place)),
        }
    }
    Some(routes)
}

fn no_blocks(found: &Value, place: &str) -> Finding {
    let found = format!("found {}", kind_of(found));
    Finding::error(format!("{ROUTE} in {place}"), found)
        .expected("an array of tables")
        .advice("Begin each route with a line [[route]], or [[site.route]] below a [[site]].")
}

fn table_of(mut table: Dict, number: usize, place: &str, findings: &mut Findings) -> RouteTable {
    let path = PATHS.iter().find_map(|key| path_of(key, &table));
    let label = match path {
        Some(Ok(path)) => format!("route {path} of {place}"),
        _ => format!("route {number} of {place}"),
    };
    table.retain(|key, _| {
        let known = PATHS.iter().chain(&SETTINGS).any(|known| known == key);
        if !known {
            let finding = match definitions::find(key) {
                Some(_) => Finding::error(key, "set for one route")
                    .expected("in a [[site]], or above the first block")
                    .advice(format!("A route has its own {}.", SETTINGS.join(", "))),
                None => unknown(key, PATHS.into_iter().chain(SETTINGS)),
            };
            findings.push(in_place(finding, &label));
        }
        known
    });
    RouteTable {
        label,
        settings: table,
    }
}

/// The path that stands under this key, or why it is none.
fn path_of(key: &str, table: &Dict) -> Option<Result<RoutePath, Expected>> {
    let value = table.get(key)?;
    let text = match value {
        Value::String(_, text) if !holds_pem(value) => text,
        _ => return Some(Err("a text such as \"/admin\"".into())),
    };
    Some(checked(text).map(|()| match key {
        "prefix" => RoutePath::Prefix(text.trim_end_matches('/').to_owned()),
        _ => RoutePath::Exact(text.clone()),
    }))
}

/// Only what has one reading can be compared with what clients write.
fn checked(text: &str) -> Result<(), Expected> {
    let inside = text.strip_prefix('/').ok_or("a path that begins with /")?;
    if text.contains('%') {
        return Err("the characters themselves, not percent-encoded".into());
    }
    if text.contains('*') {
        return Err("no *: a prefix is for everything below it".into());
    }
    if text.contains(['\\', ';', '?', '#']) || text.chars().any(char::is_control) {
        return Err("a path without \\ ; ? # and control characters".into());
    }
    let names = inside.strip_suffix('/').unwrap_or(inside);
    if !inside.is_empty() && names.split('/').any(|name| matches!(name, "" | "." | "..")) {
        return Err("a path without //, . and ..".into());
    }
    Ok(())
}

impl Reader<'_> {
    /// Those of the site that is read, or those of all sites that have none of their own.
    pub(super) fn routes(&mut self, site: &ContentSettings) -> Vec<RouteSettings> {
        let layers = self.layers;
        let mut routes: Vec<RouteSettings> = Vec::new();
        for table in layers.routes(self.site) {
            let Some(route) = self.route(table) else {
                continue;
            };
            if let Some(other) = routes.iter().find(|other| other.path == route.path) {
                let found = format!("the path of {}, too", other.label);
                self.findings
                    .push(Finding::error(&route.label, found).expected("each path once"));
            }
            routes.push(route);
        }
        if let (ContentSettings::Tunnel(_), Some(route)) = (site, routes.first()) {
            let of = self.site.map(|site| format!(" of {}", site.label));
            let found = format!(
                "a route, with an upstream of tcp://{}",
                of.unwrap_or_default()
            );
            self.findings.push(
                Finding::error(&route.label, found)
                    .expected("an upstream of http://, h2c:// or unix:, or files")
                    .advice("Raw bytes have no paths. A [[site]] without routes of others has route = []."),
            );
            routes.clear();
        }
        routes
    }

    fn route(&mut self, table: &RouteTable) -> Option<RouteSettings> {
        let path = self.route_path(table);
        let [allow, deny] = ["allow", "deny"].map(|name| {
            let (rules, place) = self.of_route(name, table).unwrap_or_default();
            WrittenRules { place, rules }
        });
        let route = RouteSettings {
            path: path?,
            label: table.label.clone(),
            client_auth: self.route_auth(table),
            allow,
            deny,
            content: self.route_content(table),
        };
        Some(route)
    }

    fn route_path(&mut self, table: &RouteTable) -> Option<RoutePath> {
        let written = PATHS.map(|key| (key, path_of(key, &table.settings)));
        match written {
            [(_, Some(_)), (_, Some(_))] | [(_, None), (_, None)] => {
                let found = "both, or none, of prefix and path";
                self.findings.push(
                    Finding::error(&table.label, found).expected(
                        "prefix = \"/admin\", for all below it too, or path = \"/healthz\"",
                    ),
                );
                None
            }
            [(key, Some(path)), _] | [_, (key, Some(path))] => {
                let Err(Expected(expected)) = path else {
                    return path.ok();
                };
                let place = format!("{key} in {}", table.label);
                let value = table.settings.get(key);
                let found = value.and_then(Value::as_str).unwrap_or_default();
                self.wrong(&place, found, expected);
                None
            }
        }
    }

    fn route_auth(&mut self, table: &RouteTable) -> Option<RouteAuth> {
        let (values, place) = self.of_route("client-auth", table)?;
        let text = values.first().map_or("", String::as_str);
        match text.parse() {
            Ok(auth) => Some(auth),
            Err(Expected(expected)) => {
                self.wrong(&place, text, expected);
                None
            }
        }
    }

    fn route_content(&mut self, table: &RouteTable) -> Option<ContentSettings> {
        let root = self.of_route("root", table);
        let upstream = self.of_route("upstream", table);
        if let (Some(_), Some((_, place))) = (&root, &upstream) {
            self.findings.push(
                Finding::error(place, "and a root")
                    .expected("one of the two")
                    .advice("Leave out one of them."),
            );
        }
        if let Some((values, place)) = root {
            let root = values.first().map_or("", String::as_str);
            if root.trim().is_empty() {
                self.wrong(&place, "", "a directory".to_owned());
            }
            return Some(ContentSettings::Static {
                root: root.into(),
                is_default: false,
            });
        }
        let (values, place) = upstream?;
        if values.is_empty() {
            self.wrong(&place, "", "a value".to_owned());
        }
        let mut upstreams: Vec<Upstream> = Vec::new();
        for text in &values {
            match text.parse() {
                Ok(upstream) => upstreams.push(upstream),
                Err(Expected(expected)) => self.wrong(&place, text, expected),
            }
        }
        let protocol = upstreams.first()?.protocol;
        if upstreams.iter().any(|one| one.protocol != protocol) || protocol == UpstreamProtocol::Tcp
        {
            let expected = "upstreams of one kind: http:// (and unix:) or h2c://; raw bytes (tcp://) have no paths";
            self.wrong(&place, &values.join(","), expected.to_owned());
            return None;
        }
        Some(ContentSettings::Proxy(upstreams))
    }

    /// The values of a setting, and where they stand; `None` if the route has none of its own.
    fn of_route(&mut self, name: &str, table: &RouteTable) -> Option<(Vec<String>, String)> {
        let value = table.settings.get(name)?.clone();
        let place = format!("{name} in {}", table.label);
        let definition = definitions::find(name)?;
        match written(value, definition, place.clone(), false) {
            Ok(written) => Some((written.values, place)),
            Err(finding) => {
                self.findings.push(finding);
                None
            }
        }
    }
}
