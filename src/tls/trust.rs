//! Whom to trust with what: everything that a verdict on a client's chain rests on.
//!
//! Takes certificates and lists that were read already; hands on what [`Verifier`](super::verification::Verifier)
//! asks.

use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::stack::StackRef;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509PurposeId, X509Ref};

use super::admission::Admission;
use super::ocsp::Question;
use super::pins::Pins;
use super::revocation::{Crl, Revocation};
use super::verification::unix_now;
use crate::config::SiteSettings;
use crate::config::values::{ClientAuth, OcspScope, Switch};
use crate::fetch::Url;

/// Whom to trust with what.
#[derive(Clone)]
pub struct Trust {
    /// The certificates of the client CA.
    pub authorities: Vec<X509>,
    /// Whose certificates are taken instead of those that a CA vouches for.
    pub pins: Option<Arc<Pins>>,
    /// How many intermediate certificates may stand between an authority's and a client's.
    pub depth: u32,
    /// The lists of revoked certificates; `None` asks for none.
    pub revocation: Option<Revocation>,
    /// Whether each authority is trusted by itself, a root or not.
    pub partial_chain: bool,
    /// Whether a client's certificate may be one that isn't for clientAuth.
    pub any_purpose: bool,
    /// Whether every certificate of a chain must keep to RFC 5280.
    pub strict: bool,
    /// Of which certificates OCSP responders are asked, and which one instead of their own.
    pub asked: (OcspScope, Option<Url>),
    /// Another moment than now, in seconds since 1970: to see what was, or will be.
    pub at: Option<i64>,
}

impl Trust {
    /// In these authorities, four intermediates deep, and nothing special.
    pub fn of(authorities: &[X509]) -> Self {
        Self {
            authorities: authorities.to_vec(),
            pins: None,
            depth: 4,
            revocation: None,
            partial_chain: false,
            any_purpose: false,
            strict: false,
            asked: (OcspScope::Off, None),
            at: None,
        }
    }

    /// As a site has it. A client that no CA vouches for can't have been revoked by one.
    pub fn of_site(
        authorities: Vec<X509>,
        crls: Option<Vec<Arc<Crl>>>,
        site: &SiteSettings,
        admission: &dyn Admission,
    ) -> Self {
        let rules = &site.crls;
        if site.client_auth == ClientAuth::Pinned {
            return Self {
                pins: Some(Arc::new(admission.pins())),
                any_purpose: site.any_purpose == Switch::On,
                ..Self::of(&[])
            };
        }
        Self {
            authorities,
            pins: None,
            depth: site.verify_depth.0,
            revocation: crls.map(|crls| Revocation::new(crls, rules.check, rules.policy)),
            partial_chain: site.partial_chain == Switch::On,
            any_purpose: site.any_purpose == Switch::On,
            strict: site.verify_strict == Switch::On,
            asked: (site.ocsp.scope, site.ocsp.responder.clone()),
            at: None,
        }
    }

    /// The moment that chains are held against, in seconds since 1970.
    pub(super) fn moment(&self) -> i64 {
        self.at.unwrap_or_else(unix_now)
    }

    /// What AWS-LC builds chains from.
    pub(super) fn store(&self) -> Result<X509Store, ErrorStack> {
        self.store_of(&self.authorities, self.partial_chain)
    }

    /// The same where a client's own certificate is all that there is: dates, purpose and extensions are looked
    /// at as ever.
    pub(super) fn store_of_pinned(&self, leaf: &X509Ref) -> Result<X509Store, ErrorStack> {
        self.store_of(&[leaf.to_owned()], true)
    }

    fn store_of(&self, anchors: &[X509], partial_chain: bool) -> Result<X509Store, ErrorStack> {
        let mut store = X509StoreBuilder::new()?;
        for certificate in anchors {
            store.add_cert(certificate.clone())?;
        }
        let mut param = X509VerifyParam::new()?;
        if !self.any_purpose {
            param.set_purpose(X509PurposeId::SSL_CLIENT)?;
        }
        if partial_chain {
            param.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        }
        if let Some(at) = self.at {
            param.set_time(at);
        }
        store.set_param(&param)?;
        Ok(store.build())
    }

    /// What is to be asked about each certificate of a chain that somebody else has issued; about an
    /// anchor there is nobody to ask.
    pub(super) fn questions(
        &self,
        chain: &StackRef<X509>,
    ) -> Result<Vec<Arc<Question>>, ErrorStack> {
        let (scope, responder) = &self.asked;
        let count = match scope {
            OcspScope::Off => 0,
            OcspScope::Leaf => 1,
            OcspScope::Chain => usize::MAX,
        };
        let chain: Vec<_> = chain.iter().collect();
        let pairs = chain.windows(2).take(count).zip(0..);
        pairs
            .map(|(pair, depth)| {
                Question::new(pair[0], pair[1], responder.as_ref(), depth).map(Arc::new)
            })
            .collect()
    }
}
