//! Reports on whole setups; the two halves are in files of their own.

use std::time::Duration;

use zeroize::Zeroizing;

use super::*;
use crate::findings::Findings;
use crate::identity::unix_seconds;
use crate::startup::environment::{CLIENT_CERTIFICATE, SERVER_CERTIFICATE, SERVER_KEY};
use crate::startup::materials::{Certificates, PrivateKey};
use crate::startup::test_certificates::{self as make, Pair, Spec};

mod client_ca;
mod crl;
mod server;

fn certificates(variable: &'static str, all: &[&Pair]) -> Certificates {
    Certificates {
        source: Source::Environment { variable },
        certificates: all.iter().map(|p| p.certificate.clone()).collect(),
        pem: String::new(),
    }
}

fn materials(chain: &[&Pair], key: &Pair, ca: &[&Pair]) -> Materials {
    Materials {
        ticket_secret: None,
        identities: vec![Identity {
            certificate: certificates(SERVER_CERTIFICATE, chain),
            key: PrivateKey {
                source: Source::Environment {
                    variable: SERVER_KEY,
                },
                key: key.key.clone(),
                pem: Zeroizing::new(String::new()),
            },
        }],
        client_ca: (!ca.is_empty()).then(|| certificates(CLIENT_CERTIFICATE, ca)),
        client_crl: None,
        findings: Findings::default(),
    }
}

fn report(chain: &[&Pair], key: &Pair, ca: &[&Pair]) -> Report {
    inspect(&materials(chain, key, ca), false, SystemTime::now())
}

fn errors(report: &Report) -> usize {
    report.count(Severity::Error)
}

struct Pki {
    root: Pair,
    intermediate: Pair,
    leaf: Pair,
}

fn pki() -> Pki {
    let root = make::authority("root");
    let intermediate = make::issue(&make::authority_spec("intermediate"), Some(&root));
    let leaf = make::leaf("leaf", &intermediate);
    Pki {
        root,
        intermediate,
        leaf,
    }
}

#[test]
fn a_good_setup_has_nothing_to_complain_of() {
    let p = pki();
    let report = report(&[&p.leaf, &p.intermediate], &p.leaf, &[&p.root]);
    let text = report.to_string();
    assert!(report.findings.is_empty(), "{text}");
    assert!(text.ends_with("ok: ready to serve\n"), "{text}");
    assert!(text.contains("subject   CN=leaf,O=Example"), "{text}");
    assert!(
        text.contains("names     DNS:localhost, IP:127.0.0.1"),
        "{text}"
    );
    let json = serde_json::to_value(&report).unwrap();
    let roles: Vec<_> = json["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["server", "server_chain", "client_ca"]);
    let leaf = &report.certificates[0];
    assert_eq!((leaf.key.as_str(), leaf.days_left), ("EC P-256", 365));
    assert_eq!((leaf.self_signed, leaf.ca), (false, false));
    let root = &report.certificates[2];
    assert_eq!((root.self_signed, root.ca), (true, true));
    assert_eq!(leaf.sha256.len(), 95);
    assert_eq!(leaf.signature_algorithm, "ecdsa-with-SHA256");
}

#[test]
fn days_left_are_rounded_down() {
    let pair = make::authority("x");
    let end = UNIX_EPOCH + Duration::from_secs(unix_seconds(pair.certificate.not_after()) as u64);
    let left = |now| Moment::new(now).days_left(&pair.certificate);
    assert_eq!(left(end - Duration::from_secs(3600)), 0);
    assert_eq!(left(end + Duration::from_secs(3600)), -1);
    assert_eq!(left(end - Duration::from_secs(86_400)), 1);
}

#[test]
fn the_last_line_counts() {
    let (root, other) = (make::authority("root"), make::authority("other"));
    let server = make::issue(&make::spec("server"), None);
    let text = report(&[&server], &other, &[&root]).to_string();
    assert!(text.ends_with("1 error, 1 warning\n"), "{text}");
}
