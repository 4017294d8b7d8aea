//! What is wrong with identity headers is said before anything is served: where, and what would be right.

use crate::support::certgate;
use crate::support::pki::Pki;

/// The TOML, and what the only error says.
const WRONG: &[(&str, &[&str])] = &[
    (
        "identity-headers = \"rfc9441\"\n",
        &[
            "identity-headers in ",
            "\"rfc9441\"",
            "rfc9440 | xfcc | alb | nginx",
        ],
    ),
    (
        "[headers]\nX-User = \"{subject.cm}\"\n",
        &[
            "headers.\"X-User\" in ",
            "\"subject.cm\"",
            "Did you mean {subject.cn}?",
        ],
    ),
    (
        "[headers]\n\"X User\" = \"{subject.cn}\"\n",
        &["headers.\"X User\" in ", "no header name"],
    ),
    (
        "[headers]\nHost = \"a\"\n",
        &["headers.\"Host\" in ", "not a template's to write"],
    ),
    (
        "[headers]\ntransfer_encoding = \"a\"\n",
        &[
            "headers.\"transfer_encoding\" in ",
            "not a template's to write",
        ],
    ),
    (
        "[headers]\nX-Forwarded-For = \"{client.address}\"\n",
        &[
            "headers.\"X-Forwarded-For\" in ",
            "not a template's to write",
        ],
    ),
    (
        "[headers]\nX-User = \"{subject.cn\"\n",
        &["headers.\"X-User\" in ", "a brace alone"],
    ),
    (
        "[headers]\nX-User = \"a\\nb\"\n",
        &["headers.\"X-User\" in ", "no header can have"],
    ),
    (
        "[headers]\nX-User = 3\n",
        &["headers.\"X-User\" in ", "expected a text"],
    ),
    (
        "[headers]\nX-User = \"a\"\nx_user = \"b\"\n",
        &[
            "headers.\"x_user\" in ",
            "is written by headers.\"x-user\", too",
        ],
    ),
    (
        "identity-headers = \"nginx\"\n[headers]\nX-SSL-Client-Verify = \"{verify}\"\n",
        &[
            "headers.\"X-SSL-Client-Verify\" in ",
            "is written by identity-headers nginx, too",
        ],
    ),
    (
        "headers = \"X-User\"\n",
        &["headers in ", "found a text", "Write [headers]"],
    ),
    (
        "[[site]]\nnames = [\"a.example\"]\n[site.headers]\nX-User = \"{sn}\"\n",
        &[
            "headers.\"X-User\" in site a.example of ",
            "Did you mean {sni}?",
        ],
    ),
    (
        "[header]\nX-User = \"{subject.cn}\"\n",
        &[
            "header in ",
            "no setting has this name",
            "Did you mean headers?",
        ],
    ),
];

#[test]
fn each_is_the_only_complaint() {
    let pki = Pki::new();
    for (toml, words) in WRONG {
        let toml = format!("upstream = \"http://127.0.0.1:1\"\n{toml}");
        let gate = certgate::serve(&pki).config(&toml).finish();
        assert_eq!(gate.code(), 78, "{toml}");
        let errors: Vec<&str> = gate
            .stderr
            .lines()
            .filter(|l| l.starts_with("error: "))
            .collect();
        assert_eq!(errors.len(), 1, "{toml}: {errors:?}\n{}", gate.stderr);
        for word in *words {
            assert!(errors[0].contains(word), "{word} in {errors:?}");
        }
    }
}

#[test]
fn a_key_is_not_shown() {
    let pki = Pki::new();
    let key = pki.server.key_pem();
    let secret = key.lines().nth(1).unwrap();
    for toml in [
        format!("[headers]\nX-Key = \"\"\"{key}\"\"\"\n"),
        format!("[headers]\n\"{}\" = \"a\"\n", key.replace('\n', "\\n")),
    ] {
        let gate = certgate::serve(&pki).config(&toml).finish();
        assert_eq!(gate.code(), 78, "{toml}");
        assert!(!gate.stderr.contains(secret) && !gate.stdout.contains(secret));
    }
}
