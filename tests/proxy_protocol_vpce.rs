//! Rules over the VPC endpoint that a client comes in by: in each handshake, full or resumed, for who has a
//! certificate and for who has none.

use std::io::Write;

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Client, Connection, dial};
use crate::support::pki::{self, Identity, Pki};
use crate::support::proxy_header as header;

const GOOD: &str = "vpce-0a1b2c3d";
const BAD: &str = "vpce-0bad";

fn serve(pki: &Pki) -> Builder {
    certgate::serve(pki).argument("--proxy-protocol=required")
}

/// By this endpoint, by none if that is empty.
fn over(gate: &Certgate, client: &Client, endpoint: &str) -> Result<Connection, String> {
    let tlvs = match endpoint {
        "" => vec![],
        id => vec![header::vpce(id)],
    };
    let header = header::checked("203.0.113.7:4711", "192.0.2.200:443", &tlvs);
    let mut tcp = dial(gate.address);
    tcp.write_all(&header).unwrap();
    client.connect_over(tcp)
}

/// The status, or how it was refused.
fn visit(gate: &Certgate, client: &Client, endpoint: &str) -> Result<(u16, Connection), String> {
    let mut connection = over(gate, client, endpoint)?;
    let status = connection.get("/")?.status;
    connection.close();
    Ok((status, connection))
}

fn versions(identity: &Identity) -> [Client; 2] {
    let client = client::with(identity);
    [client.clone().tls12(), client.tls13()]
}

fn status(gate: &Certgate, client: &Client, endpoint: &str) -> Result<u16, String> {
    visit(gate, client, endpoint).map(|(status, _)| status)
}

fn refusals(gate: &Certgate, reason: &str) -> f64 {
    gate.metric(&format!("certgate_refusals_total{{reason=\"{reason}\"}}"))
}

#[track_caller]
fn denied(gate: &Certgate, client: &Client, endpoint: &str, reason: &str) {
    let before = refusals(gate, reason);
    let words = status(gate, client, endpoint).expect_err(endpoint);
    assert!(words.contains("access denied"), "{words}");
    gate.counts(
        &format!("certgate_refusals_total{{reason=\"{reason}\"}}"),
        before + 1.0,
    );
}

#[test]
fn rules_look_at_the_endpoint() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let gate = serve(&pki)
        .argument(format!("--allow=vpce:{GOOD} and cn:alice"))
        .argument("--allow=cn:bob")
        .argument(format!("--deny=vpce:{BAD}"))
        .start();
    for client in versions(&pki.client) {
        assert_eq!(status(&gate, &client, GOOD), Ok(200));
        assert_eq!(status(&gate, &client, &GOOD.to_uppercase()), Ok(200));
        denied(&gate, &client, "", "not_allowed");
        denied(&gate, &client, "vpce-0a1b2c3", "not_allowed");
        denied(&gate, &client, "vpce-0a1b2c3d4", "not_allowed");
        denied(&gate, &client, BAD, "denied");
    }
    for client in versions(&bob) {
        assert_eq!(status(&gate, &client, ""), Ok(200));
        denied(&gate, &client, BAD, "denied");
    }
    let line = gate.log_line(|line| line["reason"] == "denied");
    assert_eq!(line["vpce"], BAD);
    assert_eq!(line["detail"], format!("kept out by deny vpce:{BAD}"));
    let line = gate.log_line(|line| line["event"] == "request" && line["vpce"] == GOOD);
    assert_eq!(line["client"], "203.0.113.7:4711");
    let metric = |id: &str| {
        gate.metric(&format!(
            "certgate_vpc_endpoint_handshakes_total{{endpoint=\"{id}\"}}"
        ))
    };
    // Who isn't let in makes no time series.
    assert_eq!((metric(GOOD), metric(BAD)), (2.0, 0.0));
    assert!(!gate.admin("/metrics").text().contains(BAD));
}

/// What lets in is asked anew where a ticket is used, not where it was given.
#[test]
fn a_ticket_of_another_endpoint_opens_nothing() {
    let pki = Pki::new();
    let gate = serve(&pki).argument(format!("--deny=vpce:{BAD}")).start();
    for client in versions(&pki.client) {
        let (_, first) = visit(&gate, &client, GOOD).unwrap();
        let returning = client.session(first.ticket().unwrap());
        denied(&gate, &returning, BAD, "denied");
        // Nor does it lose its worth elsewhere.
        let (status, again) = visit(&gate, &returning, "").unwrap();
        assert_eq!((status, again.resumed()), (200, true));
    }
}

#[test]
fn who_has_no_certificate_is_looked_at_too() {
    let pki = Pki::new();
    let gate = serve(&pki)
        .argument("--client-auth=optional")
        .argument(format!("--deny=vpce:{BAD}"))
        .start();
    for client in [client::anonymous().tls12(), client::anonymous().tls13()] {
        let (status, first) = visit(&gate, &client, GOOD).unwrap();
        assert_eq!(status, 200);
        let before = refusals(&gate, "denied");
        for client in [client.clone(), client.session(first.ticket().unwrap())] {
            // TLS has no more to say: whoever has no certificate is through with its handshake.
            let (status, again) = visit(&gate, &client, BAD).unwrap();
            assert_eq!((status, again.resumed()), (403, false));
        }
        assert_eq!(refusals(&gate, "denied"), before + 2.0);
    }
}

#[test]
fn an_endpoint_alone_can_let_in() {
    let pki = Pki::new();
    for mode in ["optional", "off"] {
        let gate = serve(&pki)
            .argument(format!("--client-auth={mode}"))
            .argument(format!("--allow=vpce:{GOOD}"))
            .start();
        let client = client::anonymous();
        assert_eq!(status(&gate, &client, GOOD), Ok(200), "{mode}");
        assert_eq!(status(&gate, &client, BAD), Ok(403), "{mode}");
        assert_eq!(status(&gate, &client, ""), Ok(403), "{mode}");
    }
    // With a rule over certificates beside it, nobody is let in without one.
    let gate = serve(&pki)
        .argument("--client-auth=required")
        .argument(format!("--allow=vpce:{GOOD}"))
        .start();
    let words = status(&gate, &client::anonymous(), GOOD).unwrap_err();
    assert!(words.contains("certificate required"), "{words}");
}

#[test]
fn rules_that_could_not_hold_are_named() {
    let pki = Pki::new();
    let check = |arguments: &[&str]| certgate::serve(&pki).arguments(arguments).finish();
    for (arguments, found) in [
        (
            &["--deny=vpce:vpce-0bad"][..],
            "a rule over vpce:, and proxy-protocol is off",
        ),
        (
            &["--allow=vpce:0bad", "--proxy-protocol=required"],
            "vpce:vpce-0123456789abcdef0",
        ),
        (
            &["--allow=vpce:vpce-0 bad", "--proxy-protocol=required"],
            "vpce:vpce-0123456789abcdef0",
        ),
        (
            &[
                "--client-auth=off",
                "--allow=vpce:vpce-0a and cn:a",
                "--proxy-protocol=required",
            ],
            "rules over client certificates, and client-auth is off",
        ),
    ] {
        let finished = check(arguments);
        assert_eq!(finished.code(), 78);
        assert!(finished.stderr.contains(found), "{}", finished.stderr);
    }
}

#[test]
fn verify_is_told_the_endpoint() {
    let pki = Pki::new();
    let verify = |endpoint: &str| {
        let builder = certgate::bare(&["verify", "--format=json"]);
        let place = |name: &str| builder.directory().join(name).display().to_string();
        let (client, ca) = (place("alice.pem"), place("ca.pem"));
        std::fs::write(&client, pki.client.certificate_pem()).unwrap();
        std::fs::write(&ca, pki.ca.certificate_pem()).unwrap();
        let builder = builder
            .argument(format!("--ca={ca}"))
            .argument(format!("--allow=vpce:{GOOD}"))
            .argument(client);
        match endpoint {
            "" => builder.finish(),
            id => builder.argument(format!("--vpce={id}")).finish(),
        }
    };
    for (endpoint, code) in [(GOOD, 0), (BAD, 1), ("", 1)] {
        let finished = verify(endpoint);
        assert_eq!(
            finished.code(),
            code,
            "{}{}",
            finished.stdout,
            finished.stderr
        );
        let report: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
        assert_eq!(report["accepted"], code == 0, "{report}");
    }
}
