//! Why an operation failed: a closed list, with the label, the alert and the advice of each kind.
//!
//! Takes errors of the kernel, AWS-LC and hyper; hands on [`Failure`].

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;

use openssl::error::ErrorStack;
use openssl::ssl::{self, SslRef};
use openssl_sys::{
    SSL_R_CERTIFICATE_VERIFY_FAILED, SSL_R_ENCRYPTED_LENGTH_TOO_LONG, SSL_R_WRONG_VERSION_NUMBER,
};

use crate::tls::alerts::alert_name;
use crate::tls::failure::{ALERT_OFFSET, SSL_LIBRARY, words};

/// How far an operation had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// TCP.
    #[default]
    Connect,
    /// TLS.
    Handshake,
    /// The request and its answer, or the echo.
    Request,
    /// Waiting for the server's close.
    Close,
    /// Held open.
    Idle,
}

impl Stage {
    fn words(self) -> &'static str {
        match self {
            Self::Connect => "while connecting",
            Self::Handshake => "during the handshake",
            Self::Request => "before the answer was whole",
            Self::Close => "after the handshake",
            Self::Idle => "while the connection was idle",
        }
    }
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nobody listens.
    #[error("connection refused: nobody listens there")]
    Refused,
    /// No way there.
    #[error("can't reach the server: {0}")]
    Unreachable(String),
    /// This machine can't: out of ports, files or addresses to bind.
    #[error("this machine can't open the connection: {0}")]
    Local(String),
    /// The server went silent.
    #[error("the server stalled: timed out {}", .0.words())]
    Timeout(Stage),
    /// RST.
    #[error("the server reset the connection {}", .0.words())]
    Reset(Stage),
    /// FIN, or close_notify, too early.
    #[error("the server closed the connection {}", .0.words())]
    Closed(Stage),
    /// The server refused with this alert (RFC 8446 section 6).
    #[error("the server sent the alert {}", alert_name(*.0))]
    Alert(u8),
    /// An answer that is no TLS record.
    #[error("the server answered, but not with TLS")]
    NotTls,
    /// We don't trust the server.
    #[error("the server's certificate was not accepted: {0}")]
    Untrusted(String),
    /// Another failure of TLS.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// `--http 2` to a server without it.
    #[error("the server didn't choose HTTP/2 (ALPN)")]
    NoHttp2,
    /// An answer that is neither 2xx nor 3xx.
    #[error("the server answered with HTTP status {0}")]
    Status(u16),
    /// An answer that is no HTTP.
    #[error("the answer is not HTTP: {0}")]
    BadHttp(&'static str),
    /// The HTTP/2 connection or stream broke.
    #[error("HTTP/2 failed: {0}")]
    Http2(String),
    /// The server ended the HTTP/2 connection in order before it took the request, or refused the stream: whoever
    /// asked may ask again (RFC 9113 sections 6.8 and 8.7).
    #[error("the server ended the HTTP/2 connection (GOAWAY) before it took the request")]
    GoAway,
    /// A tunnel that gave other bytes back.
    #[error("the echo is not what was sent")]
    WrongEcho,
    /// Due, but no connection was free when time was up.
    #[error("due, but not begun when time was up: all connections were busy")]
    Overdue,
}

impl Failure {
    /// The label in results.
    pub fn kind(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Refused => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Local(_) => "client_limit",
            Self::Timeout(Stage::Connect) => "connect_timeout",
            Self::Timeout(Stage::Handshake) => "handshake_timeout",
            Self::Timeout(Stage::Request) => "request_timeout",
            Self::Timeout(Stage::Close | Stage::Idle) => "close_timeout",
            Self::Reset(_) => "reset",
            Self::Closed(Stage::Idle) => "closed_idle",
            Self::Closed(_) => "closed",
            Self::Alert(_) => "alert",
            Self::NotTls => "not_tls",
            Self::Untrusted(_) => "untrusted",
            Self::Tls(_) => "tls",
            Self::NoHttp2 => "no_http2",
            Self::Status(status) => return Cow::Owned(format!("http_{status}")),
            Self::BadHttp(_) => "bad_http",
            Self::Http2(_) => "http2",
            Self::GoAway => "http2_goaway",
            Self::WrongEcho => "wrong_echo",
            Self::Overdue => "overdue",
        })
    }

    /// The alert's name, if the server sent one.
    pub fn alert(&self) -> Option<&'static str> {
        match self {
            Self::Alert(number) => Some(alert_name(*number)),
            _ => None,
        }
    }

    /// What `connect(2)` or `bind(2)` means.
    pub fn of_connect(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::ConnectionReset => Self::Reset(Stage::Connect),
            io::ErrorKind::TimedOut => Self::Timeout(Stage::Connect),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                Self::Unreachable(error.to_string())
            }
            _ => Self::Local(error.to_string()),
        }
    }

    /// What a failed handshake means.
    pub fn of_handshake(error: &ssl::Error, ssl: &SslRef) -> Self {
        let errors = error.ssl_error().map_or(&[][..], ErrorStack::errors);
        let unverified = |error: &openssl::error::Error| {
            error.library_code() == SSL_LIBRARY
                && error.reason_code() == SSL_R_CERTIFICATE_VERIFY_FAILED
        };
        // AWS-LC has a result that isn't OK before it has looked, too.
        match errors.iter().any(unverified) {
            true => Self::Untrusted(ssl.verify_result().error_string().to_owned()),
            false => Self::of_ssl(error, Stage::Handshake),
        }
    }

    /// What a failed read or write means, the `openssl` crate's and hyper's wrappings included.
    pub fn of_io(error: &(dyn StdError + 'static), stage: Stage) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(error) = error.downcast_ref::<ssl::Error>() {
                return Self::of_ssl(error, stage);
            }
            if let Some(error) = error.downcast_ref::<io::Error>() {
                match error.get_ref() {
                    Some(inner) => {
                        next = Some(inner);
                        continue;
                    }
                    None => return Self::of_plain_io(error, stage),
                }
            }
            next = error.source();
        }
        // hyper's own words are "http2 error"; h2's, at the end of the chain, say which.
        let mut last = error;
        while let Some(source) = last.source() {
            last = source;
        }
        Self::Http2(last.to_string())
    }

    fn of_plain_io(error: &io::Error, stage: Stage) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected => Self::Reset(stage),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::WriteZero => Self::Closed(stage),
            _ => Self::of_connect(error),
        }
    }

    fn of_ssl(error: &ssl::Error, stage: Stage) -> Self {
        match (error.ssl_error(), error.io_error()) {
            (Some(stack), _) => Self::of_stack(stack, stage),
            (None, Some(error)) => Self::of_plain_io(error, stage),
            (None, None) => Self::Closed(stage),
        }
    }

    fn of_stack(stack: &ErrorStack, stage: Stage) -> Self {
        let mut errors = stack.errors().iter();
        let Some(error) = errors.find(|error| error.library_code() == SSL_LIBRARY) else {
            return Self::Tls(words(stack));
        };
        match error.reason_code() {
            // What is no TLS at all shows in the first record.
            SSL_R_WRONG_VERSION_NUMBER | SSL_R_ENCRYPTED_LENGTH_TOO_LONG
                if stage == Stage::Handshake =>
            {
                Self::NotTls
            }
            code => match u8::try_from(code - ALERT_OFFSET) {
                Ok(number) => Self::Alert(number),
                Err(_) => Self::Tls(words(stack)),
            },
        }
    }
}
