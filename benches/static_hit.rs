//! What it costs to answer a request for a file that is in memory, beside TLS and HTTP.
//!
//! `cargo bench --bench static_hit`

use std::hint::black_box;

use certgate::http::body::Body;
use certgate::http::static_files::StaticFiles;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue, Method, Response, header};
use http_body_util::BodyExt;
use tokio::runtime::Runtime;

struct Site {
    runtime: Runtime,
    files: StaticFiles,
    _root: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let root = tempfile::TempDir::new().unwrap();
        std::fs::write(root.path().join("index.html"), [b'x'; 615]).unwrap();
        std::fs::write(root.path().join("large.bin"), vec![b'x'; 1_000_000]).unwrap();
        std::fs::write(root.path().join("streamed.bin"), vec![b'x'; 8_000_000]).unwrap();
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
            files: StaticFiles::open(root.path()).unwrap(),
            _root: root,
        }
    }

    fn answer(&self, path: &str, headers: &HeaderMap) -> Response<Body> {
        let answer = self.files.respond(&Method::GET, path, None, headers);
        self.runtime.block_on(answer)
    }

    /// The answer, read to its end as a connection would.
    fn read(&self, path: &str, headers: &HeaderMap) -> usize {
        let mut body = self.answer(path, headers).into_body();
        let mut length = 0;
        self.runtime.block_on(async {
            while let Some(frame) = body.frame().await {
                length += frame.unwrap().into_data().map_or(0, |data| data.len());
            }
        });
        length
    }
}

/// What a browser sends.
fn browser() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::HOST, "gate.example"),
        (header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64)"),
        (header::ACCEPT, "text/html,application/xhtml+xml"),
        (header::ACCEPT_LANGUAGE, "en-GB,en;q=0.5"),
        (header::ACCEPT_ENCODING, "gzip, deflate, br"),
        (header::UPGRADE_INSECURE_REQUESTS, "1"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

fn static_hit(criterion: &mut Criterion) {
    let site = Site::new();
    let plain = browser();
    let mut conditional = browser();
    let etag = site.answer("/", &plain).headers()[header::ETAG].clone();
    conditional.insert(header::IF_NONE_MATCH, etag);
    let mut partial = browser();
    partial.insert(header::RANGE, HeaderValue::from_static("bytes=100-199"));

    let mut group = criterion.benchmark_group("static_hit");
    for (name, path, headers) in [
        ("615 bytes", "/", &plain),
        ("615 bytes, path spelled otherwise", "//./", &plain),
        ("not modified", "/", &conditional),
        ("a part", "/", &partial),
    ] {
        group.bench_function(name, |bench| {
            bench.iter(|| black_box(site.read(black_box(path), headers)));
        });
    }
    // No byte of it is touched: all answers share one content.
    group.bench_function("1 MB from memory", |bench| {
        bench.iter(|| black_box(site.read(black_box("/large.bin"), &plain)));
    });
    let length = site.read("/streamed.bin", &plain);
    group.throughput(Throughput::Bytes(length as u64));
    group.bench_function("8 MB streamed", |bench| {
        bench.iter(|| black_box(site.read(black_box("/streamed.bin"), &plain)));
    });
    group.finish();
}

criterion_group!(benches, static_hit);
criterion_main!(benches);
