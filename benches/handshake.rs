//! What a handshake costs certgate beside the kernel: CPU time of the server's side, up to the first byte of
//! an answer, over pipes in memory.
//!
//! `cargo bench --bench handshake`

mod cpu_time;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use certgate::access::rules::Rules;
use certgate::config::Settings;
use certgate::config::layers::Layers;
use certgate::startup::example_pki::ExamplePki;
use certgate::telemetry::Telemetry;
use certgate::tls::context::{Shared, SiteParts};
use certgate::tls::ocsp::Statuses;
use certgate::tls::stapling;
use certgate::tls::{
    Candidate, Credentials, ServerIdentity, TicketSecret, TlsContext, offer_session,
};
use criterion::{Criterion, criterion_group, criterion_main};
use openssl::pkey::PKey;
use openssl::ssl::{
    ErrorCode, Ssl, SslContext, SslMethod, SslSession, SslSessionCacheMode, SslStream,
    SslVerifyMode, SslVersion,
};
use openssl::x509::X509;

type Bytes = Rc<RefCell<VecDeque<u8>>>;

/// One end of a pipe in memory.
struct End {
    incoming: Bytes,
    outgoing: Bytes,
}

impl End {
    fn pair() -> (End, End) {
        let (one, other) = (Bytes::default(), Bytes::default());
        let end = |incoming: &Bytes, outgoing: &Bytes| End {
            incoming: incoming.clone(),
            outgoing: outgoing.clone(),
        };
        (end(&one, &other), end(&other, &one))
    }
}

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.incoming.borrow_mut().read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The default settings.
fn settings() -> Settings {
    let (layers, _) = Layers::read(&[], &Vec::new(), None, &[]);
    let (settings, _) = Settings::read(&layers);
    settings
}

fn server(pki: &ExamplePki) -> TlsContext {
    let certificate = |pem: &str| X509::from_pem(pem.as_bytes()).unwrap();
    let credentials = Credentials {
        identities: vec![ServerIdentity {
            leaf: certificate(pki.server()),
            chain: Vec::new(),
            key: PKey::private_key_from_pem(pki.server_key().as_bytes()).unwrap(),
            staple: None,
        }],
        client_ca: vec![certificate(pki.ca())],
        crls: None,
        candidate: Candidate::default(),
    };
    let parts = SiteParts {
        credentials: &credentials,
        crls: None,
        admission: Arc::new(Rules::default()),
        shadow: None,
        stapled: vec![stapling::fixed(None)],
    };
    let shared = Shared {
        secret: &TicketSecret::random().unwrap(),
        statuses: &Arc::new(Statuses::new(Arc::new(Telemetry::new(false).unwrap()))),
        answers_health: false,
    };
    let context = TlsContext::build(&settings(), vec![parts], &shared);
    context.unwrap_or_else(|findings| panic!("{findings}"))
}

/// A client, and the newest session that it got.
struct Client {
    context: SslContext,
    newest: Arc<Mutex<Option<SslSession>>>,
}

impl Client {
    fn new(pki: &ExamplePki, version: SslVersion) -> Self {
        let newest = Arc::new(Mutex::default());
        let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
        context.set_verify(SslVerifyMode::NONE);
        context.set_min_proto_version(Some(version)).unwrap();
        context.set_max_proto_version(Some(version)).unwrap();
        context.set_groups_list("X25519:P-256").unwrap();
        let certificate = X509::from_pem(pki.client().as_bytes()).unwrap();
        context.set_certificate(&certificate).unwrap();
        let key = PKey::private_key_from_pem(pki.client_key().as_bytes()).unwrap();
        context.set_private_key(&key).unwrap();
        context.set_session_cache_mode(SslSessionCacheMode::CLIENT);
        let place = Arc::clone(&newest);
        context.set_new_session_callback(move |_, session| {
            *place.lock().unwrap() = Some(session);
        });
        Self {
            context: context.build(),
            newest,
        }
    }
}

/// One handshake; what it cost the server.
fn handshake(server: &TlsContext, client: &Client, session: Option<&SslSession>) -> Duration {
    let (near, far) = End::pair();
    let mut ssl = Ssl::new(&client.context).unwrap();
    if let Some(session) = session {
        offer_session(&mut ssl, session).unwrap();
    }
    let mut connecting = SslStream::new(ssl, near).unwrap();

    let mut server_time = Stopwatch::default();
    let mut accepting =
        server_time.during(|| SslStream::new(server.connection().unwrap(), far).unwrap());
    let (mut connected, mut accepted) = (false, false);
    while !(connected && accepted) {
        connected = connected || done(connecting.connect());
        accepted = accepted || server_time.during(|| done(accepting.accept()));
    }
    assert_eq!(accepting.ssl().session_reused(), session.is_some());
    // In TLS 1.3 the ticket goes with the first bytes of the answer.
    server_time.during(|| accepting.write_all(b"x").unwrap());
    connecting.read_exact(&mut [0]).unwrap();
    let _ = connecting.shutdown();
    server_time.during(|| drop(accepting));
    server_time.0
}

/// Sums up CPU time.
#[derive(Default)]
struct Stopwatch(Duration);

impl Stopwatch {
    fn during<T>(&mut self, step: impl FnOnce() -> T) -> T {
        let begun = cpu_time::now();
        let result = step();
        self.0 += cpu_time::now() - begun;
        result
    }
}

fn done(step: Result<(), openssl::ssl::Error>) -> bool {
    match step {
        Ok(()) => true,
        Err(error) if error.code() == ErrorCode::WANT_READ => false,
        Err(error) => panic!("{error}"),
    }
}

fn handshakes(criterion: &mut Criterion) {
    let pki = ExamplePki::create(1).unwrap();
    let server = server(&pki);
    let mut group = criterion.benchmark_group("handshake");
    for (name, version) in [
        ("TLS 1.3", SslVersion::TLS1_3),
        ("TLS 1.2", SslVersion::TLS1_2),
    ] {
        let client = Client::new(&pki, version);
        let mut measure = |kind: &str, session: Option<&SslSession>| {
            group.bench_function(format!("{name}, {kind}"), |bench| {
                bench.iter_custom(|count| {
                    let handshakes = (0..count).map(|_| handshake(&server, &client, session));
                    handshakes.sum()
                });
            });
        };
        // The chain is known from the second one on.
        measure("full", None);
        let session = client.newest.lock().unwrap().clone();
        measure("resumed", Some(&session.unwrap()));
    }
    group.finish();
}

criterion_group!(benches, handshakes);
criterion_main!(benches);
