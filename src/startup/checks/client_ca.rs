//! Whether the client CA file lets anybody in.
//!
//! Takes the CA certificates; hands on findings. A certificate that is of no use is a warning as
//! long as another one is, and an error when nobody at all could get in.

use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509PurposeId, X509Ref, X509StoreContext};

use super::extensions::can_sign;
use super::report::remaining;
use super::{
    Moment, Validity, describe, graded, is_issued_by, is_self_signed, place, same_certificate,
};
use crate::findings::{Finding, Findings, Severity};
use crate::identity::rfc2253;
use crate::startup::keys::{self, KeyFault};
use crate::startup::materials::Certificates;
use crate::tls::strength::{self, Standing, Weakness};

/// Why a certificate in the file lets no client in.
enum Useless {
    /// A leaf that another CA issued, or a self-signed one that isn't for clients.
    CanNotSign,
    /// Its root isn't in the file, and AWS-LC ends chains at roots only.
    NoRoot,
    Expired,
    NotYetValid,
    /// Its key, or its signature if it isn't a root.
    Weak(Weakness),
    /// AWS-LC can't verify with its key.
    Key(KeyFault),
}

pub(super) fn findings(
    ca: &Certificates,
    server: Option<&X509Ref>,
    partial_chain: bool,
    moment: &Moment,
) -> Findings {
    let all = &ca.certificates;
    let judged: Vec<(&X509, Option<Useless>)> = all
        .iter()
        .map(|c| (c, useless(c, all, partial_chain, moment)))
        .collect();
    // Without partial_chain, chains end at a root: intermediates alone let nobody in, however good they are.
    let somebody = judged
        .iter()
        .any(|(c, useless)| useless.is_none() && (partial_chain || is_self_signed(c)));
    let severity = if somebody {
        Severity::Warning
    } else {
        Severity::Error
    };
    let mut findings = Findings::default();
    for (certificate, useless) in &judged {
        let place = place(&ca.source, all, certificate);
        match useless {
            Some(useless) => findings.push(complaint(useless, place, certificate, severity)),
            None => remarks(place, certificate, server, moment, &mut findings),
        }
    }
    findings
}

fn useless(
    certificate: &X509,
    all: &[X509],
    partial_chain: bool,
    moment: &Moment,
) -> Option<Useless> {
    let root = is_self_signed(certificate);
    let anchor = root || partial_chain;
    match moment.validity(certificate) {
        Validity::Expired => return Some(Useless::Expired),
        Validity::NotYet => return Some(Useless::NotYetValid),
        Validity::Now => {}
    }
    if let Some(fault) = keys::fault(certificate) {
        return Some(Useless::Key(fault));
    }
    if let Some(weakness) = strength::weakness(
        certificate,
        if anchor {
            Standing::Anchor
        } else {
            Standing::Issued
        },
    ) {
        return Some(Useless::Weak(weakness));
    }
    let lets_in = can_sign(certificate, root)
        || (anchor && admits_itself(certificate, partial_chain, moment));
    if !lets_in {
        return Some(Useless::CanNotSign);
    }
    if anchor {
        return None;
    }
    (!reaches_root(certificate, all)).then_some(Useless::NoRoot)
}

/// Whether a client that presents this very certificate gets in: AWS-LC is asked, since extended key
/// usage, keyUsage and more decide on it.
fn admits_itself(certificate: &X509, partial_chain: bool, moment: &Moment) -> bool {
    let ask = || -> Result<bool, ErrorStack> {
        let mut param = X509VerifyParam::new()?;
        param.set_purpose(X509PurposeId::SSL_CLIENT)?;
        if partial_chain {
            param.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        }
        param.set_time(moment.now);
        let mut store = X509StoreBuilder::new()?;
        store.set_param(&param)?;
        store.add_cert(certificate.clone())?;
        let none = Stack::new()?;
        X509StoreContext::new()?.init(&store.build(), certificate, &none, |c| c.verify_cert())
    };
    ask().unwrap_or(false)
}

fn reaches_root(certificate: &X509, all: &[X509]) -> bool {
    let mut last = certificate;
    // No chain is longer than the file; a ring of cross-signed certificates ends here as well.
    for _ in 0..all.len() {
        if is_self_signed(last) {
            return true;
        }
        // Of several issuers with one name and key, the root is the one that counts.
        let mut issuers: Vec<&X509> = all.iter().filter(|c| is_issued_by(last, c)).collect();
        issuers.sort_by_key(|c| !is_self_signed(c));
        match issuers.first() {
            Some(issuer) => last = issuer,
            None => return false,
        }
    }
    false
}

fn complaint(
    useless: &Useless,
    place: String,
    certificate: &X509Ref,
    severity: Severity,
) -> Finding {
    let consequence = match severity {
        Severity::Error => "so that no client could get in",
        Severity::Warning => "so that it lets nobody in",
    };
    match useless {
        Useless::CanNotSign => graded(
            severity,
            place,
            format!("a certificate that can't sign others, {consequence}"),
        )
        .expected("the certificate of the CA that issues the clients' certificates")
        .advice(if is_self_signed(certificate) {
            "It is not even good for a client of its own; give the certificate of the CA".to_owned()
        } else {
            format!(
                "This looks like a server's or client's own certificate; give that of its issuer, {}",
                rfc2253(certificate.issuer_name())
            )
        }),
        Useless::NoRoot => graded(
            severity,
            place,
            format!("an intermediate CA without its root, {consequence} ('unknown CA')"),
        )
        .expected("every CA up to the self-signed root")
        .advice(format!(
            "Add the certificate of {}, and so on up to the root; or, if the intermediate alone is to be trusted, set --partial-chain on",
            rfc2253(certificate.issuer_name())
        )),
        Useless::Expired => {
            let until = describe::time(certificate.not_after());
            graded(severity, place, format!("a CA that expired on {until}, {consequence}"))
                .advice("Renew the CA's certificate; with the same key, the clients' certificates stay as they are")
        }
        Useless::NotYetValid => {
            let from = describe::time(certificate.not_before());
            graded(severity, place, format!("a CA that isn't valid before {from}, {consequence}"))
                .advice("Check this machine's clock, or wait")
        }
        Useless::Weak(weakness) => {
            let what = describe::weakness(weakness);
            graded(
                severity,
                place,
                format!("{what}, which certgate refuses, {consequence}"),
            )
            .expected("RSA of 2048 bits or more, or EC P-256, signed with SHA-256 or better")
            .advice(match weakness {
                Weakness::Key { .. } => "Move to a new CA",
                Weakness::Signature { .. } => "Have it issued anew",
            })
        }
        Useless::Key(fault) => graded(severity, place, format!("{fault}, {consequence}"))
            .expected(keys::EXPECTED)
            .advice("Move to a CA with a key of such a kind"),
    }
}

fn remarks(
    place: String,
    certificate: &X509Ref,
    server: Option<&X509Ref>,
    moment: &Moment,
    findings: &mut Findings,
) {
    let root = is_self_signed(certificate);
    if server.is_some_and(|server| same_certificate(certificate, server)) {
        findings.push(
            Finding::warning(&place, "the server's own certificate")
                .expected("the certificate of the CA that issues the clients' certificates")
                .advice("Whoever has the server's key can come in as a client with it; remove it unless that is meant"),
        );
    }
    if !can_sign(certificate, root) {
        findings.push(
            Finding::warning(&place, "a certificate that can't sign others")
                .expected("a CA's certificate (basicConstraints CA:TRUE)")
                .advice(
                    "It lets exactly one client in: the one that presents this very certificate",
                ),
        );
    }
    let days = moment.days_left(certificate);
    if days < 30 {
        let until = describe::time(certificate.not_after());
        findings.push(
            Finding::warning(&place, format!("expires on {until}: {}", remaining(days)))
                .advice("From then on it lets nobody in: renew the CA's certificate before"),
        );
    }
    // Of a root's: another one's would be useless.
    if let Some(digest) = strength::broken_digest(certificate) {
        findings.push(
            Finding::warning(&place, format!("a signature with {digest}"))
                .expected("a signature with SHA-256 or better")
                .advice("A root's own signature is not checked, so clients get in; a CA of that age may sign clients with it as well, and those are refused"),
        );
    }
}
