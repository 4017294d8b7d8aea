//! What a client offers and asks of its connection.

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ssl::{SslRef, SslSessionRef};

/// Makes a client offer this session in its handshake.
pub fn offer_session(ssl: &mut SslRef, session: &SslSessionRef) -> Result<(), ErrorStack> {
    // SAFETY: both are valid for the call, and AWS-LC takes a reference of its own. The crate asks for
    // a session of the same context; AWS-LC itself needs none, and refuses a session whose protocol
    // doesn't fit.
    unsafe { ssl.set_session(session) }
}

/// Whether a session can be offered at all: it has a ticket or an id, and no connection that used it
/// ended badly.
pub fn is_resumable(session: &SslSessionRef) -> bool {
    // SAFETY: `session` is valid for the call, which reads three fields.
    unsafe { openssl_sys::SSL_SESSION_is_resumable(session.as_ptr()) == 1 }
}

/// The number of the key exchange group (IANA's "TLS Supported Groups"), once the handshake is done.
/// `None` for key exchanges without one.
pub fn negotiated_group(ssl: &SslRef) -> Option<u16> {
    // SAFETY: `ssl` is valid for the call, which reads a number.
    let group = unsafe { openssl_sys::SSL_get_group_id(ssl.as_ptr()) };
    (group > 0).then_some(group)
}
