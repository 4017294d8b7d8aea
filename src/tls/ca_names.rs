//! The names of the client CAs, as the CertificateRequest has them (RFC 8446 section 4.2.4, RFC 5246 section 7.4.4).

use openssl::error::ErrorStack;
use openssl::x509::X509;

use crate::config::values::Switch;

/// More is never sent. 64 KiB don't fit their field, and SChannel, Java and others stumble from 16 KiB on: that
/// is a TLS record.
pub const LIMIT: usize = 16 << 10;

/// The names (DER), each once; `None` if they would take more than 16 KiB. All or none: a client
/// whose CA isn't in the list would send no certificate.
pub fn advertised(
    authorities: &[X509],
    setting: Switch,
) -> Result<Option<Vec<Vec<u8>>>, ErrorStack> {
    if setting == Switch::Off {
        return Ok(Some(Vec::new()));
    }
    let names = authorities.iter().map(|ca| ca.subject_name().to_der());
    let mut names = names.collect::<Result<Vec<_>, _>>()?;
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    // Each has its length ahead, in two bytes.
    let length: usize = names.iter().map(|name| name.len() + 2).sum();
    Ok((length <= LIMIT).then_some(names))
}
