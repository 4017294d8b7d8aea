//! What a client offers and asks of its connection.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::sync::OnceLock;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslContextBuilder, SslRef, SslSessionRef};

use super::callbacks::certificates;

/// The names (DER) of the authorities that a server names when it asks for a certificate
/// (RFC 8446 section 4.2.4); set if it asks.
type Asked = OnceLock<Vec<Vec<u8>>>;

/// Makes connections of this context note whether they are asked for a certificate.
pub fn note_request(context: &mut SslContextBuilder) {
    // SAFETY: the context is valid for the call; the callback is a function of the type that ssl.h declares,
    // and looks at no argument.
    unsafe {
        openssl_sys::SSL_CTX_set_cert_cb(context.as_ptr(), Some(on_request), null_mut());
    }
}

/// Gives a connection the place for that note.
pub fn expect_request(ssl: &mut SslRef) -> Result<(), ErrorStack> {
    ssl.set_ex_data(asked_index()?, Asked::new());
    Ok(())
}

/// The names of the authorities whose certificates the server asked for; `None` if it asked for none.
pub fn request(ssl: &SslRef) -> Option<&[Vec<u8>]> {
    let asked = ssl.ex_data(asked_index().ok()?)?;
    asked.get().map(Vec::as_slice)
}

fn asked_index() -> Result<Index<Ssl, Asked>, ErrorStack> {
    static INDEX: OnceLock<Index<Ssl, Asked>> = OnceLock::new();
    if let Some(index) = INDEX.get() {
        return Ok(*index);
    }
    let index = Ssl::new_ex_index()?;
    Ok(*INDEX.get_or_init(|| index))
}

/// `SSL_CTX_set_cert_cb`: a client is asked for its certificate, and goes on with the one that it has.
unsafe extern "C" fn on_request(ssl: *mut openssl_sys::SSL, _: *mut c_void) -> c_int {
    // A panic must not unwind into C. What it would leave out is a line of a report.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: libssl calls this with the connection's valid SSL, within the handshake, when the names are
        // there; they are copied before it goes on.
        let (connection, names) = unsafe {
            let names = openssl_sys::SSL_get0_server_requested_CAs(ssl);
            (SslRef::from_ptr(ssl), certificates(names))
        };
        let asked = asked_index()
            .ok()
            .and_then(|index| connection.ex_data(index));
        if let Some(asked) = asked {
            let _ = asked.set(names.iter().map(|name| name.to_vec()).collect());
        }
    }));
    1
}

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
