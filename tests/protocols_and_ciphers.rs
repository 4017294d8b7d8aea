//! TLS versions, ciphers and groups are the ones that were asked for; what can't be had is an error
//! of the configuration.

use openssl::ssl::SslVersion;

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Client};
use crate::support::pki::{self, Key, Pki, Recipe};

const VERSIONS: [(&str, SslVersion); 4] = [
    ("TLSv1", SslVersion::TLS1),
    ("TLSv1.1", SslVersion::TLS1_1),
    ("TLSv1.2", SslVersion::TLS1_2),
    ("TLSv1.3", SslVersion::TLS1_3),
];

/// A gate with these settings, and a client that it admits.
fn start(settings: &[&str]) -> (Certgate, Client) {
    let pki = Pki::new();
    let gate = certgate::serve(&pki).arguments(settings).start();
    (gate, client::with(&pki.client))
}

/// Each version on its own: negotiated if it is listed, refused by its alert if not. A client that
/// wants a newer one than there is refuses by itself, before TLS 1.3 (RFC 5246 section 7.4.1.3).
#[track_caller]
fn offers(setting: Option<&str>, listed: &[&str]) {
    let argument = setting.map(|versions| format!("--tls-protocols={versions}"));
    let (gate, client) = start(&argument.iter().map(String::as_str).collect::<Vec<_>>());
    for (name, version) in VERSIONS {
        let client = client.clone().version(version);
        if listed.contains(&name) {
            let mut connection = client.connect(gate.address).unwrap();
            assert_eq!(connection.get("/").unwrap().status, 200, "{name}");
            assert_eq!(connection.stream.ssl().version_str(), name);
            let from = connection.local().to_string();
            let line = gate.log_line(|l| l["event"] == "request" && l["client"] == from);
            assert_eq!(line["tls"], name);
        } else {
            let newer = Some(&name) > listed.last() && version != SslVersion::TLS1_3;
            let alert = match newer {
                true => "unsupported protocol",
                false => "alert protocol version",
            };
            let (from, result) = client.attempt(gate.address);
            let words = result.unwrap_err();
            assert!(words.contains(alert), "{name}: {words}");
            let from = from.to_string();
            let line = gate.log_line(|l| l["event"] == "refused" && l["client"] == from);
            assert_eq!(line["reason"], "protocol_mismatch", "{name}");
        }
    }
}

#[test]
fn versions_are_1_2_and_1_3_by_default() {
    offers(None, &["TLSv1.2", "TLSv1.3"]);
}

#[test]
fn versions_are_those_that_are_listed() {
    offers(
        Some("TLSv1,TLSv1.1,TLSv1.2,TLSv1.3"),
        &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"],
    );
    offers(Some("TLSv1.1"), &["TLSv1.1"]);
    offers(Some("TLSv1.3"), &["TLSv1.3"]);
    offers(Some("TLSv1.2"), &["TLSv1.2"]);
}

/// An RSA server certificate, as such old installations have, works in each version, too.
#[test]
fn old_versions_with_an_rsa_certificate() {
    let pki = Pki::new();
    let recipe = Recipe {
        key: Key::Rsa(2048),
        ..pki::server()
    };
    let server = recipe.signed_by(&pki.ca);
    let gate = certgate::serve(&pki)
        .environment("SSL_SERVER_CERTIFICATE", server.certificate_pem())
        .environment("SSL_SERVER_KEY", server.key_pem())
        .argument("--tls-protocols=TLSv1,TLSv1.1,TLSv1.2,TLSv1.3")
        .start();
    for (name, version) in VERSIONS {
        let client = client::with(&pki.client).version(version);
        assert_eq!(client.get(gate.address, "/").unwrap().status, 200, "{name}");
    }
}

const AES256: &str = "ECDHE-ECDSA-AES256-GCM-SHA384";
const AES128: &str = "ECDHE-ECDSA-AES128-GCM-SHA256";
const SUITE256: &str = "TLS_AES_256_GCM_SHA384";
const SUITE128: &str = "TLS_AES_128_GCM_SHA256";

#[track_caller]
fn cipher(gate: &Certgate, client: &Client) -> &'static str {
    client.connect(gate.address).unwrap().cipher()
}

#[test]
fn ciphers_and_suites_are_those_that_are_listed() {
    let (gate, client) = start(&[&format!("--tls-ciphers={AES128}:{SUITE256}")]);
    let [tls12, tls13] = [client.clone().tls12(), client.tls13()];
    assert_eq!(cipher(&gate, &tls12), AES128);
    assert_eq!(cipher(&gate, &tls13), SUITE256);
    for other in [tls12.ciphers(AES256), tls13.suites(SUITE128)] {
        let words = other.refusal(gate.address);
        assert!(words.contains("alert handshake failure"), "{words}");
    }
    let metric = "certgate_refusals_total{reason=\"no_shared_cipher\"}";
    gate.counts(metric, 2.0);
}

/// One kind of names alone leaves the other kind at its default.
#[test]
fn ciphers_alone_leave_tls_1_3_and_suites_alone_tls_1_2() {
    for list in [AES128, SUITE128] {
        let (gate, client) = start(&[&format!("--tls-ciphers={list}")]);
        for client in [client.clone().tls12(), client.tls13()] {
            assert_eq!(client.get(gate.address, "/").unwrap().status, 200, "{list}");
        }
    }
}

#[test]
fn ciphers_by_default_have_forward_secrecy_and_authenticated_encryption() {
    let pki = Pki::new();
    let rsa = Recipe {
        key: Key::Rsa(2048),
        ..pki::server()
    };
    let rsa = rsa.signed_by(&pki.ca);
    let gate = certgate::serve(&pki)
        .environment("SSL_SERVER_CERTIFICATE", rsa.certificate_pem())
        .environment("SSL_SERVER_KEY", rsa.key_pem())
        .start();
    let client = client::with(&pki.client).tls12();
    let good = client.clone().ciphers("ECDHE-RSA-CHACHA20-POLY1305");
    assert_eq!(good.get(gate.address, "/").unwrap().status, 200);
    for weak in ["AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA", "AES128-SHA"] {
        let words = client.clone().ciphers(weak).refusal(gate.address);
        assert!(words.contains("alert handshake failure"), "{weak}: {words}");
    }
}

#[test]
fn the_order_of_ciphers_is_the_servers_or_the_clients() {
    let list = format!("--tls-ciphers={SUITE256}:{SUITE128}:{AES256}:{AES128}");
    for (preference, [cipher12, cipher13]) in [
        (None, [AES256, SUITE256]),
        (Some("--tls-prefer=server"), [AES256, SUITE256]),
        (Some("--tls-prefer=client"), [AES128, SUITE128]),
    ] {
        let settings: Vec<_> = [list.as_str()].into_iter().chain(preference).collect();
        let (gate, client) = start(&settings);
        let tls12 = client
            .clone()
            .tls12()
            .ciphers(&format!("{AES128}:{AES256}"));
        let tls13 = client.tls13().suites(&format!("{SUITE128}:{SUITE256}"));
        assert_eq!(cipher(&gate, &tls12), cipher12, "{preference:?}");
        assert_eq!(cipher(&gate, &tls13), cipher13, "{preference:?}");
    }
}

const X25519MLKEM768: u16 = 0x11ec;
const X25519: u16 = 29;
const P256: u16 = 23;
const P384: u16 = 24;

#[track_caller]
fn group(gate: &Certgate, client: &Client) -> u16 {
    client.connect(gate.address).unwrap().group()
}

#[test]
fn groups_by_default_begin_with_the_post_quantum_one() {
    let (gate, client) = start(&[]);
    let tls13 = client.clone().tls13();
    assert_eq!(group(&gate, &tls13), X25519MLKEM768);
    for (name, number) in [("X25519", X25519), ("P-256", P256), ("P-384", P384)] {
        assert_eq!(group(&gate, &tls13.clone().groups(name)), number, "{name}");
    }
    assert_eq!(group(&gate, &client.tls12().groups("X25519:P-256")), X25519);
}

#[test]
fn groups_are_those_that_are_listed() {
    let (gate, client) = start(&["--tls-groups=P-384:P-256"]);
    for client in [client.clone().tls12(), client.clone().tls13()] {
        assert_eq!(group(&gate, &client.groups("X25519:P-256:P-384")), P384);
    }
    let words = client.tls13().groups("X25519").refusal(gate.address);
    assert!(words.contains("alert handshake failure"), "{words}");
    let metric = "certgate_refusals_total{reason=\"no_shared_group\"}";
    gate.counts(metric, 1.0);
}

/// Exit code 78, with an error that names the setting and what was written.
#[track_caller]
fn is_refused(argument: &str, named: &str) {
    let finished = certgate::serve(&Pki::new()).argument(argument).finish();
    assert_eq!(finished.code(), 78, "{argument}: {}", finished.stderr);
    let setting = argument.trim_start_matches("--").split('=').next().unwrap();
    let mut lines = finished.stderr.lines();
    let told = lines.any(|line| line.contains(setting) && line.contains(named));
    assert!(told, "{argument}: {}", finished.stderr);
    assert_eq!(finished.stdout, "", "{argument}: nothing is started");
}

#[test]
fn what_the_build_can_not_do_is_a_configuration_error() {
    is_refused("--tls-protocols=SSLv3", "SSLv3");
    is_refused("--tls-protocols=SSLv3,TLSv1.2", "SSLv3");
    is_refused("--tls-protocols=TLSv1.4", "TLSv1.4");
    is_refused("--tls-protocols=", "tls-protocols");
    is_refused("--tls-ciphers=NO-SUCH-CIPHER", "NO-SUCH-CIPHER");
    is_refused("--tls-ciphers=TLS_NO_SUCH_SUITE", "TLS_NO_SUCH_SUITE");
    is_refused("--tls-groups=P-257", "P-257");
    is_refused("--tls-groups=X25519:P-257", "P-257");
    is_refused("--tls-prefer=nobody", "nobody");
}

#[test]
fn a_gap_between_versions_is_a_configuration_error() {
    is_refused("--tls-protocols=TLSv1.1,TLSv1.3", "without a gap");
    is_refused("--tls-protocols=TLSv1,TLSv1.3", "without a gap");
}
