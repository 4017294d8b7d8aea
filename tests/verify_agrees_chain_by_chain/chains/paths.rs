//! Which certificates are sent, who signed them, and when they are valid.

use super::{World, row};
use crate::support::craft::{AKI, BASIC, Made, Plan, SKI, Time, authority, client, is_ca, tlv};
use crate::verify_agrees_chain_by_chain::Row;

impl World {
    pub(super) fn paths(&self) -> Vec<Row> {
        let (root, intermediate, other) = (&self.root, &self.intermediate, &self.other);
        let mut below = vec![intermediate.clone()];
        for number in 2..=5 {
            let plan = authority(&format!("Intermediate {number}"));
            below.push(plan.signed_by(below.last().unwrap()));
        }
        let by = |issuer: &Made| client("alice").signed_by(issuer);
        let two = by(&below[1]);
        let mut shuffled = by(&below[3]);
        shuffled.chain.reverse();
        let mut superfluous = by(intermediate);
        superfluous.chain.insert(0, other.der.clone());
        superfluous.chain.push(client("bob").signed_by(other).der);
        let mut twice = by(intermediate);
        twice
            .chain
            .extend([twice.der.clone(), intermediate.der.clone()]);
        let mut crowd = by(root);
        crowd.chain = vec![other.der.clone(); 14];
        let twin = authority("Root").self_signed();
        let twin_without_ids = authority("Root").with(SKI, false, &[]).self_signed();
        let cross = Plan {
            key: intermediate.key.clone(),
            ..authority("Intermediate")
        };
        let crossed = cross.signed_by(other);
        let fake = authority("Intermediate").signed_by(other);
        let top = authority("Top")
            .with(BASIC, true, &is_ca(Some(0)))
            .signed_by(root);
        let middle = authority("Middle").signed_by(&top);
        let roomy = authority("Roomy")
            .with(BASIC, true, &is_ca(Some(1)))
            .signed_by(root);
        let inside = authority("Inside").signed_by(&roomy);
        vec![
            row("by the root", "plain", by(root), ""),
            row("by an intermediate", "plain", by(intermediate), ""),
            row("by two", "plain", two.clone(), ""),
            row("by four", "plain", by(&below[3]), ""),
            row("by five", "plain", by(&below[4]), "chain_too_long"),
            row(
                "without its intermediate",
                "plain",
                by(intermediate).sending(&[]),
                "unknown_ca",
            ),
            row(
                "without the upper one",
                "plain",
                two.sending(&[&below[1]]),
                "unknown_ca",
            ),
            row(
                "without the lower one",
                "plain",
                two.sending(&[intermediate]),
                "unknown_ca",
            ),
            row("in another order", "plain", shuffled, ""),
            row("with strangers", "plain", superfluous, ""),
            row("everything twice", "plain", twice, ""),
            row(
                "with the root",
                "plain",
                by(intermediate).sending(&[intermediate, root]),
                "",
            ),
            row("in a crowd", "plain", crowd, "chain_too_long"),
            row("of a stranger", "plain", by(other), "unknown_ca"),
            row(
                "of a stranger who is sent",
                "plain",
                by(other).sending(&[other]),
                "unknown_ca",
            ),
            row(
                "of itself",
                "plain",
                client("alice").self_signed(),
                "unknown_ca",
            ),
            row("of another key's CA", "plain", by(&twin), "unknown_ca"),
            row(
                "of another key's CA, no identifiers",
                "plain",
                client("alice")
                    .with(AKI, false, &[])
                    .signed_by(&twin_without_ids),
                "bad_signature",
            ),
            row(
                "cross-signed, dead end first",
                "plain",
                by(intermediate).sending(&[&crossed, intermediate]),
                "",
            ),
            row(
                "cross-signed, dead end last",
                "plain",
                by(intermediate).sending(&[intermediate, &crossed]),
                "",
            ),
            row(
                "cross-signed, dead end only",
                "plain",
                by(intermediate).sending(&[&crossed]),
                "unknown_ca",
            ),
            row(
                "with an intermediate of that name",
                "plain",
                by(intermediate).sending(&[&fake, intermediate]),
                "",
            ),
            row(
                "path length exceeded",
                "plain",
                by(&middle),
                "chain_too_long",
            ),
            row("path length kept", "plain", by(&inside), ""),
            row("flat by the root", "flat", by(root), ""),
            row(
                "flat by an intermediate",
                "flat",
                by(intermediate),
                "chain_too_long",
            ),
            row(
                "an intermediate is enough",
                "partial",
                by(intermediate).sending(&[]),
                "",
            ),
            row("its root isn't", "partial", by(root), "unknown_ca"),
            row("a good one where none is needed", "optional", by(root), ""),
            row(
                "a bad one where none is needed",
                "optional",
                by(other),
                "unknown_ca",
            ),
            row("of no site", "nobody", by(intermediate), ""),
        ]
    }

    pub(super) fn times(&self) -> Vec<Row> {
        let (root, intermediate) = (&self.root, &self.intermediate);
        let expired = authority("Late").valid(-7200, -3600).signed_by(root);
        let early = authority("Soon").valid(3600, 7200).signed_by(root);
        let by = |issuer: &Made| client("alice").signed_by(issuer);
        let generalized = |plan: Plan| Plan {
            not_after: Time::Written(tlv(0x18, b"20491231235959Z")),
            ..plan
        };
        let of_2050 = Plan {
            not_after: Time::Written(tlv(0x18, b"20500101000000Z")),
            ..client("alice")
        };
        let no_seconds = Plan {
            not_after: Time::Written(tlv(0x17, b"4912312359Z")),
            ..client("alice")
        };
        vec![
            row(
                "expired",
                "plain",
                client("alice").valid(-7200, -60).signed_by(intermediate),
                "expired",
            ),
            row("expired intermediate", "plain", by(&expired), "expired"),
            row("expired root", "many", by(&self.expired_root), "expired"),
            row(
                "early",
                "plain",
                client("alice").valid(3600, 7200).signed_by(intermediate),
                "not_yet_valid",
            ),
            row("early intermediate", "plain", by(&early), "not_yet_valid"),
            row("early root", "many", by(&self.early_root), "not_yet_valid"),
            row(
                "time of the wrong kind",
                "plain",
                generalized(client("alice")).signed_by(root),
                "",
            ),
            row(
                "time of the wrong kind, strictly",
                "strict",
                generalized(client("alice")).signed_by(root),
                "invalid_certificate",
            ),
            row(
                "after 2050, strictly",
                "strict",
                of_2050.signed_by(root),
                "",
            ),
            row(
                "time without seconds",
                "plain",
                no_seconds.signed_by(root),
                "invalid_certificate",
            ),
        ]
    }
}
