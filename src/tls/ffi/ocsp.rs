//! What the `openssl` crate leaves out of OCSP and stapling.

use std::ptr::null;

use foreign_types::ForeignTypeRef;
use openssl::asn1::Asn1GeneralizedTimeRef;
use openssl::error::ErrorStack;
use openssl::ssl::SslRef;
use openssl_sys as lc;

/// Seconds since 1970, or `None` for what is no time.
pub fn unix_seconds(time: &Asn1GeneralizedTimeRef) -> Option<i64> {
    let mut seconds = 0;
    // SAFETY: `time` is a valid ASN1_GENERALIZEDTIME, which this takes as any ASN1_TIME; it writes one number.
    let read = unsafe { lc::ASN1_TIME_to_posix(time.as_ptr().cast(), &mut seconds) };
    if read != 1 {
        // What stays in the thread's error queue would fail another connection's read.
        drop(ErrorStack::get());
    }
    (read == 1).then_some(seconds)
}

/// Whether the client wants a stapled response (RFC 6066 section 8).
///
/// # Safety
/// `hello` is what libssl calls back with, for as long as it does.
pub unsafe fn asks_for_status(hello: *const lc::SSL_CLIENT_HELLO) -> bool {
    let (mut content, mut length) = (null(), 0);
    // SAFETY: the caller's promise; what is written are a pointer into it and a length.
    let found = unsafe {
        lc::SSL_early_callback_ctx_extension_get(
            hello,
            lc::TLSEXT_TYPE_status_request as u16,
            &mut content,
            &mut length,
        )
    };
    found == 1
}

/// What this connection staples (RFC 6066 section 8) if the client asks for it.
pub fn staple(ssl: &SslRef, response: &[u8]) -> Result<(), ErrorStack> {
    // SAFETY: `ssl` is valid for the call, which copies the bytes of the length that is given.
    let set = unsafe { lc::SSL_set_ocsp_response(ssl.as_ptr(), response.as_ptr(), response.len()) };
    super::succeeded(set)
}
