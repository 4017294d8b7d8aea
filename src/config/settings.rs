//! The settings as they are used: typed, checked against each other, complete.
//!
//! Takes [`Layers`], hands on [`Settings`] with every complaint about them. A setting that is wrong
//! has its default in the result, so that all other checks can still be made and reported.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::definitions;
use super::layers::{Layers, Written};
use super::upstream::{Upstream, UpstreamProtocol};
use super::values::*;
use crate::fetch::Url;
use crate::findings::{Finding, Findings};

/// Everything an operator can set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where TLS connections come in; at least one.
    pub listen: Vec<ListenAddress>,
    /// What an admitted client gets.
    pub content: ContentSettings,
    /// Where the PEM files are.
    pub certs_dir: PathBuf,
    /// How clients are asked and handshakes are made.
    pub tls: TlsSettings,
    /// The limits in time of everything else.
    pub times: Times,
    /// Where health and metrics are; `None` is off.
    pub admin: AdminAddress,
    /// Threads that serve connections.
    pub workers: Workers,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines there are.
    pub log_level: LogLevel,
    /// Whether requests are logged.
    pub access_log: Switch,
    /// Where each setting was written: faults that only AWS-LC or the system finds name it, too.
    places: HashMap<&'static str, String>,
}

/// What is behind the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentSettings {
    /// Files below a directory.
    Static {
        /// The directory.
        root: PathBuf,
        /// Whether nobody chose it: then it need not exist.
        is_default: bool,
    },
    /// HTTP proxied to these; all of one protocol.
    Proxy(Vec<Upstream>),
    /// Raw bytes to these.
    Tunnel(Vec<Upstream>),
}

/// How clients are asked and handshakes are made.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// Whether a client certificate is needed.
    pub client_auth: ClientAuth,
    /// How a refused client is told.
    pub refusal: Refusal,
    /// Intermediates between client certificate and CA.
    pub verify_depth: VerifyDepth,
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
    /// What responders are asked about clients.
    pub ocsp: OcspSettings,
    /// What clients are told about the server.
    pub staple: StapleSettings,
}

/// Where the OCSP status of the server's certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StapleSettings {
    /// A file, a responder, or nothing.
    pub from: StapleFrom,
    /// Who is asked instead of the one that the certificate names.
    pub responder: Option<Url>,
}

/// What OCSP responders are asked about clients' certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspSettings {
    /// Of which certificates.
    pub scope: OcspScope,
    /// What becomes of a client whose status nobody tells.
    pub policy: OcspPolicy,
    /// Who is asked instead of the one that the certificate names.
    pub responder: Option<Url>,
    /// For one answer.
    pub timeout: Duration,
}

/// The limits in time outside TLS.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// To receive a request's header, or idle before it.
    pub header: Duration,
    /// To connect to an upstream.
    pub upstream_connect: Duration,
    /// To receive the header of an upstream's answer.
    pub upstream: Duration,
    /// From SIGTERM to the close of the listeners.
    pub drain_delay: Duration,
    /// From then to the end of the process.
    pub drain: Duration,
}

impl fmt::Display for ContentSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, upstreams) = match self {
            Self::Static { root, .. } => return write!(f, "files of {}", root.display()),
            Self::Proxy(upstreams) => ("proxy to", upstreams),
            Self::Tunnel(upstreams) => ("tunnel to", upstreams),
        };
        write!(f, "{kind}")?;
        upstreams
            .iter()
            .try_for_each(|upstream| write!(f, " {}", upstream.address))
    }
}

impl Settings {
    /// Reads every setting.
    pub fn read(layers: &Layers) -> (Settings, Findings) {
        let mut read = Reader {
            layers,
            findings: Findings::default(),
        };
        let (min_protocol, max_protocol) = read.protocols();
        let tls = TlsSettings {
            client_auth: read.one("client-auth"),
            refusal: read.one("refusal"),
            verify_depth: read.one("verify-depth"),
            min_protocol,
            max_protocol,
            ciphers: read.text("tls-ciphers"),
            groups: read.text("tls-groups"),
            prefer: read.one("tls-prefer"),
            tickets: read.one("tls-tickets"),
            session_timeout: read.time("tls-session-timeout"),
            handshake_timeout: read.time("handshake-timeout"),
            ocsp: OcspSettings {
                scope: read.one("ocsp"),
                policy: read.one("ocsp-policy"),
                responder: read.url("ocsp-responder"),
                timeout: read.time("ocsp-timeout"),
            },
            staple: StapleSettings {
                from: read.one("staple"),
                responder: read.url("staple-responder"),
            },
        };
        read.compare_timeouts(&tls);
        let settings = Settings {
            listen: read.all("listen"),
            content: read.content(tls.refusal),
            certs_dir: read.text("certs-dir").into(),
            tls,
            times: Times {
                header: read.time("header-timeout"),
                upstream_connect: read.time("upstream-connect-timeout"),
                upstream: read.time("upstream-timeout"),
                drain_delay: read.one::<Time>("drain-delay").0,
                drain: read.one::<Time>("drain-timeout").0,
            },
            admin: read.one("admin"),
            workers: read.one("workers"),
            log_format: read.one("log-format"),
            log_level: read.one("log-level"),
            access_log: read.one("access-log"),
            places: places(layers),
        };
        (settings, read.findings)
    }

    /// Where a setting was written: `--listen`, `CERTGATE_LISTEN`, `listen in FILE`.
    pub fn place_of(&self, name: &str) -> Option<&str> {
        self.places.get(name).map(String::as_str)
    }
}

fn places(layers: &Layers) -> HashMap<&'static str, String> {
    let written = definitions::DEFINITIONS.iter().filter_map(|definition| {
        let written = layers.written(definition).ok()?;
        Some((definition.name, written.place))
    });
    written.collect()
}

struct Reader<'a> {
    layers: &'a Layers,
    findings: Findings,
}

impl Reader<'_> {
    fn one<T: FromStr<Err = Expected>>(&mut self, name: &str) -> T {
        let mut values = self.all(name);
        values.remove(0)
    }

    /// At least one value: a list that is written but empty is a finding and becomes its default.
    fn all<T: FromStr<Err = Expected>>(&mut self, name: &str) -> Vec<T> {
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

    fn text(&mut self, name: &str) -> String {
        let written = self.written(name);
        if !written.is_default && written.values.iter().all(|v| v.trim().is_empty()) {
            self.wrong(&written.place, "", "a value".to_owned());
        }
        written.values.join(":")
    }

    /// `None` if it isn't written.
    fn url(&mut self, name: &str) -> Option<Url> {
        let written = self.written(name);
        match written.is_default {
            true => None,
            false => self
                .all_or_none::<FetchUrl>(&written)
                .pop()
                .map(|url| url.0),
        }
    }

    fn compare_timeouts(&mut self, tls: &TlsSettings) {
        if tls.ocsp.scope != OcspScope::Off && tls.ocsp.timeout >= tls.handshake_timeout {
            let place = self.written("ocsp-timeout").place;
            self.findings.push(
                Finding::warning(place, "no shorter than handshake-timeout")
                    .advice("A responder that is silent ends the handshake, whatever --ocsp-policy says: make one of the two shorter or longer."),
            );
        }
    }

    fn time(&mut self, name: &str) -> Duration {
        let Time(duration) = self.one(name);
        if !duration.is_zero() {
            return duration;
        }
        let place = self.written(name).place;
        self.wrong(&place, "0", "more than no time".to_owned());
        default_of::<Time>(name)[0].0
    }

    fn written(&mut self, name: &str) -> Written {
        // Every caller names a literal of the table; `every_setting_is_read` runs them all.
        let definition = definitions::find(name).expect("a setting of the table");
        self.layers.written(definition).unwrap_or_else(|finding| {
            let place = finding.place.clone();
            self.findings.push(finding);
            Written {
                values: vec![definition.default.to_owned()],
                place,
                is_default: true,
            }
        })
    }

    fn wrong(&mut self, place: &str, found: &str, expected: String) {
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

    fn content(&mut self, refusal: Refusal) -> ContentSettings {
        let root = self.written("root");
        let written = self.written("upstream");
        let files = ContentSettings::Static {
            root: self.text("root").into(),
            is_default: root.is_default,
        };
        if written.values.is_empty() {
            return files;
        }
        let upstreams: Vec<Upstream> = self.all_or_none(&written);
        if !root.is_default {
            self.findings.push(
                Finding::warning(&root.place, "not used, since an upstream is set")
                    .advice("Leave out one of the two."),
            );
        }
        let Some(first) = upstreams.first().map(|u| u.protocol) else {
            return files;
        };
        if upstreams.iter().any(|u| u.protocol != first) {
            self.wrong(
                &written.place,
                &written.values.join(","),
                "upstreams of one kind: http:// (and unix:), h2c:// or tcp://".to_owned(),
            );
        }
        if first != UpstreamProtocol::Tcp {
            return ContentSettings::Proxy(upstreams);
        }
        if refusal == Refusal::Page {
            let place = self.written("refusal").place;
            self.findings.push(
                Finding::error(place, "page, with an upstream of tcp://")
                    .expected("alert")
                    .advice("Raw bytes can't carry a page."),
            );
        }
        ContentSettings::Tunnel(upstreams)
    }

    fn all_or_none<T: FromStr<Err = Expected>>(&mut self, written: &Written) -> Vec<T> {
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
mod tests {
    use std::ffi::OsString;

    use super::super::layers::Flags;
    use super::*;

    fn read(flags: &Flags, environment: &[(&str, &str)]) -> (Settings, Vec<String>) {
        let environment: Vec<(OsString, OsString)> = environment
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let (layers, mut findings) = Layers::read(&[], flags, None, &environment);
        let (settings, wrong) = Settings::read(&layers);
        findings.extend(wrong);
        (settings, findings.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_setting_is_read() {
        let (settings, findings) = read(&vec![], &[]);
        assert_eq!(findings, [""; 0]);
        assert_eq!(settings.listen[0].to_string(), "0.0.0.0:443");
        assert_eq!(settings.tls.client_auth, ClientAuth::Required);
        for definition in definitions::DEFINITIONS {
            let wrong = vec![(definition.name, vec!["\u{0}".to_owned()])];
            read(&wrong, &[]);
        }
    }

    #[test]
    fn flags_win_over_the_environment() {
        let flags = vec![("client-auth", vec!["off".to_owned()])];
        let (settings, findings) = read(&flags, &[("CERTGATE_CLIENT_AUTH", "optional")]);
        assert_eq!(findings, [""; 0]);
        assert_eq!(settings.tls.client_auth, ClientAuth::Off);
    }

    #[test]
    fn all_faults_are_reported_with_their_places() {
        let flags = vec![("verify-depth", vec!["many".to_owned()])];
        let (_, findings) = read(
            &flags,
            &[
                ("CERTGATE_CLIENT_AUTHS", "off"),
                ("CERTGATE_TLS_PROTOCOLS", "TLSv1.1,TLSv1.3"),
                ("CERTGATE_PORT", "tcp://10.0.0.1:443"),
                ("CERTGATE_SERVICE_HOST", "10.0.0.1"),
            ],
        );
        assert_eq!(findings.len(), 3, "{findings:?}");
        assert!(findings[0].contains("Did you mean CERTGATE_CLIENT_AUTH?"));
        assert!(findings[1].contains("CERTGATE_TLS_PROTOCOLS") && findings[1].contains("gap"));
        assert!(findings[2].contains("--verify-depth") && findings[2].contains("\"many\""));
    }
}
