//! What is typed after `certgate verify`.

use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use clap::{Arg, ArgAction, ArgMatches, value_parser};

use super::super::arguments::SettingsArguments;
use super::connect::{self, Target};

/// What to verify, and against what.
pub struct Arguments {
    /// The gateway's.
    pub settings: SettingsArguments,
    /// The client's, perhaps with its chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: Option<PathBuf>,
    /// What the client sends along.
    pub intermediates: Vec<PathBuf>,
    /// The server name that it asks for.
    pub site: String,
    /// The path that it asks for.
    pub path: Option<String>,
    /// The VPC endpoint that it comes in by.
    pub endpoint: Option<String>,
    /// Another moment than now, in seconds since 1970.
    pub at: Option<i64>,
    /// For programs.
    pub json: bool,
    /// A live server, which is asked instead.
    pub connect: Option<Target>,
}

impl Arguments {
    /// From what clap has read.
    pub fn of(matches: &ArgMatches, settings: SettingsArguments) -> Self {
        let path = |name: &str| matches.get_one::<PathBuf>(name).cloned();
        let ca = path("ca").map(|path| path.display().to_string());
        let at = matches.get_one::<std::time::SystemTime>("at");
        let at = at.map(|at| match at.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
        });
        Self {
            settings: settings.with("client-ca", ca),
            // clap insists on it.
            certificate: path("certificate-file").unwrap_or_default(),
            key: path("key"),
            intermediates: matches
                .get_many::<PathBuf>("intermediates")
                .map(|paths| paths.cloned().collect())
                .unwrap_or_default(),
            site: matches
                .get_one::<String>("site")
                .cloned()
                .unwrap_or_default(),
            path: matches.get_one::<String>("path").map(|path| {
                // What follows is no part of what decides.
                path.split(['?', '#']).next().unwrap_or_default().to_owned()
            }),
            endpoint: matches.get_one::<String>("vpce").cloned(),
            at,
            json: matches
                .get_one::<String>("format")
                .is_some_and(|format| format == "json"),
            connect: Target::of(matches),
        }
    }
}

/// Adds what is verify's own.
pub fn command(command: clap::Command) -> clap::Command {
    let file = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(help)
            .help_heading("The client")
    };
    command
        .about("Would this client certificate be let in, and why not")
        .arg(
            Arg::new("certificate-file")
                .value_name("CERTIFICATE")
                .required_unless_present("connect")
                .value_parser(value_parser!(PathBuf))
                .help("The client's certificate as PEM, what it sends along after it"),
        )
        .arg(file(
            "key",
            "Its private key: does it belong to the certificate?",
        ))
        .arg(
            file(
                "intermediates",
                "More that the client sends along. Repeatable.",
            )
            .action(ArgAction::Append),
        )
        .arg(file("ca", "The client CA, as --client-ca"))
        .arg(
            Arg::new("site")
                .long("site")
                .value_name("NAME")
                .help("The server name (SNI) that the client asks for: its [[site]] decides")
                .help_heading("The client"),
        )
        .arg(
            Arg::new("path")
                .long("path")
                .value_name("PATH")
                .help("What it asks for, such as /admin/x: its [[route]] decides, too")
                .help_heading("The client"),
        )
        .arg(
            Arg::new("vpce")
                .long("vpce")
                .value_name("ID")
                .help("The VPC endpoint that the client comes in by: what rules over vpce: look at")
                .help_heading("The client"),
        )
        .arg(
            Arg::new("at")
                .long("at")
                .value_name("TIME")
                .value_parser(|text: &str| {
                    humantime::parse_rfc3339_weak(text)
                        .map_err(|_| "expected a time such as 2027-01-31T00:00:00Z")
                })
                .help("Another moment than now, such as 2027-01-31T00:00:00Z")
                .help_heading("The client"),
        )
        .arg(
            Arg::new("format")
                .long("format")
                .value_parser(["text", "json"])
                .default_value("text")
                .help("For people or for programs"),
        )
        .args(connect::options())
}
