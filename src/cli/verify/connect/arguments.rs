//! What is typed after `certgate verify --connect`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, value_parser};

use crate::config::values::{Expected, Protocol, Time};

/// The options that `--connect` doesn't go with: the server that is asked has its own.
const OFFLINE: [&str; 4] = ["certificate-file", "ca", "site", "at"];

/// Which server to try, and as whom.
#[derive(Debug, Clone)]
pub struct Target {
    /// As typed.
    pub server: String,
    /// The name or address in it, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The client's certificate, perhaps with its chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// More that is sent along.
    pub intermediates: Vec<PathBuf>,
    /// The name to ask for instead of the host.
    pub sni: Option<String>,
    /// Whom the server's certificate is held against: a file, or `system`.
    pub server_ca: Option<String>,
    /// Exactly this version.
    pub version: Option<Protocol>,
    /// From the look-up of the name to the end.
    pub timeout: Duration,
    /// What is asked for.
    pub request: Request,
}

/// What is asked for after the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `/`, if the server speaks HTTP/1.1.
    Default,
    /// This, whatever the server speaks.
    Path(String),
    /// Nothing.
    None,
}

impl Target {
    /// From what clap has read; `None` if no server was named.
    pub fn of(matches: &ArgMatches) -> Option<Self> {
        let server: &(String, u16) = matches.get_one("connect")?;
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        // clap insists on both files.
        let path = |name: &str| {
            matches
                .get_one::<PathBuf>(name)
                .cloned()
                .unwrap_or_default()
        };
        let bracketed = match server.0.contains(':') {
            true => format!("[{}]:{}", server.0, server.1),
            false => format!("{}:{}", server.0, server.1),
        };
        Some(Self {
            server: bracketed,
            host: server.0.clone(),
            port: server.1,
            certificate: path("cert"),
            key: path("key"),
            intermediates: matches
                .get_many::<PathBuf>("intermediates")
                .map(|paths| paths.cloned().collect())
                .unwrap_or_default(),
            sni: text("sni"),
            server_ca: text("server-ca"),
            version: matches.get_one("tls-version").copied(),
            timeout: matches
                .get_one::<Time>("timeout")
                .map_or(Duration::from_secs(10), |time| time.0),
            request: match text("request") {
                Some(path) => Request::Path(path),
                None if matches.get_flag("no-request") => Request::None,
                None => Request::Default,
            },
        })
    }
}

/// The options of `--connect`.
pub fn options() -> Vec<Arg> {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .help(help)
            .help_heading("A live server")
    };
    let mine = |name, value, help| option(name, value, help).requires("connect");
    vec![
        option(
            "connect",
            "HOST[:PORT]",
            "Try this server with --cert and --key, and explain what it says",
        )
        .value_parser(server)
        .requires("cert")
        .requires("key")
        .conflicts_with_all(OFFLINE),
        mine(
            "cert",
            "FILE",
            "The client's certificate as PEM, what it sends along after it",
        )
        .value_parser(value_parser!(PathBuf)),
        mine("sni", "NAME", "Name to ask for instead of HOST"),
        mine(
            "server-ca",
            "FILE|system",
            "CA certificates to hold the server's against [default: it isn't verified]",
        ),
        mine("tls-version", "VERSION", "1.0 | 1.1 | 1.2 | 1.3: exactly this").value_parser(
            |text: &str| {
                format!("TLSv{text}")
                    .parse::<Protocol>()
                    .map_err(|_| "expected 1.0 | 1.1 | 1.2 | 1.3")
            },
        ),
        mine(
            "timeout",
            "DURATION",
            "How long all of it may take [default: 10s]",
        )
        .value_parser(|text: &str| match text.parse::<Time>() {
            Ok(time) if !time.0.is_zero() => Ok(time),
            Ok(_) => Err("expected more than no time".to_owned()),
            Err(Expected(expected)) => Err(format!("expected {expected}")),
        }),
        mine(
            "request",
            "PATH",
            "What to GET over HTTP/1.1 after the handshake [default: /, if the server speaks HTTP/1.1]",
        )
        .value_parser(|text: &str| match text.starts_with('/') && text.bytes().all(|b| b.is_ascii_graphic()) {
            true => Ok(text.to_owned()),
            false => Err("expected a path such as /healthz"),
        }),
        Arg::new("no-request")
            .long("no-request")
            .action(ArgAction::SetTrue)
            .requires("connect")
            .conflicts_with("request")
            .help("Ask for nothing, only wait a moment for an alert: for tunnels")
            .help_heading("A live server"),
    ]
}

/// `host`, `host:443`, `10.0.0.1:443`, `[2001:db8::1]:443`, `2001:db8::1`.
fn server(text: &str) -> Result<(String, u16), String> {
    let wrong =
        || "expected HOST:PORT, such as api.example.org:443 or [2001:db8::1]:443".to_owned();
    let port = |text: &str| {
        text.parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(wrong)
    };
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(wrong)?;
        let address: std::net::Ipv6Addr = host.parse().map_err(|_| wrong())?;
        match rest.strip_prefix(':') {
            Some(rest) => (address.to_string(), port(rest)?),
            None if rest.is_empty() => (address.to_string(), 443),
            None => return Err(wrong()),
        }
    } else if text.parse::<std::net::Ipv6Addr>().is_ok() {
        (text.to_owned(), 443)
    } else {
        match text.split_once(':') {
            Some((host, rest)) => (host.to_owned(), port(rest)?),
            None => (text.to_owned(), 443),
        }
    };
    let fits = |c: char| !c.is_control() && !c.is_whitespace() && !"/@?#[]".contains(c);
    match !host.is_empty() && host.chars().all(fits) {
        true => Ok((host, port)),
        false => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read() {
        for (text, host, port) in [
            ("a.example", "a.example", 443),
            ("a.example:8443", "a.example", 8443),
            ("10.0.0.1:1", "10.0.0.1", 1),
            ("[::1]:8443", "::1", 8443),
            ("[2001:db8::1]", "2001:db8::1", 443),
            ("2001:db8::1", "2001:db8::1", 443),
        ] {
            assert_eq!(server(text), Ok((host.to_owned(), port)), "{text}");
        }
        for text in [
            "",
            ":443",
            "a:0",
            "a:b",
            "a:70000",
            "https://a",
            "a/b",
            "[a]:1",
            "[::1]x",
            "a@b:1",
        ] {
            assert!(server(text).is_err(), "{text}");
        }
    }
}
