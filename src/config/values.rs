//! The types of single settings, and how each is read from its text.
//!
//! Every `FromStr` here answers a wrong text with what would have been right, in words that
//! follow "expected".

use std::str::FromStr;
use std::time::Duration;

use openssl::ssl::SslVersion;

/// What would have been right; completes the sentence "expected …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected(pub String);

impl From<&str> for Expected {
    fn from(text: &str) -> Self {
        Expected(text.to_owned())
    }
}

/// A wrong value, fit to be shown: not if it is so long that it can't be a setting, or a PEM that
/// was put into the wrong variable; and of a URL neither the password nor the query, which may be a
/// signature.
pub fn shown(value: &str) -> String {
    const LIMIT: usize = 100;
    if let Some((scheme, rest)) = value.split_once("://") {
        let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let scheme = scheme
            .rsplit(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or_default();
        return format!("{:?}", format!("{scheme}://{rest}"));
    }
    match value.len() > LIMIT || value.contains("-----") {
        true => format!("a text of {} bytes", value.len()),
        false => format!("{value:?}"),
    }
}

/// A closed set of words, in one place: parsing, printing and what is expected.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_meta])* $variant),+ }

        impl std::str::FromStr for $name {
            type Err = $crate::config::values::Expected;
            fn from_str(text: &str) -> Result<Self, $crate::config::values::Expected> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::config::values::Expected([$($word),+].join(" | "))),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$variant => $word),+ })
            }
        }
    };
}
// The load generator's options are such sets, too.
pub(crate) use words;

words! {
    /// Whether a client must present a certificate.
    ClientAuth {
        /// No certificate, no admission (nginx: `ssl_verify_client on`).
        Required = "required",
        /// None is fine, a bad one is not (nginx: `optional`).
        Optional = "optional",
        /// None but one that an `allow` rule pins; no CA has a say.
        Pinned = "pinned",
        /// Clients aren't asked (nginx: `off`).
        Off = "off",
        /// Clients aren't asked; a load balancer that asked them passes on what they showed, with each request.
        Header = "header",
    }
}
impl ClientAuth {
    /// Whether somebody without a certificate may come in.
    pub fn lets_in_anonymous(self) -> bool {
        matches!(self, Self::Optional | Self::Off)
    }
}
words! {
    /// How a refused client is told.
    Refusal {
        /// The handshake fails with the alert that names the reason.
        Alert = "alert",
        /// The handshake completes, the only answer is a 403 page.
        Page = "page",
    }
}
words! {
    /// Whose order of ciphers decides.
    CipherPreference {
        /// The order of `tls-ciphers`.
        Server = "server",
        /// The order of the ClientHello.
        Client = "client",
    }
}
words! {
    /// A switch.
    Switch {
        /// Yes.
        On = "on",
        /// No.
        Off = "off",
    }
}
words! {
    /// What a client gets that asks for a server name of no site, or for none.
    UnknownSni {
        /// The site of the settings outside of `[[site]]`.
        Default = "default",
        /// The alert unrecognized_name.
        Refuse = "refuse",
    }
}
words! {
    /// Which certificates of a client's chain are looked up in revocation lists.
    CrlCheck {
        /// The client's own.
        Leaf = "leaf",
        /// All but the anchor (nginx: `ssl_crl`).
        Chain = "chain",
    }
}
words! {
    /// What becomes of clients whose issuer has no revocation list in force.
    CrlPolicy {
        /// They are refused.
        Strict = "strict",
        /// They are let in, counted and logged.
        Soft = "soft",
    }
}
words! {
    /// Of which certificates of a client's chain a responder is asked.
    OcspScope {
        /// Of none.
        Off = "off",
        /// Of the client's own.
        Leaf = "leaf",
        /// Of each but the root.
        Chain = "chain",
    }
}
words! {
    /// What becomes of a client whose status no responder tells.
    OcspPolicy {
        /// It is refused.
        Hard = "hard",
        /// It is let in.
        Soft = "soft",
    }
}
words! {
    /// How log lines are written.
    LogFormat {
        /// One JSON object a line.
        Json = "json",
        /// `key=value` a line.
        Text = "text",
        /// Text on a terminal, else JSON.
        Auto = "auto",
    }
}
words! {
    /// The least level that is logged.
    LogLevel {
        /// certgate itself can't go on with something.
        Error = "error",
        /// An operator should look.
        Warn = "warn",
        /// Connections and requests, one line each.
        Info = "info",
        /// Each step.
        Debug = "debug",
    }
}

/// A length of time with its unit: `30s`, `5m`, `1h 30m`, `250ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Duration);

/// Clocks overflow somewhere beyond.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

impl FromStr for Time {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        let written = if text == "0" { "0s" } else { text };
        match humantime::parse_duration(written) {
            Ok(duration) if duration <= LONGEST => Ok(Self(duration)),
            Ok(_) => Err("a duration of a year at most".into()),
            Err(_) => Err("a duration with its unit, such as 250ms, 30s, 5m or 1h".into()),
        }
    }
}

/// How many threads serve connections; `None` asks the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workers(pub Option<usize>);

impl Workers {
    /// The number that was written, or that of the CPUs that the cgroup grants.
    pub fn count(self) -> usize {
        let granted = || std::thread::available_parallelism().map_or(1, usize::from);
        self.0.unwrap_or_else(granted)
    }
}

impl FromStr for Workers {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        match text.parse() {
            _ if text == "auto" => Ok(Self(None)),
            Ok(count @ 1..=1024) => Ok(Self(Some(count))),
            _ => Err("a number from 1 to 1024, or auto".into()),
        }
    }
}

/// How many intermediate CAs a client's chain may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyDepth(pub u32);

impl FromStr for VerifyDepth {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        match text.parse() {
            Ok(depth @ 0..=100) => Ok(Self(depth)),
            _ => Err("a number from 0 to 100".into()),
        }
    }
}

/// One TLS version, as nginx and OpenSSL name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// RFC 2246.
    Tls10,
    /// RFC 4346.
    Tls11,
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl Protocol {
    /// The same as the `openssl` crate has it.
    pub fn version(self) -> SslVersion {
        match self {
            Self::Tls10 => SslVersion::TLS1,
            Self::Tls11 => SslVersion::TLS1_1,
            Self::Tls12 => SslVersion::TLS1_2,
            Self::Tls13 => SslVersion::TLS1_3,
        }
    }
}

impl FromStr for Protocol {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        match text.to_ascii_lowercase().as_str() {
            "tlsv1" | "tlsv1.0" => Ok(Self::Tls10),
            "tlsv1.1" => Ok(Self::Tls11),
            "tlsv1.2" => Ok(Self::Tls12),
            "tlsv1.3" => Ok(Self::Tls13),
            "sslv2" | "sslv3" | "ssl2" | "ssl3" => Err(
                "TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3: SSLv2 and SSLv3 are broken (RFC 6176, RFC 7568) and not in this build".into(),
            ),
            _ => Err("TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_protocols_say_why_not() {
        let Err(Expected(text)) = "SSLv3".parse::<Protocol>() else {
            panic!("SSLv3 was taken");
        };
        assert!(text.contains("RFC 7568"));
    }
}
