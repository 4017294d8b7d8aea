//! defaults < TOML file < environment < flags, laid over each other; each value keeps its origin.
//!
//! Takes the layers as they were written, hands on [`Layers`]: for each setting the text of its
//! values and the place it came from. Unknown keys are findings here; wrong values are the reader's.
//! A `[[site]]` of the file lies over all of them, for its own connections.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::definitions::{self, Definition, List, TICKET_SECRET, VARIABLE_PREFIX};
use super::file::{ConfigFile, SiteTable};
use super::routes::RouteTable;
use crate::findings::{Finding, Findings};
use crate::sighting::Sighting;

/// What was written on the command line: a setting's name and its values.
pub type Flags = Vec<(&'static str, Vec<String>)>;

/// All layers, merged.
pub struct Layers {
    figment: Figment,
    sites: Vec<SiteTable>,
    /// `[headers]`, and the name of its file.
    headers: Option<(Value, String)>,
    /// `[[route]]`.
    routes: Vec<RouteTable>,
    /// `[shadow]`.
    shadow: Option<SiteTable>,
    file: Option<Sighting>,
    file_is_empty: bool,
}

/// For whom a setting is: the connections of one `[[site]]` by its number, or all others.
pub type Scope = Option<usize>;

/// One setting's values as written, and where.
pub struct Written {
    /// The values; more than one only for lists.
    pub values: Vec<String>,
    /// As an operator would look for it: `--client-auth`, `CERTGATE_CLIENT_AUTH`,
    /// `client-auth in /etc/certgate.toml`, `client-auth (default)`.
    pub place: String,
    /// Whether nobody wrote it.
    pub is_default: bool,
}

const FLAGS: &str = "flags";
const ENVIRONMENT: &str = "environment";
const DEFAULTS: &str = "defaults";

impl Layers {
    /// Lays the layers over each other. The TOML file is `--config`, else `CERTGATE_CONFIG`.
    /// `defaults` stand in for those of [`definitions::all`], for a command that has its own.
    pub fn read(
        defaults: &[(&'static str, &str)],
        flags: &Flags,
        config_flag: Option<&Path>,
        environment: &[(OsString, OsString)],
    ) -> (Layers, Findings) {
        let mut findings = Findings::default();
        let (variables, config_variable) = from_environment(environment, &mut findings);
        let file = config_flag.map(Path::to_path_buf).or(config_variable);
        let file = file.map(|path| Sighting::of(&path));
        let of_file = match &file {
            Some(seen) => ConfigFile::read(&seen.path, &mut findings),
            None => ConfigFile::nothing(DEFAULTS),
        };
        let file_is_empty = of_file.is_empty();
        let place = of_file.place.clone();
        let shadow = of_file.shadow;
        let headers = of_file.headers.map(|headers| (headers, place));
        let figment = Figment::new()
            .merge(Layer(DEFAULTS.to_owned(), usual_defaults()))
            .merge(Layer(DEFAULTS.to_owned(), dict(defaults)))
            .merge(Layer(of_file.place, of_file.general))
            .merge(Layer(ENVIRONMENT.to_owned(), variables))
            .merge(Layer(FLAGS.to_owned(), from_flags(flags)));
        let sites = of_file.sites;
        let routes = of_file.routes.unwrap_or_default();
        (
            Layers {
                figment,
                sites,
                headers,
                routes,
                shadow,
                file,
                file_is_empty,
            },
            findings,
        )
    }

    /// The TOML file, if one is named, as it was before it was read.
    pub fn file(&self) -> Option<&Sighting> {
        self.file.as_ref()
    }

    /// Whether nothing is set in it.
    pub fn file_is_empty(&self) -> bool {
        self.file_is_empty
    }

    /// The `[[site]]` blocks, in the order of the file.
    pub fn sites(&self) -> &[SiteTable] {
        &self.sites
    }

    /// What stands beside the settings of all sites.
    pub fn shadow(&self) -> Option<&SiteTable> {
        self.shadow.as_ref()
    }

    /// The templates of a site, or those of all that have none of their own; and where they stand.
    pub fn headers<'a>(&'a self, site: Option<&'a SiteTable>) -> Option<(&'a Value, &'a str)> {
        let own = site.and_then(|site| Some((site.headers.as_ref()?, site.label.as_str())));
        let general = self.headers.as_ref();
        own.or_else(|| general.map(|(headers, place)| (headers, place.as_str())))
    }

    /// The routes of a site, or those of all that have none of their own.
    pub fn routes<'a>(&'a self, site: Option<&'a SiteTable>) -> &'a [RouteTable] {
        let own = site.and_then(|site| site.routes.as_deref());
        own.unwrap_or(&self.routes)
    }

    /// What is written for a setting in a site, `None` if the site has nothing of its own.
    pub fn written_in_site(
        &self,
        site: &SiteTable,
        definition: &Definition,
    ) -> Option<Result<Written, Finding>> {
        let value = site.settings.get(definition.name)?.clone();
        let place = format!("{} in {}", definition.name, site.label);
        Some(written(value, definition, place, false))
    }

    /// What is written for a setting in the highest layer that has it.
    pub fn written(&self, definition: &Definition) -> Result<Written, Finding> {
        let Ok(value) = self.figment.find_value(definition.name) else {
            return Ok(Written {
                values: Vec::new(),
                place: format!("{} (default)", definition.name),
                is_default: true,
            });
        };
        let layer = self
            .figment
            .get_metadata(value.tag())
            .map_or(DEFAULTS, |metadata| metadata.name.as_ref());
        let place = place_of(definition, layer);
        written(value, definition, place, layer == DEFAULTS)
    }
}

pub(super) fn written(
    value: Value,
    definition: &Definition,
    place: String,
    is_default: bool,
) -> Result<Written, Finding> {
    let kind = value.to_actual().to_string();
    if holds_pem(&value) {
        let found = "found a PEM block, which is not shown here";
        return Err(Finding::error(place, found)
            .expected(definition.value)
            .advice("Certificates and keys belong into SSL_SERVER_CERTIFICATE, SSL_SERVER_KEY and SSL_CLIENT_CERTIFICATE."));
    }
    match texts(value, definition.list) {
        Some(values) => Ok(Written {
            values,
            place,
            is_default,
        }),
        None => {
            let expected = match definition.list {
                List::Words | List::Lines => "a text or an array of texts",
                List::No => "a single value",
            };
            Err(Finding::error(place, format!("found {kind}")).expected(expected))
        }
    }
}

/// The texts of a value; `None` if it is something else.
pub(super) fn texts(value: Value, list: List) -> Option<Vec<String>> {
    match value {
        Value::Array(_, items) if list != List::No => items.into_iter().map(text_of).collect(),
        single => text_of(single).map(|text| match list {
            List::No => vec![text],
            List::Words => split(&text, |c| c == ',' || c.is_whitespace()),
            List::Lines => split(&text, |c| matches!(c, ';' | '\n' | '\r')),
        }),
    }
}

/// One layer for figment; its name tells the place of a value later.
struct Layer(String, Dict);

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.0.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.1.clone()))
    }
}

fn dict(settings: &[(&'static str, &str)]) -> Dict {
    settings
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Value::from(*text)))
        .collect()
}

fn usual_defaults() -> Dict {
    definitions::all()
        .filter(|d| !d.default.is_empty())
        .map(|d| (d.name.to_owned(), Value::from(d.default)))
        .collect()
}

fn from_flags(flags: &Flags) -> Dict {
    flags
        .iter()
        .map(|(name, values)| {
            let value = match definitions::find(name).map(|definition| definition.list) {
                // A rule may have a semicolon in it.
                Some(List::Lines) => Value::from(values.clone()),
                _ => Value::from(values.join(",")),
            };
            ((*name).to_owned(), value)
        })
        .collect()
}

/// The `CERTGATE_…` variables that are settings, and the file that `CERTGATE_CONFIG` names.
fn from_environment(
    environment: &[(OsString, OsString)],
    findings: &mut Findings,
) -> (Dict, Option<PathBuf>) {
    let mut dict = Dict::new();
    let mut config = None;
    for (name, value) in environment {
        let Some(name) = name.to_str().filter(|n| n.starts_with(VARIABLE_PREFIX)) else {
            continue;
        };
        if is_kubernetes_service(name) || name == TICKET_SECRET {
            continue;
        }
        if name == "CERTGATE_CONFIG" {
            config = Some(PathBuf::from(value));
            continue;
        }
        let Some(definition) = definitions::all().find(|d| d.variable() == name) else {
            let known: Vec<_> = definitions::all().map(Definition::variable).collect();
            let known = known.iter().map(String::as_str).chain([TICKET_SECRET]);
            findings.push(unknown(name, known));
            continue;
        };
        match value.to_str() {
            Some(text) => {
                dict.insert(definition.name.to_owned(), Value::from(text));
            }
            None => findings.push(Finding::error(name, "the value is not UTF-8")),
        }
    }
    (dict, config)
}

/// Kubernetes puts these beside a Service that is called certgate; they are no settings.
fn is_kubernetes_service(name: &str) -> bool {
    let rest = &name[VARIABLE_PREFIX.len()..];
    rest == "PORT" || ["PORT_", "SERVICE_"].iter().any(|p| rest.starts_with(p))
}

pub(super) fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Finding {
    let nearest = known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min();
    let finding = Finding::error(name, "no setting has this name");
    // What all have in common makes none of them alike.
    let own = name.strip_prefix(VARIABLE_PREFIX).unwrap_or(name);
    match nearest {
        Some((distance, candidate)) if distance <= own.len() / 3 => {
            finding.advice(format!("Did you mean {candidate}?"))
        }
        _ => finding.advice("`certgate serve --help` lists the settings."),
    }
}

fn place_of(definition: &Definition, layer: &str) -> String {
    match layer {
        FLAGS => format!("--{}", definition.name),
        ENVIRONMENT => definition.variable(),
        DEFAULTS => format!("{} (default)", definition.name),
        file => format!("{} in {file}", definition.name),
    }
}

/// A key in the wrong variable must not be printed, in whatever pieces.
pub(super) fn holds_pem(value: &Value) -> bool {
    match value {
        Value::String(_, text) => text.contains("-----BEGIN") || text.contains("PRIVATE KEY"),
        Value::Array(_, items) => items.iter().any(holds_pem),
        _ => false,
    }
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text),
        Value::Bool(_, true) => Some("on".to_owned()),
        Value::Bool(_, false) => Some("off".to_owned()),
        Value::Num(_, number) => number
            .to_i128()
            .map(|n| n.to_string())
            .or_else(|| number.to_u128().map(|n| n.to_string()))
            .or_else(|| number.to_f64().map(|n| n.to_string())),
        _ => None,
    }
}

fn split(text: &str, separates: impl Fn(char) -> bool) -> Vec<String> {
    text.split(separates)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}
