//! The TOML file: settings for all connections, and `[[site]]` blocks for those of some names.
//!
//! Takes a path, hands on [`ConfigFile`]. What isn't TOML, and keys that nobody knows, are findings here.

use std::io;
use std::path::Path;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};
use figment::{Profile, Provider};

use super::definitions::{self, List};
use super::layers::{holds_pem, texts, unknown};
use super::routes::{self, ROUTE, RouteTable};
use super::server_name::ServerName;
use super::shadow::{self, SHADOW};
use crate::findings::{Finding, Findings};
use crate::regular_file;

/// A file's settings as written.
pub struct ConfigFile {
    /// The path.
    pub place: String,
    /// What stands outside of `[[site]]`.
    pub general: Dict,
    /// `[headers]`, what stands in it as it is.
    pub headers: Option<Value>,
    /// `[[route]]`, for the sites that have none of their own.
    pub routes: Option<Vec<RouteTable>>,
    /// `[shadow]`.
    pub shadow: Option<SiteTable>,
    /// The blocks, in their order.
    pub sites: Vec<SiteTable>,
}

/// One `[[site]]`.
pub struct SiteTable {
    /// As an operator would look for it: `site a.example of /etc/certgate.toml`.
    pub label: String,
    /// The server names, as written.
    pub names: Vec<String>,
    /// `[site.headers]`.
    pub headers: Option<Value>,
    /// `[[site.route]]`.
    pub routes: Option<Vec<RouteTable>>,
    /// `[site.shadow]`.
    pub shadow: Option<Box<SiteTable>>,
    /// All its other keys.
    pub settings: Dict,
}

/// In bytes; far more than anybody writes.
const LONGEST: u64 = 16 << 20;
const SITE: &str = "site";
/// The table of templates, which is no setting since it has names of the operator's own.
const HEADERS: &str = "headers";
/// The key that only a `[[site]]` has.
const NAMES: &str = "names";

impl ConfigFile {
    /// Whether nothing is set in it.
    pub fn is_empty(&self) -> bool {
        let has_shadow = !shadow::is_empty(self.shadow.as_ref());
        self.general.is_empty()
            && self.sites.is_empty()
            && self.headers.is_none()
            && self.routes.is_none()
            && !has_shadow
    }

    /// No file, or one that can't be used.
    pub fn nothing(place: &str) -> Self {
        Self {
            place: place.to_owned(),
            general: Dict::new(),
            headers: None,
            routes: None,
            shadow: None,
            sites: Vec::new(),
        }
    }

    /// Reads a file; keys that no setting has are left out.
    pub fn read(path: &Path, findings: &mut Findings) -> Self {
        let place = path.display().to_string();
        let mut general = match parse(path, &place) {
            Ok(dict) => dict,
            Err(finding) => {
                findings.push(finding);
                return Self::nothing(&place);
            }
        };
        let sites = general.remove(SITE);
        let headers = general.remove(HEADERS);
        let routes = routes::tables(general.remove(ROUTE), &place, findings);
        let shadow = shadow::table(general.remove(SHADOW), SHADOW, &place, findings);
        general.retain(|key, _| {
            let known = definitions::find(key).is_some();
            if !known {
                let names = definitions::all()
                    .map(|d| d.name)
                    .chain([SITE, HEADERS, ROUTE, SHADOW]);
                findings.push(in_place(unknown(key, names), &place));
            }
            known
        });
        Self {
            sites: sites_of(sites, &place, findings),
            place,
            general,
            headers,
            routes,
            shadow,
        }
    }
}

fn parse(path: &Path, place: &str) -> Result<Dict, Finding> {
    let bytes = regular_file::read(path, LONGEST);
    let text = bytes.and_then(|bytes| {
        let text = std::str::from_utf8(&bytes).map_err(io::Error::other)?;
        Ok(text.to_owned())
    });
    let text = text.map_err(|error| {
        Finding::error(place, format!("can't be read: {error}"))
            .advice("Name a readable TOML file in --config or CERTGATE_CONFIG.")
    })?;
    let mut profiles = Toml::string(&text).data().map_err(|error| {
        let text = error.to_string();
        Finding::error(place, format!("is not TOML: {}", without_excerpt(&text)))
            .advice("Write one `key = value` a line, texts in quotes.")
    })?;
    Ok(profiles.remove(&Profile::Default).unwrap_or_default())
}

/// The parser shows the line at fault, and that may be a key.
fn without_excerpt(text: &str) -> String {
    let is_excerpt = |line: &str| {
        line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit())
            .starts_with('|')
    };
    let lines = text.lines().filter(|line| !is_excerpt(line));
    lines
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(": ")
}

fn sites_of(value: Option<Value>, place: &str, findings: &mut Findings) -> Vec<SiteTable> {
    let Some(value) = value else {
        return Vec::new();
    };
    let Value::Array(_, blocks) = value else {
        findings.push(
            Finding::error(
                format!("{SITE} in {place}"),
                format!("found {}", kind_of(&value)),
            )
            .expected("an array of tables")
            .advice("Begin each site with a line [[site]]: two brackets."),
        );
        return Vec::new();
    };
    let sites = blocks.into_iter().enumerate().filter_map(|(index, block)| {
        let Value::Dict(_, table) = block else {
            let found = format!("found {}", kind_of(&block));
            findings.push(
                Finding::error(format!("{SITE} in {place}"), found)
                    .expected("a table")
                    .advice("Begin each site with a line [[site]]."),
            );
            return None;
        };
        Some(site_of(table, index + 1, place, findings))
    });
    sites.collect()
}

fn site_of(mut table: Dict, number: usize, place: &str, findings: &mut Findings) -> SiteTable {
    let names = table.remove(NAMES);
    let headers = table.remove(HEADERS);
    let shadow = table.remove(SHADOW);
    let is_pem = names.as_ref().is_some_and(holds_pem);
    let written = names.clone().filter(|_| !is_pem);
    let written = written.and_then(|value| texts(value, List::Words));
    // What is no name may be anything.
    let first = written
        .as_ref()
        .and_then(|names| names.first()?.parse::<ServerName>().ok());
    let label = match first {
        Some(first) => format!("site {first} of {place}"),
        None => format!("site {number} of {place}"),
    };
    if written.as_ref().is_none_or(Vec::is_empty) {
        let found = match names {
            Some(_) if is_pem => "found a PEM block, which is not shown here".to_owned(),
            Some(value) => format!("found {}", kind_of(&value)),
            None => "not set".to_owned(),
        };
        findings.push(
            Finding::error(format!("{NAMES} in {label}"), found)
                .expected("the server names (SNI) that the site is for, such as [\"a.example\", \"*.b.example\"]"),
        );
    }
    let routes = routes::tables(table.remove(ROUTE), &label, findings);
    table.retain(|key, _| match definitions::find(key) {
        Some(definition) if definition.per_site => true,
        Some(_) => {
            findings.push(
                Finding::error(format!("{key} in {label}"), "set for one site")
                    .expected("outside of [[site]]")
                    .advice("It is for all connections: write it above the first [[site]]."),
            );
            false
        }
        None => {
            let names = definitions::all().filter(|d| d.per_site).map(|d| d.name);
            findings.push(in_place(
                unknown(key, names.chain([NAMES, HEADERS, ROUTE, SHADOW])),
                &label,
            ));
            false
        }
    });
    let shadow = shadow::table(shadow, "site.shadow", &label, findings);
    SiteTable {
        label,
        names: written.unwrap_or_default(),
        headers,
        routes,
        shadow: shadow.map(Box::new),
        settings: table,
    }
}

/// Without the value, which may be anything.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::String(..) => "a text",
        Value::Array(_, items) if items.is_empty() => "an empty array",
        Value::Array(..) => "an array",
        Value::Dict(..) => "a table",
        _ => "something else",
    }
}

pub(super) fn in_place(finding: Finding, place: &str) -> Finding {
    Finding {
        place: format!("{} in {place}", finding.place),
        ..finding
    }
}
