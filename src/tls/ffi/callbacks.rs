//! What libssl calls back in a handshake, handed to the context's [`Policy`].
//!
//! Holds nothing of its own. No panic unwinds into C: each callback catches it and answers as to a client that isn't
//! accepted.

use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{SslContext, SslContextRef, SslRef};
use openssl_sys as lc;

use super::ocsp::{asks_for_status, staple};
use super::server::{BAD_CERTIFICATE, Halt, Hello, Policy, succeeded};

type PolicyIndex = Index<SslContext, Box<dyn Policy>>;

pub(super) fn policy_index() -> Result<PolicyIndex, ErrorStack> {
    static INDEX: OnceLock<PolicyIndex> = OnceLock::new();
    if let Some(index) = INDEX.get() {
        return Ok(*index);
    }
    let index = SslContext::new_ex_index()?;
    Ok(*INDEX.get_or_init(|| index))
}

fn policy(ssl: &SslRef) -> Option<&dyn Policy> {
    ssl.ssl_context()
        .ex_data(policy_index().ok()?)
        .map(Box::as_ref)
}

/// Borrows the certificates of a stack.
///
/// # Safety
/// `stack` is null or a stack of `CRYPTO_BUFFER`s that lives, unchanged, for `'a`.
pub(super) unsafe fn certificates<'a>(stack: *const lc::stack_st_CRYPTO_BUFFER) -> Vec<&'a [u8]> {
    if stack.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller's promise; a buffer's bytes never change.
    unsafe {
        let count = lc::OPENSSL_sk_num(stack.cast());
        (0..count)
            .map(|index| {
                let buffer = lc::OPENSSL_sk_value(stack.cast(), index).cast();
                let (data, length) = (
                    lc::CRYPTO_BUFFER_data(buffer),
                    lc::CRYPTO_BUFFER_len(buffer),
                );
                std::slice::from_raw_parts(data, length)
            })
            .collect()
    }
}

/// `SSL_CTX_set_select_certificate_cb`: a look at the ClientHello before anything is chosen.
pub(super) unsafe extern "C" fn on_hello(
    hello: *const lc::SSL_CLIENT_HELLO,
) -> lc::ssl_select_cert_result_t {
    // A panic must not unwind into C.
    let chosen = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: libssl calls this with a valid ClientHello and its connection, which outlive the
        // call; the suites and the extensions are as many bytes as it says.
        let offered = unsafe {
            let hello = &*hello;
            Hello {
                connection: SslRef::from_ptr(hello.ssl),
                suites: bytes(hello.cipher_suites, hello.cipher_suites_len)
                    .as_chunks()
                    .0,
                extensions: bytes(hello.extensions, hello.extensions_len),
            }
        };
        let connection = offered.connection;
        if let Some(other) = policy(connection).ok_or(())?.choose_context(&offered) {
            hand_over_to(connection, other)?;
        }
        let policy = policy(connection).ok_or(())?;
        policy.begin(connection);
        // SAFETY: libssl calls this with a valid ClientHello, which outlives the call.
        if unsafe { asks_for_status(hello) }
            && let Some(response) = policy.staple()
        {
            staple(connection, &response).map_err(drop)?;
        }
        let Some(suite) = policy.choose_suite(offered.suites) else {
            return Ok(());
        };
        // SAFETY: both are valid for the call, which copies what it needs.
        let set = unsafe { lc::SSL_set_ciphersuites(connection.as_ptr(), suite.as_ptr()) };
        succeeded(set).map_err(drop)
    }));
    match chosen {
        Ok(Ok(())) => lc::ssl_select_cert_result_t_ssl_select_cert_success,
        _ => lc::ssl_select_cert_result_t_ssl_select_cert_error,
    }
}

/// A slice, also where there is none to point at: a ClientHello may have no extensions.
///
/// # Safety
/// `length` bytes are at `start` for `'a`, if there are any.
unsafe fn bytes<'a>(start: *const u8, length: usize) -> &'a [u8] {
    match length {
        0 => &[],
        // SAFETY: the caller's promise.
        _ => unsafe { std::slice::from_raw_parts(start, length) },
    }
}

/// What `SSL_set_SSL_CTX` leaves as it was: whether a certificate is asked for.
fn hand_over_to(connection: &SslRef, context: &SslContextRef) -> Result<(), ()> {
    // SAFETY: both are valid for the calls; the connection takes a reference to the context. A
    // ClientHello callback may change the context of its connection (ssl.h).
    unsafe {
        if lc::SSL_set_SSL_CTX(connection.as_ptr(), context.as_ptr()) != context.as_ptr() {
            return Err(());
        }
        let mode = lc::SSL_CTX_get_verify_mode(context.as_ptr());
        lc::SSL_set_custom_verify(connection.as_ptr(), mode, Some(on_verify));
    }
    Ok(())
}

/// `SSL_CTX_set_custom_verify`.
pub(super) unsafe extern "C" fn on_verify(
    ssl: *mut lc::SSL,
    alert: *mut u8,
) -> lc::ssl_verify_result_t {
    // A panic must not unwind into C.
    let verdict = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: libssl calls this with the connection's valid SSL, which outlives the call.
        let connection = unsafe { SslRef::from_ptr(ssl) };
        // SAFETY: the stack belongs to the handshake and isn't touched before we return.
        let chain = unsafe { certificates(lc::SSL_get0_peer_certificates(ssl)) };
        let policy = policy(connection).ok_or(BAD_CERTIFICATE)?;
        policy.verify(connection, &chain)
    }));
    match verdict.unwrap_or(Err(Halt::Alert(BAD_CERTIFICATE))) {
        Ok(()) => lc::ssl_verify_result_t_ssl_verify_ok,
        Err(Halt::NotYet) => lc::ssl_verify_result_t_ssl_verify_retry,
        Err(Halt::Alert(number)) => {
            // SAFETY: libssl passes a valid place for the alert.
            unsafe { *alert = number };
            lc::ssl_verify_result_t_ssl_verify_invalid
        }
    }
}

pub(super) static TICKETS: lc::SSL_TICKET_AEAD_METHOD = lc::SSL_TICKET_AEAD_METHOD {
    max_overhead: Some(on_overhead),
    seal: Some(on_seal),
    open: Some(on_open),
};

unsafe extern "C" fn on_overhead(ssl: *mut lc::SSL) -> usize {
    // SAFETY: libssl calls this with the connection's valid SSL, which outlives the call.
    let connection = unsafe { SslRef::from_ptr(ssl) };
    catch_unwind(AssertUnwindSafe(|| {
        policy(connection).map_or(0, Policy::overhead)
    }))
    .unwrap_or(0)
}

/// 1 for a ticket, 0 ends the connection.
unsafe extern "C" fn on_seal(
    ssl: *mut lc::SSL,
    out: *mut u8,
    out_length: *mut usize,
    out_limit: usize,
    session: *const u8,
    length: usize,
) -> c_int {
    let sealed = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: libssl calls this with the connection's valid SSL and the session's bytes.
        let (connection, session) = unsafe {
            (
                SslRef::from_ptr(ssl),
                std::slice::from_raw_parts(session, length),
            )
        };
        policy(connection)?.seal(connection, session)
    }));
    // SAFETY: `out` is valid for `out_limit` bytes, `out_length` for one number.
    let written = unsafe { hand_over(sealed.ok().flatten(), out, out_length, out_limit) };
    c_int::from(written)
}

unsafe extern "C" fn on_open(
    ssl: *mut lc::SSL,
    out: *mut u8,
    out_length: *mut usize,
    out_limit: usize,
    ticket: *const u8,
    length: usize,
) -> lc::ssl_ticket_aead_result_t {
    let opened = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: libssl calls this with the connection's valid SSL and the ticket's bytes.
        let (connection, ticket) = unsafe {
            (
                SslRef::from_ptr(ssl),
                std::slice::from_raw_parts(ticket, length),
            )
        };
        policy(connection)?.open(connection, ticket)
    }));
    // SAFETY: `out` is valid for `out_limit` bytes, `out_length` for one number.
    match unsafe { hand_over(opened.ok().flatten(), out, out_length, out_limit) } {
        true => lc::ssl_ticket_aead_result_t_ssl_ticket_aead_success,
        false => lc::ssl_ticket_aead_result_t_ssl_ticket_aead_ignore_ticket,
    }
}

/// Copies `bytes` out, if there are any and they fit.
///
/// # Safety
/// `out` is valid for writes of `limit` bytes, `length` for one number.
unsafe fn hand_over(
    bytes: Option<impl AsRef<[u8]>>,
    out: *mut u8,
    length: *mut usize,
    limit: usize,
) -> bool {
    match bytes.as_ref().map(AsRef::as_ref) {
        Some(bytes) if bytes.len() <= limit => {
            // SAFETY: the caller's promise; `bytes` are our own.
            unsafe {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), out, bytes.len());
                *length = bytes.len();
            }
            true
        }
        _ => false,
    }
}
