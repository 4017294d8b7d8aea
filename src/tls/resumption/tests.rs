//! Tickets with every fault that only who has the keys could give them, or that time gives them.

use std::ffi::CStr;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use zeroize::Zeroizing;

use openssl::ssl::{Ssl, SslContext, SslMethod, SslStream, SslVerifyMode, SslVersion};

use super::*;
use crate::startup::test_certificates::{self as make, Pair, Spec};
use crate::tls::ffi::server::{Halt, Policy, context_builder, present, set_policy};
use crate::tls::tickets::TicketSecret;
use crate::tls::trust::Trust;
use crate::tls::verification::unix_now;

mod clocks;

const TIMEOUT: i64 = 3600;

/// Takes down the session that a ticket would be made of.
struct Recorder(Arc<Mutex<Vec<u8>>>);

impl Policy for Recorder {
    fn choose_suite(&self, _: &[[u8; 2]]) -> Option<&CStr> {
        None
    }

    fn verify(&self, _: &SslRef, _: &[&[u8]]) -> Result<(), Halt> {
        Ok(())
    }

    fn overhead(&self) -> usize {
        0
    }

    fn seal(&self, _: &SslRef, session: &[u8]) -> Option<Vec<u8>> {
        *self.0.lock().unwrap() = session.to_vec();
        Some(vec![0])
    }

    fn open(&self, _: &SslRef, _: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        None
    }
}

/// A real session, and a connection of the context that it is of.
struct Recorded {
    ssl: Ssl,
    session: Vec<u8>,
}

/// A handshake with this client.
fn recorded(client: Option<&Pair>, version: SslVersion) -> Recorded {
    let server = make::issue(&make::spec("server"), None);
    let session = Arc::default();
    let mut context = context_builder().unwrap();
    let chain = [server.certificate.to_der().unwrap()];
    present(&mut context, &chain, &server.key).unwrap();
    set_policy(
        &mut context,
        SslVerifyMode::PEER,
        Recorder(Arc::clone(&session)),
    )
    .unwrap();
    let context = context.build();

    let mut offer = SslContext::builder(SslMethod::tls_client()).unwrap();
    offer.set_verify(SslVerifyMode::NONE);
    offer.set_min_proto_version(Some(version)).unwrap();
    offer.set_max_proto_version(Some(version)).unwrap();
    if let Some(client) = client {
        offer.set_certificate(&client.certificate).unwrap();
        offer.set_private_key(&client.key).unwrap();
    }
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut client = SslStream::new(Ssl::new(&offer.build()).unwrap(), theirs).unwrap();
    let client = std::thread::spawn(move || client.connect().unwrap());
    let mut stream = SslStream::new(Ssl::new(&context).unwrap(), ours).unwrap();
    stream.accept().unwrap();
    client.join().unwrap();
    let session = std::mem::take(&mut *session.lock().unwrap());
    assert!(!session.is_empty());
    Recorded {
        ssl: Ssl::new(&context).unwrap(),
        session,
    }
}

fn resumption() -> Resumption {
    let timeout = Duration::from_secs(TIMEOUT as u64);
    Resumption {
        keys: TicketSecret::random().unwrap().keys("", timeout),
        timeout,
        anonymous: false,
    }
}

/// One that remembers nothing.
fn trusting(ca: &Pair) -> Verifier {
    Verifier::new(Trust::of(std::slice::from_ref(&ca.certificate))).unwrap()
}

fn digest(client: &Pair) -> ChainDigest {
    ChainDigest::of(&[client.certificate.to_der().unwrap()])
}

fn text(kind: u8, began: i64, digest: ChainDigest, session: &[u8]) -> Vec<u8> {
    [&[kind][..], &began.to_be_bytes(), &digest.0, session].concat()
}

/// What such a text opens to, sealed and opened now.
fn open(
    resumption: &Resumption,
    verifier: &Verifier,
    ssl: &SslRef,
    text: &[u8],
) -> Option<(Lineage, Zeroizing<Vec<u8>>)> {
    let now = unix_now();
    let ticket = resumption.keys.seal(text, now).unwrap();
    let opened = resumption.open(verifier, ssl, &ticket, now);
    let left = openssl::error::ErrorStack::get();
    assert!(left.errors().is_empty(), "left for others: {left}");
    opened
}

#[test]
fn a_ticket_brings_back_the_session_and_who_it_is_of() {
    let ca = make::authority("CA");
    let alice = make::leaf("alice", &ca);
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let Recorded { ssl, session } = recorded(Some(&alice), version);
        let (resumption, verifier) = (resumption(), trusting(&ca));
        let digest = digest(&alice);
        let began = unix_now() - 10;
        let lineage = Lineage {
            began,
            client: Proven::Chain(digest, {
                let der = alice.certificate.to_der().unwrap();
                trusting(&ca).verify(digest, &[der]).unwrap()
            }),
        };
        let now = unix_now();
        let ticket = resumption.seal(Some(&lineage), &session, now).unwrap();
        assert_eq!(ticket.len(), session.len() + resumption.overhead());
        // The first time from the session's certificates, then from memory.
        for remembered in [false, true] {
            assert_eq!(verifier.recall(&digest).is_some(), remembered);
            let (found, text) = resumption.open(&verifier, &ssl, &ticket, now).unwrap();
            assert_eq!(
                (found.began, text),
                (began, Zeroizing::new(session.clone()))
            );
            let Proven::Chain(of, verified) = found.client else {
                panic!("anonymous");
            };
            assert_eq!(of, digest);
            assert_eq!(verified.certificate.subject, "CN=alice,O=Example");
        }
    }
}

#[test]
fn a_lineage_ends() {
    let ca = make::authority("CA");
    let alice = make::leaf("alice", &ca);
    let Recorded { ssl, session } = recorded(Some(&alice), SslVersion::TLS1_3);
    let (resumption, verifier) = (resumption(), trusting(&ca));
    let now = unix_now();
    for (began, resumes) in [
        (now, true),
        (now - TIMEOUT, true),
        (now - TIMEOUT - 1, false),
        (0, false),
        (i64::MIN, false),
        (now + 60, true),
        (now + 61, false),
        (i64::MAX, false),
    ] {
        let text = text(CHAIN, began, digest(&alice), &session);
        let ticket = resumption.keys.seal(&text, now).unwrap();
        let opened = resumption.open(&verifier, &ssl, &ticket, now);
        assert_eq!(opened.is_some(), resumes, "{}", now.saturating_sub(began));
    }
}

#[test]
fn nobody_resumes_only_where_nobody_is_let_in() {
    let Recorded { ssl, session } = recorded(None, SslVersion::TLS1_3);
    let verifier = trusting(&make::authority("CA"));
    let text = text(ANONYMOUS, unix_now(), ChainDigest([0; 32]), &session);
    for anonymous in [false, true] {
        let resumption = Resumption {
            anonymous,
            ..resumption()
        };
        let opened = open(&resumption, &verifier, &ssl, &text);
        assert_eq!(opened.is_some(), anonymous);
        assert!(opened.is_none_or(|(found, _)| matches!(found.client, Proven::Anonymous)));
    }
}

#[test]
fn a_text_of_another_form_opens_to_nothing() {
    let ca = make::authority("CA");
    let alice = make::leaf("alice", &ca);
    let Recorded { ssl, session } = recorded(Some(&alice), SslVersion::TLS1_3);
    let verifier = trusting(&ca);
    let resumption = Resumption {
        anonymous: true,
        ..resumption()
    };
    let good = text(CHAIN, unix_now(), digest(&alice), &session);
    for kind in (0..=255).filter(|kind| ![ANONYMOUS, CHAIN].contains(kind)) {
        let text = [&[kind], &good[1..]].concat();
        assert!(
            open(&resumption, &verifier, &ssl, &text).is_none(),
            "{kind}"
        );
    }
    for length in (0..RECORD).chain([good.len() - 1]) {
        let text = &good[..length];
        assert!(
            open(&resumption, &verifier, &ssl, text).is_none(),
            "{length}"
        );
    }
    assert!(open(&resumption, &verifier, &ssl, &good).is_some());
}

/// What the record says and what the session holds must be one thing.
#[test]
fn the_digest_is_of_the_sessions_chain() {
    let ca = make::authority("CA");
    let [alice, bob] = ["alice", "bob"].map(|name| make::leaf(name, &ca));
    let (resumption, verifier) = (resumption(), trusting(&ca));
    let of_alice = recorded(Some(&alice), SslVersion::TLS1_3);
    let nobody = recorded(None, SslVersion::TLS1_3);
    for (recorded, digest) in [
        (&of_alice, digest(&bob)),
        (&of_alice, ChainDigest([0; 32])),
        (&nobody, digest(&alice)),
        (&nobody, ChainDigest::of::<Vec<u8>>(&[])),
    ] {
        let text = text(CHAIN, unix_now(), digest, &recorded.session);
        assert!(open(&resumption, &verifier, &recorded.ssl, &text).is_none());
    }
}

#[test]
fn what_is_not_trusted_now_does_not_resume() {
    let [ca, other] = ["CA", "Other CA"].map(make::authority);
    let expired = Spec {
        from: -3,
        until: -1,
        ..make::spec("late")
    };
    let [alice, late] = [make::leaf("alice", &ca), make::issue(&expired, Some(&ca))];
    let resumption = resumption();
    for (client, trusted, resumes) in [
        (&alice, &ca, true),
        (&alice, &other, false),
        (&late, &ca, false),
    ] {
        let Recorded { ssl, session } = recorded(Some(client), SslVersion::TLS1_3);
        let text = text(CHAIN, unix_now(), digest(client), &session);
        let opened = open(&resumption, &trusting(trusted), &ssl, &text);
        assert_eq!(opened.is_some(), resumes);
    }
}

#[test]
fn a_client_that_was_not_accepted_gets_nothing_that_opens() {
    let Recorded { ssl, session } = recorded(None, SslVersion::TLS1_3);
    let verifier = trusting(&make::authority("CA"));
    let resumption = Resumption {
        anonymous: true,
        ..resumption()
    };
    let now = unix_now();
    let ticket = resumption.seal(None, &session, now).unwrap();
    assert!(ticket.len() <= session.len() + resumption.overhead());
    assert!(resumption.open(&verifier, &ssl, &ticket, now).is_none());
}
