//! What is wrong with routes is said before anything is served; `check` shows them, and `verify --path` says what one of
//! them would say.

use serde_json::Value;

use crate::support::certgate::{self, Finished};
use crate::support::pki::Pki;
use crate::support::places;
use crate::support::routes::of_unit;

fn run(command: &[&str], pki: &Pki, toml: &str) -> Finished {
    let builder = certgate::bare(command);
    let certs = builder.directory().join("certs");
    std::fs::create_dir(&certs).unwrap();
    for (name, pem) in [
        (places::CERTIFICATE, pki.server.certificate_pem()),
        (places::KEY, pki.server.key_pem()),
        (places::CLIENT_CA, pki.ca.certificate_pem()),
    ] {
        std::fs::write(certs.join(name), pem).unwrap();
    }
    builder
        .content("html", "content")
        .identity("alice", &pki.client)
        .identity("root", &of_unit("root", "Admins", pki))
        .ports()
        .config(&format!("root = \"DIR/html\"\n{toml}"))
        .finish()
}

/// What is written, and what the only error says.
const WRONG: &[(&str, &[&str])] = &[
    (
        "[[route]]\nroot = \"DIR/html\"\n",
        &["route 1 of ", "both, or none"],
    ),
    (
        "[[route]]\nprefix = \"/a\"\npath = \"/b\"\n",
        &["both, or none"],
    ),
    (
        "[[route]]\nprefix = \"a\"\n",
        &["prefix in route 1", "\"a\"", "begins with /"],
    ),
    (
        "[[route]]\nprefix = 1\n",
        &["prefix in route 1", "a text such as"],
    ),
    (
        "[[route]]\npath = \"/%61\"\n",
        &["path in route 1", "not percent-encoded"],
    ),
    ("[[route]]\nprefix = \"/a/*\"\n", &["no *"]),
    ("[[route]]\nprefix = \"/a//b\"\n", &["without //, . and .."]),
    (
        "[[route]]\nprefix = \"/a/../b\"\n",
        &["without //, . and .."],
    ),
    ("[[route]]\nprefix = \"/a;b\"\n", &["without \\ ; ? #"]),
    (
        "[[route]]\nprefix = \"/a\"\n[[route]]\nprefix = \"/a/\"\n",
        &["route /a of ", "the path of route /a", "each path once"],
    ),
    (
        "[[route]]\npath = \"/a\"\n[[route]]\npath = \"/a\"\n",
        &["route = /a of ", "each path once"],
    ),
    (
        "[[route]]\nprefix = \"/a\"\nalow = []\n",
        &["alow in route /a of ", "Did you mean allow?"],
    ),
    (
        "[[route]]\nprefix = \"/a\"\nrefusal = \"page\"\n",
        &["refusal in route /a", "set for one route"],
    ),
    (
        "[[route]]\nprefix = \"/a\"\nallow = [\"xx:1\"]\n",
        &["allow in route /a of ", "xx:1"],
    ),
    (
        "[[route]]\nprefix = \"/a\"\nclient-auth = \"maybe\"\n",
        &["client-auth in route /a", "required | optional | off"],
    ),
    (
        "[[route]]\nprefix = \"/a\"\nclient-auth = \"off\"\nallow = [\"cn:a\"]\n",
        &["allow in route /a", "client-auth is off"],
    ),
    (
        "[[route]]\nprefix = \"/a\"\nroot = \"DIR/html\"\nupstream = \"http://app\"\n",
        &["upstream in route /a", "one of the two"],
    ),
    (
        "[[route]]\nprefix = \"/a\"\nroot = \"DIR/none\"\n",
        &["root in route /a of ", "does not exist"],
    ),
    (
        "[[route]]\nprefix = \"/a\"\nupstream = \"tcp://app:1\"\n",
        &["upstream in route /a", "raw bytes (tcp://) have no paths"],
    ),
    (
        "[[route]]\nprefix = \"/a\"\nupstream = [\"http://a\", \"h2c://b:1\"]\n",
        &["upstreams of one kind"],
    ),
    (
        "[route]\nprefix = \"/a\"\n",
        &["route in ", "a table", "an array of tables", "[[route]]"],
    ),
    (
        "[[site]]\nnames = [\"t.example\"]\nupstream = \"tcp://app:1\"\n[[site.route]]\nprefix = \"/a\"\n",
        &[
            "route /a of site t.example",
            "with an upstream of tcp://",
            "Raw bytes have no paths",
        ],
    ),
    (
        "[[route]]\nprefix = \"/a\"\n[[site]]\nnames = [\"t.example\"]\nupstream = \"tcp://app:1\"\n",
        &[
            "of site t.example",
            "with an upstream of tcp://",
            "route = []",
        ],
    ),
];

#[test]
fn every_fault_is_named() {
    let pki = Pki::new();
    for (toml, words) in WRONG {
        let finished = run(&["check"], &pki, toml);
        assert_eq!(finished.code(), 78, "{toml}{}", finished.stdout);
        let lines = finished.stdout.lines();
        let errors: Vec<_> = lines.filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{toml}{errors:#?}");
        for word in *words {
            assert!(errors[0].contains(word), "{toml}{word}: {}", errors[0]);
        }
    }
}

const ROUTES: &str = r#"
    allow = ["o:Tests"]
    [[route]]
    path = "/healthz"
    client-auth = "off"
    [[site]]
    names = ["a.example"]
    [[site.route]]
    prefix = "/admin"
    allow = ["ou:Admins"]
    deny = ["cn:eve"]
    upstream = "http://app:8080"
"#;

#[test]
fn check_shows_them() {
    let pki = Pki::new();
    let finished = run(&["check"], &pki, ROUTES);
    assert_eq!(finished.code(), 0, "{}{}", finished.stdout, finished.stderr);
    for text in [
        "route = /healthz\n  client    certificate off\n  content   files of ",
        "route /admin (of site a.example)\n  client    certificate required\n  allow     ou:Admins\n  deny      cn:eve\n  content   proxy to app:8080\n",
    ] {
        assert!(finished.stdout.contains(text), "{text}{}", finished.stdout);
    }
    let finished = run(&["check", "--format=json"], &pki, ROUTES);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    let route = &report["routes"][1];
    assert_eq!(route["route"], "/admin", "{report:#}");
    assert_eq!(route["site"], "a.example");
    assert_eq!(route["client_auth"], "required");
    assert_eq!(route["allow"][0], "ou:Admins");
}

#[test]
fn verify_tells_what_one_says() {
    let pki = Pki::new();
    for (who, site, path, reason) in [
        ("alice", "a.example", "/admin/x", Some("not_allowed")),
        ("alice", "a.example", "/x/..%2fadmin", Some("not_allowed")),
        ("alice", "a.example", "/administrator", None),
        ("alice", "localhost", "/admin/x?y", None),
        ("root", "a.example", "/admin/x?y", None),
    ] {
        let command = ["verify", "--format=json", "--site", site, "--path", path];
        let file = format!("{who}.cer");
        let command = [&command[..], &[&file]].concat();
        let finished = run(&command, &pki, ROUTES);
        let report: Value = serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|_| panic!("{}{}", finished.stdout, finished.stderr));
        assert_eq!(report["reason"].as_str(), reason, "{path}: {report:#}");
        assert_eq!(finished.code(), i32::from(reason.is_some()));
        if path.starts_with("/admin/") && site == "a.example" {
            assert_eq!(report["route"]["path"], "/admin");
            assert_eq!(report["route"]["allow"][0]["matches"], who == "root");
            assert_eq!(report["route"]["deny"][0]["matches"], false);
        }
    }
    let finished = run(&["verify", "--path=/a%00", "alice.cer"], &pki, ROUTES);
    assert_eq!(finished.code(), 78);
    assert!(finished.stderr.contains("400"), "{}", finished.stderr);
}
