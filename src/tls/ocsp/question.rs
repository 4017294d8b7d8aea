//! What a responder is asked about one certificate.

use std::fmt;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::ocsp::{OcspCertId, OcspRequest};
use openssl::sha::Sha256;
use openssl::x509::{X509, X509Ref};

use crate::fetch::Url;

/// One certificate, its issuer, and whom to ask.
pub struct Question {
    /// The certificate as answers name it (RFC 6960 section 4.1.1): with SHA-1, as all responders expect it, and
    /// with SHA-256, as a few answer. No security rests on the digest: the issuer's signature is checked.
    pub(super) ids: [OcspCertId; 2],
    /// Who has signed it, and so may answer.
    pub(super) issuer: X509,
    /// Whom to ask; `None` if nobody is known.
    pub responder: Option<Url>,
    /// Where it is in its chain: 0 is the leaf.
    pub depth: u32,
    /// The request, DER.
    pub(super) request: Vec<u8>,
    /// What its status is known by: a digest over request and responder.
    pub(super) key: [u8; 32],
}

impl Question {
    /// About `certificate`. Without a `responder`, the certificate says whom to ask.
    pub fn new(
        certificate: &X509Ref,
        issuer: &X509Ref,
        responder: Option<&Url>,
        depth: u32,
    ) -> Result<Self, ErrorStack> {
        let id = |digest| OcspCertId::from_cert(digest, certificate, issuer);
        // Without a nonce: most responders sign their answers ahead and ignore it (RFC 5019 section 2.1.1), and
        // an answer is bounded by its own times.
        let mut request = OcspRequest::new()?;
        request.add_id(id(MessageDigest::sha1())?)?;
        let request = request.to_der()?;
        let responder = responder.cloned().or_else(|| named(certificate));
        let mut key = Sha256::new();
        key.update(&(request.len() as u64).to_be_bytes());
        key.update(&request);
        if let Some(responder) = &responder {
            key.update(responder.secret_text().as_bytes());
        }
        Ok(Self {
            ids: [id(MessageDigest::sha1())?, id(MessageDigest::sha256())?],
            issuer: issuer.to_owned(),
            responder,
            depth,
            request,
            key: key.finish(),
        })
    }
}

/// The first responder that can be asked, by the certificate's authority information access.
fn named(certificate: &X509Ref) -> Option<Url> {
    let named = certificate.ocsp_responders().ok();
    // What stays in the thread's error queue would fail another connection's read.
    drop(ErrorStack::get());
    named?.iter().find_map(|url| url.parse().ok())
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("responder", &self.responder)
            .field("depth", &self.depth)
            .finish_non_exhaustive()
    }
}
