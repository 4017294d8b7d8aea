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
    /// Revocation lists beside that of the certs directory.
    pub crls: Vec<CrlSource>,
    /// Which certificates are looked up in them.
    pub crl_check: CrlCheck,
    /// What becomes of clients without one.
    pub crl_policy: CrlPolicy,
    /// Whether an intermediate can be an anchor.
    pub partial_chain: Switch,
    /// Whether certificates that aren't for clientAuth are accepted.
    pub any_purpose: Switch,
    /// Whether clients are told the names of the client CAs.
    pub advertise_ca: Switch,
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

/// What `partial-chain on` means.
const PARTIAL_CHAIN: [&str; 2] = [
    "on: every certificate of the client CA file is trusted by itself, an intermediate without its root",
    "Its own issuer can't revoke it then but by a CRL; put the root into the file instead, if you have it",
];
/// What `any-purpose on` means.
const ANY_PURPOSE: [&str; 2] = [
    "on: certificates that were not issued for clients are accepted",
    "Whoever has a server's key comes in with that server's certificate; have clientAuth put into the clients' instead, if you can",
];

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
            crls: read.none_or_more("crl"),
            crl_check: read.one("crl-check"),
            crl_policy: read.one("crl-policy"),
            partial_chain: read.loud("partial-chain", PARTIAL_CHAIN),
            any_purpose: read.loud("any-purpose", ANY_PURPOSE),
            advertise_ca: read.one("advertise-ca"),
            min_protocol,
            max_protocol,
            ciphers: read.text("tls-ciphers"),
            groups: read.text("tls-groups"),
            prefer: read.one("tls-prefer"),
            tickets: read.one("tls-tickets"),
            session_timeout: read.time("tls-session-timeout"),
            handshake_timeout: read.time("handshake-timeout"),
        };
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

    fn none_or_more<T: FromStr<Err = Expected>>(&mut self, name: &str) -> Vec<T> {
        let written = self.written(name);
        self.all_or_none(&written)
    }

    /// A switch that lets more clients in: who turns it on is told what that means, at each start.
    fn loud(&mut self, name: &str, [found, advice]: [&str; 2]) -> Switch {
        let switch = self.one(name);
        if switch == Switch::On {
            let place = self.written(name).place;
            self.findings
                .push(Finding::warning(place, found).advice(advice));
        }
        switch
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
