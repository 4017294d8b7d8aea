//! The parts of AWS-LC that the `openssl` crate doesn't show. All `unsafe` of the crate is in this
//! folder: [`client`] has what the load generator asks and offers, [`server`] what the gateway needs,
//! and here is what both do.

use std::ffi::CString;

use openssl::error::ErrorStack;
use openssl::ssl::SslContextBuilder;

pub mod client;
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

fn set_suite_list(context: &mut SslContextBuilder, list: &str) -> Result<(), ErrorStack> {
    // Text with a NUL byte becomes the empty list, which is refused.
    let list = CString::new(list).unwrap_or_default();
    // SAFETY: both are valid for the call, and AWS-LC keeps nothing of the text.
    let set = unsafe { openssl_sys::SSL_CTX_set_ciphersuites(context.as_ptr(), list.as_ptr()) };
    if set == 1 {
        Ok(())
    } else {
        Err(ErrorStack::get())
    }
}
