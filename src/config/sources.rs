//! Settings that say where something is: files, and URLs that are fetched from.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::values::Expected;
use crate::fetch::Url;

/// Where a revocation list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrlSource {
    /// PEM or DER.
    File(PathBuf),
    /// `http://` or `https://`, fetched again and again.
    Url(Url),
}

impl FromStr for CrlSource {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        const EXPECTED: &str = "a file, or a URL of http:// or https://";
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        match scheme.map(str::to_ascii_lowercase).as_deref() {
            Some("http" | "https") => text.parse::<FetchUrl>().map(|url| Self::Url(url.0)),
            Some(scheme) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Err(EXPECTED.into())
            }
            _ if text.trim().is_empty() => Err(EXPECTED.into()),
            _ => Ok(Self::File(text.into())),
        }
    }
}

impl fmt::Display for CrlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => url.fmt(f),
        }
    }
}

/// Where the status of the server's certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StapleFrom {
    /// Nowhere.
    Off,
    /// Its responder.
    Responder,
    /// A file.
    File(PathBuf),
}

impl FromStr for StapleFrom {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        match text {
            "off" => Ok(Self::Off),
            "on" => Ok(Self::Responder),
            "" => Err("off, on or a file".into()),
            path => Ok(Self::File(path.into())),
        }
    }
}

/// Where something is fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchUrl(pub Url);

impl FromStr for FetchUrl {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        text.parse()
            .map(Self)
            .map_err(|_| "http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH".into())
    }
}
