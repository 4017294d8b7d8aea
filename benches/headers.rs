//! What it costs to write a request's header for an upstream, and a certificate's names for a log.
//!
//! `cargo bench --bench headers`

use std::hint::black_box;
use std::time::Duration;

use certgate::access::Connection;
use certgate::config::identity::IdentityFormat::{Alb, Nginx, Rfc9440, Xfcc};
use certgate::config::identity::{HeaderTemplate, IdentityFormat, IdentitySettings};
use certgate::config::upstream::UpstreamProtocol;
use certgate::http::proxy::headers::{Way, for_upstream, remove_hop_by_hop};
use certgate::identity::headers::IdentityHeaders;
use certgate::identity::{ClientCertificate, escaped, rfc2253};
use certgate::peer::Peer;
use certgate::startup::example_pki::ExamplePki;
use certgate::tls::Session;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::Request;
use openssl::x509::X509;

/// What a browser sends, through a proxy that adds its own.
const FIELDS: [(&str, &str); 10] = [
    ("host", "app.example"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    ),
    (
        "accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ),
    ("accept-language", "en-GB,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    (
        "cookie",
        "session=0123456789abcdef0123456789abcdef; theme=dark",
    ),
    ("connection", "keep-alive, x-between"),
    ("x-between", "1"),
    ("x-forwarded-for", "203.0.113.7"),
    ("x-ssl-client-verify", "SUCCESS"),
];

fn request() -> Request<String> {
    let request = Request::get("/api/items?page=2");
    let request = FIELDS.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(String::new()).unwrap()
}

fn connection(pki: &ExamplePki) -> Connection {
    let certificate = X509::from_pem(pki.client().as_bytes()).unwrap();
    let mut verified = ClientCertificate::of(&certificate);
    verified.chain = [certificate.to_der().unwrap().into()].into();
    Connection::new(
        Session {
            site: 0,
            identity: 0,
            via: None,
            overlooked: None,
            standing: None,
            address: Peer::Ip(([203, 0, 113, 7], 50_000).into()),
            sni: Some("app.example".to_owned()),
            version: "TLSv1.3",
            cipher: "TLS_AES_128_GCM_SHA256",
            resumed: false,
            http2: false,
            took: Duration::ZERO,
        },
        Some(verified.into()),
    )
}

fn identity(formats: &[IdentityFormat], templates: Vec<HeaderTemplate>) -> IdentityHeaders {
    let settings = IdentitySettings {
        formats: formats.to_vec(),
        templates,
    };
    IdentityHeaders::new(&settings, std::iter::once(&settings))
}

fn for_upstreams(criterion: &mut Criterion) {
    let pki = ExamplePki::create(1).unwrap();
    let mut group = criterion.benchmark_group("headers");
    let all = [Rfc9440, Xfcc, Alb, Nginx];
    let template = HeaderTemplate::parse("X-User", "{subject.cn}")
        .ok()
        .unwrap();
    for (name, formats, templates) in [
        ("a whole request's", &[][..], vec![]),
        ("a whole request's, with rfc9440", &[Rfc9440][..], vec![]),
        (
            "a whole request's, with all formats",
            &all[..],
            vec![template.clone()],
        ),
    ] {
        let connection = self::connection(&pki);
        let identity = identity(formats, templates);
        let way = Way {
            connection: &connection,
            identity: &identity,
            protocol: UpstreamProtocol::Http1,
        };
        group.bench_function(name, |bench| {
            bench.iter_batched(
                request,
                |request| for_upstream(request, &way, &None).unwrap(),
                BatchSize::SmallInput,
            );
        });
    }
    let everything = identity(&all, vec![template]);
    group.bench_function("a chain's, all formats", |bench| {
        bench.iter_batched_ref(
            || self::connection(&pki),
            |connection| connection.identity(&everything).is_ok(),
            BatchSize::SmallInput,
        );
    });
    let headers = || request().into_parts().0.headers;
    let identity = identity(&[], vec![]);
    group.bench_function("hop by hop, removed", |bench| {
        bench.iter_batched_ref(headers, remove_hop_by_hop, BatchSize::SmallInput);
    });
    group.bench_function("reserved, removed", |bench| {
        bench.iter_batched_ref(
            headers,
            |headers| identity.remove_reserved(headers, false),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn names(criterion: &mut Criterion) {
    let pki = ExamplePki::create(1).unwrap();
    let certificate = X509::from_pem(pki.client().as_bytes()).unwrap();
    let mut group = criterion.benchmark_group("names");
    group.bench_function("RFC 2253", |bench| {
        bench.iter(|| rfc2253(black_box(&certificate).subject_name()));
    });
    for (name, text) in [
        ("harmless", "app.example"),
        ("with controls", "a\nb\u{1b}[31mc\u{202e}d"),
    ] {
        group.bench_function(format!("escaped, {name}"), |bench| {
            bench.iter(|| escaped(black_box(text)));
        });
    }
    group.bench_function("all of a certificate", |bench| {
        bench.iter(|| ClientCertificate::of(black_box(&certificate)));
    });
    group.finish();
}

criterion_group!(benches, for_upstreams, names);
criterion_main!(benches);
