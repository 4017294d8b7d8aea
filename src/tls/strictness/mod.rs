//! Whether a chain keeps to RFC 5280, down to rules that private CAs often break without harm (`verify-strict`).
//!
//! Takes a chain that was built and verified already, the anchor included; hands on the first [`Departure`], with
//! the depth of its certificate. A file for each part of section 4. What makes a chain unsafe isn't here: that is
//! refused always, by AWS-LC or by [`verification`](super::verification).

mod authority;
mod certificate;
mod constraints;
mod departure;
mod extensions;
mod fields;
mod identifiers;
mod key;
mod names;
#[cfg(test)]
mod tests;

use openssl::stack::StackRef;
use openssl::x509::{X509, X509Ref};

use self::certificate::Certificate;
pub use self::departure::Departure;

/// A rule that a certificate of the chain breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("certificate {depth}: {departure}")]
pub struct Fault {
    /// Which certificate: 0 is the client's own.
    pub depth: u32,
    /// Which rule.
    #[source]
    pub departure: Departure,
}

/// Looks at every certificate of a chain, the client's own first.
///
/// # Errors
/// The first rule that is broken.
pub fn examine(chain: &StackRef<X509>) -> Result<(), Fault> {
    for (certificate, depth) in chain.iter().zip(0..) {
        let place = match depth {
            0 => Place::Client,
            _ => Place::Authority,
        };
        examine_one(certificate, place).map_err(|departure| Fault { depth, departure })?;
    }
    Ok(())
}

/// Where in its chain a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At its end.
    Client,
    /// Above another one.
    Authority,
}

fn examine_one(certificate: &X509Ref, place: Place) -> Result<(), Departure> {
    let der = certificate.to_der().unwrap_or_default();
    // AWS-LC has read it; what can't be read here isn't understood well enough to be strict about it.
    let read = Certificate::of(&der).ok_or(Departure::Unreadable)?;
    examine_parts(&read, place)?;
    key::check(certificate)
}

fn examine_parts(certificate: &Certificate<'_>, place: Place) -> Result<(), Departure> {
    fields::check(certificate)?;
    extensions::check(certificate)?;
    authority::check(certificate, place)?;
    identifiers::check(certificate, place)?;
    names::check(certificate)?;
    constraints::check(certificate)
}
