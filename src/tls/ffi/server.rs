//! What a server decides about tickets: takes a safe [`TicketPolicy`], hands it to OpenSSL's callbacks
//! (SSL_CTX_set_session_ticket_cb(3)).

use std::ffi::{c_int, c_long, c_uchar, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::Duration;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{SslContext, SslContextBuilder, SslRef};
use openssl_sys::{SSL, SSL_CTX, SSL_SESSION};

/// What is decided about tickets. Both sides run inside a handshake.
pub trait TicketPolicy: Send + Sync + 'static {
    /// The application data that is sealed into a new ticket. `previous` is that of the ticket
    /// from which this connection was resumed, if it was.
    fn issue(&self, ssl: &SslRef, previous: Option<&[u8]>) -> Vec<u8>;

    /// Whether a ticket that OpenSSL could decrypt, with this application data, may resume.
    fn admit(&self, data: Option<&[u8]>) -> bool;
}

/// Makes `policy` decide about the tickets of this context, for as long as the context lives.
pub fn set_ticket_policy(
    context: &mut SslContextBuilder,
    policy: impl TicketPolicy,
) -> Result<(), ErrorStack> {
    context.set_ex_data(policy_index()?, Box::new(policy));
    // SAFETY: `context` is a valid SSL_CTX for the call. The callbacks are functions of the types
    // that ssl.h declares, live for ever, and ignore the null argument.
    let set = unsafe {
        SSL_CTX_set_session_ticket_cb(
            context.as_ptr(),
            Some(on_issue),
            Some(on_decrypted),
            std::ptr::null_mut(),
        )
    };
    if set == 1 {
        Ok(())
    } else {
        Err(ErrorStack::get())
    }
}

/// How long OpenSSL itself lets a session live, and what the ticket tells the client.
pub fn set_session_timeout(context: &mut SslContextBuilder, timeout: Duration) {
    let seconds = c_long::try_from(timeout.as_secs()).unwrap_or(c_long::MAX);
    // SAFETY: `context` is a valid SSL_CTX for the call, which only stores a number.
    unsafe { SSL_CTX_set_timeout(context.as_ptr(), seconds) };
}

type PolicyIndex = Index<SslContext, Box<dyn TicketPolicy>>;

fn policy_index() -> Result<PolicyIndex, ErrorStack> {
    static INDEX: OnceLock<PolicyIndex> = OnceLock::new();
    if let Some(index) = INDEX.get() {
        return Ok(*index);
    }
    let index = SslContext::new_ex_index()?;
    Ok(*INDEX.get_or_init(|| index))
}

fn policy(ssl: &SslRef) -> Option<&dyn TicketPolicy> {
    ssl.ssl_context()
        .ex_data(policy_index().ok()?)
        .map(Box::as_ref)
}

/// `SSL_CTX_generate_session_ticket_fn`: 1 goes on, 0 ends the connection.
unsafe extern "C" fn on_issue(ssl: *mut SSL, _: *mut c_void) -> c_int {
    // A panic must not unwind into C.
    catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: OpenSSL calls this with the connection's valid SSL, which outlives the call.
        let connection = unsafe { SslRef::from_ptr(ssl) };
        // SAFETY: as above. The session is the connection's own, valid until it is replaced, which
        // doesn't happen before this callback returns.
        let session = unsafe { openssl_sys::SSL_get_session(ssl) };
        if session.is_null() {
            return 0;
        }
        let Some(policy) = policy(connection) else {
            return 0;
        };
        let previous = connection
            .session_reused()
            .then(|| appdata(session))
            .flatten();
        let data = policy.issue(connection, previous.as_deref());
        // SAFETY: `session` is valid (above); OpenSSL copies `data.len()` bytes from `data`.
        unsafe { SSL_SESSION_set1_ticket_appdata(session, data.as_ptr().cast(), data.len()) }
    }))
    .unwrap_or(0)
}

/// `SSL_CTX_decrypt_session_ticket_fn`: one of `SSL_TICKET_RETURN_…`.
unsafe extern "C" fn on_decrypted(
    ssl: *mut SSL,
    session: *mut SSL_SESSION,
    _: *const c_uchar,
    _: usize,
    status: c_int,
    _: *mut c_void,
) -> c_int {
    if !matches!(status, SSL_TICKET_SUCCESS | SSL_TICKET_SUCCESS_RENEW) || session.is_null() {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    // A panic must not unwind into C.
    catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: OpenSSL calls this with the connection's valid SSL, which outlives the call.
        let connection = unsafe { SslRef::from_ptr(ssl) };
        let data = appdata(session);
        match policy(connection) {
            // TLS 1.3 tickets are for one use (RFC 8446 appendix C.4): without a new one, the client's
            // next connection is a full handshake.
            Some(policy) if policy.admit(data.as_deref()) => match status {
                SSL_TICKET_SUCCESS_RENEW => SSL_TICKET_RETURN_USE_RENEW,
                _ => SSL_TICKET_RETURN_USE,
            },
            _ => SSL_TICKET_RETURN_IGNORE_RENEW,
        }
    }))
    .unwrap_or(SSL_TICKET_RETURN_IGNORE_RENEW)
}

/// A copy of the application data of a session that OpenSSL has just given us.
fn appdata(session: *mut SSL_SESSION) -> Option<Vec<u8>> {
    let mut data = std::ptr::null_mut();
    let mut length = 0;
    // SAFETY: both callers have a valid, non-null session. OpenSSL sets the two out-parameters to
    // memory that the session owns; it is copied before anything else touches the session.
    unsafe {
        let found = SSL_SESSION_get0_ticket_appdata(session, &mut data, &mut length);
        if found != 1 || data.is_null() {
            return None;
        }
        Some(std::slice::from_raw_parts(data.cast::<u8>(), length).to_vec())
    }
}

// ssl.h, "Status codes passed to the decrypt session ticket callback" and what it returns.
const SSL_TICKET_SUCCESS: c_int = 5;
const SSL_TICKET_SUCCESS_RENEW: c_int = 6;
const SSL_TICKET_RETURN_IGNORE_RENEW: c_int = 2;
const SSL_TICKET_RETURN_USE: c_int = 3;
const SSL_TICKET_RETURN_USE_RENEW: c_int = 4;

type IssueCallback = unsafe extern "C" fn(*mut SSL, *mut c_void) -> c_int;
type DecryptedCallback = unsafe extern "C" fn(
    *mut SSL,
    *mut SSL_SESSION,
    *const c_uchar,
    usize,
    c_int,
    *mut c_void,
) -> c_int;

unsafe extern "C" {
    fn SSL_CTX_set_session_ticket_cb(
        context: *mut SSL_CTX,
        issue: Option<IssueCallback>,
        decrypted: Option<DecryptedCallback>,
        argument: *mut c_void,
    ) -> c_int;
    fn SSL_SESSION_set1_ticket_appdata(
        session: *mut SSL_SESSION,
        data: *const c_void,
        length: usize,
    ) -> c_int;
    fn SSL_SESSION_get0_ticket_appdata(
        session: *mut SSL_SESSION,
        data: *mut *mut c_void,
        length: *mut usize,
    ) -> c_int;
    fn SSL_CTX_set_timeout(context: *mut SSL_CTX, seconds: c_long) -> c_long;
}
