//! What is wrong never takes the place of what was right, and is said.

use std::fs;

use serde_json::Value;

use crate::support::certgate::Certgate;
use crate::support::client::{self, Client};
use crate::support::eventually;
use crate::support::pki::{self, Identity, Pki};
use crate::support::places::{self, CERTIFICATE, CLIENT_CA, KEY};

const GOOD: &str = "root = \"DIR/one\"\n";

struct Scene {
    pki: Pki,
    gate: Certgate,
    client: Client,
}

impl Scene {
    fn new(arguments: &[&str]) -> Self {
        let pki = Pki::new();
        let gate = places::serve(&pki)
            .content("one", "one")
            .config(GOOD)
            .arguments(arguments)
            .start();
        let client = client::with(&pki.client);
        Self { pki, gate, client }
    }

    #[track_caller]
    fn serves_as_before(&self, what: &str) {
        let mut connection = self.client.connect(self.gate.address).unwrap();
        let shown = places::certificate_of(&connection).to_der().unwrap();
        assert_eq!(
            shown,
            self.pki.server.certificate.to_der().unwrap(),
            "{what}"
        );
        assert_eq!(connection.get("/").unwrap().text(), "one", "{what}");
        client::anonymous().refusal(self.gate.address);
    }

    fn restore(&self) {
        self.gate.replace_server(&self.pki.server);
        let ca = self.pki.ca.certificate_pem();
        self.gate.replace(CLIENT_CA, &ca);
        self.gate.configure(GOOD);
    }

    /// The findings that came after so many lines.
    fn findings_since(&self, line: usize) -> Vec<Value> {
        let lines = self.gate.lines().split_off(line);
        lines
            .into_iter()
            .filter(|l| l["event"] == "finding" && l["level"] == "ERROR")
            .collect()
    }
}

/// What is done, and two words that the findings must have: the place, and what was found or is to be done.
type Damage = (&'static str, fn(&Scene), [&'static str; 2]);

const DAMAGES: &[Damage] = &[
    (
        "garbage for a certificate",
        |s| s.gate.replace(CERTIFICATE, "garbage"),
        [CERTIFICATE, "expected"],
    ),
    (
        "an empty certificate",
        |s| s.gate.replace(CERTIFICATE, ""),
        [CERTIFICATE, "expected"],
    ),
    (
        "half a key",
        |s| s.gate.replace(KEY, &s.pki.server.key_pem()[..120]),
        [KEY, "expected"],
    ),
    (
        "another's key",
        |s| s.gate.replace(KEY, &s.pki.client.key_pem()),
        [KEY, "doesn't belong"],
    ),
    (
        "a missing key",
        |s| fs::remove_file(s.gate.cert_file(KEY)).unwrap(),
        [KEY, "not set"],
    ),
    (
        "a directory for a key",
        |s| {
            fs::remove_file(s.gate.cert_file(KEY)).unwrap();
            fs::create_dir(s.gate.cert_file(KEY)).unwrap();
        },
        [KEY, "directory"],
    ),
    (
        "a missing CA",
        |s| fs::remove_file(s.gate.cert_file(CLIENT_CA)).unwrap(),
        [CLIENT_CA, "not set"],
    ),
    (
        "an empty CA",
        |s| s.gate.replace(CLIENT_CA, ""),
        [CLIENT_CA, "expected"],
    ),
    (
        "a key for a CA",
        |s| s.gate.replace(CLIENT_CA, &s.pki.server.key_pem()),
        [CLIENT_CA, "PRIVATE KEY"],
    ),
    (
        "no TOML",
        |s| s.gate.configure("root = \"DIR/one"),
        ["certgate.toml", "is not TOML"],
    ),
    (
        "a missing TOML file",
        |s| fs::remove_file(s.gate.directory().join("certgate.toml")).unwrap(),
        ["certgate.toml", "can't be read"],
    ),
    (
        "an unknown key",
        |s| s.gate.configure("roots = \"DIR/one\""),
        ["roots in", "Did you mean root?"],
    ),
    (
        "a wrong value",
        |s| s.gate.configure("client-auth = \"perhaps\""),
        ["client-auth in", "perhaps"],
    ),
    (
        "a wrong value that only AWS-LC sees",
        |s| s.gate.configure("tls-ciphers = \"NONSENSE\""),
        ["tls-ciphers in", "NONSENSE"],
    ),
    (
        "no such root",
        |s| s.gate.configure("root = \"DIR/nowhere\""),
        ["root", "does not exist"],
    ),
    (
        "a root that is a file",
        |s| s.gate.configure("root = \"DIR/one/index.html\""),
        ["root", "not a directory"],
    ),
    (
        "a wrong upstream",
        |s| s.gate.configure("upstream = \"ftp://x\""),
        ["upstream in", "ftp://x"],
    ),
    (
        "a site without certificates",
        |s| {
            s.gate.configure("[[site]]\nnames = [\"a.example\"]\ncertificate = \"DIR/a.cer\"\ncertificate-key = \"DIR/a.key\"\n")
        },
        ["a.cer", "there is no such file"],
    ),
    (
        "a key in the TOML file",
        |s| {
            s.gate.configure(&format!(
                "certificate-key = '''\n{}'''",
                s.pki.server.key_pem()
            ))
        },
        ["certificate-key in", "not shown"],
    ),
    (
        "a key in the TOML file, not closed",
        |s| {
            let line = s.pki.server.key_pem().replace('\n', " ");
            s.gate.configure(&format!("certificate-key = '{line}"));
        },
        ["certgate.toml", "is not TOML"],
    ),
];

#[test]
fn whatever_is_wrong() {
    let scene = Scene::new(&[]);
    let gate = &scene.gate;
    for (number, (what, damage, words)) in DAMAGES.iter().enumerate() {
        let lines = gate.lines().len();
        damage(&scene);
        assert_eq!(gate.hang_up(), "failed", "{what}");
        eventually("the line that says so", || {
            (gate.count("reload_failed") == number + 1).then_some(())
        });
        scene.serves_as_before(what);
        assert_eq!(
            gate.metric("certgate_last_reload_successful"),
            0.0,
            "{what}"
        );
        let findings = scene.findings_since(lines);
        let said = findings.iter().any(|line| {
            let place = line["place"].as_str().unwrap();
            place.contains(words[0]) || line["message"].as_str().unwrap().contains(words[0])
        });
        let all: String = findings
            .iter()
            .map(|line| format!("{}\n", line["message"]))
            .collect();
        assert!(said && all.contains(words[1]), "{what}: {all}");
        if gate.cert_file(KEY).is_dir() {
            fs::remove_dir(gate.cert_file(KEY)).unwrap();
        }
        scene.restore();
        gate.reload();
        assert_eq!(
            gate.metric("certgate_last_reload_successful"),
            1.0,
            "{what}"
        );
        scene.serves_as_before(what);
    }
    assert_eq!(gate.reloads(), [DAMAGES.len() as f64; 2]);
    assert_eq!(gate.admin("/readyz").status, 200);
    assert_no_key(&scene, &[&scene.pki.server, &scene.pki.client]);
}

fn assert_no_key(scene: &Scene, owners: &[&Identity]) {
    let log = scene.gate.log_text();
    for line in owners.iter().flat_map(|owner| {
        owner
            .key_pem()
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    }) {
        let secret = line.trim_matches('=');
        assert!(
            secret.starts_with("---") || !log.contains(&secret[..secret.len().min(20)]),
            "a key in {log}"
        );
    }
}

#[test]
fn until_the_rest_arrives() {
    let scene = Scene::new(&[]);
    let pki = &scene.pki;
    let gate = places::serve(pki).watching().start();
    let server = pki::server().signed_by(&pki.ca);
    gate.replace(CERTIFICATE, &server.certificate_pem());
    gate.event("reload_failed");
    let shown = places::shown(&gate, &scene.client).to_der().unwrap();
    assert_eq!(shown, pki.server.certificate.to_der().unwrap());
    gate.replace(KEY, &server.key_pem());
    places::until_shown(&gate, &scene.client, &server);
    gate.counts("certgate_last_reload_successful", 1.0);
    // Each once: a state that was found wanting isn't tried again.
    assert_eq!(gate.reloads(), [1.0, 1.0]);
}

#[test]
fn all_of_it_is_said_at_once() {
    let scene = Scene::new(&[]);
    scene.gate.replace(CERTIFICATE, "garbage");
    scene.gate.replace(CLIENT_CA, "garbage");
    scene
        .gate
        .configure("roots = 1\nclient-auth = \"perhaps\"\n");
    assert_eq!(scene.gate.hang_up(), "failed");
    scene.gate.event("reload_failed");
    let findings = scene.findings_since(0);
    assert_eq!(findings.len(), 4, "{findings:?}");
}

#[test]
fn what_needs_a_restart_is_said_and_changes_nothing() {
    let scene = Scene::new(&["--log-format=json"]);
    let gate = &scene.gate;
    let toml = format!("{GOOD}workers = 7\naccess-log = \"off\"\nlog-level = \"error\"\n");
    gate.configure(&toml);
    gate.reload();
    let line = gate.event("needs_restart");
    for name in ["workers", "access-log", "log-level"] {
        let settings = line["settings"].as_str().unwrap();
        assert!(settings.split(", ").any(|s| s == name), "{settings}");
    }
    assert_eq!(line["settings"].as_str().unwrap().split(", ").count(), 3);
    scene.serves_as_before("settings that need a restart");
    gate.event("request");
    gate.configure(GOOD);
    gate.reload();
    assert_eq!(
        gate.count("needs_restart"),
        1,
        "nothing is different any more"
    );
}

/// What was doubtful at the start isn't said again at each reload.
#[test]
fn doubts_are_said_once() {
    // Not at the turn of a day: "3 days left" must not become 2 meanwhile.
    let ending_in_days = |days: i64, recipe: pki::Recipe| pki::Recipe {
        not_after: days * 86_400 + 43_200,
        ..recipe
    };
    let ca = ending_in_days(90, pki::authority("Test CA")).self_signed();
    let server = ending_in_days(3, pki::server()).signed_by(&ca);
    let pki = Pki {
        client: pki::client("alice").signed_by(&ca),
        server,
        ca,
    };
    let gate = places::serve(&pki).start();
    gate.event("ready");
    let before = gate.count("finding");
    assert!(before > 0, "a certificate that ends soon is doubtful");
    gate.reload();
    gate.reload();
    assert_eq!(gate.count("finding"), before);
}

/// An editor or a full disk can empty a file for a while: its rules must not be gone with it.
#[test]
fn a_file_that_became_empty() {
    let pki = Pki::new();
    let gate = places::serve(&pki)
        .config("deny = [\"cn:alice\"]\n")
        .start();
    let refused = || {
        let words = client::with(&pki.client)
            .get(gate.address, "/")
            .unwrap_err();
        assert!(words.contains("access denied"), "{words}");
    };
    refused();
    for nothing in ["", "\n# all gone\n"] {
        gate.configure(nothing);
        assert_eq!(gate.hang_up(), "failed");
        refused();
    }
    let line = gate.log_line(|line| line["event"] == "finding" && line["level"] == "ERROR");
    assert!(
        line["found"].as_str().unwrap().starts_with("empty"),
        "{line}"
    );
}

/// What is no file could be waited for without an end.
#[test]
fn a_pipe_in_the_place_of_a_file() {
    let pki = Pki::new();
    let gate = places::serve(&pki).start();
    let pipe = gate.cert_file("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    std::fs::rename(&pipe, gate.cert_file(places::CLIENT_CA)).unwrap();
    assert_eq!(gate.hang_up(), "failed");
    let line = gate.log_line(|line| line["event"] == "finding" && line["level"] == "ERROR");
    assert!(
        line["found"].as_str().unwrap().contains("no regular file"),
        "{line}"
    );
    gate.replace(places::CLIENT_CA, &pki.ca.certificate_pem());
    gate.reload();
}
