//! With `--client-auth header`, a trusted load balancer says with each request whose it is; nobody else does.

use std::io::Write;
use std::process::Command;

use serde_json::Value;

use crate::support::balancer::{self, HEADER, ask, connect, dial_from, field, written};
use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client::{self, Connection};
use crate::support::crl;
use crate::support::pki::{self, Identity, Pki};
use crate::support::places;
use crate::support::upstream::{self, Http};

const MODE: [&str; 2] = [
    "--client-auth=header",
    "--trusted-proxies=127.0.0.1,2001:db8::/32",
];

/// An upstream that answers with the serial number that it was told.
fn told() -> Http {
    upstream::http(|request| upstream::ok(&request.headers("x-ssl-client-serial").join(",")))
}

fn gate(pki: &Pki, upstream: &Http) -> Builder {
    certgate::serve(pki)
        .arguments(&MODE)
        .argument("--identity-headers=nginx,rfc9440")
        .argument(format!("--upstream={}", upstream.url))
}

fn refused(gate: &Certgate) -> Vec<Value> {
    let lines = gate.lines().into_iter();
    lines.filter(|line| line["event"] == "refused").collect()
}

/// 403 to these fields, one line of this reason, and nothing at the upstream.
#[track_caller]
fn is_refused(
    gate: &Certgate,
    connection: &mut Connection,
    fields: &str,
    reason: &str,
    detail: &str,
) {
    let metric = format!("certgate_refusals_total{{reason=\"{reason}\"}}");
    let (count, lines) = (gate.metric(&metric), refused(gate).len());
    let response = ask(connection, "/", fields);
    assert_eq!(response.status, 403, "{reason} {detail}");
    let page = response.text().to_lowercase();
    for telling in ["certgate", reason, "issuer", "header"] {
        assert!(!page.contains(telling), "tells {telling}");
    }
    gate.counts(&metric, count + 1.0);
    let line = crate::support::eventually("the line", || refused(gate).into_iter().nth(lines));
    assert_eq!(line["reason"], reason, "{line}");
    assert!(line["detail"].as_str().unwrap().contains(detail), "{line}");
}

#[track_caller]
fn is_let_in(connection: &mut Connection, identity: &Identity) {
    let response = ask(connection, "/", &field(identity));
    assert_eq!(response.status, 200);
    assert_eq!(response.text(), identity.serial());
}

#[test]
fn a_trusted_peer_tells_whose_a_request_is() {
    let pki = Pki::new();
    let intermediate = pki::authority("Intermediate").signed_by(&pki.ca);
    let bob = pki::client("bob").signed_by(&intermediate);
    let upstream = told();
    let gate = gate(&pki, &upstream).start();
    for (identity, protocol) in [(&pki.client, "--http1.1"), (&bob, "--http2")] {
        let output = Command::new("curl")
            .args(["-sSk", "--max-time", "20", protocol])
            .args(["-H", &format!("{HEADER}: {}", written(identity))])
            .args(["-H", "X-Forwarded-For: 198.51.100.1, 203.0.113.7"])
            .args(["-H", "X-Real-IP: 198.51.100.1"])
            .args([
                "-H",
                "X-SSL-Client-Serial: 00",
                "-H",
                "X_Amzn_Mtls_Clientcert: x",
            ])
            .arg(format!("https://{}/a", gate.address))
            .output()
            .expect("curl");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            identity.serial(),
            "{output:?}"
        );
        let request = upstream.request();
        assert_eq!(
            request.headers("x-forwarded-for"),
            ["198.51.100.1, 203.0.113.7, 127.0.0.1"]
        );
        assert_eq!(request.headers("x-real-ip"), ["203.0.113.7"]);
        let head = request.head.to_lowercase();
        assert!(!head.contains("amzn") && !head.contains("x_"), "{head}");
        let chain = request.headers("client-cert-chain").len();
        assert_eq!(chain, identity.chain.len(), "{head}");
        let serial = identity.serial();
        let line = gate.log_line(|line| line["event"] == "request" && line["serial"] == serial);
        assert_eq!(line["status"], 200, "{line}");
    }
}

#[test]
fn from_anybody_else_it_counts_for_nothing() {
    let pki = Pki::new();
    let upstream = told();
    let gate = gate(&pki, &upstream).start();
    let tcp = dial_from("127.0.0.2", gate.address);
    // Nor does a certificate of its own: it isn't asked for.
    let mut other = client::with(&pki.client).connect_over(tcp).unwrap();
    let detail = "the peer is none of trusted-proxies";
    for fields in [field(&pki.client), String::new()] {
        is_refused(&gate, &mut other, &fields, "no_certificate", detail);
    }
    let stranger = pki::client("alice").signed_by(&pki::authority("Other").self_signed());
    for client in [client::anonymous(), client::with(&stranger)] {
        is_let_in(&mut client.connect(gate.address).unwrap(), &pki.client);
    }
    assert_eq!(upstream.more().len(), 2);
}

#[test]
fn what_a_handshake_would_refuse_is_refused() {
    let pki = Pki::new();
    let sign = |name: &str| pki::client(name).signed_by(&pki.ca);
    let [revoked, mallory] = ["revoked", "mallory"].map(sign);
    let expired = pki::Recipe {
        not_after: -60,
        ..pki::client("expired")
    };
    let expired = expired.signed_by(&pki.ca);
    let stranger = pki::client("alice").signed_by(&pki::authority("Other").self_signed());
    let server = pki::server().signed_by(&pki.ca);
    let upstream = told();
    let builder = gate(&pki, &upstream)
        .argument("--deny=cn:mallory")
        .environment("SSL_CLIENT_CRL", crl::of(&pki.ca).revoking(&revoked).pem());
    let gate = builder.start();
    let mut connection = connect(gate.address);
    let good = field(&pki.client);
    let value = written(&pki.client);
    let underscores = good.replace("X-Amzn-Mtls-Clientcert", "X_Amzn_Mtls_Clientcert");
    let dots = good.replace("X-Amzn-Mtls-Clientcert", "X.Amzn.Mtls.Clientcert");
    let many = format!("{HEADER}: {}\r\n", value.repeat(20));
    let large = format!("{HEADER}: {}\r\n", value.repeat(33 * 1024 / value.len()));
    let verify_mode = good.replace("Clientcert", "Clientcert-Leaf");
    for (fields, reason, detail) in [
        (field(&expired), "expired", "expired"),
        (field(&revoked), "revoked", ""),
        (field(&mallory), "denied", "deny cn:mallory"),
        (field(&stranger), "unknown_ca", ""),
        (field(&server), "wrong_purpose", ""),
        (
            field(&pki.client.with_a_broken_signature()),
            "bad_signature",
            "",
        ),
        (String::new(), "no_certificate", "passed on no certificate"),
        (underscores, "no_certificate", "passed on no certificate"),
        (dots, "no_certificate", "passed on no certificate"),
        (verify_mode, "no_certificate", "passed on no certificate"),
        (good.repeat(2), "invalid_certificate", "more than one"),
        (
            good.clone() + &field(&mallory),
            "invalid_certificate",
            "more than one",
        ),
        (
            format!("{HEADER}: {value},{value}\r\n"),
            "invalid_certificate",
            "PEM",
        ),
        (many, "chain_too_long", "20 certificates were sent"),
        (large, "invalid_certificate", "more than 32768"),
        (format!("{HEADER}:\r\n"), "invalid_certificate", "PEM"),
        (
            format!("{HEADER}: garbage\r\n"),
            "invalid_certificate",
            "PEM",
        ),
        (
            good.replacen("MII", "MI%49%", 1),
            "invalid_certificate",
            "percent-encoded",
        ),
        (good.replacen("MII", "AAA", 1), "invalid_certificate", ""),
    ] {
        is_refused(&gate, &mut connection, &fields, reason, detail);
        // Others on the connection are not disturbed.
        is_let_in(&mut connection, &pki.client);
    }
    let requests = upstream.more();
    assert!(
        requests
            .iter()
            .all(|request| { request.headers("x-ssl-client-serial") == [pki.client.serial()] })
    );
    // Any case is the same name.
    let lower = field(&pki.client).replace(HEADER, "x-amzn-MTLS-clientcert");
    assert_eq!(ask(&mut connection, "/", &lower).status, 200);
    // Beside the real one, odd spellings neither help nor harm, and go nowhere.
    let odd = field(&mallory).replace(HEADER, "X_Amzn_Mtls_Clientcert");
    let response = ask(&mut connection, "/", &(odd + &field(&pki.client)));
    assert_eq!(response.text(), pki.client.serial());
    let heads = upstream.more().into_iter().map(|request| request.head);
    assert!(heads.into_iter().all(|head| !head.contains("mzn")));
}

/// What holds at this moment holds for connections that are open: a load balancer's live for hours.
#[test]
fn open_connections_are_held_against_what_holds_now() {
    let pki = Pki::new();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let upstream = told();
    let config = |more: &str| {
        let url = &upstream.url;
        format!(
            "client-auth = \"header\"\nupstream = [\"{url}\"]\nidentity-headers = [\"nginx\"]\n{more}"
        )
    };
    let trusted = "trusted-proxies = [\"127.0.0.0/8\"]\n";
    let gate = places::serve(&pki)
        .argument("--close-on=none")
        .config(&config(trusted))
        .start();
    let mut connection = connect(gate.address);
    let change = |more: &str| {
        gate.configure(more);
        gate.reload();
    };
    is_let_in(&mut connection, &bob);
    is_let_in(&mut connection, &pki.client);
    change(&config(&format!("{trusted}deny = [\"cn:bob\"]\n")));
    is_refused(&gate, &mut connection, &field(&bob), "denied", "cn:bob");
    is_let_in(&mut connection, &pki.client);
    let list = crl::of(&pki.ca).revoking(&pki.client).pem();
    std::fs::write(gate.directory().join("list.pem"), list).unwrap();
    change(&config(&format!("{trusted}crl = [\"DIR/list.pem\"]\n")));
    is_refused(&gate, &mut connection, &field(&pki.client), "revoked", "");
    is_let_in(&mut connection, &bob);
    change(&config("trusted-proxies = [\"127.0.0.2\"]\n"));
    let detail = "none of trusted-proxies";
    is_refused(
        &gate,
        &mut connection,
        &field(&bob),
        "no_certificate",
        detail,
    );
    change(&config(trusted));
    is_let_in(&mut connection, &bob);
    change(&config(trusted).replace("\"header\"", "\"required\""));
    let detail = "no header tells";
    is_refused(
        &gate,
        &mut connection,
        &field(&bob),
        "no_certificate",
        detail,
    );
}

#[test]
fn who_expires_is_out_at_that_moment() {
    let pki = Pki::new();
    let soon = pki::Recipe {
        not_after: 4,
        ..pki::client("soon")
    };
    let soon = soon.signed_by(&pki.ca);
    let upstream = told();
    let gate = gate(&pki, &upstream).start();
    let mut connection = connect(gate.address);
    is_let_in(&mut connection, &soon);
    crate::support::eventually("the end of the certificate", || {
        let status = ask(&mut connection, "/", &field(&soon)).status;
        assert!(matches!(status, 200 | 403), "{status}");
        (status == 403).then_some(())
    });
    let line = gate.event("refused");
    assert_eq!(line["reason"], "expired", "{line}");
    is_let_in(&mut connection, &pki.client);
}

/// A ticket from the time when clients were asked speaks for nobody.
#[test]
fn a_ticket_of_before_is_nobodys() {
    let pki = Pki::new();
    let header = "client-auth = \"header\"\ntrusted-proxies = [\"127.0.0.0/8\"]\n";
    let gate = places::serve(&pki)
        .config("tls-tickets = \"on\"\n")
        .file("index.html", "content")
        .start();
    let client = client::with(&pki.client);
    let mut before = client.connect(gate.address).unwrap();
    assert_eq!(before.get("/").unwrap().status, 200);
    before.close();
    let ticket = before.ticket().unwrap();
    gate.configure(header);
    gate.reload();
    let mut after = client.session(ticket).connect(gate.address).unwrap();
    assert_eq!(after.get("/").unwrap().status, 403);
    let response = ask(&mut after, "/", &field(&pki.client));
    assert_eq!(
        (response.status, response.text().as_str()),
        (200, "content")
    );
}

#[test]
fn what_it_needs_is_said() {
    let pki = Pki::new();
    for (arguments, words) in [
        (
            &["--client-auth=header"][..],
            "header, and trusted-proxies is not set",
        ),
        (
            &[MODE[0], MODE[1], "--upstream=tcp://127.0.0.1:1"],
            "header, with an upstream of tcp://",
        ),
        (
            &[MODE[0], "--trusted-proxies=10.1.2.3/8"],
            "a network without bits beyond its length",
        ),
    ] {
        let finished = certgate::serve(&pki).arguments(arguments).finish();
        assert_eq!(finished.code(), 78, "{}", finished.stderr);
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
    }
    let everybody = certgate::serve(&pki)
        .arguments(&[MODE[0], "--trusted-proxies=0.0.0.0/0"])
        .start();
    let line = everybody.event("finding");
    assert!(
        line["found"].as_str().unwrap().contains("0.0.0.0/0"),
        "{line}"
    );
}

#[test]
fn verify_gives_the_same_verdict() {
    let pki = Pki::new();
    let mallory = pki::client("mallory").signed_by(&pki.ca);
    let gate = places::serve(&pki)
        .config("client-auth = \"header\"\ntrusted-proxies = [\"127.0.0.1\"]\ndeny = [\"cn:mallory\"]\n")
        .file("index.html", "content")
        .start();
    let mut connection = balancer::connect(gate.address);
    for (name, identity) in [("alice", &pki.client), ("mallory", &mallory)] {
        let file = gate.directory().join(format!("{name}.pem"));
        std::fs::write(&file, identity.certificate_pem()).unwrap();
        let config = gate.directory().join("certgate.toml");
        let finished = certgate::bare(&["verify", "--format=json"])
            .argument(format!("--config={}", config.display()))
            .argument(format!("--certs-dir={}", gate.certs_dir().display()))
            .argument(file.display().to_string())
            .finish();
        let report: Value = serde_json::from_str(&finished.stdout).unwrap();
        let status = ask(&mut connection, "/", &field(identity)).status;
        assert_eq!(report["accepted"], status == 200, "{name}: {report:#}");
        assert_eq!(status == 200, name == "alice");
    }
}

/// Whoever shows no certificate to the load balancer, such as its health check, gets what needs none.
#[test]
fn an_open_route_needs_no_header() {
    let pki = Pki::new();
    let upstream = told();
    let url = &upstream.url;
    let config = format!(
        "client-auth = \"header\"\ntrusted-proxies = [\"127.0.0.1\"]\nupstream = [\"{url}\"]\n\
         [[route]]\npath = \"/open\"\nclient-auth = \"off\"\n\
         [[route]]\nprefix = \"/alice\"\nallow = [\"cn:alice\"]\n"
    );
    let gate = places::serve(&pki).config(&config).start();
    let bob = pki::client("bob").signed_by(&pki.ca);
    let mut connection = connect(gate.address);
    for (path, field, status) in [
        ("/open", String::new(), 200),
        ("/", String::new(), 403),
        ("/open/x", String::new(), 403),
        ("/alice", String::new(), 403),
        ("/alice", field(&pki.client), 200),
        ("/alice", field(&bob), 403),
        ("/", field(&bob), 200),
        ("/open", format!("{HEADER}: garbage\r\n"), 403),
    ] {
        let answer = ask(&mut connection, path, &field);
        assert_eq!(answer.status, status, "{path} {field:.60}");
    }
}

/// Behind a proxy that says for whom it speaks, the word of that one counts, and not the proxy's.
#[test]
fn whom_a_proxy_header_names_must_be_trusted() {
    let pki = Pki::new();
    let upstream = told();
    let gate = gate(&pki, &upstream)
        .argument("--proxy-protocol=auto")
        .start();
    for (announced, status) in [
        ("", 200),
        ("PROXY TCP4 127.0.0.1 127.0.0.1 1000 443\r\n", 200),
        ("PROXY TCP4 203.0.113.66 127.0.0.1 1000 443\r\n", 403),
    ] {
        let mut tcp = client::dial(gate.address);
        tcp.write_all(announced.as_bytes()).unwrap();
        let mut connection = client::anonymous().connect_over(tcp).unwrap();
        let answer = ask(&mut connection, "/", &field(&pki.client));
        assert_eq!(answer.status, status, "{announced}");
    }
}
