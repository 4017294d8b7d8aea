//! What a server decides in a handshake: certificates by a callback of our own, tickets by another.
//!
//! The contexts work on the bytes of certificates (`TLS_with_buffers_method`, ssl.h): libssl parses
//! no X.509, so that a chain that was verified before costs a digest and no more. The price: the
//! `openssl` crate's functions about the peer's `X509` find nothing on these connections; what is
//! known of the client is what the [`Policy`] noted.

use std::ffi::{CStr, c_int};
use std::ptr::{null, null_mut};
use std::sync::Arc;
use std::time::Duration;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::pkey::{PKeyRef, Private};
use openssl::ssl::{
    SslContextBuilder, SslContextRef, SslMethod, SslRef, SslSessionRef, SslVerifyMode,
};
use openssl_sys as lc;
use zeroize::Zeroizing;

use super::callbacks::{TICKETS, certificates, on_hello, on_verify, policy_index};

/// A ClientHello, while libssl calls back about it.
pub struct Hello<'a> {
    /// Whose it is.
    pub connection: &'a SslRef,
    /// The cipher suites, in the client's order.
    pub suites: &'a [[u8; 2]],
    /// The extensions: number, length, content, one after the other.
    pub extensions: &'a [u8],
}

impl<'a> Hello<'a> {
    /// The content of an extension (IANA's "TLS ExtensionType Values").
    pub fn extension(&self, number: u16) -> Option<&'a [u8]> {
        let mut rest = self.extensions;
        while let Some((&[a, b, c, d], after)) = rest.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes([c, d]));
            let (content, next) = after.split_at_checked(length)?;
            if u16::from_be_bytes([a, b]) == number {
                return Some(content);
            }
            rest = next;
        }
        None
    }
}

/// What is decided in a handshake. All of it runs inside `SSL_accept`.
pub trait Policy: Send + Sync + 'static {
    /// The context to go on with, by what the client asks for and what it can do, if it is another one
    /// than this policy's. Its own policy decides from then on. Such a context must differ only in its
    /// certificates, the names of authorities, application protocols and the policy: what else a context
    /// has, a connection keeps from the one that it began with.
    fn choose_context(&self, _hello: &Hello<'_>) -> Option<&SslContextRef> {
        None
    }

    /// The connection is this policy's from now on.
    fn begin(&self, _ssl: &SslRef) {}

    /// The TLS 1.3 suite to insist on, of those in the ClientHello (numbers of two bytes); `None` to
    /// leave the choice to libssl, which takes the client's first.
    fn choose_suite(&self, offered: &[[u8; 2]]) -> Option<&CStr>;

    /// The OCSP response about the server's certificate, for a client that asks for it.
    fn staple(&self) -> Option<Arc<[u8]>> {
        None
    }

    /// Whether this chain, DER as the client sent it with its own certificate first, may pass.
    fn verify(&self, ssl: &SslRef, chain: &[&[u8]]) -> Result<(), Halt>;

    /// How much longer than a session its ticket is at most, in bytes.
    fn overhead(&self) -> usize;

    /// Makes a ticket of a session.
    fn seal(&self, ssl: &SslRef, session: &[u8]) -> Option<Vec<u8>>;

    /// The session in a ticket, if it may resume; if not, a full handshake follows.
    fn open(&self, ssl: &SslRef, ticket: &[u8]) -> Option<Zeroizing<Vec<u8>>>;
}

/// Why a handshake doesn't go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// The chain isn't accepted; the alert that says so (RFC 8446 section 6.2).
    Alert(u8),
    /// The verdict isn't there yet. `SSL_accept` fails with [`WANT_VERDICT`]; the next one asks again.
    NotYet,
}

impl From<u8> for Halt {
    fn from(alert: u8) -> Self {
        Self::Alert(alert)
    }
}

/// `SSL_ERROR_WANT_CERTIFICATE_VERIFY` (ssl.h).
pub const WANT_VERDICT: c_int = lc::SSL_ERROR_WANT_CERTIFICATE_VERIFY;

/// A context that knows certificates as bytes.
pub fn context_builder() -> Result<SslContextBuilder, ErrorStack> {
    // SAFETY: the method is a constant of libssl, which lives for ever.
    let method = unsafe { SslMethod::from_ptr(lc::TLS_with_buffers_method()) };
    SslContextBuilder::new(method)
}

/// Makes `policy` decide about clients' certificates and about tickets, for as long as the context
/// lives. With [`SslVerifyMode::NONE`] no certificate is asked for.
pub fn set_policy(
    context: &mut SslContextBuilder,
    mode: SslVerifyMode,
    policy: impl Policy,
) -> Result<(), ErrorStack> {
    context.set_ex_data(policy_index()?, Box::new(policy));
    // SAFETY: `context` is a valid SSL_CTX for the calls. The callbacks are functions of the types
    // that ssl.h declares; they and the table live for ever.
    unsafe {
        lc::SSL_CTX_set_select_certificate_cb(context.as_ptr(), Some(on_hello));
        lc::SSL_CTX_set_custom_verify(context.as_ptr(), mode.bits(), Some(on_verify));
        lc::SSL_CTX_set_ticket_aead_method(context.as_ptr(), &TICKETS);
    }
    Ok(())
}

/// The server's chain, its own certificate first, all DER, and the key of that. Fails if the key is
/// another one's. Once for each kind of key.
pub fn present(
    context: &mut SslContextBuilder,
    chain: &[Vec<u8>],
    key: &PKeyRef<Private>,
) -> Result<(), ErrorStack> {
    let buffers = Buffers::new(chain)?;
    // SAFETY: all pointers are valid for the call, which takes references of its own.
    let set = unsafe {
        lc::SSL_CTX_set_chain_and_key(
            context.as_ptr(),
            buffers.0.as_ptr().cast(),
            buffers.0.len(),
            key.as_ptr(),
            null(),
        )
    };
    succeeded(set)
}

/// The names (DER) of the authorities whose certificates clients are asked for.
pub fn advertise(context: &mut SslContextBuilder, names: &[Vec<u8>]) -> Result<(), ErrorStack> {
    let mut buffers = Buffers::new(names)?;
    // SAFETY: the stack is made here. A push takes the reference that `buffers` gives up, or, without
    // memory, leaves it to leak. The context takes the stack with all that is in it.
    unsafe {
        let stack = lc::OPENSSL_sk_new_null();
        if stack.is_null() {
            return Err(ErrorStack::get());
        }
        for buffer in buffers.0.drain(..) {
            lc::OPENSSL_sk_push(stack, buffer.cast());
        }
        lc::SSL_CTX_set0_client_CAs(context.as_ptr(), stack.cast());
    }
    Ok(())
}

/// How many tickets follow a TLS 1.3 handshake.
pub fn set_ticket_count(context: &mut SslContextBuilder, count: usize) -> Result<(), ErrorStack> {
    // SAFETY: `context` is a valid SSL_CTX for the call, which stores a number.
    succeeded(unsafe { lc::SSL_CTX_set_num_tickets(context.as_ptr(), count) })
}

/// How long libssl itself lets a session live, and what the ticket tells the client.
pub fn set_session_timeout(context: &mut SslContextBuilder, timeout: Duration) {
    let seconds = u32::try_from(timeout.as_secs()).unwrap_or(u32::MAX);
    // SAFETY: `context` is a valid SSL_CTX for the calls, which store numbers.
    unsafe {
        lc::SSL_CTX_set_timeout(context.as_ptr(), seconds);
        lc::SSL_CTX_set_session_psk_dhe_timeout(context.as_ptr(), seconds);
    }
}

/// Lets a connection drop what only its handshake needed.
pub fn shed_after_handshake(ssl: &mut SslRef) {
    // SAFETY: `ssl` is valid for the call, which sets a flag.
    unsafe { lc::SSL_set_shed_handshake_config(ssl.as_ptr(), 1) };
}

/// The certificates (DER) of the client in a serialized session, its own first.
pub fn session_chain(ssl: &SslRef, session: &[u8]) -> Option<Vec<Vec<u8>>> {
    let context = ssl.ssl_context();
    // SAFETY: `session` is valid for its length, the context for the call. What comes back is null
    // or ours; its certificates are copied before it is freed.
    unsafe {
        let session = lc::SSL_SESSION_from_bytes(session.as_ptr(), session.len(), context.as_ptr());
        if session.is_null() {
            // What stays in the thread's error queue would fail another connection's read.
            drop(ErrorStack::get());
            return None;
        }
        let stack = lc::SSL_SESSION_get0_peer_certificates(session);
        let chain = certificates(stack).iter().map(|der| der.to_vec()).collect();
        lc::SSL_SESSION_free(session);
        Some(chain)
    }
}

/// The certificates (DER) of the client in an established session, its own first.
pub fn session_certificates(session: &SslSessionRef) -> Vec<&[u8]> {
    // SAFETY: the session is valid for as long as it is borrowed. What it has of the peer is set before it
    // is established and never changed after that.
    unsafe { certificates(lc::SSL_SESSION_get0_peer_certificates(session.as_ptr())) }
}

/// The random of the ClientHello; zeroes before one was read.
pub fn client_random(ssl: &SslRef) -> [u8; 32] {
    let mut random = [0; 32];
    // SAFETY: `ssl` is valid for the call, which writes at most as many bytes as there are.
    unsafe { lc::SSL_get_client_random(ssl.as_ptr(), random.as_mut_ptr(), random.len()) };
    random
}

/// The alert for a `X509_V_ERR_…` of x509.h.
pub fn alert_of(verify_error: c_int) -> u8 {
    // SAFETY: a pure function of a number.
    let alert = unsafe { lc::SSL_alert_from_verify_result(verify_error.into()) };
    u8::try_from(alert).unwrap_or(BAD_CERTIFICATE)
}

/// RFC 8446 section 6: `bad_certificate`.
pub const BAD_CERTIFICATE: u8 = 42;
/// RFC 8446 section 6.
pub const UNSUPPORTED_CERTIFICATE: u8 = 43;
/// RFC 8446 section 6: `access_denied`.
pub const ACCESS_DENIED: u8 = 49;
/// RFC 8446 section 6: `certificate_unknown`.
pub const CERTIFICATE_UNKNOWN: u8 = 46;

/// `CRYPTO_BUFFER`s that are freed in the end.
struct Buffers(Vec<*mut lc::CRYPTO_BUFFER>);

impl Buffers {
    fn new(contents: &[Vec<u8>]) -> Result<Self, ErrorStack> {
        let mut buffers = Self(Vec::with_capacity(contents.len()));
        for bytes in contents {
            // SAFETY: copies `bytes`, which are valid for their length. No pool.
            let buffer = unsafe { lc::CRYPTO_BUFFER_new(bytes.as_ptr(), bytes.len(), null_mut()) };
            if buffer.is_null() {
                return Err(ErrorStack::get());
            }
            buffers.0.push(buffer);
        }
        Ok(buffers)
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        for buffer in &self.0 {
            // SAFETY: each was made by `new` and not given away.
            unsafe { lc::CRYPTO_BUFFER_free(*buffer) };
        }
    }
}

pub(super) fn succeeded(result: c_int) -> Result<(), ErrorStack> {
    if result == 1 {
        Ok(())
    } else {
        Err(ErrorStack::get())
    }
}
