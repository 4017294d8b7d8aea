use super::*;

/// Pattern, what it matches, what it doesn't.
type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

fn check(cases: &[Case<'_>], matches: impl Fn(&str, &str) -> bool) {
    for (pattern, good, bad) in cases {
        for text in *good {
            assert!(matches(pattern, text), "{pattern} should match {text:?}");
        }
        for text in *bad {
            assert!(!matches(pattern, text), "{pattern} matches {text:?}");
        }
    }
}

#[test]
fn dns_names_are_matched_label_by_label() {
    check(
        &[
            (
                "a.example",
                &["a.example", "A.EXAMPLE"],
                &[
                    "b.example",
                    "x.a.example",
                    "a.example.",
                    "a.example.evil",
                    "a.example\0.evil",
                    "*.example",
                    "",
                ],
            ),
            (
                "*.example",
                &["a.example", "*.example"],
                &[
                    "example",
                    "a.b.example",
                    ".example",
                    "\0.example",
                    "*.b.example",
                    "a.xexample",
                    "a .example",
                    "\u{fc}.example",
                ],
            ),
            (
                "**.example",
                &["a.example", "a.b.example"],
                &[
                    "example",
                    ".example",
                    "a..example",
                    "*.example",
                    "a.*.example",
                ],
            ),
        ],
        |pattern, name| {
            DnsPattern::parse(pattern)
                .unwrap()
                .matches(name, Strictness::Allow)
        },
    );
    for text in [
        "*",
        "**",
        "*.",
        "a*.example",
        "a.*.example",
        "*.*.example",
        "a..b",
        "",
        "*.",
    ] {
        assert!(DnsPattern::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn uri_wildcards_do_not_cross() {
    check(
        &[
            (
                "spiffe://example.org/ns/*/sa/web",
                &[
                    "spiffe://example.org/ns/prod/sa/web",
                    "SPIFFE://EXAMPLE.org/ns/a.b-c_d/sa/web",
                ],
                &[
                    "spiffe://example.org/ns/prod/x/sa/web",
                    "spiffe://example.org/ns//sa/web",
                    "spiffe://example.org/ns/../sa/web",
                    "spiffe://example.org/ns/a%2Fb/sa/web",
                    "spiffe://example.org/ns/a\0/sa/web",
                    "spiffe://example.org/ns/prod/sa/Web",
                    "spiffe://example.org/ns/prod/sa/web/",
                    "spiffe://example.org/ns/prod/sa/web?x",
                    "spiffe://example.org/ns/prod/sa/web#x",
                    "spiffe://example.org.evil/ns/prod/sa/web",
                    "spiffe://evil@example.org/ns/prod/sa/web",
                    "https://example.org/ns/prod/sa/web",
                    "spiffe:/example.org/ns/prod/sa/web",
                ],
            ),
            (
                "spiffe://example.org/**",
                &["spiffe://example.org/a", "spiffe://example.org/a/b/c"],
                &[
                    "spiffe://example.org",
                    "spiffe://example.org/",
                    "spiffe://example.org/a//b",
                    "spiffe://example.org/a/../b",
                    "spiffe://example.org/a?b/c",
                ],
            ),
            (
                "spiffe://example.org",
                &["spiffe://example.org"],
                &["spiffe://example.org/", "spiffe://example.org/a"],
            ),
            (
                "urn://x/a?q=1",
                &["urn://x/a?q=1"],
                &["urn://x/a?q=2", "urn://x/a"],
            ),
        ],
        |pattern, uri| {
            UriPattern::parse(pattern)
                .unwrap()
                .matches(uri, Strictness::Allow)
        },
    );
    for text in [
        "",
        "*",
        "spiffe://*/a",
        "spiffe://a/**/b",
        "spiffe://a/b*",
        "spiffe:a",
        "://a/b",
    ] {
        assert!(UriPattern::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn mailboxes_are_matched_whole() {
    check(
        &[
            (
                "alice@example.org",
                &["alice@example.org", "alice@EXAMPLE.ORG"],
                &[
                    "Alice@example.org",
                    "bob@example.org",
                    "alice@x.example.org",
                    "alice@example.org.evil",
                    "alice",
                    "alice\0@example.org",
                ],
            ),
            (
                "*@example.org",
                &["alice@example.org", "a.b+c@example.org"],
                &[
                    "@example.org",
                    "a@b@example.org",
                    "a b@example.org",
                    "alice@x.example.org",
                    "example.org",
                ],
            ),
        ],
        |pattern, mailbox| {
            MailPattern::parse(pattern)
                .unwrap()
                .matches(mailbox, Strictness::Allow)
        },
    );
    for text in [
        "",
        "alice",
        "@example.org",
        "al*@example.org",
        "alice@",
        "alice@*.org",
    ] {
        assert!(MailPattern::parse(text).is_err(), "{text:?}");
    }
}

/// What could be read as a match keeps out.
#[test]
fn a_doubt_never_lets_in() {
    let dns = DnsPattern::parse("*.example").unwrap();
    for name in ["\0.example", "*.example", "a.example.", "a .example"] {
        assert!(dns.matches(name, Strictness::Deny), "{name:?}");
    }
    let uri = UriPattern::parse("spiffe://example.org/ns/*/**").unwrap();
    for path in ["/ns/a%2Fb/c", "/ns/../c", "/ns//c", "/ns/a/../.."] {
        let text = format!("spiffe://example.org{path}");
        assert!(uri.matches(&text, Strictness::Deny), "{path}");
        assert!(!uri.matches(&text, Strictness::Allow), "{path}");
    }
    for odd in [
        "spiffe://u@example.org/ns/a/b",
        "spiffe://example.org:443/ns/a/b",
        "spiffe://example.org./ns/a/b",
        "spiffe://example.org/ns/a/b/",
    ] {
        assert!(uri.matches(odd, Strictness::Deny), "{odd}");
    }
    for odd in [
        "spiffe://u@example.org/ns/a/b",
        "spiffe://example.org:443/ns/a/b",
    ] {
        assert!(!uri.matches(odd, Strictness::Allow), "{odd}");
    }
    let mail = MailPattern::parse("*@example.org").unwrap();
    assert!(mail.matches("a@b@example.org", Strictness::Deny));
}
