//! Connections to what is behind the gate.
//!
//! Takes the addresses of one service, hands on connected [`UpstreamStream`]s. Addresses take
//! turns; one that can't be connected is passed over for the next.

pub mod checks;
mod standing;
mod stream;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UnixStream};

use crate::config::upstream::{Upstream, UpstreamAddress};
use crate::telemetry::events::UpstreamFailure;

pub use stream::UpstreamStream;

/// The addresses of one service.
pub struct Upstreams {
    targets: Vec<Target>,
    next: AtomicUsize,
    connect_timeout: Duration,
}

struct Target {
    address: UpstreamAddress,
    name: Arc<str>,
}

/// Why no address could be connected: the last one's reason.
#[derive(Debug, thiserror::Error)]
#[error("{upstream}: {error}")]
pub struct ConnectError {
    /// The last address that was tried.
    pub upstream: Arc<str>,
    /// What went wrong there.
    pub reason: UpstreamFailure,
    error: io::Error,
}

impl Upstreams {
    /// Connects nowhere yet.
    pub fn new(upstreams: &[Upstream], connect_timeout: Duration) -> Self {
        let targets = upstreams.iter().map(|upstream| Target {
            name: upstream.address.to_string().into(),
            address: upstream.address.clone(),
        });
        Self {
            targets: targets.collect(),
            next: AtomicUsize::new(0),
            connect_timeout,
        }
    }

    /// All addresses, for log lines that are about none in particular.
    pub fn name(&self) -> String {
        let names: Vec<&str> = self.targets.iter().map(|target| &*target.name).collect();
        names.join(",")
    }

    /// A new connection, and the name of its address.
    pub async fn connect(&self) -> Result<(UpstreamStream, Arc<str>), ConnectError> {
        self.connect_saying(&[]).await
    }

    /// The same, with these bytes sent already.
    pub async fn connect_saying(
        &self,
        ahead: &[u8],
    ) -> Result<(UpstreamStream, Arc<str>), ConnectError> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.targets.len();
        let mut failure = None;
        for turn in 0..count {
            let target = &self.targets[first.wrapping_add(turn) % count];
            match self.connect_to(target, ahead).await {
                Ok(stream) => return Ok((stream, target.name.clone())),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| ConnectError {
            upstream: "none".into(),
            reason: UpstreamFailure::Unreachable,
            error: io::Error::other("no upstream is set"),
        }))
    }

    async fn connect_to(
        &self,
        target: &Target,
        ahead: &[u8],
    ) -> Result<UpstreamStream, ConnectError> {
        let failed = |reason, error| ConnectError {
            upstream: target.name.clone(),
            reason,
            error,
        };
        let dialled = async {
            let mut stream = dial(&target.address).await?;
            stream.write_all(ahead).await?;
            Ok(stream)
        };
        match tokio::time::timeout(self.connect_timeout, dialled).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(failed(UpstreamFailure::Unreachable, error)),
            Err(_) => {
                let words = format!("no connection within {:?}", self.connect_timeout);
                let error = io::Error::new(io::ErrorKind::TimedOut, words);
                Err(failed(UpstreamFailure::ConnectTimeout, error))
            }
        }
    }
}

async fn dial(address: &UpstreamAddress) -> io::Result<UpstreamStream> {
    match address {
        UpstreamAddress::Tcp(host, port) => {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            stream.set_nodelay(true)?;
            Ok(UpstreamStream::Tcp(stream))
        }
        UpstreamAddress::Unix(path) => UnixStream::connect(path).await.map(UpstreamStream::Unix),
    }
}
