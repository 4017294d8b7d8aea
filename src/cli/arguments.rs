//! What was typed: the command, and the settings as one more layer.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches};

use super::verify;
use crate::config::Settings;
use crate::config::definitions::{self, Definition, List};
use crate::config::layers::{Flags, Layers};
use crate::findings::Findings;

/// What to do, with what was said about it.
pub enum Command {
    /// Be the gateway.
    Serve(SettingsArguments),
    /// Look everything over.
    Check {
        /// The gateway's settings.
        settings: SettingsArguments,
        /// For programs.
        json: bool,
    },
    /// Show it to a newcomer.
    Demo(SettingsArguments),
    /// Ask a running gateway.
    Health(SettingsArguments),
    /// Decide about a client's certificate.
    Verify(Box<verify::Arguments>),
    /// Load a server; nothing of the gateway's settings is said there.
    Bench(ArgMatches),
}

/// The settings' flags, and the file.
#[derive(Clone)]
pub struct SettingsArguments {
    flags: Flags,
    config: Option<PathBuf>,
}

impl SettingsArguments {
    /// All layers, read; with everything that is wrong in them.
    pub fn read(&self) -> (Settings, Findings) {
        self.read_over(&[])
    }

    /// With one more flag, if it has a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Option<String>) -> Self {
        if let Some(value) = value {
            self.flags.retain(|(present, _)| *present != name);
            self.flags.push((name, vec![value]));
        }
        self
    }

    /// The same over other defaults than usual, for settings that nobody wrote.
    pub fn read_over(&self, defaults: &[(&'static str, &str)]) -> (Settings, Findings) {
        let environment: Vec<_> = std::env::vars_os().collect();
        let (layers, mut findings) =
            Layers::read(defaults, &self.flags, self.config.as_deref(), &environment);
        let (settings, wrong) = Settings::read(&layers);
        findings.extend(wrong);
        (settings, findings)
    }
}

/// Reads the process's arguments. Wrong usage and `--help` end the process here, with 2 and 0.
pub fn parse() -> Command {
    let matches = command_line().get_matches();
    match matches.subcommand() {
        Some(("check", sub)) => Command::Check {
            settings: settings_of(&matches, sub),
            json: sub.get_one::<String>("format").is_some_and(|f| f == "json"),
        },
        Some(("demo", sub)) => Command::Demo(settings_of(&matches, sub)),
        Some(("health", sub)) => Command::Health(settings_of(&matches, sub)),
        Some(("verify", sub)) => {
            if sub.get_one::<(String, u16)>("connect").is_some() {
                let flags = [flags_of(&matches), flags_of(sub)].concat();
                let words = "a setting of the gateway; --connect asks a server, which has its own";
                refuse_settings(&flags, words);
                let config = |matches: &ArgMatches| matches.get_one::<PathBuf>("config").is_some();
                if config(sub) || config(&matches) {
                    refuse_settings(&vec![("config", Vec::new())], words);
                }
            }
            Command::Verify(Box::new(verify::Arguments::of(
                sub,
                settings_of(&matches, sub),
            )))
        }
        Some(("bench", sub)) => {
            refuse_settings(
                &flags_of(&matches),
                "a setting of the gateway, not of bench",
            );
            Command::Bench(sub.clone())
        }
        Some((_, sub)) => Command::Serve(settings_of(&matches, sub)),
        None => Command::Serve(settings_of(&matches, &matches)),
    }
}

/// Settings may stand before and after the command; what stands after it wins.
fn settings_of(before: &ArgMatches, after: &ArgMatches) -> SettingsArguments {
    let mut flags = flags_of(after);
    for flag in flags_of(before) {
        if flags.iter().all(|(name, _)| *name != flag.0) {
            flags.push(flag);
        }
    }
    let config = |matches: &ArgMatches| matches.get_one::<PathBuf>("config").cloned();
    SettingsArguments {
        flags,
        config: config(after).or_else(|| config(before)),
    }
}

/// Some commands have flags of their own: a setting of the gateway would be lost.
fn refuse_settings(flags: &Flags, why: &str) {
    if let Some((name, _)) = flags.first() {
        let words = format!("--{name} is {why}");
        command_line()
            .error(ErrorKind::ArgumentConflict, words)
            .exit();
    }
}

fn flags_of(matches: &ArgMatches) -> Flags {
    let values = |definition: &Definition| {
        let values = matches.get_many::<String>(definition.name)?;
        Some((definition.name, values.cloned().collect()))
    };
    definitions::all().filter_map(values).collect()
}

/// Settings belong to the commands that read them, and to the bare command, which serves.
fn command_line() -> clap::Command {
    let sub = |name: &'static str, about: &'static str| {
        with_settings(clap::Command::new(name).about(about))
    };
    with_settings(clap::Command::new("certgate"))
        .version(env!("CARGO_PKG_VERSION"))
        .about("An mTLS gateway: only clients with a certificate of your CA get through.")
        .after_help(AFTER_HELP)
        .disable_help_subcommand(true)
        .subcommand(sub("serve", "Serve (also when no command is given)"))
        .subcommand(
            sub(
                "check",
                "Look over configuration and certificates, as `nginx -t` does",
            )
            .arg(
                Arg::new("format")
                    .long("format")
                    .value_parser(["text", "json"])
                    .default_value("text")
                    .help("For people or for programs"),
            ),
        )
        .subcommand(sub(
            "demo",
            "See the gate work with a throwaway PKI on 127.0.0.1:8443",
        ))
        .subcommand(sub(
            "health",
            "Ask the running gateway's admin port; exit 0 if it is alive (HEALTHCHECK)",
        ))
        .subcommand(verify::command(sub("verify", "")))
        .subcommand(super::bench::command())
}

fn with_settings(command: clap::Command) -> clap::Command {
    command.args(definitions::all().map(setting)).arg(
        Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help("TOML file with the same settings; CERTGATE_CONFIG names it, too"),
    )
}

fn setting(definition: &'static Definition) -> Arg {
    let default = match definition.default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    Arg::new(definition.name)
        .long(definition.name)
        .value_name(definition.value)
        .help(format!(
            "{}{default} [env: {}]",
            definition.help,
            definition.variable()
        ))
        .help_heading(definition.heading)
        .action(match definition.list {
            List::Words | List::Lines => ArgAction::Append,
            List::No => ArgAction::Set,
        })
        .allow_hyphen_values(true)
}

const AFTER_HELP: &str = "\
Certificates come from the environment, as the nginx container took them:
  SSL_SERVER_CERTIFICATE   the server's certificate, and its chain
  SSL_SERVER_KEY           its private key
  SSL_CLIENT_CERTIFICATE   the CA that client certificates must chain to
or from server_cert.cer, server_key.key and client_cert.pem in --certs-dir.
CERTGATE_TICKET_SECRET, alike on all tasks (or the file ticket_secret there), makes session
tickets of one task good on every other.

Settings come in layers: defaults < --config FILE < environment < flags. A [[site]] of FILE is for
connections that ask for one of its names. Changed files take effect by themselves, and on SIGHUP.
Exit codes: 0 fine, 1 failed while running, 2 wrong usage, 78 wrong configuration or certificates.";

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        super::command_line().debug_assert();
    }
}
