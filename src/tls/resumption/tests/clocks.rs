//! Tickets of a task whose clock is ahead, or behind.

use std::io::{Read, Write};

use openssl::ssl::{SslSession, SslSessionCacheMode};

use super::*;
use crate::tls::ffi::client::offer_session;
use crate::tls::policy::{HandshakePolicy, attach, note};

/// A task whose clock is ahead by so many seconds, as far as its tickets tell.
struct Ahead {
    policy: HandshakePolicy,
    seconds: i64,
}

impl Policy for Ahead {
    fn choose_suite(&self, _: &[[u8; 2]]) -> Option<&CStr> {
        None
    }

    fn verify(&self, ssl: &SslRef, chain: &[&[u8]]) -> Result<(), Halt> {
        self.policy.verify(ssl, chain)
    }

    fn overhead(&self) -> usize {
        self.policy.overhead()
    }

    fn seal(&self, ssl: &SslRef, session: &[u8]) -> Option<Vec<u8>> {
        let now = unix_now() + self.seconds;
        let client = note(ssl)?.lineage(ssl)?.client.clone();
        let lineage = Lineage { began: now, client };
        let mut session = session.to_vec();
        // The time: a number of four bytes in a [1].
        let time = [0xa1, 6, 2, 4];
        let at = session.windows(4).position(|bytes| bytes == time)? + 4;
        session[at..at + 4].copy_from_slice(&now.to_be_bytes()[4..]);
        let resumption = &self.policy.resumption;
        resumption.seal(Some(&lineage), &session, now)
    }

    fn open(&self, ssl: &SslRef, ticket: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.policy.open(ssl, ticket)
    }
}

/// Whether a client resumes, and the ticket that it gets.
fn met(
    server: &SslContext,
    client: &SslContext,
    tickets: &Mutex<Option<SslSession>>,
    offered: Option<&SslSession>,
) -> (bool, Option<SslSession>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut ssl = Ssl::new(client).unwrap();
    if let Some(session) = offered {
        offer_session(&mut ssl, session).unwrap();
    }
    let mut client = SslStream::new(ssl, theirs).unwrap();
    let client = std::thread::spawn(move || {
        client.connect().unwrap();
        // In TLS 1.3 the ticket comes ahead of the first byte.
        client.read_exact(&mut [0]).unwrap();
        client.shutdown().unwrap();
    });
    let mut ssl = Ssl::new(server).unwrap();
    attach(&mut ssl).unwrap();
    let mut stream = SslStream::new(ssl, ours).unwrap();
    stream.accept().unwrap();
    stream.write_all(&[1]).unwrap();
    client.join().unwrap();
    (
        stream.ssl().session_reused(),
        tickets.lock().unwrap().take(),
    )
}

/// libssl refuses a session of the future by itself, so that only a whole handshake tells.
#[test]
fn another_tasks_clock_may_be_a_minute_ahead() {
    let ca = make::authority("CA");
    let alice = make::leaf("alice", &ca);
    let secret = TicketSecret::random().unwrap();
    let server = make::issue(&make::spec("server"), None);
    let task = |seconds| {
        let timeout = Duration::from_secs(TIMEOUT as u64);
        let policy = HandshakePolicy {
            admission: Arc::new(()),
            ocsp: crate::tls::policy::tests::ocsp(),
            stapled: crate::tls::stapling::fixed(None),
            site: 0,
            shadow: None,
            identity: 0,
            contexts: None,
            verifier: Arc::new(trusting(&ca)),
            resumption: Resumption {
                keys: secret.keys("", timeout),
                ..resumption()
            },
            suites: None,
            page: false,
        };
        let mut context = context_builder().unwrap();
        let chain = [server.certificate.to_der().unwrap()];
        present(&mut context, &chain, &server.key).unwrap();
        let mode = SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT;
        set_policy(&mut context, mode, Ahead { policy, seconds }).unwrap();
        context.set_session_cache_mode(SslSessionCacheMode::OFF);
        context.build()
    };
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let tickets = Arc::new(Mutex::new(None));
        let mut client = SslContext::builder(SslMethod::tls_client()).unwrap();
        client.set_verify(SslVerifyMode::NONE);
        client.set_min_proto_version(Some(version)).unwrap();
        client.set_max_proto_version(Some(version)).unwrap();
        client.set_certificate(&alice.certificate).unwrap();
        client.set_private_key(&alice.key).unwrap();
        client.set_session_cache_mode(SslSessionCacheMode::CLIENT);
        let place = Arc::clone(&tickets);
        client.set_new_session_callback(move |_, session| {
            *place.lock().unwrap() = Some(session);
        });
        let client = client.build();
        for (ahead, resumes) in [(0, true), (1, true), (60, true), (90, false), (-60, true)] {
            let (first, ticket) = met(&task(ahead), &client, &tickets, None);
            assert!(!first);
            let (resumed, _) = met(&task(0), &client, &tickets, ticket.as_ref());
            assert_eq!(resumed, resumes, "{ahead} seconds ahead, {version:?}");
        }
    }
}
