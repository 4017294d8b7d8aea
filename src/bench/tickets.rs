//! The newest session of each connection, for mode resumed.
//!
//! In TLS 1.3 tickets come after the handshake, none, one or several, and AWS-LC hands each to a
//! callback (SSL_CTX_sess_set_new_cb): here it is put down beside its connection.

use std::sync::{Mutex, OnceLock, PoisonError};

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslContextBuilder, SslRef, SslSession, SslSessionCacheMode};

type Place = Mutex<Option<SslSession>>;

/// Makes connections of this context keep their tickets.
pub fn keep(context: &mut SslContextBuilder) {
    // Without this mode nobody is called. On the client's side there is no cache behind it.
    context.set_session_cache_mode(SslSessionCacheMode::CLIENT);
    context.set_new_session_callback(|ssl, session| {
        if let Some(place) = place(ssl) {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
        }
    });
}

/// Gives a connection its place for tickets.
pub fn prepare(ssl: &mut SslRef) -> Result<(), ErrorStack> {
    ssl.set_ex_data(index()?, Place::default());
    Ok(())
}

/// The newest session that came over this connection.
pub fn newest(ssl: &SslRef) -> Option<SslSession> {
    let place = place(ssl)?;
    place.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn place(ssl: &SslRef) -> Option<&Place> {
    ssl.ex_data(index().ok()?)
}

fn index() -> Result<Index<Ssl, Place>, ErrorStack> {
    static INDEX: OnceLock<Index<Ssl, Place>> = OnceLock::new();
    if let Some(index) = INDEX.get() {
        return Ok(*index);
    }
    let index = Ssl::new_ex_index()?;
    Ok(*INDEX.get_or_init(|| index))
}
