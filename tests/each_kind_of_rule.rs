//! Each kind of rule against crafted certificates: `certgate verify` tells of every rule whether it matches.

use std::collections::BTreeSet;

use openssl::hash::MessageDigest;
use serde_json::Value;

use crate::support::certgate;
use crate::support::craft::{
    self, BMP, CN, Made, O, OU, Plan, SAN, UTF8, attribute, client, names, rdn, sequence, tlv,
};
use crate::support::pki::Key;

const PRINTABLE: u8 = 0x13;
const TELETEX: u8 = 0x14;
const UNIVERSAL: u8 = 0x1c;
const MAIL: u8 = 1;
const DNS: u8 = 2;
const URI: u8 = 6;
const IP: u8 = 7;

/// The rules that are tried on every certificate; those of fingerprint and key come besides.
const RULES: &[&str] = &[
    "cn:alice",
    "cn:bob",
    "cn:Müller & Söhne",
    "cn:a, b + c = \"d\" \\ <e>; #f",
    "cn:€",
    "cn:😀",
    "ou:Payments",
    "o:Example",
    "dn:CN=alice,OU=Payments,O=Example",
    "dn:CN=alice+OU=Payments,O=Example",
    "dn:CN=a\\, b \\+ c = \\\"d\\\" \\\\ \\<e\\>\\; #f",
    "dn:O=Example,OU=Payments,CN=alice",
    "dns:web.svc.example",
    "dns:*.svc.example",
    "dns:**.example",
    "uri:spiffe://example.org/ns/*/web",
    "uri:spiffe://example.org/**",
    "email:alice@example.org",
    "email:*@example.org",
    "ip:10.1.2.3",
    "ip:10.0.0.0/8",
    "ip:2001:db8::/32",
    "serial:0A1B",
    "serial:1B",
    "issuer:CN=Root,O=Tests",
    "issuer:CN=Other,O=Tests",
    "cn:alice and ou:Payments",
];

/// Every certificate is of this issuer.
const ISSUER: &str = "issuer:CN=Root,O=Tests";

/// One certificate, which rules match it when they allow, and which more when they deny.
struct Row {
    name: &'static str,
    made: Made,
    allow: &'static [&'static str],
    more_deny: &'static [&'static str],
}

fn row(name: &'static str, made: Made, allow: &'static [&'static str]) -> Row {
    Row {
        name,
        made,
        allow,
        more_deny: &[],
    }
}

/// All rules over names: whoever has a name that not all can read might be the one that is meant.
fn is_about_names(rule: &str) -> bool {
    let kind = rule.split(':').next().unwrap();
    !matches!(kind, "serial" | "sha256" | "spki")
}

fn rows(root: &Made) -> Vec<Row> {
    let subject = |rdns: &[Vec<u8>]| {
        client("x")
            .without(SAN)
            .named(sequence(rdns))
            .signed_by(root)
    };
    let common = |tag: u8, value: &[u8]| subject(&[rdn(CN, tag, value)]);
    let san = |all: &[(u8, &[u8])]| {
        let plain = client("x").named(sequence(&[rdn(CN, UTF8, b"x")]));
        plain.with(SAN, false, &names(all)).signed_by(root)
    };
    let text = |kind: u8, value: &str| rdn(kind, UTF8, value.as_bytes());
    let whole = [text(O, "Example"), text(OU, "Payments"), text(CN, "alice")];
    let pair = tlv(
        0x31,
        &[
            attribute(CN, UTF8, b"alice"),
            attribute(OU, UTF8, b"Payments"),
        ]
        .concat(),
    );
    let numbered = |serial: &[u8]| {
        let plan = client("x")
            .without(SAN)
            .named(sequence(&[rdn(CN, UTF8, b"x")]));
        Plan {
            serial: serial.to_vec(),
            ..plan
        }
        .signed_by(root)
    };
    let whole_name: &[&str] = &[
        "cn:alice",
        "ou:Payments",
        "o:Example",
        "dn:CN=alice,OU=Payments,O=Example",
        "cn:alice and ou:Payments",
    ];
    let escaped: &[&str] = &[
        "cn:a, b + c = \"d\" \\ <e>; #f",
        "dn:CN=a\\, b \\+ c = \\\"d\\\" \\\\ \\<e\\>\\; #f",
    ];
    let smile = 0x1f600u32.to_be_bytes();
    vec![
        Row {
            // Whoever is kept out by name is so whatever the order of its parts.
            more_deny: &["dn:O=Example,OU=Payments,CN=alice"],
            ..row("a whole name", subject(&whole), whole_name)
        },
        Row {
            more_deny: &["dn:CN=alice,OU=Payments,O=Example"],
            ..row(
                "the same in another order",
                subject(&[whole[2].clone(), whole[1].clone(), whole[0].clone()]),
                &[
                    "cn:alice",
                    "ou:Payments",
                    "o:Example",
                    "dn:O=Example,OU=Payments,CN=alice",
                    "cn:alice and ou:Payments",
                ],
            )
        },
        row(
            "two attributes in one RDN",
            subject(&[text(O, "Example"), pair]),
            &[
                "cn:alice",
                "ou:Payments",
                "o:Example",
                "dn:CN=alice+OU=Payments,O=Example",
                "cn:alice and ou:Payments",
            ],
        ),
        row(
            "several CNs",
            subject(&[text(CN, "bob"), text(CN, "alice"), text(CN, "carol")]),
            &["cn:alice", "cn:bob"],
        ),
        row(
            "another case, more spaces",
            common(PRINTABLE, b"  ALICE "),
            &["cn:alice"],
        ),
        row(
            "UTF-8",
            common(UTF8, "müller &  SÖHNE".as_bytes()),
            &["cn:Müller & Söhne"],
        ),
        row("UTF-16", common(BMP, &[0x20, 0xac]), &["cn:€"]),
        row("UTF-32", common(UNIVERSAL, &smile), &["cn:😀"]),
        row(
            "all that needs escaping",
            common(UTF8, b"a, b + c = \"d\" \\ <e>; #f"),
            escaped,
        ),
        row("an escape that is none", common(UTF8, b"\\61lice"), &[]),
        row(
            "what looks like two attributes",
            common(UTF8, b"alice,OU=Payments,O=Example"),
            &[],
        ),
        Row {
            more_deny: &["*"],
            ..row("a NUL and more", common(UTF8, b"alice\0.evil"), &[])
        },
        Row {
            more_deny: &["*"],
            ..row("a NUL at the end", common(UTF8, b"alice\0"), &[])
        },
        Row {
            more_deny: &["*"],
            ..row(
                "a name beside one with a NUL",
                subject(&[text(CN, "alice"), text(CN, "b\0b")]),
                &["cn:alice"],
            )
        },
        row("a lookalike", common(UTF8, "аlice".as_bytes()), &[]),
        row(
            "Latin letters of Teletex",
            common(TELETEX, b"alice"),
            &["cn:alice"],
        ),
        row(
            "a host",
            san(&[(DNS, b"WEB.svc.example")]),
            &["dns:web.svc.example", "dns:*.svc.example", "dns:**.example"],
        ),
        row(
            "the second host",
            san(&[(DNS, b"other"), (DNS, b"web.svc.example")]),
            &["dns:web.svc.example", "dns:*.svc.example", "dns:**.example"],
        ),
        Row {
            more_deny: &["dns:**.example"],
            ..row(
                "a wildcard SAN",
                san(&[(DNS, b"*.svc.example")]),
                &["dns:*.svc.example"],
            )
        },
        Row {
            more_deny: &["dns:**.example"],
            ..row("a wildcard SAN above", san(&[(DNS, b"*.example")]), &[])
        },
        Row {
            more_deny: &["*"],
            ..row(
                "a host with a NUL",
                san(&[(DNS, b"web.svc.example\0.evil")]),
                &[],
            )
        },
        Row {
            more_deny: &["*"],
            ..row(
                "a host in UTF-8",
                san(&[(DNS, "ü.svc.example".as_bytes())]),
                &[],
            )
        },
        row(
            "a URI",
            san(&[(URI, b"spiffe://example.org/ns/a/web")]),
            &[
                "uri:spiffe://example.org/ns/*/web",
                "uri:spiffe://example.org/**",
            ],
        ),
        Row {
            more_deny: &[
                "uri:spiffe://example.org/ns/*/web",
                "uri:spiffe://example.org/**",
            ],
            ..row(
                "a URI that could climb",
                san(&[(URI, b"spiffe://example.org/ns/%2e%2e/web")]),
                &[],
            )
        },
        row(
            "mailboxes",
            san(&[(MAIL, b"alice@EXAMPLE.org")]),
            &["email:alice@example.org", "email:*@example.org"],
        ),
        row(
            "an address",
            san(&[(IP, &[10, 1, 2, 3])]),
            &["ip:10.1.2.3", "ip:10.0.0.0/8"],
        ),
        row(
            "an address of version 6",
            san(&[(
                IP,
                &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
            )]),
            &["ip:2001:db8::/32"],
        ),
        row("a number", numbered(&[0x0a, 0x1b]), &["serial:0A1B"]),
        row(
            "a number with a zero before it",
            numbered(&[0x1b]),
            &["serial:1B"],
        ),
        row(
            "another key",
            client("x").without(SAN).keyed(Key::P384).signed_by(root),
            &[],
        ),
    ]
}

#[test]
fn as_the_table_has_it() {
    let root = craft::authority("Root").self_signed();
    let rows = rows(&root);
    let first = rows[0].made.identity().certificate;
    let fingerprint = first.digest(MessageDigest::sha256()).unwrap();
    let fingerprint: String = fingerprint.iter().map(|b| format!("{b:02x}")).collect();
    let pin = openssl::sha::sha256(&rows[0].made.key.public_key_to_der().unwrap());
    let own = [
        format!("sha256:{fingerprint}"),
        format!("spki:sha256:{}", openssl::base64::encode_block(&pin)),
    ];
    for (number, row) in rows.iter().enumerate() {
        let builder = certgate::bare(&["verify", "--format=json"]);
        let write = |name: &str, text: String| {
            let path = builder.directory().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let ca = write("ca.pem", craft::pem(&root.der));
        let file = write("client.pem", row.made.pem());
        let rules = RULES
            .iter()
            .map(|rule| (*rule).to_owned())
            .chain(own.clone());
        let rules: Vec<_> = rules.collect();
        let mut builder = builder.argument(format!("--ca={ca}"));
        for rule in &rules {
            builder = builder
                .argument(format!("--allow={rule}"))
                .argument(format!("--deny={rule}"));
        }
        let finished = builder.argument(file).finish();
        let report: Value = match serde_json::from_str(&finished.stdout) {
            Ok(report) => report,
            Err(_) => panic!("{}: {}", row.name, finished.stderr),
        };
        // The issuer is denied with everybody.
        assert_eq!(report["reason"], "denied", "{}", row.name);
        let matching = |list: &str| -> BTreeSet<String> {
            let rules = report[list].as_array().unwrap().iter();
            let matching = rules.filter(|rule| rule["matches"] == true);
            matching
                .map(|rule| rule["rule"].as_str().unwrap().to_owned())
                .collect()
        };
        let mut expected: BTreeSet<_> = row.allow.iter().map(|rule| (*rule).to_owned()).collect();
        expected.insert(ISSUER.to_owned());
        if number == 0 {
            expected.extend(own.clone());
        }
        assert_eq!(matching("allow"), expected, "allow {}", row.name);
        match row.more_deny {
            ["*"] => expected.extend(rules.iter().filter(|rule| is_about_names(rule)).cloned()),
            more => expected.extend(more.iter().map(|rule| (*rule).to_owned())),
        }
        assert_eq!(matching("deny"), expected, "deny {}", row.name);
    }
}
