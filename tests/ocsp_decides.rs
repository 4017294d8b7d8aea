//! With `--ocsp`, a client's certificate is held against what its responder says, if that is to be believed.

use openssl::ssl::{SslAcceptor, SslMethod, SslVersion};

use crate::support::certgate::{self, Certgate};
use crate::support::client::{self, Client};
use crate::support::ocsp_answers::Status;
use crate::support::pki::{self, Identity, Pki, Purpose, Recipe};
use crate::support::refusals::{Seen, at, refusal};
use crate::support::responder::{OpensslOcsp, Reply, Responder, answer};
use crate::support::upstream;

const VERSIONS: [SslVersion; 2] = [SslVersion::TLS1_2, SslVersion::TLS1_3];

fn answers(gate: &Certgate, result: &str) -> f64 {
    gate.metric(&format!(
        "certgate_ocsp_answers_total{{result=\"{result}\"}}"
    ))
}

fn responder() -> Recipe {
    Recipe {
        purpose: Purpose::Ocsp,
        ..pki::client("responder")
    }
}

#[track_caller]
fn admitted(gate: &Certgate, client: &Client) {
    assert_eq!(client.get(gate.address, "/").unwrap().status, 200);
}

/// OpenSSL's own responder, with a certificate that the CA gave it.
#[test]
fn as_a_real_responder_says() {
    let pki = Pki::new();
    let [good, revoked, unknown] =
        ["good", "revoked", "unknown"].map(|name| pki::client(name).signed_by(&pki.ca));
    let gate = certgate::serve(&pki);
    let signer = responder().signed_by(&pki.ca);
    let known = [(&good, false), (&revoked, true)];
    let real = OpensslOcsp::start(gate.directory(), &pki.ca, &signer, &known);
    let gate = gate
        .argument("--ocsp=leaf")
        .argument(format!("--ocsp-responder={}", real.url))
        .start();
    let mut seen = Seen::default();
    for version in VERSIONS {
        admitted(&gate, &client::with(&good).version(version));
        let client = client::with(&revoked).version(version);
        let case = at(
            0,
            refusal(
                "revoked",
                "alert certificate revoked",
                "revoked",
                "keyCompromise",
            ),
        );
        seen.handshake(&gate, case, &client);
        let client = client::with(&unknown).version(version);
        let case = at(
            0,
            refusal(
                "unknown",
                "alert certificate unknown",
                "ocsp_unknown",
                "doesn't know",
            ),
        );
        seen.handshake(&gate, case, &client);
    }
    // The second time they were known.
    for result in ["good", "revoked", "unknown"] {
        assert_eq!(answers(&gate, result), 1.0, "{result}");
    }
}

/// What responders do on bad days, and what others do in their place: how hard refuses it, and in which words.
fn bad_answers(pki: &Pki, alice: &Identity) -> Vec<(Reply, &'static str, &'static str)> {
    let good = answer(alice, &pki.ca);
    let stranger = pki::authority("Test CA").self_signed();
    let sibling = pki::client("sibling").signed_by(&pki.ca);
    let signed_by = |who: &Identity| good.clone().signed_by(&who.certificate, &who.key).der();
    let text = |status: &str| {
        Reply::Raw(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes())
    };
    vec![
        (
            Reply::Body(signed_by(&stranger)),
            "bad_signature",
            "signed neither by",
        ),
        (
            Reply::Body(signed_by(&sibling)),
            "bad_signature",
            "signed neither by",
        ),
        (
            Reply::Body(signed_by(&responder().signed_by(&stranger))),
            "bad_signature",
            "signed neither by",
        ),
        (
            Reply::Body(answer(&sibling, &pki.ca).der()),
            "other_certificate",
            "about another certificate",
        ),
        (
            Reply::Body(good.clone().times(-7200, Some(-3600)).der()),
            "not_current",
            "it was good until",
        ),
        (
            Reply::Body(good.clone().times(-7200, None).der()),
            "not_current",
            "old",
        ),
        (
            Reply::Body(b"<html>hello</html>".to_vec()),
            "malformed",
            "not an OCSP response",
        ),
        (Reply::Body(Vec::new()), "malformed", "not an OCSP response"),
        (
            Reply::Body(crate::support::ocsp_answers::declined(3)),
            "declined",
            "tryLater",
        ),
        (
            text("500 Internal Server Error"),
            "status",
            "HTTP status 500",
        ),
        (
            Reply::Raw(b"what?\r\n\r\n".to_vec()),
            "bad_http",
            "no complete HTTP answer",
        ),
        (
            Reply::Raw(Vec::new()),
            "bad_http",
            "no complete HTTP answer",
        ),
        (Reply::Endless, "bad_http", "more than 65536 bytes"),
        (Reply::Silence, "timeout", "no answer within 1s"),
    ]
}

#[test]
fn hard_refuses_what_is_not_to_be_believed_and_soft_lets_it_in() {
    let pki = Pki::new();
    let responder = Responder::start();
    let serve = |policy: &str| {
        certgate::serve(&pki)
            .arguments(&["--ocsp=leaf", "--ocsp-timeout=1s"])
            .argument(format!("--ocsp-policy={policy}"))
            .start()
    };
    let (hard, soft) = (serve("hard"), serve("soft"));
    let mut seen = Seen::default();
    let cases = bad_answers(&pki, &pki.client).len();
    for number in 0..cases {
        let version = VERSIONS[number % 2];
        // Each case has a client of its own: failures are known for a while.
        let alice = pki::client("alice")
            .asked_at(&responder.url())
            .signed_by(&pki.ca);
        let (reply, kind, words) = bad_answers(&pki, &alice).swap_remove(number);
        responder.says(&alice, reply);
        let client = client::with(&alice).version(version);
        let before = (answers(&hard, kind), answers(&soft, kind));
        let case = refusal(
            words,
            "alert certificate unknown",
            "ocsp_unavailable",
            words,
        );
        seen.handshake(&hard, at(0, case), &client);
        admitted(&soft, &client);
        let after = (answers(&hard, kind), answers(&soft, kind));
        assert_eq!(after, (before.0 + 1.0, before.1 + 1.0), "{words}");
    }
    assert_eq!(soft.metric("certgate_ocsp_unchecked_total"), cases as f64);
    let line = soft.event("ocsp_unchecked");
    assert!(
        line["detail"]
            .as_str()
            .unwrap()
            .contains("signed neither by")
    );
    assert_eq!(hard.metric("certgate_ocsp_unchecked_total"), 0.0);
    // One line in ten seconds, however many failures there are.
    let lines = hard.lines();
    let failures = lines.iter().filter(|line| line["event"] == "ocsp_failed");
    assert!((1..=3).contains(&failures.count()), "{lines:?}");

    // Soft is for what nobody knows.
    let bob = pki::client("bob")
        .asked_at(&responder.url())
        .signed_by(&pki.ca);
    responder.tells(&bob, &pki.ca, Status::Revoked);
    let case = refusal(
        "bob",
        "alert certificate revoked",
        "revoked",
        "certificate revoked since",
    );
    Seen::default().handshake(&soft, at(0, case), &client::with(&bob));
}

#[test]
fn a_responder_that_is_gone_or_was_never_named() {
    let pki = Pki::new();
    let url = format!("http://{}/", upstream::nobody());
    let gate = certgate::serve(&pki).argument("--ocsp=leaf").start();
    let gone = pki::client("gone").asked_at(&url).signed_by(&pki.ca);
    let odd = pki::client("odd").asked_at("ldap://x/y").signed_by(&pki.ca);
    let mut seen = Seen::default();
    for (client, words) in [
        (&gone, "no connection to 127.0.0.1"),
        (&pki.client, "names no http or https responder"),
        (&odd, "names no http or https responder"),
    ] {
        let case = refusal(
            words,
            "alert certificate unknown",
            "ocsp_unavailable",
            words,
        );
        seen.handshake(&gate, at(0, case), &client::with(client));
    }
    // Where nobody can be asked, nobody was.
    assert_eq!(answers(&gate, "unreachable"), 1.0);
}

#[test]
fn the_whole_chain_if_that_is_wanted() {
    let pki = Pki::new();
    let responder = Responder::start();
    let named = |recipe: Recipe| recipe.asked_at(&responder.url());
    let intermediate = named(pki::authority("Intermediate")).signed_by(&pki.ca);
    let alice = named(pki::client("alice")).signed_by(&intermediate);
    let serve = |scope: &str| {
        certgate::serve(&pki)
            .argument(format!("--ocsp={scope}"))
            .start()
    };
    responder.tells(&alice, &intermediate, Status::Good);
    responder.tells(&intermediate, &pki.ca, Status::Revoked);
    for version in VERSIONS {
        let client = client::with(&alice).version(version);
        admitted(&serve("leaf"), &client);
        let case = refusal("above", "alert certificate revoked", "revoked", "revoked");
        Seen::default().handshake(&serve("chain"), at(1, case), &client);
        let before = responder.asked();
        responder.tells(&intermediate, &pki.ca, Status::Good);
        admitted(&serve("chain"), &client);
        assert_eq!(responder.asked(), before + 2);
        responder.tells(&intermediate, &pki.ca, Status::Revoked);
    }
}

/// A stranger's certificate costs nobody a question; nor does it without the setting.
#[test]
fn only_certificates_of_the_ca_are_asked_about() {
    let pki = Pki::new();
    let responder = Responder::start();
    let other = pki::authority("Other CA").self_signed();
    let stranger = pki::client("stranger")
        .asked_at(&responder.url())
        .signed_by(&other);
    let alice = pki::client("alice")
        .asked_at(&responder.url())
        .signed_by(&pki.ca);
    let asking = certgate::serve(&pki).argument("--ocsp=chain").start();
    let case = refusal("stranger", "alert unknown ca", "unknown_ca", "");
    Seen::default().handshake(&asking, at(0, case), &client::with(&stranger));
    let silent = certgate::serve(&pki).start();
    admitted(&silent, &client::with(&alice));
    assert_eq!(responder.asked(), 0);
}

#[test]
fn by_a_page_if_that_is_wanted() {
    let pki = Pki::new();
    let responder = Responder::start();
    let alice = pki::client("alice")
        .asked_at(&responder.url())
        .signed_by(&pki.ca);
    responder.tells(&alice, &pki.ca, Status::Revoked);
    let gate = certgate::serve(&pki)
        .arguments(&["--ocsp=leaf", "--refusal=page"])
        .start();
    for version in VERSIONS {
        let page = client::with(&alice)
            .version(version)
            .get(gate.address, "/")
            .unwrap();
        assert_eq!(page.status, 403);
    }
    assert_eq!(
        gate.metric("certgate_refusals_total{reason=\"revoked\"}"),
        2.0
    );
}

#[test]
fn over_https_the_responder_is_verified() {
    let pki = Pki::new();
    let alice = pki::client("alice").signed_by(&pki.ca);
    let body = answer(&alice, &pki.ca).der();
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    // For 127.0.0.1, and not for localhost.
    let elsewhere = Recipe {
        dns_names: vec!["elsewhere.example".to_owned()],
        ..pki::server()
    };
    let elsewhere = elsewhere.signed_by(&pki.ca);
    acceptor.set_certificate(&elsewhere.certificate).unwrap();
    acceptor.set_private_key(&elsewhere.key).unwrap();
    let acceptor = acceptor.build();
    let address = upstream::tcp(move |stream| {
        let Ok(mut stream) = acceptor.accept(stream) else {
            return;
        };
        upstream::read_head(&mut stream);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let _ = std::io::Write::write_all(&mut stream, &[head.as_bytes(), &body].concat());
    });
    for (roots, host, words) in [
        (pki.ca.certificate_pem(), "127.0.0.1", ""),
        (pki.ca.certificate_pem(), "localhost", "isn't accepted"),
        (
            pki::authority("Other CA").self_signed().certificate_pem(),
            "127.0.0.1",
            "isn't accepted",
        ),
        (String::new(), "127.0.0.1", "no root certificates"),
    ] {
        let gate = certgate::serve(&pki);
        let file = gate.directory().join("roots.pem");
        std::fs::write(&file, roots).unwrap();
        let url = format!("--ocsp-responder=https://{host}:{}/", address.port());
        let gate = gate
            .environment("SSL_CERT_FILE", &file)
            .argument("--ocsp=leaf")
            .argument(url)
            .start();
        let client = client::with(&alice);
        match words {
            "" => admitted(&gate, &client),
            _ => {
                let case = refusal(
                    words,
                    "alert certificate unknown",
                    "ocsp_unavailable",
                    words,
                );
                Seen::default().handshake(&gate, at(0, case), &client);
                assert_eq!(answers(&gate, "tls"), 1.0);
            }
        }
    }
}
