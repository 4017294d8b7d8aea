//! One connection to a server, as far as it goes, and what was seen on the way.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext, SslSessionCacheMode, SslVerifyMode};
use openssl::x509::X509;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::answer::{self, Answer};
use super::arguments::{Request, Target};
use crate::bench::failure::{Failure, Stage};
use crate::bench::identity::Identity;
use crate::bench::tls::{self, TlsFault, TlsOptions, Trust};
use crate::bench::{Agreed, agreed};
use crate::tls::failure::words;
use crate::tls::ffi::client;

/// What was seen.
#[derive(Default)]
pub struct Seen {
    /// Where it connected to.
    pub address: Option<SocketAddr>,
    /// What the handshake agreed on, if it ended well on this side.
    pub agreed: Option<Agreed>,
    /// The server's certificates, its own first.
    pub server: Vec<X509>,
    /// What is wrong with them; `None` if they were not verified.
    pub verified: Option<Result<(), String>>,
    /// The names (DER) of the authorities that the server named; `None` if it asked for no certificate.
    pub asked: Option<Vec<Vec<u8>>>,
    /// How it ended.
    pub end: End,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// An HTTP answer.
    Answered(Answer),
    /// Bytes of another protocol.
    Spoke,
    /// The handshake was done, and no alert came in this time.
    Quiet(Duration),
    /// It failed, before the server could say all.
    Failed(Failure),
}

impl Default for End {
    fn default() -> Self {
        Self::Failed(Failure::Timeout(Stage::Connect))
    }
}

/// How long an alert may take where nothing is asked that would prove anything: as long as certgate asks an
/// OCSP responder by default, and the server may do that now.
const SILENCE: Duration = Duration::from_secs(3);

/// What was found wrong with the server's chain, while its handshake went on.
type Faults = Arc<Mutex<Vec<String>>>;

/// Connects. What goes wrong with the connection is in what was seen.
///
/// # Errors
/// What AWS-LC can't use.
pub async fn attempt(
    target: &Target,
    identity: Identity,
    authorities: Option<Vec<X509>>,
) -> Result<Seen, TlsFault> {
    let faults = Faults::default();
    let mut seen = Seen {
        verified: authorities.as_ref().map(|_| Ok(())),
        ..Seen::default()
    };
    let context = context(target, identity, authorities, &faults)?;
    let ssl = ssl(&context, target)?;
    let end = Instant::now() + target.timeout;
    let mut tls = None;
    let result = async {
        let tcp = connect(target).await?;
        seen.address = tcp.peer_addr().ok();
        let stream = SslStream::new(ssl, tcp).map_err(|error| Failure::Local(words(&error)))?;
        shake_hands(tls.insert(stream)).await
    };
    let result = tokio::time::timeout_at(end.into(), result).await;
    seen.end = match result {
        Err(_) if seen.address.is_none() => End::Failed(Failure::Timeout(Stage::Connect)),
        Err(_) => End::Failed(Failure::Timeout(Stage::Handshake)),
        Ok(Err(failure)) => End::Failed(failure),
        Ok(Ok(())) => match &mut tls {
            Some(tls) => {
                seen.agreed = Some(agreed(tls.ssl()));
                converse(tls, target, end).await
            }
            None => End::default(),
        },
    };
    if let Some(tls) = &tls {
        let ssl = tls.ssl();
        let chain = ssl.peer_cert_chain().into_iter().flatten();
        seen.server = chain.map(ToOwned::to_owned).collect();
        seen.asked = client::request(ssl).map(<[_]>::to_vec);
    }
    let faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
    if let (Some(verified), Some(fault)) = (&mut seen.verified, faults.first()) {
        *verified = Err(fault.clone());
    }
    Ok(seen)
}

fn context(
    target: &Target,
    identity: Identity,
    authorities: Option<Vec<X509>>,
    faults: &Faults,
) -> Result<SslContext, TlsFault> {
    let verifies = authorities.is_some();
    let options = TlsOptions {
        identities: Vec::new(),
        trust: authorities.map_or(Trust::Anybody, Trust::Authorities),
        sni: None,
        version: target.version,
        groups: None,
        ciphers: None,
    };
    let mut builder = tls::client(&options, Some(&identity))?;
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    client::note_request(&mut builder);
    if target.request != Request::None {
        builder.set_alpn_protos(b"\x08http/1.1")?;
    }
    if verifies {
        // What the server says to the client is the question, whoever it is.
        let faults = faults.clone();
        builder.set_verify_callback(SslVerifyMode::PEER, move |holds, context| {
            if !holds {
                let fault = context.error().error_string().to_owned();
                let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
                faults.push(fault);
            }
            true
        });
    }
    Ok(builder.build())
}

fn ssl(context: &SslContext, target: &Target) -> Result<Ssl, ErrorStack> {
    let mut ssl = Ssl::new(context)?;
    client::expect_request(&mut ssl)?;
    let ip: Option<IpAddr> = target.host.parse().ok();
    let name = match (&target.sni, ip) {
        (Some(name), _) => Some(name),
        (None, None) => Some(&target.host),
        (None, Some(_)) => None,
    };
    match (name, ip) {
        (Some(name), _) => {
            ssl.set_hostname(name)?;
            ssl.param_mut().set_host(name)?;
        }
        (None, Some(ip)) => ssl.param_mut().set_ip(ip)?,
        (None, None) => {}
    }
    Ok(ssl)
}

/// To the first of its addresses that answers.
async fn connect(target: &Target) -> Result<TcpStream, Failure> {
    let addresses = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
    let addresses =
        addresses.map_err(|error| Failure::Unreachable(format!("{}: {error}", target.host)))?;
    let mut last = Failure::Unreachable(format!("{} has no address", target.host));
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // One small request; a failure costs a little time.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = Failure::of_connect(&error),
        }
    }
    Err(last)
}

async fn shake_hands(tls: &mut SslStream<TcpStream>) -> Result<(), Failure> {
    let result = Pin::new(&mut *tls).connect().await;
    result.map_err(|error| Failure::of_handshake(&error, tls.ssl()))
}

/// Everything after the handshake. In TLS 1.3 the server looks at the certificate only after the client is
/// done, and refuses then.
async fn converse(tls: &mut SslStream<TcpStream>, target: &Target, end: Instant) -> End {
    let asks = match &target.request {
        Request::None => false,
        Request::Path(_) => true,
        Request::Default => tls.ssl().selected_alpn_protocol() == Some(b"http/1.1"),
    };
    let left = end.saturating_duration_since(Instant::now());
    if !asks {
        return listen(tls, SILENCE.min(left)).await;
    }
    ask(tls, target, left).await
}

/// What comes within this time, if anything does.
async fn listen(tls: &mut SslStream<TcpStream>, wait: Duration) -> End {
    let mut byte = [0];
    match tokio::time::timeout(wait, tls.read(&mut byte)).await {
        Err(_) => End::Quiet(wait),
        Ok(Ok(0)) => End::Failed(Failure::Closed(Stage::Close)),
        Ok(Ok(_)) => End::Spoke,
        Ok(Err(error)) => End::Failed(Failure::of_io(&error, Stage::Close)),
    }
}

/// Asks, and reads what is answered.
async fn ask(tls: &mut SslStream<TcpStream>, target: &Target, left: Duration) -> End {
    let end = Instant::now() + left;
    let path = match &target.request {
        Request::Path(path) => path,
        _ => "/",
    };
    let host = match &target.sni {
        Some(name) => format!("{name}:{}", target.port),
        None => target.server.clone(),
    };
    let host = host.strip_suffix(":443").unwrap_or(&host);
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: certgate-verify\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    // If that fails, the alert that says why may have come before.
    let write = tls.write_all(request.as_bytes());
    let _ = tokio::time::timeout_at(end.into(), write).await;
    // Some servers don't close, whatever they are asked; what came until then is read.
    let patience = SILENCE.max(target.timeout / 2).min(left);
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(patience, read(tls, &mut bytes)).await;
    match (Answer::of(&bytes), read) {
        (Some(answer), _) => End::Answered(answer),
        (None, Ok(Err(error))) => End::Failed(Failure::of_io(&error, Stage::Request)),
        (None, Ok(Ok(()))) if bytes.is_empty() => End::Failed(Failure::Closed(Stage::Request)),
        (None, Err(_)) if bytes.is_empty() => End::Quiet(patience),
        (None, _) => End::Spoke,
    }
}

/// To the end, or as much as matters; what came is there whenever it is stopped.
async fn read(tls: &mut SslStream<TcpStream>, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    let mut chunk = [0; 4096];
    while bytes.len() < answer::LIMIT {
        match tls.read(&mut chunk).await? {
            0 => break,
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
    Ok(())
}
