//! Whether the server's certificates will do.
//!
//! Takes the ordered chain; hands on findings. Load balancers accept expired and self-signed
//! certificates, so those are warnings; only what is too weak, or what AWS-LC refuses to load, stops the start.

use openssl::pkey::Id;
use openssl::ssl::{SslContextBuilder, SslMethod};
use openssl::x509::{X509ExtendedKeyUsage, X509Ref};

use super::chain::Ordered;
use super::report::remaining;
use super::{Moment, Validity, describe, is_issued_by, is_self_signed, place, standing};
use crate::findings::{Finding, Findings};
use crate::identity::rfc2253;
use crate::startup::keys;
use crate::startup::materials::Certificates;
use crate::tls::strength;

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
    for certificate in std::iter::once(leaf).chain(&served.chain) {
        strength(place_of(certificate), certificate, &mut findings);
    }
    if !findings.has_errors() {
        usable(leaf_place, leaf, &mut findings);
    }
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

/// What certgate refuses of itself as of its clients stops the start; so does what AWS-LC refuses.
fn strength(place: String, certificate: &X509Ref, findings: &mut Findings) {
    let expected = "RSA of 2048 bits or more, or EC P-256, signed with SHA-256 or better";
    if let Some(fault) = keys::fault(certificate) {
        findings.push(
            Finding::error(place, fault.to_string())
                .expected(keys::EXPECTED)
                .advice("Have it issued anew, for a key of such a kind"),
        );
    } else if let Some(weakness) = strength::weakness(certificate, standing(certificate)) {
        findings.push(
            Finding::error(place, describe::weakness(&weakness))
                .expected(expected)
                .advice("Have it issued anew: certgate serves with nothing weaker"),
        );
    } else if let Some(digest) = strength::broken_digest(certificate) {
        findings.push(
            Finding::warning(place, format!("a signature with {digest}"))
                .expected(expected)
                .advice("Clients may refuse it; have it issued anew"),
        );
    }
}

/// Not guessed: AWS-LC is asked to load it.
fn usable(place: String, leaf: &X509Ref, findings: &mut Findings) {
    let load = || SslContextBuilder::new(SslMethod::tls_server())?.set_certificate(leaf);
    let Err(error) = load() else { return };
    let key = leaf.public_key().ok();
    let other = key.filter(|key| !matches!(key.id(), Id::RSA | Id::EC | Id::ED25519));
    let (found, advice) = match other {
        Some(key) => (
            format!(
                "a key that AWS-LC speaks no TLS with ({})",
                describe::key(&key)
            ),
            "Have it issued anew, for a key of such a kind",
        ),
        None => (
            format!(
                "a certificate that AWS-LC refuses ({})",
                keys::reason(&error)
            ),
            "Have it issued anew, with digitalSignature among the key usages if it has any",
        ),
    };
    findings.push(
        Finding::error(place, found)
            .expected(keys::EXPECTED)
            .advice(advice),
    );
}
