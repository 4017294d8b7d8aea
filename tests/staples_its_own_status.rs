//! With `--staple`, clients that ask get the OCSP status of the server's certificate along with it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::certgate::{self, Certgate};
use crate::support::eventually;
use crate::support::ocsp_answers::{Answer, Status};
use crate::support::pki::{self, Identity, Pki, Purpose, Recipe};
use crate::support::places;
use crate::support::responder::{OpensslOcsp, Reply, Responder, answer};

const VERSIONS: [&str; 2] = ["-tls1_2", "-tls1_3"];

/// What OpenSSL's client says of a connection.
fn s_client(gate: &Certgate, pki: &Pki, arguments: &[&str]) -> String {
    let file = |name: &str, content: String| {
        let path = gate.directory().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let output = Command::new("openssl")
        .args(["s_client", "-connect", &gate.address.to_string()])
        .args(arguments)
        .args([
            "-cert".as_ref(),
            file("c.pem", pki.client.certificate_pem()).as_os_str(),
        ])
        .args([
            "-key".as_ref(),
            file("c.key", pki.client.key_pem()).as_os_str(),
        ])
        .args([
            "-CAfile".as_ref(),
            file("ca.pem", pki.ca.certificate_pem()).as_os_str(),
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Verify return code: 0 (ok)"), "{text}");
    text
}

fn is_stapled(gate: &Certgate, pki: &Pki, version: &str) -> bool {
    let text = s_client(gate, pki, &["-status", version]);
    let stapled = text.contains("OCSP Response Status: successful (0x0)");
    assert_eq!(stapled, text.contains("Cert Status: good"), "{text}");
    assert_ne!(
        stapled,
        text.contains("OCSP response: no response sent"),
        "{text}"
    );
    stapled
}

fn serve(pki: &Pki, response: &[u8]) -> certgate::Builder {
    let gate = certgate::serve(pki);
    let file = gate.directory().join("staple.der");
    std::fs::write(&file, response).unwrap();
    gate.argument(format!("--staple={}", file.display()))
}

fn about(server: &Identity, pki: &Pki) -> Answer {
    answer(server, &pki.ca)
}

#[test]
fn from_a_file() {
    let pki = Pki::new();
    let der = about(&pki.server, &pki).der();
    let gate = serve(&pki, &der).start();
    let without = certgate::serve(&pki).start();
    for version in VERSIONS {
        assert!(is_stapled(&gate, &pki, version));
        assert!(!is_stapled(&without, &pki, version));
        // Who doesn't ask gets none: the handshake is shorter by it.
        let read = |arguments: &[&str]| -> usize {
            let text = s_client(&gate, &pki, arguments);
            let (_, rest) = text.split_once("SSL handshake has read ").unwrap();
            rest.split(' ').next().unwrap().parse().unwrap()
        };
        let (with, without) = (read(&["-status", version]), read(&[version]));
        assert!(with >= without + der.len(), "{with}, {without}");
    }
}

#[test]
fn a_file_that_clients_would_not_believe_stops_the_start() {
    let pki = Pki::new();
    let good = about(&pki.server, &pki);
    let stranger = pki::authority("Test CA").self_signed();
    for (response, words) in [
        (
            b"-----BEGIN OCSP RESPONSE-----".to_vec(),
            "not an OCSP response",
        ),
        (Vec::new(), "not an OCSP response"),
        (vec![0x30; 70_000], "more than 65536 bytes"),
        (
            good.clone()
                .signed_by(&stranger.certificate, &stranger.key)
                .der(),
            "signed neither by",
        ),
        (about(&pki.client, &pki).der(), "about another certificate"),
        (
            good.clone().status(Status::Revoked).der(),
            "says of the server's certificate: certificate revoked",
        ),
        (good.clone().status(Status::Unknown).der(), "unknown"),
    ] {
        let end = serve(&pki, &response).finish();
        assert_eq!(end.code(), 78, "{}", end.stderr);
        assert!(end.stderr.contains("error: --staple "), "{}", end.stderr);
        assert!(end.stderr.contains(words), "{words}: {}", end.stderr);
    }
    let end = certgate::serve(&pki).argument("--staple=/nowhere").finish();
    assert_eq!(end.code(), 78);
    assert!(
        end.stderr.contains("--staple /nowhere: can't be read"),
        "{}",
        end.stderr
    );
}

#[test]
fn an_old_file_is_a_warning_and_not_sent() {
    let pki = Pki::new();
    for times in [(-7200, Some(-3600)), (-100, Some(-30)), (-7200, None)] {
        let response = about(&pki.server, &pki).times(times.0, times.1).der();
        let gate = serve(&pki, &response).start();
        warns(&gate, "--staple ", "not stapled");
        assert!(!is_stapled(&gate, &pki, "-tls1_3"));
    }
}

#[track_caller]
fn warns(gate: &Certgate, place: &str, words: &str) {
    gate.log_line(|line| {
        let text = line["message"].as_str().unwrap();
        text.starts_with(&format!("warning: {place}")) && text.contains(words)
    });
}

#[test]
fn not_beyond_its_time() {
    let pki = Pki::new();
    let response = about(&pki.server, &pki).times(-10, Some(4)).der();
    let gate = serve(&pki, &response).start();
    assert!(is_stapled(&gate, &pki, "-tls1_3"));
    eventually("the end of the answer", || {
        (!is_stapled(&gate, &pki, "-tls1_2")).then_some(())
    });
}

fn named(url: &str, pki: Pki) -> Pki {
    let server = pki::server().asked_at(url).signed_by(&pki.ca);
    Pki { server, ..pki }
}

#[test]
fn fetched_and_kept_until_its_end() {
    let responder = Responder::start();
    let pki = named(&responder.url(), Pki::new());
    responder.says(&pki.server, Reply::Body(b"not yet".to_vec()));
    let gate = certgate::serve(&pki).argument("--staple=on").start();
    // A responder that has no answer is in nobody's way.
    assert_eq!(gate.event("staple_failed")["result"], "malformed");
    assert!(!is_stapled(&gate, &pki, "-tls1_3"));
    assert_eq!(gate.metric("certgate_staple_until_seconds"), 0.0);
    // It is asked again after a second; another certificate's status is none.
    responder.says(&pki.server, Reply::Body(about(&pki.client, &pki).der()));
    gate.log_line(|line| line["result"] == "other_certificate");
    assert!(!is_stapled(&gate, &pki, "-tls1_3"));
    let brief = about(&pki.server, &pki).times(-10, Some(12)).der();
    responder.says(&pki.server, Reply::Body(brief));
    gate.event("stapled");
    for version in VERSIONS {
        assert!(is_stapled(&gate, &pki, version));
    }
    assert!(gate.metric("certgate_staple_until_seconds") > 1e9);
    // From now on it fails: what is there is kept, until its time is over.
    let asked = responder.asked();
    responder.says(&pki.server, Reply::Raw(Vec::new()));
    responder.wait_for(asked + 1);
    gate.log_line(|line| line["result"] == "bad_http");
    eventually("the end of the answer", || {
        (!is_stapled(&gate, &pki, "-tls1_3")).then_some(())
    });
}

/// OpenSSL's responder, with a certificate of its own, by `--staple-responder`.
#[test]
fn fetched_from_a_real_responder() {
    let pki = named("http://127.0.0.1:1/", Pki::new());
    let signer = Recipe {
        purpose: Purpose::Ocsp,
        ..pki::client("responder")
    };
    let gate = certgate::serve(&pki);
    let signer = signer.signed_by(&pki.ca);
    let directory: &Path = gate.directory();
    let real = OpensslOcsp::start(directory, &pki.ca, &signer, &[(&pki.server, false)]);
    let gate = gate
        .argument("--staple=on")
        .argument(format!("--staple-responder={}", real.url))
        .start();
    gate.event("stapled");
    for version in VERSIONS {
        assert!(is_stapled(&gate, &pki, version));
    }
}

#[test]
fn without_anybody_to_ask_it_says_so() {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).argument("--staple=on").start();
    warns(
        &gate,
        "--staple on",
        "names no http or https OCSP responder",
    );
    let other = pki::authority("Other CA").self_signed();
    let server = pki::server()
        .asked_at("http://127.0.0.1:1/")
        .signed_by(&other);
    let pki = Pki { server, ..pki };
    let gate = certgate::serve(&pki).argument("--staple=on").start();
    warns(
        &gate,
        "--staple on",
        "issuer of the server's certificate is unknown",
    );
}

/// A client that gets the RSA certificate must not be told of the other one.
#[test]
fn of_several_certificates_each_has_its_own() {
    let pki = Pki::new();
    let rsa = Recipe {
        key: pki::Key::Rsa(2048),
        ..pki::server()
    };
    let rsa = rsa.signed_by(&pki.ca);
    let der = about(&pki.server, &pki).der();
    let toml = "certificate = [\"DIR/rsa.cer\", \"DIR/ec.cer\"]\ncertificate-key = [\"DIR/rsa.key\", \"DIR/ec.key\"]\nstaple = \"DIR/staple.der\"\n";
    let builder = places::serve(&pki)
        .identity("rsa", &rsa)
        .identity("ec", &pki.server)
        .config(toml);
    std::fs::write(builder.directory().join("staple.der"), &der).unwrap();
    let gate = builder.start();
    for version in VERSIONS {
        for (algorithms, stapled) in [("ECDSA+SHA256", true), ("RSA-PSS+SHA256", false)] {
            let arguments = [
                "-status",
                version,
                "-sigalgs",
                algorithms,
                "-client_sigalgs",
                "ECDSA+SHA256",
            ];
            let text = s_client(&gate, &pki, &arguments);
            assert_eq!(
                text.contains("Cert Status: good"),
                stapled,
                "{arguments:?}\n{text}"
            );
        }
    }
}
