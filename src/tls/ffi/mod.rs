//! The parts of AWS-LC that the `openssl` crate doesn't show. All `unsafe` of the crate is in this
//! folder: [`client`] has what the load generator asks and offers, [`server`] what the gateway needs,
//! and here is what both do; [`memory`] asks the C library.

use std::ffi::{CString, c_int};

use openssl::error::ErrorStack;
use openssl::ssl::SslContextBuilder;

mod callbacks;
pub mod client;
pub mod memory;
pub mod ocsp;
pub mod server;

/// The suites of TLS 1.3 by their names (`TLS_AES_128_GCM_SHA256`), the preferred one first. A name
/// that AWS-LC doesn't know is an error.
pub fn set_ciphersuites(context: &mut SslContextBuilder, names: &[&str]) -> Result<(), ErrorStack> {
    // In a list of several, AWS-LC passes over what it doesn't know. So each is tried alone first.
    for name in names {
        set_suite_list(context, name)?;
    }
    set_suite_list(context, &names.join(":"))
}

/// What the peer may sign its part of the handshake with, the preferred algorithm first: AWS-LC's own
/// list and Ed25519, which is not on it, without SHA-1, which is. (TLS 1.0 and 1.1 leave no choice, and
/// ask no list.)
pub fn set_verify_algorithms(context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    const ALGORITHMS: [u16; 10] = [
        openssl_sys::SSL_SIGN_ECDSA_SECP256R1_SHA256 as u16,
        openssl_sys::SSL_SIGN_RSA_PSS_RSAE_SHA256 as u16,
        openssl_sys::SSL_SIGN_RSA_PKCS1_SHA256 as u16,
        openssl_sys::SSL_SIGN_ED25519 as u16,
        openssl_sys::SSL_SIGN_ECDSA_SECP384R1_SHA384 as u16,
        openssl_sys::SSL_SIGN_RSA_PSS_RSAE_SHA384 as u16,
        openssl_sys::SSL_SIGN_RSA_PKCS1_SHA384 as u16,
        openssl_sys::SSL_SIGN_ECDSA_SECP521R1_SHA512 as u16,
        openssl_sys::SSL_SIGN_RSA_PSS_RSAE_SHA512 as u16,
        openssl_sys::SSL_SIGN_RSA_PKCS1_SHA512 as u16,
    ];
    // SAFETY: the context is valid for the call, which copies the list of the length that is given.
    let set = unsafe {
        openssl_sys::SSL_CTX_set_verify_algorithm_prefs(
            context.as_ptr(),
            ALGORITHMS.as_ptr(),
            ALGORITHMS.len(),
        )
    };
    succeeded(set)
}

fn succeeded(result: c_int) -> Result<(), ErrorStack> {
    match result {
        1 => Ok(()),
        _ => Err(ErrorStack::get()),
    }
}

fn set_suite_list(context: &mut SslContextBuilder, list: &str) -> Result<(), ErrorStack> {
    // Text with a NUL byte becomes the empty list, which is refused.
    let list = CString::new(list).unwrap_or_default();
    // SAFETY: both are valid for the call, and AWS-LC keeps nothing of the text.
    let set = unsafe { openssl_sys::SSL_CTX_set_ciphersuites(context.as_ptr(), list.as_ptr()) };
    succeeded(set)
}
