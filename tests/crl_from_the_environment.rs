//! `SSL_CLIENT_CRL` becomes a file, is used, and stays in use; and `check` describes it.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::certgate;
use crate::support::client;
use crate::support::crl;
use crate::support::pki::{self, Pki};

#[test]
fn it_is_written_used_and_stays_in_use() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let other = pki::authority("Other CA").self_signed();
    let list = crl::of(&pki.ca).revoking(&bob).pem();
    let (start, end) = list.split_at(150);
    let mangled = list.replace('\n', " ");
    for variables in [
        vec![("SSL_CLIENT_CRL", mangled.as_str())],
        vec![("SSL_CLIENT_CRL_1", start), ("SSL_CLIENT_CRL_2", end)],
    ] {
        let mut builder = certgate::serve(&pki);
        for (name, value) in variables {
            builder = builder.environment(name, value);
        }
        // One more list doesn't put it out of use.
        let more = builder.directory().join("more.pem");
        std::fs::write(&more, crl::of(&other).pem()).unwrap();
        let gate = builder
            .argument(format!("--crl={}", more.display()))
            .start();
        let file = gate.certs_dir().join("client_crl.pem");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), list);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        // The process that serves has it from the file.
        let environment = std::fs::read(format!("/proc/{}/environ", gate.pid())).unwrap();
        assert!(!String::from_utf8_lossy(&environment).contains("X509 CRL"));
        assert_eq!(
            client::with(&pki.client)
                .get(gate.address, "/")
                .unwrap()
                .status,
            200
        );
        let words = client::with(&bob).refusal(gate.address);
        assert!(words.contains("alert certificate revoked"), "{words}");
    }
}

#[test]
fn what_is_no_list_stops_the_start() {
    let pki = Pki::new();
    let list = crl::of(&pki.ca).pem();
    for (value, says) in [
        (
            pki.ca.certificate_pem(),
            "1 CERTIFICATE block; expected one or more revocation lists",
        ),
        ("garbage".to_owned(), "no PEM block"),
        (String::new(), "set, but empty"),
        (list[..150].to_owned(), "without its END"),
    ] {
        let finished = certgate::serve(&pki)
            .environment("SSL_CLIENT_CRL", &value)
            .finish();
        assert_eq!(finished.code(), 78);
        assert!(
            finished.stderr.contains(says),
            "{says}: {}",
            finished.stderr
        );
        assert!(
            finished.stderr.contains("SSL_CLIENT_CRL"),
            "{}",
            finished.stderr
        );
        assert!(!finished.certs_dir().exists(), "something was written");
    }
}

#[test]
fn check_describes_it() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let list = crl::of(&pki.ca).revoking(&bob);
    let check = |list: &str, format: &str| {
        certgate::bare(&["check", format])
            .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
            .environment("SSL_SERVER_KEY", pki.server.key_pem())
            .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
            .environment("SSL_CLIENT_CRL", list)
            .ports()
            .finish()
    };
    let text = check(&list.pem(), "--format=text").stdout;
    for line in [
        "revocation list (from SSL_CLIENT_CRL)",
        "  issuer    CN=Test CA,O=Tests",
        "  revoked   1",
        "  signature that of the client CA",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    let report: Value = serde_json::from_str(&check(&list.pem(), "--format=json").stdout).unwrap();
    let crl = &report["crls"][0];
    assert_eq!(crl["issuer"], "CN=Test CA,O=Tests");
    assert_eq!(
        (crl["entries"].as_u64(), &crl["signature"]),
        (Some(1), &"good".into())
    );
    assert!(crl["next_update"].as_str().unwrap().ends_with('Z'), "{crl}");

    let old = check(&list.until(-60).pem(), "--format=text");
    assert_eq!(old.code(), 0);
    let says = "due to be replaced by";
    assert!(
        old.stdout.contains(says) && old.stdout.contains("crl_expired"),
        "{}",
        old.stdout
    );
}
