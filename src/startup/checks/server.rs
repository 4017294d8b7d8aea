//! Whether the server's certificates will do.
//!
//! Takes the ordered chain; hands on findings. Load balancers accept expired and self-signed
//! certificates, so those are warnings; only what OpenSSL itself refuses to load stops the start.

use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslMethod};
use openssl::x509::{X509ExtendedKeyUsage, X509Ref};

use super::chain::Ordered;
use super::report::remaining;
use super::{Moment, Validity, describe, is_issued_by, is_self_signed, place};
use crate::findings::{Finding, Findings};
use crate::identity::rfc2253;
use crate::startup::materials::Certificates;

/// A certificate with fewer days left is warned about.
const SOON: i64 = 30;

pub(super) fn findings(
    given: &Certificates,
    client_ca: Option<&Certificates>,
    served: &Ordered,
    moment: &Moment,
) -> Findings {
    let place_of = |c: &X509Ref| place(&given.source, &given.certificates, c);
    let mut findings = Findings::default();
    for certificate in std::iter::once(&served.leaf).chain(&served.chain) {
        lifetime(place_of(certificate), certificate, moment, &mut findings);
    }
    let leaf = &served.leaf;
    let leaf_place = place_of(leaf);
    if is_self_signed(leaf) {
        findings.push(
            Finding::warning(&leaf_place, "a self-signed server certificate").advice(
                "Load balancers accept it; clients that check the server need it as their CA",
            ),
        );
    } else if served.chain.is_empty() && !issuer_is_a_known_root(client_ca, leaf) {
        let issuer = rfc2253(leaf.issuer_name());
        findings.push(
            Finding::warning(&leaf_place, "the server's certificate alone, without its issuer")
                .advice(format!(
                    "That is right if {issuer} is a root that the clients have; if it is an intermediate, put its certificate after the server's. The certificate doesn't tell which"
                )),
        );
    }
    if leaf
        .subject_alt_names()
        .is_none_or(|names| names.is_empty())
    {
        findings.push(
            Finding::warning(&leaf_place, "no subject alternative name")
                .expected("the names that clients connect to")
                .advice("Browsers and most libraries ignore the CN; clients that check the name will refuse it"),
        );
    }
    let usage = leaf.extended_key_usage();
    if usage.is_some_and(|u| {
        !u.intersects(X509ExtendedKeyUsage::SSL_SERVER | X509ExtendedKeyUsage::ANYEKU)
    }) {
        findings.push(
            Finding::warning(&leaf_place, "an extended key usage without serverAuth")
                .advice("Clients that check the server will refuse it; have it issued for server authentication"),
        );
    }
    strength(leaf_place, leaf, moment, &mut findings);
    findings
}

fn lifetime(place: String, certificate: &X509Ref, moment: &Moment, findings: &mut Findings) {
    let until = describe::time(certificate.not_after());
    match moment.validity(certificate) {
        Validity::NotYet => {
            let from = describe::time(certificate.not_before());
            findings.push(
                Finding::warning(place, format!("not valid before {from}"))
                    .advice("Check this machine's clock; clients that check the server will refuse it until then"),
            );
        }
        Validity::Expired => findings.push(
            Finding::warning(place, format!("expired on {until}"))
                .advice("Load balancers accept it, clients that check the server don't: renew it"),
        ),
        Validity::Now if moment.days_left(certificate) < SOON => {
            let days = moment.days_left(certificate);
            findings.push(
                Finding::warning(place, format!("expires on {until}: {}", remaining(days)))
                    .advice("Renew it"),
            );
        }
        Validity::Now => {}
    }
}

/// The client CA file often holds the root of the same private PKI.
fn issuer_is_a_known_root(client_ca: Option<&Certificates>, leaf: &X509Ref) -> bool {
    let known = client_ca.iter().flat_map(|ca| &ca.certificates);
    known
        .into_iter()
        .any(|root| is_self_signed(root) && is_issued_by(leaf, root))
}

fn strength(place: String, leaf: &X509Ref, moment: &Moment, findings: &mut Findings) {
    let key = leaf.public_key();
    let mut weak = Vec::new();
    if let Ok(key) = key.as_ref().map(|k| k.as_ref())
        && describe::is_weak(key)
    {
        weak.push(format!("a weak key ({})", describe::key(key)));
    }
    if let Some(digest) = describe::broken_digest(leaf) {
        weak.push(format!("a signature with {digest}"));
    }
    let refusal = load(leaf, moment).err();
    if let Some(refusal) = refusal {
        let reason = refusal
            .errors()
            .last()
            .and_then(|e| e.reason())
            .unwrap_or("no reason given")
            .to_owned();
        let what = if weak.is_empty() {
            "a certificate".to_owned()
        } else {
            weak.join(" and ")
        };
        findings.push(
            Finding::error(
                place,
                format!(
                    "{what} that OpenSSL refuses at security level {} ({reason})",
                    moment.security_level
                ),
            )
            .expected("RSA of 2048 bits or more, or EC P-256, signed with SHA-256 or better")
            .advice("Have it issued anew; until then a cipher string with @SECLEVEL=0 accepts it"),
        );
    } else if !weak.is_empty() {
        findings.push(
            Finding::warning(place, weak.join(" and "))
                .expected("RSA of 2048 bits or more, or EC P-256, signed with SHA-256 or better")
                .advice("Clients may refuse it; have it issued anew"),
        );
    }
}

/// Not guessed: OpenSSL is asked to load it.
fn load(leaf: &X509Ref, moment: &Moment) -> Result<(), ErrorStack> {
    let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
    context.set_security_level(moment.security_level);
    context.set_certificate(leaf)
}
