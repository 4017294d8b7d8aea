//! What is wrong with sites is said before anything is served: where, and what to do.

use serde_json::Value;

use crate::support::certgate::{self, Builder, Finished};
use crate::support::pki::{self, Key, Pki, Recipe};
use crate::support::places;

/// A directory with all that the blocks below name, and no certificates of the first site's.
fn check(pki: &Pki, toml: &str) -> Builder {
    let rsa = Recipe {
        key: Key::Rsa(2048),
        ..pki::server()
    };
    certgate::bare(&["check", "--listen=127.0.0.1:0", "--admin=off"])
        .identity("a", &pki.server)
        .identity("second", &pki::server().signed_by(&pki.ca))
        .identity("rsa", &rsa.signed_by(&pki.ca))
        .authority("ca", &pki.ca)
        .content("html", "content")
        .config(toml)
}

fn complete(toml: &str) -> String {
    format!(
        "root = \"DIR/html\"\ncertificate = \"DIR/a.cer\"\ncertificate-key = \"DIR/a.key\"\nclient-ca = \"DIR/ca.pem\"\n{toml}"
    )
}

#[track_caller]
fn errors(finished: &Finished) -> Vec<String> {
    let lines = finished.stdout.lines().chain(finished.stderr.lines());
    lines
        .filter(|line| line.starts_with("error: "))
        .map(str::to_owned)
        .collect()
}

/// What is written after a sound configuration, and what the only error says.
const WRONG: &[(&str, &[&str])] = &[
    (
        "[[site]]\nnames = [\"a.example\"]\n[[site]]\nnames = [\"b.example\", \"A.Example.\"]\n",
        &[
            "names in site b.example of ",
            "certgate.toml",
            "a.example, which is a name of site a.example",
            "Each name belongs to one site",
        ],
    ),
    (
        "[[site]]\nroot = \"DIR/html\"\n",
        &[
            "names in site 1 of ",
            "not set",
            "expected the server names",
        ],
    ),
    (
        "[[site]]\nnames = []\n",
        &[
            "names in site 1 of ",
            "an empty array",
            "expected the server names",
        ],
    ),
    (
        "[[site]]\nnames = [\"a.example\"]\n[[site]]\nnames = [\"b.example\"]\nroots = 1\n",
        &[
            "roots in site b.example of ",
            "no setting has this name",
            "Did you mean root?",
        ],
    ),
    (
        "[[site]]\nnames = [\"a b\"]\n",
        &[
            "names in site 1 of ",
            "\"a b\"",
            "expected a host name such as a.example",
        ],
    ),
    (
        "[[site]]\nnames = [\"a*.example\"]\n",
        &["names in site 1 of ", "*.example for all names below it"],
    ),
    (
        "[[site]]\nnames = [\"b\u{fc}cher.example\"]\n",
        &["names in site 1 of ", "xn--"],
    ),
    (
        "[[site]]\nnames = [\"a.example\"]\nworkers = 2\n",
        &[
            "workers in site a.example of ",
            "set for one site",
            "outside of [[site]]",
            "above the first [[site]]",
        ],
    ),
    (
        "[[site]]\nnames = [\"a.example\"]\nname = \"x\"\n",
        &[
            "name in site a.example of ",
            "no setting has this name",
            "Did you mean names?",
        ],
    ),
    (
        "[site]\nnames = [\"a.example\"]\n",
        &[
            "site in ",
            "found a table",
            "Begin each site with a line [[site]]",
        ],
    ),
    (
        "site = [\"a.example\"]\n",
        &[
            "site in ",
            "found a text",
            "Begin each site with a line [[site]]",
        ],
    ),
    (
        "[[sites]]\nnames = [\"a.example\"]\n",
        &[
            "sites in ",
            "no setting has this name",
            "Did you mean site?",
        ],
    ),
    (
        "[[site]]\nnames = [\"a.example\"]\ncertificate = \"DIR/a.cer\"\n",
        &[
            "certificate in site a.example of ",
            "1 in number, but 0 of certificate-key",
            "a key for each certificate",
        ],
    ),
    (
        "[[site]]\nnames = [\"a.example\"]\ncertificate = [\"DIR/a.cer\", \"DIR/rsa.cer\"]\ncertificate-key = \"DIR/a.key\"\n",
        &[
            "certificate in site a.example of ",
            "2 in number, but 1 of certificate-key in site a.example",
        ],
    ),
    (
        "[[site]]\nnames = [\"a.example\"]\ncertificate = [\"DIR/a.cer\", \"DIR/second.cer\"]\ncertificate-key = [\"DIR/a.key\", \"DIR/second.key\"]\n",
        &[
            "second.cer",
            "a second certificate with a key of the same kind",
            "write a [[site]]",
        ],
    ),
    (
        "[[site]]\nnames = [\"a.example\"]\ncertificate = \"DIR/a.cer\"\ncertificate-key = \"DIR/second.key\"\n",
        &["second.key", "doesn't belong"],
    ),
    (
        "[[site]]\nnames = [\"a.example\"]\nclient-ca = \"DIR/none.pem\"\n",
        &["none.pem", "there is no such file", "correct --client-ca"],
    ),
    (
        "[[site]]\nnames = [\"a.example\"]\nroot = \"DIR/none\"\n",
        &[
            "root in site a.example of ",
            "none",
            "does not exist",
            "Create the directory",
        ],
    ),
    (
        "[[site]]\nnames = [\"a.example\"]\nclient-auth = \"yes\"\n",
        &[
            "client-auth in site a.example of ",
            "\"yes\"",
            "required | optional | pinned | off",
        ],
    ),
    (
        "[[site]]\nnames = [\"a.example\"]\nrefusal = \"page\"\nupstream = \"tcp://127.0.0.1:1\"\n",
        &[
            "refusal in site a.example of ",
            "page, with an upstream of tcp://",
            "expected alert",
        ],
    ),
];

#[test]
fn each_fault_is_named() {
    let pki = Pki::new();
    for (toml, words) in WRONG {
        let finished = check(&pki, &complete(toml)).finish();
        let errors = errors(&finished);
        assert_eq!(finished.code(), 78, "{toml}");
        let fits = |error: &String| words.iter().all(|word| error.contains(word));
        assert!(
            errors.iter().any(fits),
            "{toml}{words:?}\n{}",
            errors.join("\n")
        );
        assert_eq!(errors.len(), 1, "{toml}{}", errors.join("\n"));
    }
}

/// What sites have from outside of the blocks is complained about once, at the place where it stands.
#[test]
fn what_is_shared_is_said_once() {
    let pki = Pki::new();
    let toml = complete("[[site]]\nnames = [\"a.example\"]\n[[site]]\nnames = [\"b.example\"]\n");
    for (right, wrong, words) in [
        (
            "DIR/html",
            "DIR/none",
            ["error: root in ", "does not exist"],
        ),
        (
            "DIR/ca.pem",
            "DIR/none.pem",
            ["none.pem", "there is no such file"],
        ),
    ] {
        let found = errors(&check(&pki, &toml.replace(right, wrong)).finish());
        assert_eq!(found.len(), 1, "{}", found.join("\n"));
        assert!(
            words.iter().all(|word| found[0].contains(word)),
            "{}",
            found[0]
        );
        assert_eq!(
            found[0].matches("certgate.toml").count(),
            usize::from(wrong == "DIR/none"),
            "{}",
            found[0]
        );
    }
}

#[test]
fn all_of_them_at_once_and_by_serve_as_well() {
    let pki = Pki::new();
    let toml = complete(
        "[[site]]\nnames = [\"a b\"]\nroot = \"DIR/none\"\nworkers = 1\n\
         [[site]]\nnames = [\"b.example\"]\ncertificate = \"DIR/x.cer\"\ncertificate-key = \"DIR/x.key\"\nclient-ca = \"DIR/y.pem\"\n",
    );
    let finished = check(&pki, &toml).finish();
    let found = errors(&finished);
    assert_eq!(found.len(), 6, "{}", found.join("\n"));
    for word in ["\"a b\"", "none", "workers", "x.cer", "x.key", "y.pem"] {
        assert!(found.iter().any(|error| error.contains(word)), "{word}");
    }
    let serve = certgate::bare(&["serve", "--listen=127.0.0.1:0", "--admin=off"]).config(&toml);
    let finished = serve.finish();
    assert_eq!(finished.code(), 78);
    assert!(errors(&finished).len() >= 6, "{}", finished.stderr);
}

#[test]
fn a_variable_beside_a_file_for_the_same() {
    let pki = Pki::new();
    let finished = check(&pki, &complete(""))
        .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
        .finish();
    let found = errors(&finished);
    assert_eq!(found.len(), 1, "{}", found.join("\n"));
    assert!(
        found[0].contains("error: SSL_SERVER_CERTIFICATE: set, and so is another place"),
        "{}",
        found[0]
    );
    assert!(
        found[0].contains("Remove the variable, or leave out"),
        "{}",
        found[0]
    );
}

/// The variables are the first site's, whatever the others have.
#[test]
fn variables_beside_a_sites_own_files() {
    let pki = Pki::new();
    let server = Recipe {
        common_name: "a.example".into(),
        ..pki::server()
    }
    .signed_by(&pki.ca);
    let toml = "[[site]]\nnames = [\"a.example\"]\ncertificate = \"DIR/own.cer\"\ncertificate-key = \"DIR/own.key\"\nclient-ca = \"DIR/own.pem\"\n";
    let gate = certgate::serve(&pki)
        .identity("own", &server)
        .authority("own", &pki.ca)
        .config(toml)
        .start();
    let client = crate::support::client::with(&pki.client);
    for (name, server) in [("localhost", &pki.server), ("a.example", &server)] {
        let shown = places::shown(&gate, &client.clone().sni(name));
        assert_eq!(
            shown.to_der().unwrap(),
            server.certificate.to_der().unwrap(),
            "{name}"
        );
    }
}

/// Wherever a key ends up in the file, it isn't shown.
#[test]
fn keys_are_not_shown() {
    let pki = Pki::new();
    let key = pki.server.key_pem();
    let line = key.replace('\n', " ");
    let escaped = key.replace('\n', "\\n");
    let body: String = key.lines().filter(|line| !line.starts_with('-')).collect();
    for toml in [
        format!(
            "[[site]]\nnames = [\"a.example\"]\ncertificate-key = '''{key}'''\ncertificate = 'x'\n"
        ),
        format!("[[site]]\nnames = [\"a.example\"]\ncertificate = '''{key}'''\n"),
        format!("[[site]]\nnames = [\"a.example\"]\nroot = '''{key}'''\n"),
        format!("[[site]]\nnames = [\"a.example\"]\nupstream = '''{key}'''\n"),
        format!("[[site]]\nnames = '''{key}'''\n"),
        format!("[[site]]\nnames = [\"{escaped}\"]\n"),
        format!("[[site]]\nnames = [\"a.example\", \"{escaped}\"]\n"),
        format!("[[site]]\nnames = [\"a.example\"]\nclient-auth = '''{key}'''\n"),
        format!("[[site]]\nnames = [\"a.example\"]\nkey = '''{key}'''\n"),
        format!("[[site]]\nnames = [\"a.example\"]\ncertificate-key = '{line}\n"),
        format!("[[site]]\nnames = [\"a.example\"]\ncertificate-key = {line}\n"),
        format!("[[site]]\nnames = [\"a.example\"]\ncertificate-key = '''\n{key}\n"),
        format!("site = '''{key}'''\n"),
        format!("[[site]]\n{body}"),
    ] {
        for format in ["text", "json"] {
            let builder = check(&pki, &complete(&toml)).argument(format!("--format={format}"));
            let finished = builder.finish();
            assert_eq!(finished.code(), 78, "{toml}");
            let said = finished.stdout + &finished.stderr;
            for part in key.lines().filter(|line| !line.starts_with('-')) {
                let part = &part[..part.len().min(16)];
                assert!(!said.contains(part), "{toml} is shown in {said}");
            }
        }
    }
}

#[test]
fn check_describes_every_site() {
    let pki = Pki::new();
    let toml = complete(
        "[[site]]\nnames = [\"localhost\"]\ncertificate = [\"DIR/second.cer\", \"DIR/rsa.cer\"]\ncertificate-key = [\"DIR/second.key\", \"DIR/rsa.key\"]\n",
    );
    let finished = check(&pki, &toml).finish();
    assert_eq!(finished.code(), 0, "{}{}", finished.stdout, finished.stderr);
    for file in ["a.cer", "second.cer", "rsa.cer", "ca.pem"] {
        assert!(
            finished.stdout.contains(file),
            "{file}: {}",
            finished.stdout
        );
    }
    let finished = check(&pki, &toml).argument("--format=json").finish();
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    let certificates = report["certificates"].as_array().unwrap();
    let servers = certificates
        .iter()
        .filter(|c| c["role"] == "server")
        .count();
    assert_eq!(servers, 3, "{report:#}");
    let shared = certificates
        .iter()
        .filter(|c| c["role"] == "client_ca")
        .count();
    assert_eq!(shared, 1, "what sites share is described once: {report:#}");
}
