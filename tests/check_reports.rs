//! `certgate check` tells people and programs what `serve` would do, and does nothing of it.

use serde_json::Value;

use crate::support::certgate::{self, Builder, Finished};
use crate::support::client;
use crate::support::pki::{self, Identity, Pki, Recipe};

fn check(pki: &Pki) -> Builder {
    certgate::bare(&["check"])
        .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
        .environment("SSL_SERVER_KEY", pki.server.key_pem())
        .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
        .ports()
}

#[track_caller]
fn json(finished: &Finished) -> Value {
    assert_eq!(finished.stderr, "");
    serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{}", finished.stdout))
}

fn with_ca(pki: &Pki, ca: &Identity) -> Builder {
    check(pki).environment("SSL_CLIENT_CERTIFICATE", ca.certificate_pem())
}

/// A server certificate with 100 days left, by an intermediate.
fn long_lived() -> Pki {
    let days = |recipe: Recipe| Recipe {
        not_after: 100 * 86_400 + 3600,
        ..recipe
    };
    let ca = days(pki::authority("Test CA")).self_signed();
    let intermediate = days(pki::authority("Intermediate CA")).signed_by(&ca);
    Pki {
        server: days(pki::server()).signed_by(&intermediate),
        client: days(pki::client("alice")).signed_by(&ca),
        ca,
    }
}

#[test]
fn as_text() {
    let pki = long_lived();
    let finished = check(&pki).finish();
    assert_eq!(finished.code(), 0, "{}{}", finished.stdout, finished.stderr);
    for line in [
        "server certificate (from SSL_SERVER_CERTIFICATE)",
        "  subject   CN=localhost,O=Tests",
        "  issuer    CN=Intermediate CA,O=Tests",
        "  names     DNS:localhost, IP:127.0.0.1",
        "  key       EC P-256",
        "  signature ecdsa-with-SHA256",
        "            100 days left",
        "server chain (from SSL_SERVER_CERTIFICATE)",
        "client CA (from SSL_CLIENT_CERTIFICATE)",
        "  issuer    itself (self-signed)",
        "ok: ready to serve",
    ] {
        let mut lines = finished.stdout.lines();
        assert!(lines.any(|l| l == line), "{line:?} in\n{}", finished.stdout);
    }
    assert!(
        finished.stdout.contains("  valid     20"),
        "{}",
        finished.stdout
    );
    assert!(!finished.stdout.contains("PRIVATE KEY"));
}

#[test]
fn as_json() {
    let pki = long_lived();
    let finished = check(&pki).argument("--format=json").finish();
    assert_eq!(finished.code(), 0);
    let report = json(&finished);
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    let certificates = report["certificates"].as_array().unwrap();
    let roles: Vec<_> = certificates.iter().map(|c| &c["role"]).collect();
    assert_eq!(roles, ["server", "server_chain", "client_ca"]);
    let server = &certificates[0];
    for (field, value) in [
        ("source", "SSL_SERVER_CERTIFICATE"),
        ("subject", "CN=localhost,O=Tests"),
        ("issuer", "CN=Intermediate CA,O=Tests"),
        ("key", "EC P-256"),
    ] {
        assert_eq!(server[field], value);
    }
    let names = serde_json::json!(["DNS:localhost", "IP:127.0.0.1"]);
    assert_eq!(server["subject_alt_names"], names);
    assert_eq!(server["days_left"], 100);
    assert_eq!(
        (&server["self_signed"], &server["ca"]),
        (&false.into(), &false.into())
    );
    for date in ["not_before", "not_after"] {
        let date = server[date].as_str().unwrap();
        assert!(date.len() == 20 && date.ends_with('Z'), "{date}");
    }
    let digest = pki
        .server
        .certificate
        .digest(openssl::hash::MessageDigest::sha256());
    let hex: Vec<_> = digest.unwrap().iter().map(|b| format!("{b:02X}")).collect();
    let shown = server["sha256"].as_str().unwrap();
    assert!(shown.eq_ignore_ascii_case(&hex.join(":")), "{shown}");
    let ca = &certificates[2];
    assert_eq!(
        (&ca["self_signed"], &ca["ca"]),
        (&true.into(), &true.into())
    );
}

/// Load balancers accept such server certificates, so certgate serves with them.
#[test]
fn server_certificates_that_only_warn() {
    let pki = Pki::new();
    let expired = Recipe {
        not_before: -10 * 86_400,
        not_after: -3 * 86_400 - 3600,
        ..pki::server()
    };
    for (server, says, remaining) in [
        (
            expired.signed_by(&pki.ca),
            "expired on",
            "expired 3 days ago",
        ),
        (
            pki::server().self_signed(),
            "a self-signed server certificate",
            "day left",
        ),
        (
            expired.self_signed(),
            "a self-signed server certificate",
            "expired 3 days ago",
        ),
    ] {
        let pki = Pki {
            server,
            ca: pki.ca.clone(),
            client: pki.client.clone(),
        };
        let finished = check(&pki).finish();
        assert_eq!(finished.code(), 0, "{}", finished.stdout);
        let mut lines = finished.stdout.lines();
        let warned = |l: &str| l.starts_with("warning: SSL_SERVER_CERTIFICATE") && l.contains(says);
        assert!(lines.any(warned), "{}", finished.stdout);
        assert!(finished.stdout.contains(remaining), "{}", finished.stdout);
        assert!(
            finished.stdout.contains("ok: ready to serve ("),
            "{}",
            finished.stdout
        );

        let gate = certgate::serve(&pki).start();
        let response = client::with(&pki.client).get(gate.address, "/").unwrap();
        assert_eq!(response.status, 200, "{says}");
        let logged = gate.log_line(|line| {
            line["event"] == "finding" && line["found"].as_str().unwrap().contains(says)
        });
        assert_eq!(logged["level"], "WARN");
    }
}

#[test]
fn what_stops_the_start() {
    let pki = Pki::new();
    let other = Pki::new();
    let expired = Recipe {
        not_after: -60,
        ..pki::authority("Old CA")
    };
    let early = Recipe {
        not_before: 3600,
        ..pki::authority("Early CA")
    };
    let intermediate = pki::authority("Intermediate CA").signed_by(&pki.ca);
    let alone = Identity {
        chain: Vec::new(),
        ..intermediate
    };
    let crl = check(&pki).environment("SSL_CLIENT_CRL", "-----BEGIN X509 CRL-----");
    let crl_part = check(&pki).environment("SSL_CLIENT_CRL_1", "-----BEGIN X509 CRL-----");
    let ca = "SSL_CLIENT_CERTIFICATE";
    for (builder, place, says) in [
        (
            check(&pki).environment("SSL_SERVER_KEY", other.server.key_pem()),
            "SSL_SERVER_KEY",
            "a key that doesn't belong to the certificate of SSL_SERVER_CERTIFICATE",
        ),
        (
            with_ca(&pki, &expired.self_signed()),
            ca,
            "a CA that expired on",
        ),
        (
            with_ca(&pki, &early.self_signed()),
            ca,
            "a CA that isn't valid before",
        ),
        (
            with_ca(&pki, &pki.client),
            ca,
            "a certificate that can't sign others",
        ),
        (
            with_ca(&pki, &alone),
            ca,
            "an intermediate CA without its root",
        ),
        (
            check(&pki).environment(ca, pki.client.key_pem()),
            ca,
            "1 PRIVATE KEY block",
        ),
        (
            check(&pki).environment(ca, "# all removed\n"),
            ca,
            "no PEM block",
        ),
        (check(&pki).without(ca), ca, "not set, and there is no file"),
        (crl, "SSL_CLIENT_CRL", "a BEGIN X509 CRL without its END"),
        (
            crl_part,
            "SSL_CLIENT_CRL",
            "a BEGIN X509 CRL without its END",
        ),
        (
            check(&pki).argument("--crl=ftp://crl.example/ca.crl"),
            "--crl",
            "a file, or a URL",
        ),
        (
            check(&pki).argument("--tls-groups=P-256:nonsense"),
            "--tls-groups",
            "nonsense",
        ),
        (
            check(&pki).argument("--tls-protocols=SSLv3"),
            "--tls-protocols",
            "not in this build",
        ),
    ] {
        let finished = builder.finish();
        assert_eq!(finished.code(), 78, "{says}\n{}", finished.stdout);
        let start = format!("error: {place}");
        let mut lines = finished.stdout.lines();
        assert!(
            lines.any(|line| line.starts_with(&start) && line.contains(says)),
            "{start:?} with {says:?} in\n{}",
            finished.stdout
        );
        assert!(finished.stdout.contains("1 error"), "{}", finished.stdout);
        assert!(!finished.stdout.contains("ready to serve"));
        assert!(!finished.certs_dir().exists(), "check writes nothing");
    }
}

#[test]
fn faults_as_json() {
    let pki = Pki::new();
    let finished = with_ca(&pki, &pki.client)
        .argument("--format=json")
        .argument("--workers=0")
        .finish();
    assert_eq!(finished.code(), 78);
    let report = json(&finished);
    let findings = report["findings"].as_array().unwrap();
    let errors: Vec<_> = findings
        .iter()
        .filter(|f| f["severity"] == "error")
        .collect();
    assert_eq!(errors.len(), 2, "{findings:?}");
    assert_eq!(errors[0]["place"], "--workers");
    assert!(
        errors[1]["place"]
            .as_str()
            .unwrap()
            .starts_with("SSL_CLIENT_CERTIFICATE")
    );
    assert!(!errors[1]["advice"].as_str().unwrap().is_empty());
}

#[test]
fn nothing_is_written_or_kept() {
    let pki = Pki::new();
    let builder = check(&pki);
    let directory = builder.directory().to_owned();
    let before = std::fs::read_dir(&directory).unwrap().count();
    let finished = builder.argument("--listen=127.78.0.1:0").finish();
    assert_eq!(finished.code(), 0, "{}", finished.stdout);
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), before);
    // Beside a gateway that serves, the port in use is what is wrong.
    let gate = certgate::serve(&pki).start();
    let finished = check(&pki)
        .argument(format!("--listen={}", gate.address))
        .finish();
    assert_eq!(finished.code(), 78);
    let says = format!("error: --listen {}: can't be bound", gate.address);
    assert!(finished.stdout.contains(&says), "{}", finished.stdout);
    let response = client::with(&pki.client).get(gate.address, "/").unwrap();
    assert_eq!(response.status, 200);
}
