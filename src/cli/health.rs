//! `certgate health`: asks the admin port of a running gateway, for a container's HEALTHCHECK.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::arguments::SettingsArguments;
use super::{Exit, failed, report};

/// HEALTHCHECK's own limit is 30 s by default; an admin port that needs this long isn't healthy.
const PATIENCE: Duration = Duration::from_secs(5);

/// Exit 0 if `/healthz` answers 200, else 1 and why.
pub fn run(arguments: &SettingsArguments) -> Exit {
    let (settings, findings) = arguments.read();
    if findings.has_errors() {
        return report(&findings);
    }
    let Some(address) = settings.admin.0 else {
        return failed(&anyhow::anyhow!(
            "admin is off: there is nobody to ask. Set --admin to an address, such as 127.0.0.1:9090"
        ));
    };
    match ask(reachable(address)) {
        Ok(()) => Exit::Fine,
        Err(error) => failed(&error.context(format!("http://{address}/healthz"))),
    }
}

fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    // The status line is all that counts, and PATIENCE is for all of it: not for each byte anew.
    let mut answer = Vec::new();
    let mut part = [0; 1024];
    while !answer.contains(&b'\n') && answer.len() < part.len() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            bail!("no answer within {PATIENCE:?}");
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut part).context("no answer")? {
            0 => break,
            length => answer.extend_from_slice(&part[..length]),
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.lines().next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 200 ") {
        bail!("answered {status:?}");
    }
    Ok(())
}

/// A listener on all addresses is asked on the loopback one.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
