//! `certgate demo`: the gate at work within a second, for a newcomer.
//!
//! A throwaway PKI in a temporary directory, the real gateway on a loopback port, one request of
//! each kind made against it, and the curl lines to make them again.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use openssl::pkey::PKey;
use openssl::ssl::{HandshakeError, SslConnector, SslMethod, SslVerifyMode};
use openssl::x509::X509;

use super::arguments::SettingsArguments;
use super::{Exit, failed, report};
use crate::bench::failure::{Failure, Stage};
use crate::config::Settings;
use crate::config::values::Switch;
use crate::gateway::lasting::Lasting;
use crate::gateway::snapshot::Inputs;
use crate::gateway::{Gateway, Ports};
use crate::lifecycle::signals::{Hangups, StopSignals};
use crate::net::LocalAddress;
use crate::startup::environment::Environment;
use crate::startup::example_pki::ExamplePki;
use crate::startup::{reexec, ticket_secret};
use crate::telemetry::{Telemetry, logs};
use crate::tls::{Candidate, Credentials, ServerIdentity};

/// Long enough for an afternoon, too short for production.
const VALIDITY_DAYS: u32 = 7;

/// Serves until a stop signal; leaves nothing behind.
pub fn run(arguments: &SettingsArguments) -> Exit {
    let directory = tempfile::Builder::new()
        .prefix("certgate-demo-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir();
    let directory = match directory {
        Ok(directory) => directory,
        Err(error) => return failed(&anyhow::Error::new(error).context("can't make a directory")),
    };
    let page = directory.path().join("html").display().to_string();
    let (settings, mut findings) = arguments.read_over(&[
        ("listen", "127.0.0.1:8443"),
        ("admin", "127.0.0.1:0"),
        ("log-format", "text"),
        ("root", &page),
    ]);
    let environment = Environment::of_process();
    findings.note(ticket_secret::read(&environment, directory.path()));
    if findings.has_errors() {
        return report(&findings);
    }
    if !environment.secret_variables().is_empty() {
        // Of no use here: tickets of a CA that nobody else has resume nowhere else.
        drop(directory);
        let error = reexec::without(environment.secret_variables());
        let error = anyhow::Error::new(error);
        return failed(&error.context("can't start again without the secrets in the environment"));
    }
    match demonstrate(&settings, directory.path()) {
        Ok(exit) => exit,
        Err(error) => failed(&error),
    }
}

fn demonstrate(settings: &Settings, directory: &Path) -> anyhow::Result<Exit> {
    let pki = ExamplePki::create(VALIDITY_DAYS).context("can't make certificates")?;
    pki.write_to(directory)
        .context("can't write certificates")?;
    let runtime = tokio::runtime::Runtime::new().context("can't start worker threads")?;
    let _guard = runtime.enter();
    let telemetry =
        Telemetry::new(settings.access_log == Switch::On).map_err(|f| anyhow::anyhow!("{f}"))?;
    let inputs = Inputs {
        settings: settings.clone(),
        credentials: credentials_of_all(settings, &pki)?,
        ticket_secret: None,
    };
    let gateway = match Ports::bind(settings).and_then(|ports| {
        let lasting = Lasting::new(Arc::new(telemetry))?;
        Gateway::prepare(&inputs, lasting, ports)
    }) {
        Ok(gateway) => gateway,
        Err(wrong) => {
            let exit = report(&wrong);
            eprintln!("certgate: choose another port with --listen 127.0.0.1:PORT");
            return Ok(exit);
        }
    };
    let signals = Hangups::new().and_then(|hangups| StopSignals::new(Some(hangups)));
    let signals = signals.context("can't listen for signals")?;
    let address = gateway.addresses().find_map(LocalAddress::tcp);
    let address =
        address.context("the demo needs a TLS listener on TCP: --listen 127.0.0.1:PORT")?;
    let admin = gateway.admin_address();
    println!(
        "certgate demo: {address}, with a throwaway CA in {}\n",
        directory.display()
    );
    let served = runtime.spawn(gateway.run(signals, None));
    show(&pki, address)?;
    // Only now, so that the lines about these three don't stand between; and before anybody else
    // can know the address.
    let _lines = logs::start(settings.log_format, settings.log_level);
    invite(directory, address, admin);
    runtime
        .block_on(served)
        .context("the gateway broke")?
        .context("can't start worker threads")?;
    println!("\ncertgate demo: {} is removed", directory.display());
    Ok(Exit::Fine)
}

/// The same for all sites, if a file has more than one.
fn credentials_of_all(settings: &Settings, pki: &ExamplePki) -> anyhow::Result<Vec<Credentials>> {
    let credentials = settings.sites.iter().map(|_| credentials(pki));
    credentials.collect()
}

fn credentials(pki: &ExamplePki) -> anyhow::Result<Credentials> {
    Ok(Credentials {
        identities: vec![ServerIdentity {
            leaf: X509::from_pem(pki.server().as_bytes())?,
            chain: Vec::new(),
            key: PKey::private_key_from_pem(pki.server_key().as_bytes())?,
            staple: None,
        }],
        client_ca: vec![X509::from_pem(pki.ca().as_bytes())?],
        crls: None,
        candidate: Candidate::default(),
    })
}

/// One request of each kind, and what came of it.
fn show(pki: &ExamplePki, address: SocketAddr) -> anyhow::Result<()> {
    let stranger = ExamplePki::create(VALIDITY_DAYS)?;
    for (who, identity) in [
        ("with the client certificate", Some(pki)),
        ("without a certificate", None),
        ("with a certificate of another CA", Some(&stranger)),
    ] {
        let outcome = match request(pki, identity, address) {
            Ok(status) => format!("let in: {status}"),
            Err(error) => format!("refused: {error:#}"),
        };
        println!("  a request {who:<34} {outcome}");
    }
    println!();
    Ok(())
}

/// The status line of the answer to `GET /`.
fn request(
    pki: &ExamplePki,
    identity: Option<&ExamplePki>,
    address: SocketAddr,
) -> anyhow::Result<String> {
    let mut connector = SslConnector::builder(SslMethod::tls_client())?;
    connector
        .cert_store_mut()
        .add_cert(X509::from_pem(pki.ca().as_bytes())?)?;
    connector.set_verify(SslVerifyMode::PEER);
    if let Some(identity) = identity {
        connector.set_certificate(&*X509::from_pem(identity.client().as_bytes())?)?;
        let key = PKey::private_key_from_pem(identity.client_key().as_bytes())?;
        connector.set_private_key(&key)?;
    }
    let tcp = TcpStream::connect(address)?;
    tcp.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut tls = match connector.build().connect("localhost", tcp) {
        Ok(tls) => tls,
        Err(HandshakeError::Failure(broken)) => {
            let failure = Failure::of_handshake(broken.error(), broken.ssl());
            return Err(failure.into());
        }
        Err(error) => return Err(error.into()),
    };
    tls.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = [0; 256];
    // In TLS 1.3 a client has finished its handshake before it can learn of the refusal.
    let length = tls
        .read(&mut answer)
        .map_err(|error| Failure::of_io(&error, Stage::Request))?;
    let answer = String::from_utf8_lossy(&answer[..length]);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

fn invite(directory: &Path, address: SocketAddr, admin: Option<SocketAddr>) {
    let dir = directory.display();
    let url = format!("https://localhost:{}/", address.port());
    println!("Try it yourself, in another terminal:\n");
    println!("  # let in: the welcome page");
    println!("  curl --cacert {dir}/ca.pem --cert {dir}/client.pem --key {dir}/client.key {url}\n");
    println!("  # refused: no certificate");
    println!("  curl --cacert {dir}/ca.pem {url}\n");
    if let Some(admin) = admin {
        println!("  # what certgate counted");
        println!("  curl http://{admin}/metrics\n");
    }
    println!(
        "Ctrl-C ends the demo and removes the certificates. certgate's log of your requests:\n"
    );
}
