//! A load balancer's connection carries many clients, each of whom stays who it is.

use crate::support::balancer::{HEADER, ask, connect, field, written};
use crate::support::certgate;
use crate::support::duplex::{self, Options};
use crate::support::http2;
use crate::support::ocsp_answers::Status;
use crate::support::pki::{self, Identity, Pki};
use crate::support::responder::Responder;
use crate::support::upstream;

const MODE: [&str; 3] = [
    "--client-auth=header",
    "--trusted-proxies=127.0.0.1",
    "--identity-headers=nginx",
];

fn clients(pki: &Pki, count: usize) -> Vec<Identity> {
    let client = |number| pki::client(&format!("client {number}")).signed_by(&pki.ca);
    (0..count).map(client).collect()
}

/// More of them than one connection remembers, and strangers between.
#[test]
fn one_after_the_other() {
    let pki = Pki::new();
    let clients = clients(&pki, 20);
    let stranger = pki::client("client 0").signed_by(&pki::authority("Other").self_signed());
    let upstream =
        upstream::http(|request| upstream::ok(&request.headers("x-ssl-client-serial").join(",")));
    let gate = certgate::serve(&pki)
        .arguments(&MODE)
        .argument(format!("--upstream={}", upstream.url))
        .start();
    let mut connection = connect(gate.address);
    for step in [1, 3, 7, 0, 19, 11] {
        for turn in 0..clients.len() {
            let client = &clients[(turn * step) % clients.len()];
            let response = ask(&mut connection, "/", &field(client));
            assert_eq!(response.text(), client.serial());
        }
        assert_eq!(ask(&mut connection, "/", &field(&stranger)).status, 403);
        assert_eq!(ask(&mut connection, "/", "").status, 403);
    }
    gate.counts("certgate_connections_accepted_total", 1.0);
    // Those of a stranger push nobody out.
    let status = gate.admin("/status.json").text();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["client_certificates"]["known"], 20);
}

/// Streams of one HTTP/2 connection, at the same time, each answered after the others have begun.
#[test]
fn at_the_same_time() {
    let pki = Pki::new();
    let clients = clients(&pki, 16);
    let upstream = upstream::http(|request| {
        std::thread::yield_now();
        upstream::ok(&request.headers("x-ssl-client-serial").join(","))
    });
    let gate = certgate::serve(&pki)
        .arguments(&MODE)
        .argument(format!("--upstream={}", upstream.url))
        .start();
    let options = Options {
        identity: None,
        version: None,
        alpn: b"\x02h2",
        from: "127.0.0.1",
    };
    let connection = http2::connect_by(options, gate.address);
    let streams = (0..160).map(|number| {
        let client = clients[(number * 7) % clients.len()].clone();
        let mut sender = connection.0.clone();
        duplex::runtime().spawn(async move {
            use http_body_util::BodyExt;
            let known = number % 10 != 9;
            let mut request = http2::get("/");
            if known {
                let value = written(&client).parse().unwrap();
                let name: http::HeaderName = HEADER.parse().unwrap();
                request.headers_mut().insert(name, value);
            }
            sender.ready().await.unwrap();
            let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes().to_vec();
            match known {
                true => assert_eq!(String::from_utf8_lossy(&body), client.serial()),
                false => assert_eq!(parts.status, 403),
            }
        })
    });
    let streams: Vec<_> = streams.collect();
    for stream in streams {
        duplex::block_on(stream).unwrap();
    }
}

/// The responder is asked as in a handshake, while other clients of the connection go on.
#[test]
fn a_responder_is_asked() {
    let pki = Pki::new();
    let responder = Responder::start();
    let [good, revoked] = ["good", "revoked"].map(|name| {
        pki::client(name)
            .asked_at(&responder.url())
            .signed_by(&pki.ca)
    });
    responder.tells(&good, &pki.ca, Status::Good);
    responder.tells(&revoked, &pki.ca, Status::Revoked);
    let gate = certgate::serve(&pki)
        .arguments(&MODE)
        .argument("--ocsp=leaf")
        .file("index.html", "content")
        .start();
    let mut connection = connect(gate.address);
    for _ in 0..3 {
        assert_eq!(ask(&mut connection, "/", &field(&good)).status, 200);
        assert_eq!(ask(&mut connection, "/", &field(&revoked)).status, 403);
    }
    assert_eq!(responder.asked(), 2);
    let line = gate.event("refused");
    assert_eq!(line["reason"], "revoked", "{line}");
    let nobody = pki::client("nobody").signed_by(&pki.ca);
    assert_eq!(ask(&mut connection, "/", &field(&nobody)).status, 403);
    gate.counts("certgate_refusals_total{reason=\"ocsp_unavailable\"}", 1.0);
}
