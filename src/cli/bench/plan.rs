//! From what was typed to the plan of a run.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use http::{HeaderName, HeaderValue};

use super::Unready;
use crate::bench::echo;
use crate::bench::identity::{Identity, authorities};
use crate::bench::plan::{Extent, HttpVersion, Mode, Plan, ProxyVersion};
use crate::bench::processes;
use crate::bench::target::{Target, TargetFault};
use crate::bench::tls::{TlsOptions, Trust, system_authorities};
use crate::config::values::{Protocol, Time};

const DEFAULT_DURATION: Duration = Duration::from_secs(10);
const DEFAULT_WARM_UP: Duration = Duration::from_secs(1);
const TUNNEL_PAYLOAD: u32 = 64;

/// What is to be done.
pub fn plan(matches: &ArgMatches) -> Result<Plan, Unready> {
    let mode = one::<Mode>(matches, "mode").unwrap_or(Mode::Full);
    let connections = one(matches, "connections").unwrap_or(16);
    let default_payload = if mode == Mode::Tunnel {
        TUNNEL_PAYLOAD
    } else {
        0
    };
    let bytes = one(matches, "payload").unwrap_or(default_payload);
    let extent = match (mode, one(matches, "count"), time(matches, "duration")) {
        (Mode::Storm, ..) => Extent::Count(u64::from(connections)),
        (_, Some(count), _) => Extent::Count(count),
        (_, None, duration) => Extent::Time(duration.unwrap_or(DEFAULT_DURATION)),
    };
    let default_warm_up = match (mode, extent) {
        (Mode::Storm | Mode::Idle, _) | (_, Extent::Count(_)) => Duration::ZERO,
        _ => DEFAULT_WARM_UP,
    };
    let cpus = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = one::<u32>(matches, "threads").map_or_else(cpus, |threads| threads as usize);
    let mut plan = Plan {
        targets: Vec::new(),
        mode,
        http: one(matches, "http").unwrap_or(HttpVersion::One),
        streams: one(matches, "streams").unwrap_or(1),
        payload: echo::payload(bytes as usize),
        headers: headers(matches)?,
        proxy_header: one::<ProxyVersion>(matches, "proxy-protocol"),
        sources: all::<IpAddr>(matches, "source"),
        connections,
        rate: one(matches, "rate"),
        ramp: time(matches, "ramp").unwrap_or_default(),
        warm_up: time(matches, "warm-up").unwrap_or(default_warm_up),
        extent,
        timeout: time(matches, "timeout").unwrap_or(DEFAULT_DURATION),
        // A thread without a connection has nothing to do.
        threads: threads.min(connections as usize),
        server_pids: all(matches, "server-pid"),
    };
    for url in all::<String>(matches, "targets") {
        plan.targets
            .push(Target::resolve(&url).map_err(|fault| match fault {
                TargetFault::Url(_) => Unready::Usage(fault.to_string()),
                TargetFault::Name { .. } => Unready::Failed(fault.into()),
            })?);
    }
    match contradiction(matches, &plan) {
        Some(words) => Err(Unready::Usage(words)),
        None => Ok(plan),
    }
}

/// What can't be meant.
fn contradiction(matches: &ArgMatches, plan: &Plan) -> Option<String> {
    let given =
        |name: &str| matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine);
    let mode = plan.mode;
    let useless: &[&str] = match mode {
        Mode::Storm => &["rate", "duration", "count", "warm-up", "ramp"],
        Mode::Idle => &["rate", "count", "warm-up"],
        _ => &[],
    };
    if let Some(name) = useless.iter().find(|name| given(name)) {
        return Some(format!("--{name} has no meaning in mode {mode}"));
    }
    if plan.is_http() && plan.targets.iter().any(|target| target.path.is_none()) {
        return Some("https:// and tls:// targets can't be mixed in one run".to_owned());
    }
    match (mode, plan.is_http()) {
        (Mode::Requests, false) => return Some("mode requests needs https:// targets".to_owned()),
        (Mode::Tunnel, true) => return Some("mode tunnel needs tls:// targets".to_owned()),
        _ => {}
    }
    if mode == Mode::Tunnel && plan.payload.is_empty() {
        return Some("mode tunnel needs a --payload of at least one byte".to_owned());
    }
    if plan.is_http() && given("payload") {
        return Some("--payload is for tls:// targets".to_owned());
    }
    if !plan.is_http() && (given("http") || given("header")) {
        return Some("--http and --header are for https:// targets".to_owned());
    }
    if plan.streams > 1 && (plan.http != HttpVersion::Two || mode != Mode::Requests) {
        return Some("--streams needs --http 2 and mode requests".to_owned());
    }
    if plan.rate.is_some_and(|rate| !(rate > 0.0 && rate <= 1e7)) {
        return Some("--rate: expected more than 0 and at most 10000000 a second".to_owned());
    }
    if plan.extent == Extent::Time(Duration::ZERO) || plan.timeout.is_zero() {
        return Some("--duration and --timeout: expected more than 0".to_owned());
    }
    let gone = plan
        .server_pids
        .iter()
        .find(|pid| !processes::exists(**pid));
    gone.map(|pid| format!("--server-pid {pid}: there is no such process"))
}

/// As whom, and over what.
pub fn tls(matches: &ArgMatches) -> Result<TlsOptions, Unready> {
    let (certificates, keys) = (
        all::<PathBuf>(matches, "cert"),
        all::<PathBuf>(matches, "key"),
    );
    if certificates.len() != keys.len() {
        return Err(Unready::Usage(
            "each --cert needs its --key, in the same order".to_owned(),
        ));
    }
    let pairs = certificates.iter().zip(&keys);
    let identities = pairs.map(|(certificate, key)| Identity::read(certificate, key));
    let identities = identities
        .collect::<Result<_, _>>()
        .map_err(|fault| Unready::Files(fault.into()))?;
    Ok(TlsOptions {
        identities,
        trust: trust(matches)?,
        sni: one(matches, "sni"),
        version: one::<Protocol>(matches, "tls-version"),
        groups: one(matches, "tls-groups"),
        ciphers: one(matches, "tls-ciphers"),
    })
}

fn trust(matches: &ArgMatches) -> Result<Trust, Unready> {
    if matches.get_flag("insecure") {
        return Ok(Trust::Anybody);
    }
    let file = one::<PathBuf>(matches, "ca").or_else(system_authorities);
    let Some(file) = file else {
        return Err(Unready::Files(anyhow::anyhow!(
            "this system has no CA certificates to verify the server with: give --ca FILE, or --insecure to not look"
        )));
    };
    let authorities = authorities(&file).map_err(|fault| Unready::Files(fault.into()))?;
    Ok(Trust::Authorities(authorities))
}

fn headers(matches: &ArgMatches) -> Result<Vec<(String, String)>, Unready> {
    let parse = |line: String| {
        let (name, value) = line.split_once(':')?;
        let (name, value) = (name.trim(), value.trim());
        let sound = HeaderName::try_from(name).is_ok() && HeaderValue::try_from(value).is_ok();
        sound.then(|| (name.to_owned(), value.to_owned()))
    };
    let parsed: Option<Vec<_>> = all::<String>(matches, "header")
        .into_iter()
        .map(parse)
        .collect();
    // The line itself may hold a secret.
    parsed.ok_or_else(|| Unready::Usage("--header: expected 'NAME: VALUE'".to_owned()))
}

fn one<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Option<T> {
    matches.get_one::<T>(name).cloned()
}

fn all<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Vec<T> {
    matches
        .get_many::<T>(name)
        .into_iter()
        .flatten()
        .cloned()
        .collect()
}

fn time(matches: &ArgMatches, name: &str) -> Option<Duration> {
    one::<Time>(matches, name).map(|time| time.0)
}
