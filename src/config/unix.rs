//! Unix sockets to listen on: where, and who may connect.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::listen::ListenAddress;
use super::networks::Networks;
use super::proxy_protocol::ProxyProtocol;
use super::settings::Reader;
use super::values::Expected;
use crate::findings::Finding;

/// What `sockaddr_un` has room for, in bytes, with the NUL after it: unix(7).
const ROOM: usize = 108;
/// What the name has in addition while the socket isn't ready yet, in bytes.
const UNREADY: usize = 9;
/// The longest path, in bytes.
const LONGEST: usize = ROOM - 1 - UNREADY;

/// The path of a socket to listen on: absolute, and short enough for the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixPath(PathBuf);

impl UnixPath {
    /// The path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        self.0.parent().unwrap_or(Path::new("/"))
    }
}

impl FromStr for UnixPath {
    type Err = Expected;
    fn from_str(path: &str) -> Result<Self, Expected> {
        if path.starts_with('@') {
            return Err("a path: a socket without a file (abstract) has no mode, and whoever is on the machine could connect".into());
        }
        if path.len() > LONGEST {
            return Err(Expected(format!(
                "a path of at most {LONGEST} bytes (this one has {}): the kernel has room for {}, {UNREADY} of which are for the name that the socket has until it is ready",
                path.len(),
                ROOM - 1
            )));
        }
        let is_file = path.starts_with('/') && !path.ends_with('/') && !path.contains('\0');
        match is_file && Path::new(path).file_name().is_some() {
            true => Ok(Self(path.into())),
            false => Err("unix:/PATH, an absolute path such as unix:/run/certgate/tls.sock".into()),
        }
    }
}

/// Who may connect (chmod(1)): owner, group, others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(pub u32);

impl FromStr for Mode {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        let digits = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        match u32::from_str_radix(text, 8) {
            Ok(mode @ 0..=0o777) if digits => Ok(Self(mode)),
            _ => Err("an octal mode from 0000 to 0777, such as 0660".into()),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl Reader<'_> {
    /// Complains about unix sockets whose peers nobody believes.
    pub(super) fn check_unix(
        &mut self,
        listen: &[ListenAddress],
        mode: ProxyProtocol,
        trusted: &Networks,
    ) {
        if trusted.is_empty() || trusted.unix {
            return;
        }
        let required = mode == ProxyProtocol::Required;
        let unbelieved = |address: &&ListenAddress| match address {
            ListenAddress::Unix(_) => required,
            ListenAddress::PlainUnix(_) => true,
            _ => false,
        };
        if let Some(address) = listen.iter().find(unbelieved) {
            let place = self.written("listen").place;
            self.findings.push(
                Finding::warning(
                    place,
                    format!("{address}, and trusted-proxies without `unix`"),
                )
                .advice("Nothing that comes in there is believed, and nobody is served: add `--trusted-proxies unix`."),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_absolute_and_fits() {
        let longest = format!("/{}", "x".repeat(LONGEST - 1));
        for path in ["/run/a.sock", &longest] {
            assert_eq!(path.parse::<UnixPath>().unwrap().path(), Path::new(path));
        }
        for (path, said) in [
            ("", "absolute"),
            ("a.sock", "absolute"),
            ("/", "absolute"),
            ("/run/", "absolute"),
            ("/run/..", "absolute"),
            ("/a\0b", "absolute"),
            ("@name", "abstract"),
            (&format!("{longest}x"), "98 bytes (this one has 99)"),
        ] {
            let Err(Expected(expected)) = path.parse::<UnixPath>() else {
                panic!("{path} was taken");
            };
            assert!(expected.contains(said), "{expected}");
        }
    }

    #[test]
    fn a_mode_is_octal() {
        for (text, mode) in [("0660", 0o660), ("600", 0o600), ("0777", 0o777), ("0", 0)] {
            assert_eq!(text.parse(), Ok(Mode(mode)));
        }
        for text in ["", "0680", "1777", "+660", "u=rw", "00660", "-1"] {
            assert!(text.parse::<Mode>().is_err(), "{text}");
        }
    }
}
