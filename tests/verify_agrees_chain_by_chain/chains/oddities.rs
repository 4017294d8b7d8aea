//! Odd names, odd extensions, and the strict rules.

use super::{World, row};
use crate::support::craft::{
    AKI, BASIC, BMP, CN, KEY_USAGE, NAME_CONSTRAINTS, OU, Plan, SAN, SKI, UTF8, attribute,
    authority, client, constraints, is_ca, names, rdn, sequence, tlv,
};
use crate::support::pki::Key;
use crate::verify_agrees_chain_by_chain::Row;

impl World {
    pub(super) fn oddities(&self) -> Vec<Row> {
        let root = &self.root;
        let alice = || client("alice");
        let unknown: &[u8] = &[0x2b, 6, 1, 4, 1, 0x81, 0xfd, 0x59, 1];
        let subject = |common_names: &[(u8, &[u8])]| {
            let names: Vec<_> = common_names
                .iter()
                .map(|(tag, v)| rdn(CN, *tag, v))
                .collect();
            alice().named(sequence(&names)).signed_by(root)
        };
        let hosts = |values: &[&[u8]]| {
            let values: Vec<_> = values.iter().map(|value| (2, *value)).collect();
            alice().with(SAN, false, &names(&values)).signed_by(root)
        };
        let by_odd = authority("Odd")
            .with(unknown, true, &[5, 0])
            .signed_by(root);
        let mut cut = alice().signed_by(root);
        cut.chain = vec![self.intermediate.der[..100].to_vec()];
        let v1 = Plan {
            version: 1,
            ..alice()
        };
        let empty = alice().named(sequence(&[]));
        let multi = tlv(
            0x31,
            &[attribute(CN, UTF8, b"alice"), attribute(OU, UTF8, b"x")].concat(),
        );
        vec![
            row(
                "an unknown rule",
                "plain",
                alice().with(unknown, true, &[5, 0]).signed_by(root),
                "invalid_certificate",
            ),
            row(
                "an unknown remark",
                "plain",
                alice().with(unknown, false, &[5, 0]).signed_by(root),
                "",
            ),
            row(
                "an unknown rule above",
                "plain",
                alice().signed_by(&by_odd),
                "invalid_certificate",
            ),
            row(
                "version 1 with extensions",
                "plain",
                v1.signed_by(root),
                "invalid_certificate",
            ),
            row(
                "an extension twice",
                "plain",
                alice()
                    .and(SAN, false, &names(&[(2, b"b.example")]))
                    .signed_by(root),
                "invalid_certificate",
            ),
            row(
                "a SAN that is none",
                "plain",
                alice().with(SAN, false, &[5, 0]).signed_by(root),
                "invalid_certificate",
            ),
            row(
                "half a certificate along",
                "plain",
                cut,
                "invalid_certificate",
            ),
            row(
                "unicode",
                "plain",
                subject(&[(UTF8, "Ünïcödé 🦀".as_bytes())]),
                "",
            ),
            row(
                "UTF-16",
                "plain",
                subject(&[(BMP, &[0, b'a', 0x20, 0xac])]),
                "",
            ),
            row(
                "several names",
                "plain",
                subject(&[(UTF8, b"alice"), (UTF8, b"bob"), (UTF8, b"carol")]),
                "",
            ),
            row(
                "a NUL in the name",
                "plain",
                subject(&[(UTF8, b"alice\0.evil")]),
                "",
            ),
            row(
                "lines in the name",
                "plain",
                subject(&[(UTF8, b"alice\r\nX: y")]),
                "",
            ),
            row(
                "two attributes in one",
                "plain",
                alice().named(sequence(&[multi])).signed_by(root),
                "",
            ),
            row("no name", "plain", empty.clone().signed_by(root), ""),
            row(
                "a wildcard host",
                "plain",
                hosts(&[b"*.example", b"**.example", b"a.*.example"]),
                "",
            ),
            row(
                "a NUL in the host",
                "plain",
                hosts(&[b"a.example\0.evil"]),
                "",
            ),
            row(
                "a number below zero",
                "plain",
                Plan {
                    serial: vec![0x80, 1],
                    ..alice()
                }
                .signed_by(root),
                "",
            ),
        ]
    }

    pub(super) fn strict(&self) -> Vec<Row> {
        let (root, intermediate) = (&self.root, &self.intermediate);
        let alice = || client("alice");
        let bad = "invalid_certificate";
        let by = |plan: Plan| client("alice").signed_by(&plan.signed_by(root));
        let odd = || authority("Loose");
        let cert_sign: &[u8] = &[3, 2, 2, 0x84];
        let host = |value: &[u8]| {
            alice()
                .with(SAN, false, &names(&[(2, value)]))
                .signed_by(root)
        };
        let empty = alice().named(sequence(&[]));
        let critical = empty.clone().with(SAN, true, &names(&[(2, b"a.example")]));
        let lists = constraints(&[(0, &[(0x82, b"example")])]);
        let limited = |critical| odd().with(NAME_CONSTRAINTS, critical, &lists);
        vec![
            row(
                "strictly by the root",
                "strict",
                alice().signed_by(root),
                "",
            ),
            row(
                "strictly by an intermediate",
                "strict",
                alice().signed_by(intermediate),
                "",
            ),
            row(
                "strictly P-384",
                "strict",
                alice().keyed(Key::P384).signed_by(root),
                "",
            ),
            row(
                "loosely, no issuer's key",
                "plain",
                alice().with(AKI, false, &[]).signed_by(root),
                "",
            ),
            row(
                "strictly, no issuer's key",
                "strict",
                alice().with(AKI, false, &[]).signed_by(root),
                bad,
            ),
            row(
                "loosely, no own key",
                "plain",
                by(odd().with(SKI, false, &[])),
                "",
            ),
            row(
                "strictly, no own key",
                "strict",
                by(odd().with(SKI, false, &[])),
                bad,
            ),
            row(
                "loosely, a CA in passing",
                "plain",
                by(odd().with(BASIC, false, &is_ca(None))),
                "",
            ),
            row(
                "strictly, a CA in passing",
                "strict",
                by(odd().with(BASIC, false, &is_ca(None))),
                bad,
            ),
            row(
                "strictly, a CA for anything",
                "strict",
                by(odd().without(KEY_USAGE)),
                bad,
            ),
            row(
                "loosely, a client that signs",
                "plain",
                alice().with(KEY_USAGE, true, cert_sign).signed_by(root),
                "",
            ),
            row(
                "strictly, a client that signs",
                "strict",
                alice().with(KEY_USAGE, true, cert_sign).signed_by(root),
                bad,
            ),
            row(
                "strictly, number zero",
                "strict",
                Plan {
                    serial: vec![0],
                    ..alice()
                }
                .signed_by(root),
                bad,
            ),
            row(
                "strictly, number too long",
                "strict",
                Plan {
                    serial: vec![1; 21],
                    ..alice()
                }
                .signed_by(root),
                bad,
            ),
            row(
                "strictly, number of 20",
                "strict",
                Plan {
                    serial: vec![1; 20],
                    ..alice()
                }
                .signed_by(root),
                "",
            ),
            row("strictly, no name", "strict", empty.signed_by(root), bad),
            row(
                "strictly, a name elsewhere",
                "strict",
                critical.signed_by(root),
                "",
            ),
            row(
                "strictly, a wildcard host",
                "strict",
                host(b"*.example"),
                "",
            ),
            row("strictly, a bad host", "strict", host(b".example"), bad),
            row(
                "strictly, a NUL in the host",
                "strict",
                host(b"a.example\0.evil"),
                bad,
            ),
            row(
                "strictly, constraints in passing",
                "strict",
                by(limited(false)),
                bad,
            ),
            row("strictly, constraints", "strict", by(limited(true)), ""),
            row(
                "strictly, a stranger",
                "strict",
                alice().signed_by(&self.other),
                "unknown_ca",
            ),
        ]
    }
}
