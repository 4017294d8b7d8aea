//! What certificates, their keys and their names are for.

use openssl::hash::MessageDigest;

use super::{World, row};
use crate::support::craft;
use crate::support::craft::{
    BASIC, CN, EKU, KEY_USAGE, NAME_CONSTRAINTS, O, Plan, SAN, Subtrees, UTF8, authority, client,
    constraints, names, rdn, sequence, tlv,
};
use crate::support::pki::Key;
use crate::verify_agrees_chain_by_chain::Row;

impl World {
    pub(super) fn purposes(&self) -> Vec<Row> {
        let root = &self.root;
        let server = craft::server_only();
        let alice = || client("alice");
        let by = |plan: Plan| client("alice").signed_by(&plan.signed_by(root));
        let any_usage = sequence(&[tlv(6, &[0x55, 0x1d, 37, 0])]);
        let rsa = |bits: &[u8]| {
            alice()
                .keyed(Key::Rsa(2048))
                .with(KEY_USAGE, true, bits)
                .signed_by(root)
        };
        let issuer = || authority("Doubtful");
        let by_client = client("eve").signed_by(&self.pinned);
        let mut by_client_sent = by_client.clone();
        by_client_sent.chain = vec![self.pinned.der.clone()];
        vec![
            row(
                "for servers",
                "plain",
                alice().with(EKU, false, &server).signed_by(root),
                "wrong_purpose",
            ),
            row(
                "for servers, any purpose",
                "any",
                alice().with(EKU, false, &server).signed_by(root),
                "",
            ),
            row(
                "for any use",
                "plain",
                alice().with(EKU, false, &any_usage).signed_by(root),
                "wrong_purpose",
            ),
            row(
                "no word of uses",
                "plain",
                alice().without(EKU).signed_by(root),
                "",
            ),
            row(
                "for no use",
                "plain",
                alice().with(EKU, false, &sequence(&[])).signed_by(root),
                "wrong_purpose",
            ),
            row(
                "for encipherment",
                "plain",
                rsa(&[3, 2, 5, 0x20]),
                "wrong_purpose",
            ),
            row(
                "for encipherment, any purpose",
                "any",
                rsa(&[3, 2, 5, 0x20]),
                "wrong_purpose",
            ),
            row(
                "for agreement",
                "plain",
                rsa(&[3, 2, 3, 0x08]),
                "wrong_purpose",
            ),
            row(
                "no keyUsage",
                "plain",
                alice().without(KEY_USAGE).signed_by(root),
                "",
            ),
            row(
                "by a CA for servers",
                "plain",
                by(issuer().with(EKU, false, &server)),
                "wrong_purpose",
            ),
            row(
                "by no CA",
                "plain",
                by(issuer()
                    .with(BASIC, true, &sequence(&[]))
                    .without(KEY_USAGE)),
                "wrong_purpose",
            ),
            row(
                "by no CA, any purpose",
                "any",
                by(issuer()
                    .with(BASIC, true, &sequence(&[]))
                    .without(KEY_USAGE)),
                "wrong_purpose",
            ),
            row(
                "by one that says nothing",
                "plain",
                by(issuer().without(BASIC).without(KEY_USAGE)),
                "wrong_purpose",
            ),
            row(
                "by a CA that may not sign",
                "plain",
                by(issuer().with(KEY_USAGE, true, &[3, 2, 7, 0x80])),
                "unknown_ca",
            ),
            row("by a client", "plain", by_client_sent, "unknown_ca"),
            row(
                "a CA that signs certificates only",
                "plain",
                issuer()
                    .keyed(Key::Rsa(2048))
                    .with(KEY_USAGE, true, &[3, 2, 1, 0x06])
                    .signed_by(root),
                "wrong_purpose",
            ),
            row("a CA itself", "plain", issuer().signed_by(root), ""),
        ]
    }

    pub(super) fn name_constraints(&self) -> Vec<Row> {
        let by = |lists: &[Subtrees<'_>], plan: Plan| {
            let limited = authority("Limited").with(NAME_CONSTRAINTS, true, &constraints(lists));
            plan.signed_by(&limited.signed_by(&self.root))
        };
        let (dns, email, uri, ip) = (0x82, 0x81, 0x86, 0x87);
        let named = |kind: u8, value: &[u8]| {
            client("alice").with(SAN, false, &names(&[(kind & 0x7f, value)]))
        };
        let net: &[u8] = &[10, 0, 0, 0, 255, 0, 0, 0];
        let org = sequence(&[rdn(O, UTF8, b"Tests")]);
        let directory: &[(u8, &[u8])] = &[(0xa4, &org)];
        let other_org = sequence(&[rdn(O, UTF8, b"Other"), rdn(CN, UTF8, b"alice")]);
        vec![
            row(
                "permitted host",
                "plain",
                by(&[(0, &[(dns, b"example")])], client("alice")),
                "",
            ),
            row(
                "host not permitted",
                "plain",
                by(&[(0, &[(dns, b"other")])], client("alice")),
                "invalid_certificate",
            ),
            row(
                "host excluded",
                "plain",
                by(&[(1, &[(dns, b"client.example")])], client("alice")),
                "invalid_certificate",
            ),
            row(
                "wildcard over an excluded host",
                "plain",
                by(&[(1, &[(dns, b"a.example")])], named(dns, b"*.example")),
                "invalid_certificate",
            ),
            row(
                "permitted network",
                "plain",
                by(&[(0, &[(ip, net)])], named(ip, &[10, 1, 2, 3])),
                "",
            ),
            row(
                "network not permitted",
                "plain",
                by(&[(0, &[(ip, net)])], named(ip, &[11, 1, 2, 3])),
                "invalid_certificate",
            ),
            row(
                "mailbox excluded",
                "plain",
                by(
                    &[(1, &[(email, b"evil.example")])],
                    named(email, b"eve@evil.example"),
                ),
                "invalid_certificate",
            ),
            row(
                "URI not permitted",
                "plain",
                by(
                    &[(0, &[(uri, b"example.org")])],
                    named(uri, b"spiffe://evil.example/a"),
                ),
                "invalid_certificate",
            ),
            row(
                "permitted name",
                "plain",
                by(&[(0, directory)], client("alice")),
                "",
            ),
            row(
                "name not permitted",
                "plain",
                by(&[(0, directory)], client("alice").named(other_org)),
                "invalid_certificate",
            ),
        ]
    }

    pub(super) fn keys(&self) -> Vec<Row> {
        let (root, intermediate) = (&self.root, &self.intermediate);
        let with = |key: Key| client("alice").keyed(key).signed_by(root);
        let sha1 = |plan: Plan| Plan {
            digest: MessageDigest::sha1(),
            ..plan
        };
        let weak = authority("Weak").keyed(Key::Rsa(1024)).signed_by(root);
        let strong = authority("Strong").keyed(Key::Rsa(2048)).signed_by(root);
        let broken = self.intermediate.clone().broken();
        vec![
            row("P-384", "plain", with(Key::P384), ""),
            row("Ed25519", "plain", with(Key::Ed25519), ""),
            row("P-521", "plain", with(Key::P521), ""),
            row("RSA 2048", "plain", with(Key::Rsa(2048)), ""),
            row(
                "RSA 1024",
                "plain",
                with(Key::Rsa(1024)),
                "weak_certificate",
            ),
            row(
                "by RSA 2048",
                "plain",
                client("alice").signed_by(&strong),
                "",
            ),
            row(
                "by RSA 1024",
                "plain",
                client("alice").signed_by(&weak),
                "weak_certificate",
            ),
            row(
                "a broken signature",
                "plain",
                client("alice").signed_by(root).broken(),
                "bad_signature",
            ),
            row(
                "a broken one above",
                "plain",
                client("alice").signed_by(intermediate).sending(&[&broken]),
                "bad_signature",
            ),
            row(
                "two algorithms",
                "plain",
                sha1(client("alice")).signed_by(root),
                "bad_signature",
            ),
        ]
    }
}
