//! The settings as they are used: typed, checked against each other, complete.
//!
//! Takes [`Layers`], hands on [`Settings`] with every complaint about them. A setting that is wrong
//! has its default in the result, so that all other checks can still be made and reported.

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::closing::ClosingSettings;
use super::definitions;
use super::file::SiteTable;
use super::health::HealthSettings;
use super::layers::{Layers, Written};
use super::limits::LimitSettings;
use super::listen::{Keepalive, ListenAddress, OptionalAddress, TcpSettings, UserTimeout};
use super::networks::Networks;
use super::overload::OverloadSettings;
use super::proxy_protocol::ProxyProtocol;
use super::server_name::ServerNames;
use super::site::{Site, SiteSettings};
use super::unix::Mode;
use super::user::RunAs;
use super::values::*;
use crate::findings::{Finding, Findings};
use crate::sighting::Sighting;

/// Everything an operator can set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where TLS connections come in; at least one.
    pub listen: Vec<ListenAddress>,
    /// How their sockets are set.
    pub tcp: TcpSettings,
    /// Who may connect to unix sockets.
    pub listen_unix_mode: Mode,
    /// At least one: the first is that of all connections that ask for no name of another one.
    pub sites: Vec<Site>,
    /// Which name is which site's.
    pub server_names: ServerNames,
    /// What becomes of connections that ask for a name of no site.
    pub unknown_sni: UnknownSni,
    /// Whether connections begin with a PROXY header.
    pub proxy_protocol: ProxyProtocol,
    /// Who is believed when it speaks of other clients.
    pub trusted_proxies: Networks,
    /// Whether they have their clients log in, all of them.
    pub alb_login: Switch,
    /// Where the PEM files are.
    pub certs_dir: PathBuf,
    /// Where plain HTTP is sent to https; `None` is off.
    pub redirect: OptionalAddress,
    /// What load balancers are told on the ports of clients; `None` for nothing.
    pub health: Option<HealthSettings>,
    /// How often an upstream is checked, where readiness depends on it.
    pub ready_check_interval: Duration,
    /// How often a client may do something.
    pub limits: LimitSettings,
    /// How much may come at once.
    pub overload: OverloadSettings,
    /// How handshakes are made.
    pub tls: TlsSettings,
    /// The limits in time of everything else.
    pub times: Times,
    /// When open connections end.
    pub closing: ClosingSettings,
    /// Where health and metrics are; `None` is off.
    pub admin: OptionalAddress,
    /// How often revocation lists are fetched at least.
    pub crl_refresh: Duration,
    /// How often files are looked at for changes; zero is never.
    pub reload_interval: Duration,
    /// The TOML file, as it was before it was read.
    pub file: Option<Sighting>,
    /// Whether nothing is set in it.
    pub file_is_empty: bool,
    /// Threads that serve connections.
    pub workers: Workers,
    /// Who the process becomes once its ports are bound; `None` stays who it is.
    pub user: Option<RunAs>,
    /// Whether the kernel is asked to refuse what isn't needed.
    pub landlock: Switch,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines there are.
    pub log_level: LogLevel,
    /// Whether requests are logged.
    pub access_log: Switch,
    /// Where each setting was written: faults that only AWS-LC or the system finds name it, too.
    places: HashMap<&'static str, String>,
}

/// How handshakes are made, whichever site they are for.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// Lowest version on offer.
    pub min_protocol: Protocol,
    /// Highest version on offer.
    pub max_protocol: Protocol,
    /// As written; empty for the defaults.
    pub ciphers: String,
    /// As written, colons between.
    pub groups: String,
    /// Whose order decides.
    pub prefer: CipherPreference,
    /// Whether clients can resume.
    pub tickets: Switch,
    /// From the full handshake to the last resumption.
    pub session_timeout: Duration,
    /// From accept to the end of the handshake.
    pub handshake_timeout: Duration,
}

/// The limits in time outside TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// To receive a request's header, or idle before it.
    pub header: Duration,
    /// Between two parts of a request's body.
    pub body: Duration,
    /// Until a client takes more of a response.
    pub send: Duration,
    /// Without a byte in a tunnel; zero is no bound.
    pub tunnel_idle: Duration,
    /// To connect to an upstream.
    pub upstream_connect: Duration,
    /// To receive the header of an upstream's answer.
    pub upstream: Duration,
    /// From SIGTERM to the close of the listeners.
    pub drain_delay: Duration,
    /// Without a connection, which ends that time early; zero is never.
    pub drain_quiet: Duration,
    /// From then to the end of the process.
    pub drain: Duration,
}

impl Settings {
    /// Reads every setting.
    pub fn read(layers: &Layers) -> (Settings, Findings) {
        let mut read = Reader {
            layers,
            site: None,
            findings: Findings::default(),
        };
        let (min_protocol, max_protocol) = read.protocols();
        let tls = TlsSettings {
            min_protocol,
            max_protocol,
            ciphers: read.text("tls-ciphers"),
            groups: read.text("tls-groups"),
            prefer: read.one("tls-prefer"),
            tickets: read.one("tls-tickets"),
            session_timeout: read.time("tls-session-timeout"),
            handshake_timeout: read.time("handshake-timeout"),
        };
        let (sites, server_names) = read.sites();
        let (proxy_protocol, trusted_proxies) = read.proxies();
        let alb_login = read.alb_login();
        let health = read.health(&sites);
        read.check_ready(&sites);
        let listen: Vec<ListenAddress> = read.all("listen");
        read.check_plain(&listen);
        read.check_unix(&listen, proxy_protocol, &trusted_proxies);
        let settings = Settings {
            listen,
            tcp: TcpSettings {
                keepalive: read.one::<Keepalive>("tcp-keepalive").0,
                user_timeout: read.one::<UserTimeout>("tcp-user-timeout").0,
                backlog: read.one("backlog"),
            },
            listen_unix_mode: read.one("listen-unix-mode"),
            sites,
            server_names,
            unknown_sni: read.one("unknown-sni"),
            proxy_protocol,
            trusted_proxies,
            alb_login,
            certs_dir: read.text("certs-dir").into(),
            redirect: read.one("redirect"),
            health,
            ready_check_interval: read.time("ready-check-interval"),
            limits: read.limits(),
            overload: read.overload(),
            tls,
            times: Times {
                header: read.time("header-timeout"),
                body: read.time("body-timeout"),
                send: read.time("send-timeout"),
                tunnel_idle: read.one::<Time>("tunnel-idle-timeout").0,
                upstream_connect: read.time("upstream-connect-timeout"),
                upstream: read.time("upstream-timeout"),
                drain_delay: read.one::<Time>("drain-delay").0,
                drain_quiet: read.one::<Time>("drain-quiet").0,
                drain: read.one::<Time>("drain-timeout").0,
            },
            closing: read.closing(),
            admin: read.one("admin"),
            crl_refresh: read.time("crl-refresh"),
            reload_interval: read.one::<Time>("reload-interval").0,
            file: layers.file().cloned(),
            file_is_empty: layers.file_is_empty(),
            workers: read.one("workers"),
            user: read.none_or_more("user").pop(),
            landlock: read.one("landlock"),
            log_format: read.one("log-format"),
            log_level: read.one("log-level"),
            access_log: read.one("access-log"),
            places: places(layers),
        };
        // What the sites share is read for each of them.
        read.findings.dedup();
        (settings, read.findings)
    }

    /// The site of all connections that ask for no name of another one.
    pub fn default_site(&self) -> &SiteSettings {
        &self.sites[0].settings
    }

    /// The names of the settings that take effect at the start only, and are others than `before`.
    pub fn fixed_differences(&self, before: &Settings) -> Vec<&'static str> {
        let differences = [
            ("listen", self.listen != before.listen),
            (
                "listen-unix-mode",
                self.listen_unix_mode != before.listen_unix_mode,
            ),
            ("tcp-keepalive", self.tcp.keepalive != before.tcp.keepalive),
            (
                "tcp-user-timeout",
                self.tcp.user_timeout != before.tcp.user_timeout,
            ),
            ("backlog", self.tcp.backlog != before.tcp.backlog),
            ("admin", self.admin != before.admin),
            ("redirect", self.redirect != before.redirect),
            ("workers", self.workers != before.workers),
            (
                "reload-interval",
                self.reload_interval != before.reload_interval,
            ),
            ("user", self.user != before.user),
            ("landlock", self.landlock != before.landlock),
            ("log-format", self.log_format != before.log_format),
            ("log-level", self.log_level != before.log_level),
            ("access-log", self.access_log != before.access_log),
        ];
        let differences = differences.into_iter().filter(|(_, differs)| *differs);
        differences.map(|(name, _)| name).collect()
    }

    /// Where a setting was written: `--listen`, `CERTGATE_LISTEN`, `listen in FILE`.
    pub fn place_of(&self, name: &str) -> Option<&str> {
        self.places.get(name).map(String::as_str)
    }
}

fn places(layers: &Layers) -> HashMap<&'static str, String> {
    let written = definitions::all().filter_map(|definition| {
        let written = layers.written(definition).ok()?;
        Some((definition.name, written.place))
    });
    written.collect()
}

pub(super) struct Reader<'a> {
    pub(super) layers: &'a Layers,
    /// Whose settings are read; `None` for those of all.
    pub(super) site: Option<&'a SiteTable>,
    pub(super) findings: Findings,
}

impl Reader<'_> {
    pub(super) fn one<T: FromStr<Err = Expected>>(&mut self, name: &str) -> T {
        let mut values = self.all(name);
        values.remove(0)
    }

    /// At least one value: a list that is written but empty is a finding and becomes its default.
    pub(super) fn all<T: FromStr<Err = Expected>>(&mut self, name: &str) -> Vec<T> {
        let written = self.written(name);
        let mut values = Vec::new();
        for text in &written.values {
            match text.parse() {
                Ok(value) => values.push(value),
                Err(Expected(expected)) => self.wrong(&written.place, text, expected),
            }
        }
        if written.values.is_empty() {
            self.wrong(&written.place, "", "a value".to_owned());
        }
        if values.is_empty() {
            values = default_of(name);
        }
        values
    }

    pub(super) fn text(&mut self, name: &str) -> String {
        let written = self.written(name);
        if !written.is_default && written.values.iter().all(|v| v.trim().is_empty()) {
            self.wrong(&written.place, "", "a value".to_owned());
        }
        written.values.join(":")
    }

    pub(super) fn time(&mut self, name: &str) -> Duration {
        let Time(duration) = self.one(name);
        if !duration.is_zero() {
            return duration;
        }
        let place = self.written(name).place;
        self.wrong(&place, "0", "more than no time".to_owned());
        default_of::<Time>(name)[0].0
    }

    pub(super) fn written(&mut self, name: &str) -> Written {
        // Every caller names a literal of the table; `every_setting_is_read` runs them all.
        let definition = definitions::find(name).expect("a setting of the table");
        let own = self
            .site
            .and_then(|site| self.layers.written_in_site(site, definition));
        let written = own.unwrap_or_else(|| self.layers.written(definition));
        written.unwrap_or_else(|finding| {
            let place = finding.place.clone();
            self.findings.push(finding);
            Written {
                values: vec![definition.default.to_owned()],
                place,
                is_default: true,
            }
        })
    }

    pub(super) fn wrong(&mut self, place: &str, found: &str, expected: String) {
        let found = match found.is_empty() {
            true => "found nothing".to_owned(),
            false => format!("found {}", shown(found)),
        };
        self.findings
            .push(Finding::error(place, found).expected(expected));
    }

    /// The lowest and the highest version; AWS-LC knows no gaps between.
    fn protocols(&mut self) -> (Protocol, Protocol) {
        let mut versions: Vec<Protocol> = self.all("tls-protocols");
        versions.sort();
        versions.dedup();
        // `all` gives at least one.
        let (min, max) = (versions[0], versions[versions.len() - 1]);
        if versions.len() != max as usize - min as usize + 1 {
            let written = self.written("tls-protocols");
            self.wrong(
                &written.place,
                &written.values.join(","),
                "versions without a gap between them".to_owned(),
            );
        }
        (min, max)
    }

    pub(super) fn all_or_none<T: FromStr<Err = Expected>>(&mut self, written: &Written) -> Vec<T> {
        let mut values = Vec::new();
        for text in &written.values {
            match text.parse() {
                Ok(value) => values.push(value),
                Err(Expected(expected)) => self.wrong(&written.place, text, expected),
            }
        }
        values
    }
}

fn default_of<T: FromStr<Err = Expected>>(name: &str) -> Vec<T> {
    let default = definitions::find(name).map_or("", |d| d.default);
    default
        .split(',')
        // `every_setting_is_read` parses every default.
        .map(|text| text.parse().expect("a default that parses"))
        .collect()
}

#[cfg(test)]
mod tests;
