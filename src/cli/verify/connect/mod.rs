//! `certgate verify --connect`: tries a live server with a client's certificate, and explains what it says.
//!
//! Any server: only what a client can see counts. The client is the load generator's.

mod answer;
mod arguments;
mod attempt;
mod local;
mod meaning;
mod report;
mod verdict;

use std::io::Write;

use anyhow::{Context, bail};
use openssl::x509::X509;

use self::report::Report;
use super::super::{Exit, failed};
use crate::bench::identity::{Identity, authorities};
use crate::bench::tls::system_authorities;

pub use arguments::{Target, options};

/// Prints what came of it to stdout: 0 accepted, 1 refused, 78 if the server can't be asked or doesn't say.
pub fn run(target: &Target, json: bool) -> Exit {
    let report = match look(target) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("certgate: {error:#}");
            return Exit::Configuration;
        }
    };
    let text = match json {
        true => serde_json::to_string_pretty(&report).map(|text| text + "\n"),
        false => Ok(report.to_string()),
    };
    match text.context("can't write the report") {
        // A reader that has seen enough is no fault.
        Ok(text) => drop(std::io::stdout().write_all(text.as_bytes())),
        Err(error) => return failed(&error),
    }
    match report.accepted {
        Some(true) => Exit::Fine,
        Some(false) => Exit::Failed,
        None => Exit::Configuration,
    }
}

fn look(target: &Target) -> anyhow::Result<Report> {
    let mut identity = Identity::read(&target.certificate, &target.key)?;
    for path in &target.intermediates {
        identity.chain.extend(authorities(path)?);
    }
    let servers = servers(target)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("can't start")?;
    let seen = runtime.block_on(attempt::attempt(target, identity.clone(), servers))?;
    // A look-up of a name isn't waited for.
    runtime.shutdown_background();
    Ok(Report::new(target, &identity, &seen))
}

/// Whom the server's certificate is held against, if somebody wants to know.
fn servers(target: &Target) -> anyhow::Result<Option<Vec<X509>>> {
    let path = match target.server_ca.as_deref() {
        None => return Ok(None),
        Some("system") => match system_authorities() {
            Some(path) => path,
            None => bail!(
                "--server-ca system: there is no file of CAs where systems have them; name one"
            ),
        },
        Some(path) => path.into(),
    };
    Ok(Some(authorities(&path)?))
}
