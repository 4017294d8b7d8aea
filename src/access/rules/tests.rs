//! Each kind of rule, against certificates' facts.

use std::net::IpAddr;

use super::*;
use crate::config::site::WrittenRules;
use crate::config::values::Expected;
use crate::identity::dn::DistinguishedName;

fn written(rules: &[&str]) -> WrittenRules {
    WrittenRules {
        place: "allow (default)".to_owned(),
        rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
    }
}

fn rule(text: &str) -> Rule {
    text.parse()
        .unwrap_or_else(|Expected(expected)| panic!("{text}: expected {expected}"))
}

fn rules(allow: &[&str], deny: &[&str]) -> Rules {
    let read = |texts: &[&str]| texts.iter().map(|text| rule(text)).collect();
    Rules {
        allow: read(allow),
        deny: read(deny),
    }
}

fn alice() -> Facts {
    let name = |text| DistinguishedName::parse(text).ok();
    Facts {
        subject: name("CN=alice,CN=al,OU=Research and Development,O=Example"),
        issuer: name("CN=Example CA,O=Example"),
        serial: "A1B".to_owned(),
        dns: vec!["web.svc.example".to_owned()],
        uris: vec!["spiffe://example.org/ns/prod/sa/web".to_owned()],
        emails: vec!["alice@example.org".to_owned()],
        addresses: vec![IpAddr::from([10, 1, 2, 3]), "2001:db8::7".parse().unwrap()],
        unreadable: false,
        sha256: [0xab; 32],
        spki_sha256: [1; 32],
    }
}

#[test]
fn each_kind_matches_its_part_of_the_certificate_and_nothing_else() {
    let hex = "AB:".repeat(32);
    let fingerprint = format!("sha256:{}", hex.trim_end_matches(':'));
    let pin = "spki:sha256:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    for text in [
        "cn:alice",
        "cn:AL",
        "ou:Research and Development",
        "ou:research  and development and o:Example",
        "o:example",
        "dn:CN=alice, CN=al, OU=Research and Development, O=Example",
        "issuer:CN=Example CA,O=Example and serial:0a:1b",
        "serial:0A1B",
        "dns:*.svc.example",
        "dns:**.example",
        "uri:spiffe://example.org/ns/*/sa/web",
        "email:*@example.org",
        "ip:10.0.0.0/8",
        "ip:2001:db8::/32",
        "ip:10.1.2.3",
        &fingerprint,
        pin,
    ] {
        assert_eq!(
            rules(&[text], &[]).decide(Some(&alice()), None),
            Ok(()),
            "{text}"
        );
        let denied = rules(&[text], &[text]).decide(Some(&alice()), None);
        assert_eq!(denied.unwrap_err().reason, RefusalReason::Denied, "{text}");
        let nobody = rules(&[text], &[]).decide(Some(&Facts::default()), None);
        assert_eq!(nobody.unwrap_err().reason, RefusalReason::NotAllowed);
    }
    for text in [
        "cn:alic",
        "cn:alice,CN=al",
        "cn:Example",
        "ou:Research",
        "o:Exampl",
        "dn:CN=alice,O=Example",
        "dn:CN=al,CN=alice,OU=Research and Development,O=Example",
        "issuer:O=Example,CN=Example CA",
        "issuer:CN=alice,CN=al,OU=Research and Development,O=Example",
        "serial:1B",
        "serial:0A1B and o:Other",
        "dns:*.example",
        "dns:svc.example",
        "uri:spiffe://example.org/ns/*",
        "email:bob@example.org",
        "ip:10.1.2.2",
        "ip:0.0.0.0/32",
        "ip:2001:db9::/32",
        "sha256:0000000000000000000000000000000000000000000000000000000000000000",
    ] {
        let decided = rules(&[text], &[]).decide(Some(&alice()), None);
        assert!(decided.is_err(), "{text}");
        assert_eq!(rules(&[], &[text]).decide(Some(&alice()), None).is_ok(), {
            // Whoever is kept out by name is so whatever the order of its parts.
            !matches!(
                text,
                "issuer:O=Example,CN=Example CA"
                    | "dn:CN=al,CN=alice,OU=Research and Development,O=Example"
            )
        });
    }
}

#[test]
fn deny_wins_and_what_nothing_allows_is_refused() {
    let everybody = Rules::default();
    assert_eq!(everybody.decide(Some(&alice()), None), Ok(()));
    assert_eq!(everybody.decide(None, None), Ok(()));
    let ours = rules(&["o:Other", "o:Example"], &["cn:mallory"]);
    assert_eq!(ours.decide(Some(&alice()), None), Ok(()));
    let mallory = Facts {
        subject: DistinguishedName::parse("CN=mallory,O=Example").ok(),
        ..Facts::default()
    };
    let denied = ours.decide(Some(&mallory), None).unwrap_err();
    assert_eq!(denied.words, "kept out by deny cn:mallory");
    // Nobody can tell who that is.
    let anonymous = ours.decide(None, None).unwrap_err();
    assert_eq!(anonymous.reason, RefusalReason::NotAllowed);
    assert_eq!(rules(&[], &["cn:mallory"]).decide(None, None), Ok(()));
}

/// Spaces to Unicode alone are in names as other characters are, and in logs as they stand there.
#[test]
fn a_rule_keeps_the_spaces_that_names_tell_apart() {
    for name in ["mallory\u{a0}", "\u{3000}mallory"] {
        let escaped: String = name.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        let facts = Facts {
            subject: DistinguishedName::parse(&format!("CN={escaped}")).ok(),
            ..Facts::default()
        };
        for rule in [format!("cn:{name}"), format!("dn:CN={name}")] {
            assert!(
                rules(&[], &[&rule]).decide(Some(&facts), None).is_err(),
                "{rule:?}"
            );
        }
    }
}

/// Nobody escapes a deny rule by a name that not all can read; nor does anybody come in by one.
#[test]
fn what_can_not_be_read_keeps_out() {
    let odd = Facts {
        unreadable: true,
        ..alice()
    };
    for rule in [
        "cn:mallory",
        "dn:CN=mallory",
        "issuer:CN=x",
        "dns:**.evil.example",
        "uri:spiffe://evil/*",
        "email:*@evil.example",
        "ip:192.0.2.1",
    ] {
        assert_eq!(
            rules(&[], &[rule]).decide(Some(&alice()), None),
            Ok(()),
            "{rule}"
        );
        assert!(
            rules(&[], &[rule]).decide(Some(&odd), None).is_err(),
            "{rule}"
        );
        assert!(
            rules(&[rule], &[]).decide(Some(&odd), None).is_err(),
            "{rule}"
        );
    }
    // These are read in one way.
    for rule in [
        "serial:FF",
        "spki:sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ] {
        assert_eq!(
            rules(&[], &[rule]).decide(Some(&odd), None),
            Ok(()),
            "{rule}"
        );
    }
}

#[test]
fn what_is_no_rule_says_what_would_be_one() {
    for (text, expected) in [
        ("", "KIND:VALUE"),
        ("alice", "KIND:VALUE"),
        ("CN:alice", "such as cn:"),
        ("isuer:CN=a", "such as issuer:"),
        ("cn:mallory,cn:bob", "\"cn\" after something else"),
        ("cn:mallory AND o:Example", "\"o\" after"),
        ("o:Example and CN:mallory", "\"CN\" after"),
        ("cn:a && o:b", "\"o\" after"),
        ("cn:", "something after cn:"),
        ("dn:alice", "which has no ="),
        ("dn:XX=alice", "no kind of attribute"),
        ("dns:*", "a DNS name"),
        ("uri:spiffe://a/**/b", "a URI"),
        ("email:alice", "a mailbox"),
        ("ip:10.1.2.3/8", "10.0.0.0/8"),
        ("ip:10.0.0.0/33", "an address"),
        ("serial:xyz", "hex"),
        ("sha256:abcd", "64 hex digits"),
        ("spki:abcd", "44 characters of base64"),
    ] {
        match text.parse::<Rule>() {
            Err(Expected(words)) if words.contains(expected) => {}
            other => panic!("{text:?}: {other:?}"),
        }
    }
}

#[test]
fn every_wrong_rule_is_named() {
    let mut site = default_site();
    site.allow = written(&["cn:alice", "xx:1"]);
    site.deny = written(&["ip:10.1.2.3/8"]);
    let findings = Rules::read(&site).unwrap_err().to_string();
    assert_eq!(findings.lines().count(), 2, "{findings}");
    assert!(findings.contains("xx:1") && findings.contains("10.1.2.3/8"));
    site.allow = written(&["cn:alice"]);
    site.deny = written(&[]);
    assert_eq!(Rules::read(&site).unwrap(), rules(&["cn:alice"], &[]));
    site.client_auth = ClientAuth::Off;
    let findings = Rules::read(&site).unwrap_err().to_string();
    assert!(findings.contains("client-auth is off"), "{findings}");
}

fn default_site() -> SiteSettings {
    use crate::config::Settings;
    use crate::config::layers::Layers;
    let (layers, _) = Layers::read(&[], &Vec::new(), None, &[]);
    Settings::read(&layers).0.sites.remove(0).settings
}
