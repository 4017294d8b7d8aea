//! Whom to trust with what: everything that a verdict on a client's chain rests on.
//!
//! Takes certificates and lists that were read already; hands on what [`Verifier`](super::verification::Verifier)
//! asks.

use openssl::error::ErrorStack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509KeyUsage, X509PurposeId, X509Ref};

use super::revocation::Revocation;

/// Whom to trust with what.
#[derive(Clone)]
pub struct Trust {
    /// The certificates of the client CA.
    pub authorities: Vec<X509>,
    /// How many intermediate certificates may stand between an authority's and a client's.
    pub depth: u32,
    /// The lists of revoked certificates; `None` asks for none.
    pub revocation: Option<Revocation>,
    /// Whether each authority is trusted by itself, a root or not.
    pub partial_chain: bool,
    /// Whether a client's certificate may be one that isn't for clientAuth.
    pub any_purpose: bool,
}

impl Trust {
    /// In these authorities, four intermediates deep, and nothing special.
    pub fn of(authorities: &[X509]) -> Self {
        Self {
            authorities: authorities.to_vec(),
            depth: 4,
            revocation: None,
            partial_chain: false,
            any_purpose: false,
        }
    }

    /// What AWS-LC builds chains from.
    pub(super) fn store(&self) -> Result<X509Store, ErrorStack> {
        let mut store = X509StoreBuilder::new()?;
        for certificate in &self.authorities {
            store.add_cert(certificate.clone())?;
        }
        let mut param = X509VerifyParam::new()?;
        if !self.any_purpose {
            param.set_purpose(X509PurposeId::SSL_CLIENT)?;
        }
        if self.partial_chain {
            param.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        }
        store.set_param(&param)?;
        Ok(store.build())
    }

    /// Whether a client's own certificate may sign a handshake. AWS-LC asks that only together with
    /// clientAuth.
    pub(super) fn may_sign(&self, leaf: &X509Ref) -> bool {
        let signs = X509KeyUsage::DIGITAL_SIGNATURE | X509KeyUsage::KEY_AGREEMENT;
        let usage = leaf.key_usage();
        !self.any_purpose || usage.is_none_or(|usage| usage.intersects(signs))
    }
}
