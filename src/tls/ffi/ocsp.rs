//! What the `openssl` crate leaves out of OCSP.

use foreign_types::ForeignTypeRef;
use openssl::asn1::Asn1GeneralizedTimeRef;
use openssl::error::ErrorStack;
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
