//! From a URL to a connection over which HTTP can be spoken.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use openssl::error::ErrorStack;
use openssl::ssl::{ConnectConfiguration, SslConnector, SslMethod, SslVersion};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::{FetchError, Url, error};

/// What HTTP is spoken over.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Connects; to https with the server verified.
pub async fn connect(url: &Url) -> Result<Box<dyn Transport>, FetchError> {
    // Before the connection: without roots there is no use in one.
    let tls = match url.is_https() {
        true => Some(prepare().await?),
        false => None,
    };
    let tcp = dial(url.host(), url.port()).await?;
    match tls {
        None => Ok(Box::new(tcp)),
        Some(tls) => Ok(Box::new(handshake(tls, url.host(), tcp).await?)),
    }
}

async fn dial(host: &str, port: u16) -> Result<TcpStream, FetchError> {
    let unresolved = |error| FetchError::Resolve {
        host: host.to_owned(),
        error,
    };
    let addresses = tokio::net::lookup_host((host, port))
        .await
        .map_err(unresolved)?;
    let mut failure = unresolved(io::Error::other("it has no address"));
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                let address = address.to_string();
                failure = FetchError::Connect { address, error };
            }
        }
    }
    Err(failure)
}

async fn handshake(
    tls: ConnectConfiguration,
    host: &str,
    tcp: TcpStream,
) -> Result<SslStream<TcpStream>, FetchError> {
    let ssl = tls.into_ssl(host).map_err(unexpected)?;
    let mut stream = SslStream::new(ssl, tcp).map_err(unexpected)?;
    match Pin::new(&mut stream).connect().await {
        Ok(()) => Ok(stream),
        Err(error) => {
            let verdict = stream.ssl().verify_result();
            let words = match verdict.as_raw() {
                0 => error::chain(&error),
                _ => format!(
                    "the certificate of {host} isn't accepted: {}",
                    verdict.error_string()
                ),
            };
            // What stays in the thread's error queue would fail another connection's read.
            drop(ErrorStack::get());
            Err(FetchError::Tls(words))
        }
    }
}

/// Reads the roots anew: fetches over https are rare, and the bundle may be replaced.
async fn prepare() -> Result<ConnectConfiguration, FetchError> {
    let prepared = tokio::task::spawn_blocking(|| {
        let roots = roots(&|name| std::env::var_os(name).map(PathBuf::from))?;
        configure(roots).map_err(unexpected)
    });
    let prepared = prepared.await;
    prepared.unwrap_or_else(|error| Err(FetchError::Tls(error.to_string())))
}

fn configure(roots: Vec<X509>) -> Result<ConnectConfiguration, ErrorStack> {
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    let mut store = X509StoreBuilder::new()?;
    for root in roots {
        store.add_cert(root)?;
    }
    builder.set_cert_store(store.build());
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_alpn_protos(b"\x08http/1.1")?;
    builder.build().configure()
}

/// Where distributions have their bundles.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What SSL_CERT_FILE and SSL_CERT_DIR name; without them, the system's.
fn roots(variable: &dyn Fn(&str) -> Option<PathBuf>) -> Result<Vec<X509>, FetchError> {
    let (file, directory) = (variable("SSL_CERT_FILE"), variable("SSL_CERT_DIR"));
    let mut roots = Vec::new();
    if let Some(file) = &file {
        roots.extend(bundle(file).map_err(|words| unreadable(file, words))?);
    }
    if let Some(directory) = &directory {
        let files = files_of(directory).map_err(|e| unreadable(directory, e.to_string()))?;
        // Directories of that kind have other files, too.
        roots.extend(files.iter().flat_map(|file| bundle(file).ok()).flatten());
    }
    if file.is_none() && directory.is_none() {
        let found = BUNDLES.iter().map(Path::new).find(|file| file.exists());
        if let Some(file) = found {
            roots = bundle(file).map_err(|words| unreadable(file, words))?;
        }
    }
    match roots.is_empty() {
        true => Err(FetchError::NoRoots),
        false => Ok(roots),
    }
}

fn bundle(file: &Path) -> Result<Vec<X509>, String> {
    let pem = std::fs::read(file).map_err(|error| error.to_string())?;
    X509::stack_from_pem(&pem).map_err(|error| {
        // `error` has taken them from the thread's queue.
        error.to_string()
    })
}

fn files_of(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory)?;
    entries.map(|entry| entry.map(|e| e.path())).collect()
}

fn unreadable(place: &Path, words: String) -> FetchError {
    let place = place.display().to_string();
    FetchError::Roots { place, words }
}

fn unexpected(error: ErrorStack) -> FetchError {
    FetchError::Tls(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::startup::test_certificates as make;

    #[test]
    fn roots_come_from_the_variables_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let one = make::pem(&make::authority("one").certificate);
        std::fs::write(at("one.pem"), &one).unwrap();
        std::fs::write(at("text"), "no certificate").unwrap();
        let found = |file: Option<PathBuf>, dir: Option<PathBuf>| {
            roots(&|name| match name {
                "SSL_CERT_FILE" => file.clone(),
                _ => dir.clone(),
            })
            .map(|roots| roots.len())
            .map_err(|error| error.to_string())
        };
        assert_eq!(found(Some(at("one.pem")), None), Ok(1));
        assert_eq!(found(None, Some(at(""))), Ok(1));
        assert_eq!(found(Some(at("one.pem")), Some(at(""))), Ok(2));
        let words = found(Some(at("text")), None).unwrap_err();
        assert!(words.contains("SSL_CERT_FILE"), "{words}");
        let words = found(Some(at("absent")), None).unwrap_err();
        assert!(words.contains("absent can't be read"), "{words}");
        assert!(ErrorStack::get().errors().is_empty(), "left for others");
    }
}
