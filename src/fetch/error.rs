//! Why a fetch failed, in words for an operator.

use std::io;
use std::time::Duration;

use super::UrlFault;

/// What went wrong on the way to an answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No URL to fetch from.
    #[error("{0}")]
    Url(#[from] UrlFault),
    /// The name has no address.
    #[error("{host} can't be resolved: {error}")]
    Resolve {
        /// The name.
        host: String,
        /// The resolver's words.
        error: io::Error,
    },
    /// None of its addresses can be reached.
    #[error("no connection to {address}: {error}")]
    Connect {
        /// The last one that was tried.
        address: String,
        /// The system's words.
        error: io::Error,
    },
    /// There is no certificate that an https server could be held against.
    #[error(
        "the system has no root certificates, so that no https server can be verified: mount a PEM bundle and name it in SSL_CERT_FILE, or use http (what is fetched is signed)"
    )]
    NoRoots,
    /// The bundle can't be used.
    #[error("the root certificates of {place} can't be read: {words}")]
    Roots {
        /// The file or directory.
        place: String,
        /// Why.
        words: String,
    },
    /// The TLS handshake failed.
    #[error("TLS: {0}")]
    Tls(String),
    /// What came was no HTTP, or it broke off.
    #[error("no complete HTTP answer: {0}")]
    Protocol(String),
    /// Another status than 200.
    #[error("HTTP status {0}")]
    Status(u16),
    /// The body doesn't fit.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// A circle, perhaps.
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// A redirect that names no http or https URL.
    #[error("a redirect to no http:// or https:// URL")]
    BadRedirect,
    /// It took too long.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
}

impl FetchError {
    /// All labels, so that every label of a metric is there from the start.
    pub const LABELS: [&'static str; 5] = ["unreachable", "tls", "bad_http", "status", "timeout"];

    /// The kind, as a metric's label.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Url(_) | Self::Resolve { .. } | Self::Connect { .. } => "unreachable",
            Self::NoRoots | Self::Roots { .. } | Self::Tls(_) => "tls",
            Self::Protocol(_)
            | Self::TooLarge(_)
            | Self::TooManyRedirects(_)
            | Self::BadRedirect => "bad_http",
            Self::Status(_) => "status",
            Self::Timeout(_) => "timeout",
        }
    }
}

/// An error and its causes: hyper keeps what happened in the cause.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
