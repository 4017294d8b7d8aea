//! The options of `certgate bench`, and which of them were used.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, value_parser};

use crate::bench::plan::{HttpVersion, Mode, ProxyVersion};
use crate::config::values::{Expected, Protocol, Time};

/// Said elsewhere in a result than among its settings.
const SAID_ELSEWHERE: [&str; 13] = [
    "targets",
    "mode",
    "connections",
    "rate",
    "ramp",
    "duration",
    "count",
    "warm-up",
    "label",
    "format",
    "output",
    "report",
    "compare",
];

/// The subcommand.
pub fn command() -> clap::Command {
    clap::Command::new("bench")
        .about("Load any server with mTLS handshakes or requests, and measure it")
        .after_help(AFTER_HELP)
        .arg(
            Arg::new("targets")
                .value_name("URL")
                .num_args(1..)
                .required_unless_present("compare")
                .help("https://HOST[:PORT]/PATH, or tls://HOST:PORT for handshakes and tunnels; several take turns"),
        )
        .args(load())
        .args(tls())
        .args(output())
}

fn load() -> Vec<Arg> {
    let args = vec![
        option("mode", "MODE", "full | resumed | requests | tunnel | storm | idle: what one operation is")
            .value_parser(read::<Mode>())
            .default_value("full"),
        option("connections", "N", "Connections at a time")
            .value_parser(value_parser!(u32).range(1..=1_000_000))
            .default_value("16"),
        option("rate", "R", "Operations a second at fixed times, measured from when they were due; without it, each connection does one after the other")
            .value_parser(value_parser!(f64)),
        option("duration", "DURATION", "How long to measure [default: 10s]")
            .value_parser(read::<Time>())
            .conflicts_with("count"),
        option("count", "N", "How many operations to measure, instead of a duration")
            .value_parser(value_parser!(u64).range(1..)),
        option("warm-up", "DURATION", "What is left out at the start [default: 1s; 0s with --count]")
            .value_parser(read::<Time>()),
        option("ramp", "DURATION", "How long the load takes to build up before that")
            .value_parser(read::<Time>())
            .default_value("0s"),
        option("timeout", "DURATION", "How long an operation may take before it counts as failed")
            .value_parser(read::<Time>())
            .default_value("10s"),
        option("http", "VERSION", "1.1 | 2, for https:// targets")
            .value_parser(read::<HttpVersion>())
            .default_value("1.1"),
        option("streams", "N", "Requests at a time on each HTTP/2 connection (mode requests)")
            .value_parser(value_parser!(u32).range(1..=1000))
            .default_value("1"),
        option("header", "NAME: VALUE", "Add a header to each request. Repeatable")
            .action(ArgAction::Append),
        option("payload", "BYTES", "How much to send through a tls:// target, which must send it back [default: 64 in mode tunnel, else 0]")
            .value_parser(value_parser!(u32).range(0..=64 << 20)),
        option("source", "ADDRESS", "Connect from this local address. Repeatable: they take turns")
            .value_parser(value_parser!(IpAddr))
            .action(ArgAction::Append),
        option("threads", "N", "Threads that make the load [default: the CPUs]")
            .value_parser(value_parser!(u32).range(1..=1024)),
        option("server-pid", "PID", "Process of the server on this machine: its CPU time and memory, children included. Repeatable")
            .value_parser(value_parser!(u32))
            .action(ArgAction::Append),
    ];
    headed("Load", args)
}

fn tls() -> Vec<Arg> {
    let file = || value_parser!(PathBuf);
    let args = vec![
        option("cert", "FILE", "Client certificate as PEM, its intermediates after it. Repeatable with --key: they take turns")
            .value_parser(file())
            .action(ArgAction::Append)
            .requires("key"),
        option("key", "FILE", "Its private key as PEM")
            .value_parser(file())
            .action(ArgAction::Append)
            .requires("cert"),
        option("ca", "FILE", "CA certificates for the server's [default: the system's]")
            .value_parser(file())
            .conflicts_with("insecure"),
        Arg::new("insecure")
            .long("insecure")
            .action(ArgAction::SetTrue)
            .help("Don't look at the server's certificate"),
        option("sni", "NAME", "Name to ask for, and to expect in the server's certificate, instead of the URL's host"),
        option("tls-version", "VERSION", "1.0 | 1.1 | 1.2 | 1.3: exactly this")
            .value_parser(protocol),
        option("tls-groups", "LIST", "Key exchange groups as OpenSSL names them, colons between"),
        option("tls-ciphers", "LIST", "Ciphers as OpenSSL names them, as far as AWS-LC knows them; TLS_... are suites of TLS 1.3"),
        option("proxy-protocol", "VERSION", "v1 | v2: send a PROXY header ahead of the handshake")
            .value_parser(read::<ProxyVersion>()),
    ];
    headed("TLS", args)
}

fn output() -> Vec<Arg> {
    let file = || value_parser!(PathBuf);
    let args = vec![
        option("format", "FORMAT", "text | json | csv")
            .value_parser(["text", "json", "csv"])
            .hide_possible_values(true)
            .default_value("text"),
        option("output", "FILE", "Write there instead of to stdout").value_parser(file()),
        option("report", "FILE", "Also write an HTML page with the distributions drawn")
            .value_parser(file()),
        option("label", "NAME", "What to call the run in comparisons [default: the URLs]"),
        option("compare", "FILE", "Measure nothing; show these results of --format json side by side, each against the first")
            .value_parser(file())
            .num_args(1..)
            .conflicts_with("targets"),
    ];
    headed("Output", args)
}

fn option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

fn headed(heading: &'static str, args: Vec<Arg>) -> Vec<Arg> {
    args.into_iter()
        .map(|arg| arg.help_heading(heading))
        .collect()
}

/// A value that says itself what it expects.
fn read<T>() -> ValueParser
where
    T: FromStr<Err = Expected> + Clone + Send + Sync + 'static,
{
    let parse = |text: &str| {
        text.parse::<T>()
            .map_err(|Expected(expected)| format!("expected {expected}"))
    };
    ValueParser::from(parse)
}

fn protocol(text: &str) -> Result<Protocol, String> {
    format!("TLSv{text}")
        .parse()
        .map_err(|_| "expected 1.0 | 1.1 | 1.2 | 1.3".to_owned())
}

/// What was written on the command line, as `--flag value`. Values of headers may be secrets.
pub fn changed(matches: &ArgMatches) -> Vec<String> {
    let mut settings = Vec::new();
    for arg in command().get_arguments() {
        let name = arg.get_id().as_str();
        let written = matches.value_source(name) == Some(ValueSource::CommandLine);
        if !written || SAID_ELSEWHERE.contains(&name) {
            continue;
        }
        if name == "insecure" {
            settings.push("--insecure".to_owned());
            continue;
        }
        for value in matches.get_raw(name).into_iter().flatten() {
            let value = value.to_string_lossy();
            let shown = match name {
                "header" => value.split(':').next().unwrap_or_default(),
                _ => &value,
            };
            settings.push(format!("--{name} {shown}"));
        }
    }
    settings
}

const AFTER_HELP: &str = "\
Modes:
  full      connect, full handshake, one GET (tls://: nothing, or an echo of --payload), close
  resumed   the same with a ticket of an earlier connection
  requests  GETs on connections that stay
  tunnel    round trips of --payload through connections that stay
  storm     all connections at once, each does what `full` does, once
  idle      open all connections, one request each, hold them for the duration, ask again

Ctrl-C ends the run and prints what it has.
Exit codes: 0 something succeeded, 1 nothing did (or nothing resumed in mode resumed), 2 wrong usage,
78 a certificate, key or CA that can't be used.";
