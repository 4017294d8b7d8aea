//! Revocation lists and rules.

use super::{World, row};
use crate::support::craft::{CN, Made, O, OU, Plan, SAN, UTF8, client, names, rdn, sequence};
use crate::verify_agrees_chain_by_chain::Row;

impl World {
    pub(super) fn lists(&self) -> Vec<Row> {
        let (root, intermediate) = (&self.root, &self.intermediate);
        let by = |issuer: &Made| client("alice").signed_by(issuer);
        vec![
            row("on no list", "lists", by(root), ""),
            row("revoked", "lists", self.revoked.clone(), "revoked"),
            row(
                "revoked above",
                "lists",
                by(&self.revoked_intermediate),
                "revoked",
            ),
            row(
                "no list of its issuer",
                "lists",
                by(intermediate),
                "crl_missing",
            ),
            row(
                "no list of its issuer, leafs",
                "leaf-list",
                by(intermediate),
                "crl_missing",
            ),
            row(
                "revoked, leafs",
                "leaf-list",
                self.revoked.clone(),
                "revoked",
            ),
            row(
                "revoked above, leafs",
                "leaf-list",
                by(&self.revoked_intermediate),
                "crl_missing",
            ),
            row(
                "no list of its issuer, softly",
                "soft",
                by(intermediate),
                "",
            ),
            row("revoked, softly", "soft", self.revoked.clone(), "revoked"),
            row(
                "revoked where nobody looks",
                "plain",
                self.revoked.clone(),
                "",
            ),
            row("a list too old", "stale", by(root), "crl_expired"),
            row("a list too old, softly", "stale-soft", by(root), ""),
            row(
                "revoked by a list too old",
                "stale-soft",
                self.revoked.clone(),
                "revoked",
            ),
            row("a list, strictly", "numbered", by(root), ""),
        ]
    }

    pub(super) fn rules(&self) -> Vec<Row> {
        let (root, intermediate) = (&self.root, &self.intermediate);
        let san = |kind: u8, value: &[u8]| {
            client("x")
                .with(SAN, false, &names(&[(kind, value)]))
                .signed_by(root)
        };
        let parts = |parts: &[(u8, &[u8])]| {
            let parts: Vec<_> = parts.iter().map(|(kind, v)| rdn(*kind, UTF8, v)).collect();
            client("x").named(sequence(&parts)).signed_by(root)
        };
        let pin = Plan {
            key: self.revoked.key.clone(),
            ..client("renewed")
        };
        let svc = |name: &[u8]| san(2, name);
        let deny = |name, made| row(name, "deny", made, "denied");
        let not_allowed = |name, made| row(name, "allow", made, "not_allowed");
        vec![
            row(
                "allowed by name",
                "allow",
                client("alice").signed_by(root),
                "",
            ),
            row("allowed by host", "allow", svc(b"a.svc.example"), ""),
            row(
                "allowed by URI",
                "allow",
                san(6, b"spiffe://example.org/ns/a/web"),
                "",
            ),
            row(
                "allowed by unicode",
                "allow",
                parts(&[(OU, "MÜLLER".as_bytes())]),
                "",
            ),
            row(
                "allowed by the second name",
                "allow",
                parts(&[(CN, b"bob"), (CN, b"alice")]),
                "",
            ),
            not_allowed("nobody's name", client("bob").signed_by(root)),
            not_allowed("a name and a NUL", client("alice\0").signed_by(root)),
            not_allowed("a host below", svc(b"a.b.svc.example")),
            not_allowed("a wildcard of hosts", svc(b"*.b.svc.example")),
            not_allowed(
                "a URI that climbs",
                san(6, b"spiffe://example.org/ns/../web"),
            ),
            row(
                "a stranger's good name",
                "allow",
                client("alice").signed_by(&self.other),
                "unknown_ca",
            ),
            row("nobody denies", "deny", client("alice").signed_by(root), ""),
            deny("denied by name", client("MALLORY").signed_by(root)),
            deny(
                "denied by the second name",
                parts(&[(CN, b"alice"), (CN, b"mallory")]),
            ),
            deny("denied by unit", parts(&[(CN, b"x"), (OU, b"outlaws")])),
            deny("denied by organisation", parts(&[(O, b"Evil"), (CN, b"x")])),
            deny(
                "denied by the whole name",
                parts(&[(O, b"Exact"), (CN, b"odd")]),
            ),
            deny("denied by host", svc(b"a.b.evil.example")),
            deny("denied by URI", san(6, b"spiffe://evil/a/b")),
            deny("denied by mailbox", san(1, b"eve@evil.example")),
            deny("denied by address", san(7, &[192, 0, 2, 7])),
            deny(
                "denied by number",
                Plan {
                    serial: vec![0x0b, 0xad],
                    ..client("x")
                }
                .signed_by(root),
            ),
            deny("denied by fingerprint", self.pinned.clone()),
            deny("denied by key", pin.signed_by(root)),
            deny("denied by issuer", client("eve").signed_by(intermediate)),
            row(
                "that name by another issuer",
                "deny",
                client("eve").signed_by(root),
                "",
            ),
            deny("a host nobody can read", svc(b"a\0.example")),
        ]
    }
}
