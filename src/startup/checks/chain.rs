//! The server's certificates in the order in which TLS sends them.
//!
//! Takes the certificates as given and the key; hands on leaf and chain, each issued by the next.

use openssl::x509::X509;

use super::{is_issued_by, is_self_signed, place, same_certificate};
use crate::findings::{Finding, Findings};
use crate::identity::rfc2253;
use crate::startup::materials::{Certificates, PrivateKey};

/// What the server presents.
#[derive(Debug, Clone)]
pub struct Ordered {
    /// The certificate that the key belongs to.
    pub leaf: X509,
    /// Its issuer, that one's issuer, and so on, as far as they are there.
    pub chain: Vec<X509>,
    /// An error if no certificate fits the key; warnings about order and left-out certificates.
    pub findings: Findings,
}

/// Begins at the certificate that matches the key and follows the issuers from there.
pub fn ordered(given: &Certificates, key: &PrivateKey) -> Ordered {
    let all = unique(&given.certificates);
    let mut findings = Findings::default();
    let fits = |c: &X509| {
        c.public_key()
            .is_ok_and(|public| public.public_eq(&key.key))
    };
    let first = all.iter().position(fits).unwrap_or_else(|| {
        findings.push(mismatch(given, key));
        0
    });
    let mut order = vec![first];
    let mut last = &all[first];
    while !is_self_signed(last) {
        let next = (0..all.len()).find(|at| !order.contains(at) && is_issued_by(last, &all[*at]));
        let Some(next) = next else { break };
        order.push(next);
        last = &all[next];
    }
    // A mismatch says it all: with the wrong certificate in front, order means nothing.
    if findings.is_empty() {
        complain_about_order(given, &all, &order, &mut findings);
    }
    let chain = order[1..].iter().map(|at| all[*at].clone()).collect();
    Ordered {
        leaf: all[first].clone(),
        chain,
        findings,
    }
}

fn mismatch(given: &Certificates, key: &PrivateKey) -> Finding {
    let found = if given.certificates.len() == 1 {
        "a key that doesn't belong to the certificate".to_owned()
    } else {
        format!(
            "a key that belongs to none of the {} certificates",
            given.certificates.len()
        )
    };
    Finding::error(
        key.source.to_string(),
        format!("{found} of {}", given.source),
    )
    .expected(format!(
        "the key of {}",
        rfc2253(given.certificates[0].subject_name())
    ))
    .advice(
        "Set certificate and key of one pair; one of them may be left over from before a renewal",
    )
}

fn complain_about_order(
    given: &Certificates,
    all: &[X509],
    order: &[usize],
    findings: &mut Findings,
) {
    // With others in between it is still in order; those are named below.
    if !order.is_sorted() {
        let names: Vec<String> = order
            .iter()
            .map(|at| rfc2253(all[*at].subject_name()))
            .collect();
        findings.push(
            Finding::warning(given.source.to_string(), "certificates in the wrong order")
                .expected(names.join(" > "))
                .advice("certgate sends them in the right order; other programs may not start with this file"),
        );
    }
    for (at, certificate) in all.iter().enumerate() {
        if !order.contains(&at) {
            findings.push(
                Finding::warning(
                    place(&given.source, &given.certificates, certificate),
                    "a certificate that has no part in the server's chain",
                )
                .advice("It is left out and not sent; remove it, or check that the intermediate belongs to this certificate"),
            );
        }
    }
}

fn unique(certificates: &[X509]) -> Vec<X509> {
    let mut unique: Vec<X509> = Vec::with_capacity(certificates.len());
    for certificate in certificates {
        if !unique
            .iter()
            .any(|known| same_certificate(known, certificate))
        {
            unique.push(certificate.clone());
        }
    }
    unique
}
