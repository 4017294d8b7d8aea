//! What a server's alert says about a client's certificate.

use crate::refusal::RefusalReason::{self, *};
use crate::tls::alerts::alert_name;

/// An alert, in the client's terms.
pub struct Meaning {
    /// What it says, as RFC 8446 section 6.2 and RFC 5246 section 7.2.2 have it, and for what it is used.
    pub words: &'static str,
    /// What certgate says by it.
    pub reasons: &'static [RefusalReason],
    /// What to do.
    pub advice: &'static str,
}

/// The meaning of the alert of this number.
pub fn of(alert: u8) -> Meaning {
    let (words, reasons, advice): (_, &'static [RefusalReason], _) = match alert_name(alert) {
        "handshake_failure" => (
            "the two have no cipher, group or signature algorithm in common; in TLS 1.2 also: no certificate came where one is required",
            &[NoCertificate, NoSharedCipher, NoSharedGroup],
            "Compare the server's protocol settings and the kind of its key with the client's; try --tls-version 1.3, where the two have alerts of their own.",
        ),
        "bad_certificate" => (
            "the certificate is damaged, or its key or signature is too weak, or a signature in its chain is wrong",
            &[BadSignature, WeakCertificate, InvalidCertificate],
            "Have it issued anew, with RSA of 2048 bits or EC P-256 and SHA-256, by the CA that the server trusts.",
        ),
        "unsupported_certificate" => (
            "the certificate is not meant for clients (extended key usage, key usage)",
            &[WrongPurpose],
            "Have it issued with the extended key usage clientAuth and the key usage digitalSignature.",
        ),
        "certificate_revoked" => (
            "a certificate of the chain is revoked",
            &[Revoked],
            "Have a new certificate issued; if it should not be revoked, ask the CA.",
        ),
        "certificate_expired" => (
            "a certificate of the chain has expired, or isn't valid yet",
            &[Expired, NotYetValid],
            "Renew the certificate or the intermediate that is sent with it; check the clocks of both sides.",
        ),
        "certificate_unknown" => (
            "the certificate can't be judged: revocation lists or OCSP answers are missing or out of date",
            &[CrlExpired, CrlMissing, OcspUnavailable, OcspUnknown],
            "Nothing on the client's side: the server's operator must look at its revocation lists and responders.",
        ),
        "unknown_ca" => (
            "the chain ends in no CA that the server trusts, is too long, or has a certificate in it that is no CA's",
            &[UnknownCa, ChainTooLong, WrongPurpose],
            "Compare the issuer with the CAs that the server trusts; send the intermediates after the certificate.",
        ),
        "access_denied" => (
            "the certificate is good, but this client is not let in",
            &[Denied, NotAllowed],
            "Ask the server's operator for a rule that lets this client in; the server's log names the one that doesn't.",
        ),
        "decrypt_error" => (
            "a signature is wrong: in the chain, or that by which the client proves its key",
            &[BadSignature],
            "Suspect a CA of the same name with another key, or a damaged file; compare the issuer's fingerprint with the server's CA.",
        ),
        "protocol_version" => (
            "the two have no version of TLS in common",
            &[ProtocolMismatch],
            "Try --tls-version 1.2 or 1.3; see the server's protocol settings.",
        ),
        "certificate_required" => (
            "no certificate came, and one is required",
            &[NoCertificate],
            "The certificate was not sent: does the server accept keys of its kind?",
        ),
        "unrecognized_name" => (
            "the server serves no such name",
            &[UnknownName],
            "Give the name that the server has with --sni.",
        ),
        "no_application_protocol" => (
            "the server speaks no HTTP/1.1",
            &[NoSharedProtocol],
            "Try --no-request, which asks for no protocol.",
        ),
        "illegal_parameter" => (
            "the certificate's key may not be used so: its keyUsage has no digitalSignature",
            &[WrongPurpose],
            "Have it issued with the key usage digitalSignature.",
        ),
        "insufficient_security" => (
            "the server asks for stronger ciphers or keys than the client offers",
            &[],
            "See the server's protocol settings.",
        ),
        "internal_error" => (
            "the server failed, for reasons of its own",
            &[],
            "Look at the server's log; try again.",
        ),
        _ => (
            "the server ended the handshake, not because of the certificate as far as the alert says",
            &[HandshakeFailure],
            "Look at the server's log.",
        ),
    };
    Meaning {
        words,
        reasons,
        advice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page for operators and this one are about the same alerts.
    #[test]
    fn the_documentation_says_the_same() {
        let page = include_str!("../../../../docs/refusals.md");
        let rows = page.lines().filter(|line| line.starts_with("| `"));
        let mut known = 0;
        for row in rows {
            let cells: Vec<_> = row.trim_matches('|').split(" | ").collect();
            let label = cells[0].trim().trim_matches('`');
            let Some(reason) = RefusalReason::ALL.iter().find(|r| r.label() == label) else {
                panic!("{label} is no reason");
            };
            let alerts = cells.last().unwrap().split('`').skip(1).step_by(2);
            for alert in alerts {
                let number = (0..=255)
                    .find(|number| alert_name(*number) == alert)
                    .unwrap();
                assert!(of(number).reasons.contains(reason), "{label}: {alert}");
                known += 1;
            }
        }
        let said: usize = (0..=255)
            .filter(|number| alert_name(*number) != "unknown")
            .map(|number| of(number).reasons)
            .filter(|reasons| *reasons != [HandshakeFailure])
            .map(<[_]>::len)
            .sum();
        // invalid_certificate has alerts of every kind, and is said of one.
        assert_eq!(said, known + 1);
    }
}
